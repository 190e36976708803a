#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem:640M --cpus=1
#
# Like sweep.sh, for memory that is brought online block by block. daxhp does this only
# with large devices, and there a run takes seconds. So here daxhp has a library that does it
# with every device.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
kill_step=$(step 211)
fail_step=$(step 97)
bind_kmem "$device" offline || bail_out "cannot bind $device"
mapfile -t ids < <(blocks "$device")
take_away "$device"

library=/usr/local/lib/by-blocks
[ -e $library/libdaxhp.so.1 ] || bail_out "$library/libdaxhp.so.1 is missing in the guest"
export LD_LIBRARY_PATH=$library

reset() {
	stop_rivals
	take_away "$device"
}

test_topology() {
	is "${#ids[@]}" 4 'four blocks'
}

test_plan() {
	if has_attribute; then
		skip 'block by block' 'the kernel brings the whole device online in one write'
		return
	fi
	is "$(planned online --movable)" \
		'set-policy bind restore-policy claim write-blocks' 'block by block'
}

test_killed() {
	! has_attribute || return 0
	tried 'online' kill "$device" "$kill_step" unplugged:online "${ids[@]}"
	tried 'from devdax' kill "$device" "$kill_step" devdax:movable,movable:devdax "${ids[@]}"
	tried 'the zones' kill "$device" "$kill_step" movable:kernel,kernel:movable "${ids[@]}"
	nok 'no journal is left' compgen -G '/run/daxhp/*.journal'
	never_wedged
}

test_online() {
	! has_attribute || return 0
	fails_everywhere "$device" "$fail_step" unplugged:online "${ids[@]}"
}

# Only a full run has time for these.
test_reconfigure() {
	is_full && ! has_attribute || return 0
	fails_everywhere "$device" "$fail_step" devdax:movable,movable:kernel "${ids[@]}"
}

run_tests
