#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved --append=memmap=1G$256M --append=memmap=1664M!6G --disk=256M
#
# A device on its own node. Its used memory goes to nodes 0 and 2, if there is room.
# A bystander uses most of these.

# shellcheck source=room.sh
. /vm/guest/room.sh

# shellcheck disable=SC2034 # for room.sh
device=dax0.0 node=1 elsewhere='node != 1'
make_disks

test_no_room() {
	local before
	prepare anon 120 || bail_out 'memory is not filled'
	snapshot
	before=$now_snapshot
	run daxhp unplug --dry-run "$device"
	exits 1 'dry run'
	like "$err" 'nodes 0 and 2.* MiB too much.*--force' 'dry run: the figures, and the way out'
	refused 'unplug' 1 daxhp unplug "$device"
	refused 'reconfigure to devdax' 1 daxhp reconfigure --mode=devdax "$device"
	refused 'reconfigure to the other zone' 1 daxhp reconfigure --kernel "$device"
	refused 'reconfigure --no-online' 1 daxhp reconfigure --mode=system-ram --no-online "$device"
	run daxhp unplug --dry-run --force "$device"
	exits 0 'dry run, forced'
	like "$out" 'it does not fit, [0-9]+ MiB too much' 'dry run, forced: still prints the figures'
	unchanged "$before" 'nothing changed'
	ok 'nobody is harmed' nobody_harmed
	# With --force the kernel tries until the timeout.
	run daxhp unplug --force --timeout=1 "$device"
	like "$err" 'note: .* MiB too much; daxhp tries it anyway' 'forced: says so'
}

# Then there is no used memory to move.
test_not_asked() {
	bind_kmem "$device" offline
	run daxhp unplug --json "$device"
	exits 0 'nothing online'
	json_is '.[0].room' null 'nothing online: not asked'
}

test_room() {
	all_combinations anon:50 anon:110 shared:95 file:120 huge:50
}

test_room_with_swap() {
	with_swap all_combinations anon:70 shared:110
}

test_estimate() {
	is_full || return
	all_judged
	refused_rightly
}

test_estimate_with_swap() {
	is_full || return
	with_swap all_judged
	refused_rightly
}

run_tests
