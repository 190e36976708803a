#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-big
#
# An expander whose memory map is larger than the machine's free memory. The kernel
# does not notice before it has used up all of it.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh

make_unbound_region -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'

available() {
	awk '$1 == "MemAvailable:" { print int($2 / 1024) }' /proc/meminfo
}

# has_room_left NAME: MemAvailable is as it was in the beginning, or nearly.
has_room_left() {
	at_most $((before - $(available))) 100 "$1: MemAvailable is as before"
}
load_kmem
before=$(available)

test_what_will_happen() {
	is "$(<"$dax_bus/devices/$device/memmap_on_memory")" 1 'the device says that it holds its own memory map'
	run daxhp status -j "$device"
	json_is '.[0].memmap_on_memory' false 'daxhp knows that the kernel does not do it'
}

test_no_room() {
	local figures='takes 2056 MiB of the memory there is, and [0-9]+ MiB are available'
	refused 'online' 1 daxhp online --movable "$device"
	like "$err" "$figures" 'online: figures'
	has_room_left online
	refused 'reconfigure' 1 daxhp reconfigure --mode=system-ram --movable "$device"
	like "$err" "$figures" 'reconfigure: figures'
	has_room_left reconfigure
	run daxhp online --json --movable "$device"
	json_is '.[0].error.kind' no-room-for-map 'JSON'
	is "$(driver "$device")" none 'no driver has it'
}

run_tests
