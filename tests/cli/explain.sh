#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# explain.sh TOOL: what is in the way, with made-up flags of pages. Nothing is written. Where the test may not
# look at all processes, there is a note on stderr.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
make_device dax0.0 platform/ndbus0/region0/dax0 kmem 1 0x200000000-0x21fffffff
make_blocks online Movable 64 65 66 67
make_device dax1.0 platform/hmem_platform.0/hmem.1 kmem 1 0x280000000-0x28fffffff
make_blocks online Normal 80 81
make_device dax2.0 platform/hmem_platform.0/hmem.2 kmem 1 0x300000000-0x30fffffff
make_blocks offline Movable 96 97
make_device dax3.0 platform/hmem_platform.0/hmem.3 device_dax 1 0x400000000-0x407ffffff
before=$(fingerprint)

# room FREE IN-USE [WORD SIZE]...: FREE on node 0, IN-USE on the devices' node, in MiB.
room() {
	local free=$1 used=$2
	shift 2
	{
		zone 0 Normal 4096 "$free" min 0 high 20 "$@"
		zone 1 Normal 256 255
		zone 1 Movable 512 $((512 - used)) nr_zone_active_anon "$used"
	} >"$work/zoneinfo"
}

# The flags of all pages up to the last block of dax1.0. What has none is mostly free memory.
new_flags() {
	: >"$work/flags"
	truncate -s $((82 * 32768 * 8)) "$work/flags"
}

# flag BLOCK PAGE COUNT FLAGS: the flags of COUNT pages of a block.
flag() {
	local i word=''
	for ((i = 0; i < 64; i += 8)); do
		word+=$(printf '\\x%02x' $((($4 >> i) & 255)))
	done
	for ((i = 0; i < $3; i++)); do
		# shellcheck disable=SC2059 # the format is the data
		printf "$word"
	done | dd of="$work/flags" bs=8 seek=$(($1 * 32768 + $2)) conv=notrunc status=none
}

anon=$((1 << 5 | 1 << 11 | 1 << 12)) slab=$((1 << 7)) table=$((1 << 26)) poisoned=$((1 << 19)) orphan=$((1 << 5 | 1 << 12))
# explains NAME ARGUMENTS...
explains() {
	local name=$1
	shift
	run "$@"
	is "$status" 0 "$name: exit status"
}

room 1000 100
new_flags
mount --bind "$work/flags" /proc/kpageflags

# ---- usage ----

fails 'no device' 2 "name a device, or 'all'" explain
fails 'no such device' 1 'dax9\.0: no such dax device' explain dax9.0
fails 'an option of another command' 2 'not an option' explain --force dax0.0
run explain -j dax9.0
json_is '.[0] | [.chardev, .action, .error.kind]' '["dax9.0","explain","no-such-device"]' 'no such device: JSON'

# ---- nothing in the way ----

flag 65 0 256 "$anon"
explains 'nothing in the way' explain dax0.0
check 'nothing in the way' matches "$out" '^dax0\.0: can be unplugged: 100 MiB to move, 990 MiB free on node 0: it fits'
unlike_table() { [[ $out != *BLOCK* ]]; }
check 'nothing in the way: no table' unlike_table
explains 'all blocks' explain --all dax0.0
check 'all blocks' matches "$out" $'\n''memory64 Movable +0B -'$'\n''memory65 Movable +1M -'
explains 'nothing in the way: JSON' explain -j dax0.0
json_is '.[0] | [.chardev, .verdict, .to_move, .room.verdict, (.obstacles | length)]' \
	'["dax0.0","yes",104857600,"yes",0]' 'nothing in the way: JSON'
json_is '.[0].classes | [.anon, .slab, .other]' '[1048576,0,535822336]' 'what for'
json_is '.[0].memblocks | map([.block, .zone, .used])' \
	'[[64,"Movable",0],[65,"Movable",1048576],[66,"Movable",0],[67,"Movable",0]]' 'what is used'
explains 'nothing online' explain dax2.0
is "$out" 'dax2.0: none of its memory blocks is online, nothing is in the way' 'nothing online'
explains 'devdax' explain -j dax3.0
json_is '.[0] | [.verdict, .room, .classes, .memblocks]' '["yes",null,null,null]' 'devdax: nothing to explain'
explains 'several devices' explain dax0.0 dax2.0
is "$(wc -l <<<"$out")" 2 'several devices'

# ---- in the way ----

flag 66 10 2 "$orphan"
flag 67 5 1 "$poisoned"
explains 'held, and broken' explain dax0.0
check 'held' matches "$out" '^dax0\.0: may not unplug: 1 of 4 memory blocks is in the way'$'\n''BLOCK +ZONE +USED OBSTACLE'
check 'held: the block' matches "$out" 'memory66 Movable +8K likely: 2 pages of it are held by a pipe, a socket or I/O'
check 'broken' matches "$out" 'memory67 Movable +0B a page of it is broken'
run explain -j dax0.0
json_is '.[0].obstacles | map([.kind, .block, .pages, .pfn, .evidence, .certain])' \
	'[["held",66,2,2162698,"page-flags",false],["poisoned",67,1,null,"page-flags",true]]' 'held, and broken: JSON'
flag 80 0 3 "$slab"
flag 81 7 1 "$table"
explains 'kernel memory' explain dax1.0
check 'kernel memory' matches "$out" '^dax1\.0: unlikely to unplug: 2 of 2 memory blocks are in the way'
check 'slab' matches "$out" 'memory80 Normal +12K 3 pages of it are memory of the kernel.s own \(slab\)'
check 'a page table' matches "$out" 'memory81 Normal +4K a page of it is a page table of a program'
is "$(tail -n 1 <<<"$out")" 'Only a reboot may free it; then bring it online with --movable.' 'what is to be done is said once'
room 60 100
run explain -j dax0.0
json_is '.[0] | [.verdict, .obstacles[0].kind, .obstacles[0].action]' \
	'["no","no-room","Free 50 MiB on node 0, or add swap."]' 'no room'
room 1000 100

# ---- not everything can be seen ----

: >"$work/flags"
explains 'no flags' explain dax0.0
check 'no flags' matches "$err" 'note: dax0\.0: what is in its pages cannot be seen \(/proc/kpageflags: '
check 'no flags: the room all the same' matches "$out" '^dax0\.0: can be unplugged'
run explain -j dax0.0
json_is '.[0] | [.classes, .memblocks, (.unseen | map(select(.file == "/proc/kpageflags")) | length)]' '[null,null,1]' 'no flags: JSON'
run explain dax1.0
check 'no flags, in the kernel zone' matches "$out" '^dax1\.0: may not unplug'

is "$(fingerprint)" "$before" 'nothing was written'
finish
