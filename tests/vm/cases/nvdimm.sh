#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:129G
#
# The whole way there and back with 1031 blocks.

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

# The blocks go one by one on every kernel, there are so many; those that went come back.
test_a_block_refuses() {
	local block
	daxhp online --movable "$device" >/dev/null
	block=$(blocks "$device" | sed -n "$((number / 2))p")
	run strace -f -o /run/strace.log -P "$memory/memory$block/state" -e inject=write,pwrite64:error=EBUSY daxhp unplug --json "$device"
	exits 1 'a block refuses'
	json_is '.[0].error | "\(.errno) \(.block) \(.undone)"' "EBUSY $block true" 'a block refuses: JSON'
	agrees "$device" online_movable 'a block refuses'
}

run_tests
