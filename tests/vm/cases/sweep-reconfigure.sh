#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem:640M --cpus=1
#
# Like sweep.sh, for daxhp reconfigure. daxhp is killed at every system call; then
# the next run must first repair the device. And every call on a file below /sys or
# /proc fails, with every errno that may come from there.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
# An odd number, so that half of the next runs go back.
kill_step=$(step 401)
fail_step=$(step 89)
bind_kmem "$device" offline || bail_out "cannot bind $device"
mapfile -t ids < <(blocks "$device")

reset() {
	stop_rivals
	daxhp reconfigure --mode=devdax "$device" >/dev/null
}

test_topology() {
	is "${#ids[@]}" 4 'four blocks'
}

test_killed() {
	tried 'devdax and movable' kill "$device" "$kill_step" devdax:movable,movable:devdax "${ids[@]}"
	tried 'the zones' kill "$device" "$kill_step" movable:kernel,kernel:movable "${ids[@]}"
	tried 'off' kill "$device" "$kill_step" devdax:off,off:kernel,kernel:off,off:devdax "${ids[@]}"
	nok 'no journal is left' compgen -G '/run/daxhp/*.journal'
	never_wedged
}

test_devdax_and_movable() {
	fails_everywhere "$device" "$fail_step" devdax:movable,movable:devdax "${ids[@]}"
}

test_from_devdax_with_a_holder() {
	local how
	for how in open map; do
		start_holder held hold "$how" "/dev/$device"
		sees_holder "$how" "$device" devdax:movable "${rival_pids[0]}" "${ids[@]}"
		stop_rivals
	done
}

# Only a full run has time for these.
test_others() {
	is_full || return 0
	fails_everywhere "$device" "$fail_step" movable:kernel,kernel:movable "${ids[@]}"
	fails_everywhere "$device" "$fail_step" devdax:off,off:kernel,kernel:off,off:devdax "${ids[@]}"
}

run_tests
