#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:129G --icount
#
# The cost of status with many blocks. The guest's clock counts instructions, so
# the figures do not depend on the load of the host. A "second" is a thousand
# million instructions.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"
number=$(blocks "$device" | wc -l)

# The number of files that a command opened, including programs and libraries.
opened() {
	strace -f -e trace=open,openat,openat2 -o /run/strace.log "$@" >/dev/null 2>&1 || return 1
	grep -c ' = [0-9]' /run/strace.log
}

# look_ratio: the time of status divided by that of daxctl list. The smallest of
# five runs, because in the first run the caches are empty.
look_ratio() {
	local ours theirs
	ours=$(took 5 daxhp status --json)
	theirs=$(took 5 daxctl list)
	printf '# status %s s (of it %s s to start), daxctl list %s s (%s s)\n' \
		"$ours" "$(took 5 daxhp --version)" "$theirs" "$(took 5 daxctl --version)"
	ratio=$(awk -v o="$ours" -v t="$theirs" 'BEGIN { printf "%.4f", o / t }')
}

test_topology() {
	is "$number" "$(nvdimm_blocks)" "$number blocks"
	is "$(count "$device" offline)" "$number" 'all offline'
}

test_status_opens() {
	at_most "$(opened daxhp status --json)" $((2 * number + 60)) 'files opened by status --json'
	at_most "$(opened daxhp status)" $((2 * number + 60)) 'files opened by status'
	run daxhp status --json
	json_is '.[0] | "\(.hotplug_state) \(.online_memblocks) \(.total_memblocks)"' "offline 0 $number" 'all counted'
}

# A tree of 131,072 blocks on a tmpfs. Only the device's blocks have files, because
# daxhp must not look into the others.
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
	! has_kasan || { skip 'a huge tree' 'with KASAN the kernel takes most of the time'; return; }
	local tree=/run/tree word=online_movable
	make_tree "$tree"
	is "$(find "$tree" -maxdepth 1 -name 'memory[0-9]*' | wc -l)" 131072 '131,072 blocks'
	run unshare --mount sh -c "mount --bind $tree $memory && daxhp status --json"
	exits 0 'status'
	# These blocks contradict the attribute, which still says offline.
	! has_attribute || word=inconsistent
	json_is '.[0] | "\(.hotplug_state) \(.online_memblocks) \(.total_memblocks)"' "$word $number $number" 'the blocks of the device, and no other'
	at_most "$(took 2 unshare --mount sh -c "mount --bind $tree $memory && daxhp status --json")" 2 'seconds for status'
	at_most "$(opened unshare --mount sh -c "mount --bind $tree $memory && daxhp status --json")" \
		$((2 * number + 60 + 20)) 'files opened, unshare, sh and mount included'
}

test_status_time() {
	! has_kasan || { skip 'the time of status' 'with KASAN the kernel takes most of it'; return; }
	local n
	look_ratio
	# status also looks for memory without a device, in /proc/iomem. daxctl list does not.
	at_most "$ratio" 0.34 'all offline: status takes about a third of daxctl list'
	# Starts at the end, which is faster.
	for n in $(blocks "$device" | tac); do
		echo online_movable >"$memory/memory$n/state"
	done
	is "$(raw_word "$device")" online_movable 'all online'
	# On 7.3 the attribute's word is not true now, and status asks who is at work: one file more.
	at_most "$(opened daxhp status --json)" $((2 * number + 61)) 'files opened by status --json, all online'
	look_ratio
	at_most "$ratio" 0.3333 'all online: status takes under a third of daxctl list'
}

run_tests
