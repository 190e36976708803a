#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:129G
#
# Online and unplug with 1031 blocks.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"
number=$(blocks "$device" | wc -l)

test_topology() {
	is "$number" "$(nvdimm_blocks)" "$number blocks"
	is "$(count "$device" offline)" "$number" 'all offline'
}

test_there_and_back() {
	run daxhp online --movable --json "$device"
	exits 0 'online'
	json_is '.[0].blocks' "$number" 'all blocks'
	agrees "$device" online_movable 'online'
	run daxhp unplug --json "$device"
	exits 0 'unplug'
	agrees "$device" unplugged 'unplugged'
}

# With so many blocks, daxhp takes them offline one by one on every kernel. The undo brings them online again.
test_refused_going_offline_later() {
	local watcher
	daxhp online --movable "$device" >/dev/null
	fault MEM_GOING_OFFLINE 0
	: >/run/watching
	fault_after $((number / 4)) MEM_GOING_OFFLINE -16 &
	watcher=$!
	run daxhp unplug --json "$device"
	rm /run/watching
	wait "$watcher"
	exits 1 'EBUSY at a later block'
	json_is '.[0].error | "\(.errno) \(.undone)"' 'EBUSY true' 'EBUSY at a later block: JSON'
	agrees "$device" online_movable 'EBUSY at a later block'
	no_faults
}

run_tests
