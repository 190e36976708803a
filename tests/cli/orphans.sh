#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# orphans.sh TOOL: memory whose device is gone, as a made-up /proc/iomem and /sys have it.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
# One device is there. What is below its name is not orphaned.
make_device dax0.0 platform/hmem_platform.0/hmem.0 kmem 1 0x200000000-0x20fffffff
make_blocks online Movable 64 65
iomem=$work/iomem
: >"$iomem"
mount --bind "$iomem" /proc/iomem

# iomem_is LINE...: the device's lines, and these.
iomem_is() {
	{
		printf '00001000-0009fbff : System RAM\n200000000-20fffffff : dax0.0\n  200000000-20fffffff : System RAM (kmem)\n'
		printf '%s\n' "$@"
	} >"$iomem"
}

orphans() {
	run status --json "$@"
	out=$(jq -c '[.[] | select(.chardev == null) | [.mappings[0].start, .size, .target_node, .hotplug_state, .online_memblocks, .total_memblocks, .wedged]]' <<<"$out")
}

iomem_is
orphans
is "$out" '[]' 'none'

iomem_is '300000000-30fffffff : CXL Window 0' '  300000000-30fffffff : dax1.0' '    300000000-30fffffff : System RAM (kmem)'
make_blocks online Movable 96 97
ln -s ../../node/node3 "$memory/memory96/node3"
orphans
is "$status" 0 'one: exit status'
is "$out" '[[12884901888,268435456,3,"online_movable",2,2,true]]' 'one'
run status
is "$status" 0 'one: exit status of the table'
check 'one: its line' matches "$out" '- +256M +- +3 +orphaned +online_movable +2/2'
check 'one: a note' matches "$err" '256 MiB at 0x300000000 belong to no dax device'
run status --check
is "$status $out" '6 DAXHP CRITICAL - 256 MiB at 0x300000000 without a device' 'one: status --check'
orphans --node=1
is "$out" '[]' 'on another node'
orphans dax0.0
is "$out" '[]' 'not for a device by its name'

echo offline >"$memory/memory97/state"
orphans
is "$out" '[[12884901888,268435456,3,"inconsistent",1,2,true]]' 'half of it is offline'
echo offline >"$memory/memory96/state"
orphans
is "$out" '[[12884901888,268435456,3,"offline",0,2,true]]' 'offline'
make_blocks online Normal 96 97
orphans
is "$out" '[[12884901888,268435456,3,"online",2,2,true]]' 'in a zone for kernel memory'

# The name of the device is there again, but at another place.
make_device dax1.0 platform/hmem_platform.0/hmem.1 '' 1 0x400000000-0x40fffffff
orphans
is "$out" '[[12884901888,268435456,3,"online",2,2,true]]' 'another device has its name'

iomem_is '00000000-00000000 : dax1.0' '  00000000-00000000 : System RAM (kmem)'
orphans
is "$status" 0 'addresses are hidden: exit status'
is "$out" '[]' 'addresses are hidden'

iomem_is 'nonsense : System RAM (kmem)'
run status --json
is "$status" 1 'nonsense: exit status'
check 'nonsense: says so' matches "$err" 'memory without a device cannot be looked for'
run status --check
is "$status $out" '1 DAXHP UNKNOWN - not everything can be seen' 'nonsense: status --check'
run status --json
json_is 'map(.chardev)' '["dax0.0","dax1.0"]' 'nonsense: the devices are shown'
finish
