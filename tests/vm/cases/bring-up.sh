#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:33G
#
# A device that is so large that daxhp brings its new memory online block by block. Others set the blocks
# online meanwhile, also in the other zone. With an attribute the kernel does it in one write.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"
take_away "$device"
mapfile -t ids < <(blocks "$device")

reset() {
	stop_rivals
	take_away "$device"
}

test_topology() {
	ok 'at least 32 GiB' [ "${#ids[@]}" -ge 256 ]
}

test_plan() {
	local steps='set-policy bind restore-policy claim write-blocks'
	! has_attribute || steps='write-attribute'
	daxhp unplug "$device" >/dev/null
	is "$(planned online --movable)" "$steps" 'movable'
	is "$(planned online --kernel)" "$steps" 'kernel'
}

test_no_rival() {
	tried 'there and back' cycle "$device" "$(quick_or_full 1 20)" movable,kernel,movable,devdax "${ids[@]}"
	never_wedged
}

# Into the other zone, by the driver core's own file, and in another sysfs, all at once.
test_rivals() {
	local us
	for us in $(quick_or_full 100 '100 1000 10000'); do
		start_rival rival --kernel "$us" "${ids[@]}"
		start_rival rival --online "$us" "${ids[@]}"
		start_rival elsewhere rival --kernel "$us" "${ids[@]}"
		tried "every $us us" resist "$device" "$(quick_or_full 1 100)" unplugged,online "${ids[@]}"
		stop_rivals
	done
	never_wedged
}

# Every so many calls: there are thousands of calls, and each run takes seconds.
test_killed() {
	tried 'killed on the way up' kill "$device" "$(step 10007)" unplugged:online,devdax:movable "${ids[@]}"
	nok 'no journal is left' compgen -G '/run/daxhp/*.journal'
	never_wedged
}

# A block that refuses: all is as before.
test_refused() {
	fault MEM_GOING_ONLINE 0
	: >/run/watching
	fault_after 40 MEM_GOING_ONLINE -12 &
	run daxhp online --movable --json "$device"
	rm /run/watching
	wait $!
	no_faults
	exits 1 'a block refuses'
	json_is '.[0].error.undone' true 'a block refuses: JSON'
	agrees "$device" unplugged 'a block refuses'
}

run_tests
