#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:33G --append=memory_hotplug.memmap_on_memory=on
#
# The machine allows that added memory holds its own memory map.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
[ -e "$dax_bus/devices/$device/memmap_on_memory" ] ||
	{ echo '1..0 # SKIP no dax device of this kernel holds its own memory map'; exit 0; }
set_policy offline
base_policy=offline
unbind "$device"
load_kmem
number=$(blocks "$device" | wc -l)

# Others use and free memory, too. It is an eighth of a block's memory map.
noise=256

reset() {
	take_away "$device"
}

free() {
	awk '$1 == "MemFree:" { print $2 }' /proc/meminfo
}

# taken ASKED EXPECTED: how many KiB of the machine's memory a block takes when it is added.
taken() {
	local before
	echo "$1" >"$dax_bus/devices/$device/memmap_on_memory"
	run daxhp status -j "$device"
	json_is '.[0].memmap_on_memory' "$2" "asked for $1: what daxhp says will happen"
	sync
	echo 3 >/proc/sys/vm/drop_caches
	before=$(free)
	bind_kmem "$device" offline
	is "$(count "$device" offline)" "$number" "asked for $1: added"
	per_block=$(((before - $(free)) / number))
}

test_in_its_own_memory() {
	taken 1 true
	ok "a block takes no memory map of other memory ($per_block KiB)" test "$per_block" -le "$noise"
}

test_in_other_memory() {
	taken 0 false
	ok "a block takes its memory map of other memory ($per_block KiB)" test "$per_block" -ge $((2048 - noise))
	ok 'and little else' test "$per_block" -le $((2048 + noise))
}

run_tests
