#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:129G
#
# Many blocks: what status costs. How long a machine takes says nothing, so
# times are only held against daxctl's in the same boot.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"
number=$(blocks "$device" | wc -l)

# Files that a command opened, the ones of its programs and libraries included.
opened() {
	strace -f -e trace=open,openat,openat2 -o /run/strace.log "$@" >/dev/null 2>&1 || return 1
	grep -c ' = [0-9]' /run/strace.log
}

# The least of three, in seconds.
seconds() {
	local try start end best=
	for try in 1 2 3; do
		start=${EPOCHREALTIME/./}
		"$@" >/dev/null || return 1
		end=${EPOCHREALTIME/./}
		[ -n "$best" ] && [ "$best" -le $((end - start)) ] || best=$((end - start))
	done
	awk -v us="$best" 'BEGIN { printf "%.3f", us / 1e6 }'
}

test_topology() {
	ok "at least 1000 blocks ($number)" [ "$number" -ge 1000 ]
	is "$(count "$device" offline)" "$number" 'all offline'
}

# "It is done when" 7.
test_status_opens() {
	at_most "$(opened daxhp status --json)" $((2 * number + 60)) 'files opened by status --json'
	at_most "$(opened daxhp status)" $((2 * number + 60)) 'files opened by status'
	run daxhp status --json
	json_is '.[0] | "\(.hotplug_state) \(.online_memblocks) \(.total_memblocks)"' "offline 0 $number" 'all counted'
}

# What a program costs before it has done anything is left out: here, where
# every start is translated afresh, that is a third of the whole.
net_ratio() {
	local ours theirs our_start their_start
	our_start=$(seconds daxhp --version)
	their_start=$(seconds daxctl --version)
	ours=$(seconds daxhp status --json)
	theirs=$(seconds daxctl list)
	printf '# status %s s (of it %s s to start), daxctl list %s s (%s s)\n' "$ours" "$our_start" "$theirs" "$their_start"
	ratio=$(awk -v o="$ours" -v s="$our_start" -v t="$theirs" -v u="$their_start" 'BEGIN { printf "%.3f", (o - s) / (t - u) }')
}

test_status_time() {
	net_ratio
	at_most "$ratio" 0.333 'status takes under a third of daxctl list, all offline'
}

# A tree of 131,072 blocks on a tmpfs. Only those of the device have files in
# them: nobody has business with the others.
make_tree() {
	local tree=$1 n
	mkdir -p "$tree"
	mount -t tmpfs -o nr_inodes=0,size=4G tmpfs "$tree"
	cp "$memory/block_size_bytes" "$memory/auto_online_blocks" "$tree/"
	(cd "$tree" && printf 'memory%d\n' {0..131071} | xargs mkdir)
	for n in $(blocks "$device"); do
		echo online >"$tree/memory$n/state"
		echo Movable >"$tree/memory$n/valid_zones"
	done
}

test_huge_tree() {
	local tree=/run/tree time
	make_tree "$tree"
	is "$(find "$tree" -maxdepth 1 -name 'memory[0-9]*' | wc -l)" 131072 '131,072 blocks'
	run unshare --mount sh -c "mount --bind $tree $memory && daxhp status --json"
	exits 0 'status'
	json_is '.[0] | "\(.hotplug_state) \(.online_memblocks) \(.total_memblocks)"' "online_movable $number $number" 'the blocks of the device, and no other'
	time=$(seconds unshare --mount sh -c "mount --bind $tree $memory && daxhp status --json")
	at_most "$time" 2 'seconds for status'
	at_most "$(opened unshare --mount sh -c "mount --bind $tree $memory && daxhp status --json")" \
		$((2 * number + 60 + 20)) 'files opened, unshare, sh and mount included'
}

# The whole way, once, on a device this large.
test_there_and_back() {
	run daxhp online --movable --json "$device"
	exits 0 'online'
	json_is '.[0].blocks' "$number" 'all blocks'
	agrees "$device" online_movable 'online'
	at_most "$(opened daxhp status --json)" $((2 * number + 60)) 'files opened by status --json, all online'
	net_ratio
	at_most "$ratio" 0.333 'status takes under a third of daxctl list, all online'
	run daxhp unplug --json "$device"
	exits 0 'unplug'
	agrees "$device" unplugged 'unplugged'
}

run_tests
