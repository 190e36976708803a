#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# room.sh TOOL: the estimate whether a device's used memory fits elsewhere, with made-up figures. No memory moves:
# the blocks are plain files, which accept any word.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
mkdir -p "$sys/devices/system/node/node0" "$sys/devices/system/node/node1"
# Four blocks on their own node, without an attribute; and two with an attribute.
make_device dax0.0 platform/ndbus0/region0/dax0 kmem 1 0x200000000-0x21fffffff
make_blocks online Movable 64 65 66 67
make_device dax1.0 platform/hmem_platform.0/hmem.1 kmem 1 0x280000000-0x28fffffff
echo online_movable >"$dir/state"
make_blocks online Movable 80 81
# A device with no block online.
make_device dax2.0 platform/hmem_platform.0/hmem.2 kmem 1 0x300000000-0x30fffffff
make_blocks offline Movable 96 97
# A device without memory blocks yet. The memory map of 128 MiB takes 2 MiB.
make_device dax3.0 platform/hmem_platform.0/hmem.3 '' 1 0x400000000-0x407ffffff
before=$(fingerprint)

# room FREE IN-USE [WORD SIZE]...: FREE on node 0, IN-USE on the devices' node, in MiB.
room() {
	local free=$1 used=$2
	shift 2
	{
		zone 0 Normal 4096 "$free" min 0 high 20 "$@"
		zone 1 Movable 768 $((768 - used)) nr_zone_active_anon "$used"
	} >"$work/zoneinfo"
}

# says NAME REGEX VERDICT: the dry run prints this, as text and as JSON.
says() {
	succeeds "$1: dry run" unplug -n dax0.0
	check "$1: dry run" matches "$out" "^dax0\.0: $2"
	succeeds "$1: dry run, JSON" unplug -n -j dax0.0
	json_is '.[0].room.verdict' "\"$3\"" "$1: dry run, JSON"
}

# ---- messages ----

room 1000 100
says 'room enough' '100 MiB to move, 990 MiB free on node 0: it fits' yes
json_is '.[0].room' \
	'{"verdict":"yes","to_move":104857600,"free":1038090240,"reclaimable":0,"swap":0,"missing":0,"huge_pages_missing":0,"nodes":[0]}' 'room enough: all that is said'
succeeds 'for people' unplug -n -j -u dax0.0
json_is '.[0].room | [.to_move, .swap]' '["100.00 MiB (104.86 MB)","0 B"]' 'for people: sizes'
room 119 100
says 'between the watermarks' '100 MiB to move, 109 MiB free on node 0: it most likely fits' likely
room 60 100 nr_zone_inactive_file 70 nr_zone_write_pending 10
says 'with the cache' '100 MiB to move, 50 MiB free on node 0, 60 MiB of clean cache: it most likely fits' likely
room 60 100
printf 'MemAvailable: 1024 kB\nSwapFree: 117029 kB\n' >"$work/meminfo"
says 'with swap' '100 MiB to move, 50 MiB free on node 0, 100 MiB of swap: it may not fit' maybe
printf 'MemAvailable: 1024 kB\nSwapFree: 0 kB\n' >"$work/meminfo"

{
	zone 0 Normal 4096 120 min 0 high 20
	zone 1 Movable 768 668 nr_zone_active_anon 100
	zone 2 Normal 4096 110 min 0 high 20
} >"$work/zoneinfo"
says 'two nodes' '100 MiB to move, 210 MiB free on nodes 0 and 2: it fits' yes
zone 3 Normal 4096 110 min 0 high 20 >>"$work/zoneinfo"
says 'three nodes' '100 MiB to move, 310 MiB free on nodes 0, 2 and 3: it fits' yes
json_is '.[0].room.nodes' '[0,2,3]' 'three nodes'
room 120 100

# ---- room for the memory map ----

printf 'MemAvailable: 2056 kB\nSwapFree: 0 kB\n' >"$work/meminfo"
succeeds 'just enough to describe it' online -n --movable dax3.0
printf 'MemAvailable: 2055 kB\nSwapFree: 0 kB\n' >"$work/meminfo"
fails 'too little to describe it' 1 'dax3\.0: .*ENOMEM' online -n --movable dax3.0
succeeds 'too little to describe it, forced' reconfigure -n --force --mode=system-ram --movable dax3.0
printf 'MemAvailable: 1024 kB\nSwapFree: 0 kB\n' >"$work/meminfo"

# No block is online, or none goes offline: there is no estimate.
succeeds 'nothing online' unplug -n -j dax2.0
json_is '.[0].room' null 'nothing online'
succeeds 'nothing to do' online -n -j dax0.0
json_is '.[0].room' null 'nothing to do'
succeeds 'status does not tell' status -j dax0.0
json_is '.[0] | has("room")' false 'status does not tell'

# ---- no room ----

{
	zone 0 Normal 4096 60 min 0 high 20
	zone 1 Movable 768 668
	printf '  nr_zone_active_anon %d\n' $((100 * 256 - 255))
} >"$work/zoneinfo"
fails 'no room, a page more than whole ones' 1 '100 MiB to move, 50 MiB free on node 0: it does not fit, 50 MiB too much' \
	unplug -n dax0.0
room 60 100
for dry in '' -n; do
	fails "no room $dry" 1 \
		'^daxhp: dax0\.0: cannot unplug: 100 MiB to move, 50 MiB free on node 0: it does not fit, 50 MiB too much \(ENOMEM\)\. Free memory, add swap, or give --force to try all the same\. Nothing was changed\.$' \
		unplug dax0.0 ${dry:+"$dry"}
	fails "no room, the attribute $dry" 1 'dax1\.0: .*50 MiB too much' unplug dax1.0 ${dry:+"$dry"}
	fails "no room for devdax $dry" 1 'cannot reconfigure: .*50 MiB too much.*--force' reconfigure --mode=devdax dax0.0 ${dry:+"$dry"}
	fails "no room for the other zone $dry" 1 '50 MiB too much' reconfigure --kernel dax0.0 ${dry:+"$dry"}
	fails "no room for --no-online $dry" 1 '50 MiB too much' reconfigure --mode=system-ram --no-online dax0.0 ${dry:+"$dry"}
	run unplug -j dax0.0 ${dry:+"$dry"}
	is "$status" 1 "no room $dry: exit status"
	json_is '.[0] | [.changed, .error.errno, .error.undone, .room.verdict, .room.missing]' \
		'[false,"ENOMEM",true,"no",52428800]' "no room $dry: JSON"
done
is "$(fingerprint)" "$before" 'no room: nothing was written'
succeeds 'no room, forced: dry run' unplug -n --force dax0.0
check 'no room, forced: dry run says so' matches "$out" '^dax0\.0: 100 MiB to move, .*it does not fit, 50 MiB too much'$'\n''dax0\.0: would'
succeeds 'no room, forced: dry run, JSON' unplug -n -j --force dax0.0
json_is '.[0] | [.room.verdict, (.steps | length), .error]' '["no",4,null]' 'no room, forced: dry run, JSON'
succeeds 'no room, forced: devdax' reconfigure -n --force --mode=devdax dax0.0

# When the attribute's word is not true, the plan goes through unplugged, even to online.
echo offline >"$dir/../../hmem.1/dax1.0/state"
fails 'no room on the way online' 1 'dax1\.0: cannot bring online: .*too much.*daxhp reconfigure --mode=system-ram --movable --force dax1\.0' \
	online --movable -n dax1.0
echo online_movable >"$dir/../../hmem.1/dax1.0/state"

# The device's node has two such zones. Nobody knows which of them has the memory.
room 1000 600
says 'at most what there is of it' '512 MiB to move, 990 MiB free' yes

# ---- huge pages ----

huge=$sys/kernel/mm/hugepages/hugepages-2048kB
mkdir -p "$huge" "$sys/devices/system/node/node"{0,1}/hugepages/hugepages-2048kB
# pools TOTAL-0 FREE-0 TOTAL-1 FREE-1 RESERVED
pools() {
	local node
	echo $(($1 + $3)) >"$huge/nr_hugepages"
	echo "$5" >"$huge/resv_hugepages"
	for node in 0 1; do
		echo "$1" >"$sys/devices/system/node/node$node/hugepages/hugepages-2048kB/nr_hugepages"
		echo "$2" >"$sys/devices/system/node/node$node/hugepages/hugepages-2048kB/free_hugepages"
		shift 2
	done
}
printf 'Node 0, zone   Normal 0 0 0 0 0 0 0 0 0 0 10\n' >"$work/buddyinfo"
mount --bind "$work/buddyinfo" /proc/buddyinfo
{
	zone 0 Normal 4096 1000 min 0 high 20
	zone 1 Movable 768 728
} >"$work/zoneinfo"
pools 20 20 20 0 0
says 'huge pages, and free ones' '40 MiB to move, 1030 MiB free on node 0: it fits' yes
pools 0 0 20 0 0
says 'huge pages that can be made' '40 MiB to move, 990 MiB free on node 0: it most likely fits' likely
pools 0 0 21 0 0
says 'huge pages that may be made' '40 MiB to move, ' likely
printf 'Node 0, zone   Normal 0 0 0 0 0 0 0 0 0 0 9\n' >"$work/buddyinfo"
says 'too few in one piece' '40 MiB to move, 990 MiB free on node 0: it may not fit' maybe
pools 0 0 20 20 3
fails 'promised ones' 1 \
	'3 huge pages of 2 MiB have nowhere to go \(ENOMEM\)\. Raise nr_hugepages there, or end the programs that use them, or give --force' \
	unplug dax0.0
pools 0 0 20 20 1
fails 'a promised one' 1 '1 huge page of 2 MiB has nowhere to go' unplug -n dax0.0
pools 0 0 20 20 3
run unplug -j dax0.0
json_is '.[0].room | [.verdict, .huge_pages_missing]' '["no",3]' 'promised ones: JSON'
rm -r "$sys/kernel" "$sys/devices/system/node/node"[01]/hugepages

# ---- no estimate ----

# cannot_tell NAME REGEX
cannot_tell() {
	says "$1" "whether what is in its memory fits elsewhere cannot be told \($2\)" maybe
	json_is '.[0].room | [.to_move, .free, .reclaimable, .swap, .missing, .huge_pages_missing, .nodes] | unique' '[null]' "$1: no figures"
}
: >"$work/zoneinfo"
cannot_tell 'an empty zoneinfo' '/proc/zoneinfo: No data available'
printf 'Node 0, zone Normal\n  pages free x\n' >"$work/zoneinfo"
cannot_tell 'a zoneinfo that makes no sense' '/proc/zoneinfo: Bad message'
room 1000 100
: >"$work/meminfo"
cannot_tell 'an empty meminfo' '/proc/meminfo: No data available'
succeeds 'an empty meminfo: status' status -j dax0.0
printf 'SwapFree: 0 kB\n' >"$work/meminfo"
mkdir -p "$huge"
cannot_tell 'pools that cannot be read' '/sys/kernel/mm/hugepages: No such file or directory'
rm -r "$sys/kernel"

is "$(fingerprint)" "$before" 'nothing of all this has changed anything'
finish
