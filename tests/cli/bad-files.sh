#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bad-files.sh TOOL: sysfs files with wrong content. A value that the tool cannot know is null, and where it matters one
# sentence says so. The tool does not guess, does not hang, and changes nothing.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
make_device dax0.0 platform/ndbus0/region0/dax0 kmem 2 0x200000000-0x20fffffff 0x280000000-0x28fffffff
bad=$dir
make_blocks online Movable 64 65 80 81
make_device dax1.0 platform/hmem_platform.0/hmem.1 kmem 1 0x600000000-0x60fffffff
attribute=$dir/state
echo online_movable >"$attribute"
make_blocks online Movable 192 193

kinds=(empty blank binary nul two-lines long huge directory link fifo)

# spoil FILE KIND
spoil() {
	mv "$1" "$1.good"
	case $2 in
	empty) : >"$1" ;;
	blank) echo >"$1" ;;
	binary) printf '\x01\xff\x80\n' >"$1" ;;
	nul) printf 'online\0\n' >"$1" ;;
	two-lines) printf 'online\n1\n' >"$1" ;;
	long) printf '%0300d\n' 1 >"$1" ;;
	huge) head -c 3000000 /dev/zero | tr '\0' 1 >"$1" ;;
	number) printf '%s' "$3" >"$1" ;;
	directory) mkdir "$1" ;;
	link) ln -s "${1##*/}.good" "$1" ;;
	fifo) mkfifo "$1" ;;
	missing) ;;
	esac
}

mend() {
	rm -rf "$1"
	mv "$1.good" "$1"
}

# There is at most one sentence, and always JSON. The caller checks the rest.
status_of_both() {
	run status -j
	check "$1: it answers" test "$status" -le 1
	check "$1: JSON, of both devices" test "$(jq length <<<"$out" 2>&1)" = 2
}

# null_for FILE KEY KIND [NUMBER]: there is no message, and the value is null.
null_for() {
	local name="${1##*/}, $3 ${4-}"
	spoil "$1" "$3" "${4-}"
	status_of_both "$name"
	json_is ".[0].$2" null "$name: null"
	is "$status" 0 "$name: exit status"
	is "$err" '' "$name: no talk"
	run status
	is "$(grep -c '^dax' <<<"$out")" 2 "$name: a line each"
	mend "$1"
}

for kind in "${kinds[@]}" missing; do
	# libdaxctl reads these two as well, and would wait for the fifo.
	if [ "$kind" != fifo ]; then
		null_for "$bad/align" align "$kind"
		null_for "$bad/target_node" target_node "$kind"
	fi
	null_for "$bad/memmap_on_memory" memmap_on_memory "$kind"
	null_for "$memory/auto_online_blocks" auto_online_blocks "$kind"
done
for number in -1 0x10 1k 99999999999999999999999 ' 1' '1 '; do
	null_for "$bad/align" align number "$number"
	[ "$number" = -1 ] || null_for "$bad/target_node" target_node number "$number"
done
null_for "$bad/target_node" target_node number -1
null_for "$bad/memmap_on_memory" memmap_on_memory number 2

# The device's size. Without it libdaxctl may not list the device at all; then the tool must not invent one.
for kind in "${kinds[@]}"; do
	[ "$kind" != fifo ] || continue
	spoil "$bad/size" "$kind"
	run status -j
	check "size, $kind: it answers" test "$status" -le 1
	json_is '[.[] | select(.chardev == "dax0.0") | .size] - [null]' '[]' "size, $kind: null or not listed"
	mend "$bad/size"
done

# ---- the files that lead to the blocks ----

# unseen FILE KIND: there are no state and no counts; one sentence names the file; and no command changes the device.
unseen() {
	local name="${1##*/sys/}, $2 ${3-}" before
	spoil "$1" "$2" "${3-}"
	before=$(find "$sys" -printf '%p %y %s %T@\n' | sort | sha256sum)
	status_of_both "$name"
	is "$status" 1 "$name: exit status"
	json_is '.[0] | [.hotplug_state, .online_memblocks, .total_memblocks, .movable, .zones]' \
		'[null,null,null,null,null]' "$name: no state, no counts"
	json_is '.[0].mode' '"system-ram"' "$name: null, not unbound"
	check "$name: says so" matches "$err" 'daxhp: dax0\.0: '
	if [ "$4" = one ]; then
		json_is '.[1].hotplug_state' '"online_movable"' "$name: the other device is seen"
		check "$name: one sentence" one_sentence "$err"
	fi
	for command in 'online --movable' unplug; do
		# shellcheck disable=SC2086
		fails "$name: $command" 1 'dax0\.0: cannot .*Nothing was changed' $command dax0.0
	done
	is "$(find "$sys" -printf '%p %y %s %T@\n' | sort | sha256sum)" "$before" "$name: nothing is written"
	mend "$1"
}

for kind in "${kinds[@]}"; do
	unseen "$bad/mapping1/start" "$kind" '' one
	unseen "$bad/mapping0/end" "$kind" '' one
	unseen "$bad/mapping1/page_offset" "$kind" '' one
	unseen "$memory/memory65/state" "$kind" '' one
	unseen "$memory/memory80/valid_zones" "$kind" '' one
	unseen "$memory/block_size_bytes" "$kind" '' both
done
unseen "$bad/mapping0/end" missing '' one
unseen "$bad/mapping0/end" number 0x1 one
unseen "$bad/mapping1/start" number 0x1ffffffffffffffff one
unseen "$bad/mapping1/start" number 0x28fffffffz one
unseen "$memory/memory64/state" number onlin one
unseen "$memory/memory64/state" number 'online ' one
unseen "$memory/block_size_bytes" number 0 both
unseen "$memory/block_size_bytes" number 8000001 both
unseen "$memory/block_size_bytes" number -8000000 both
# A range of all addresses and more: no list of blocks is that long.
spoil "$bad/mapping0/start" number 0x0
spoil "$bad/mapping0/end" number 0xffffffffffffffff
status_of_both 'a range of all'
json_is '.[0].total_memblocks' null 'a range of all: no counts'
check 'a range of all: says so' matches "$err" 'dax0\.0: its physical ranges make no sense'
fails 'a range of all: unplug' 1 'dax0\.0' unplug dax0.0
mend "$bad/mapping0/start"
mend "$bad/mapping0/end"

# ---- a block that is gone is not a bad file ----

mv "$memory/memory65" "$memory/away"
run status -j
is "$status" 0 'a block missing: exit status'
json_is '.[0] | [.hotplug_state, .online_memblocks, .total_memblocks]' '["inconsistent",3,3]' 'a block missing'
mv "$memory/away" "$memory/memory65"
# The kernel removes the block's file before its directory.
mv "$memory/memory65/state" "$memory/away"
run status -j
json_is '.[0] | [.hotplug_state, .total_memblocks]' '["inconsistent",3]' 'a state file missing'
mv "$memory/away" "$memory/memory65/state"

# ---- the attribute ----

for kind in "${kinds[@]}"; do
	spoil "$attribute" "$kind"
	run status -j dax1.0
	is "$status" 0 "attribute, $kind: exit status"
	json_is '.[0] | [.attribute_state, .hotplug_state, .online_memblocks]' '[null,"inconsistent",2]' "attribute, $kind"
	mend "$attribute"
done
spoil "$attribute" number 'half way'
run status -j dax1.0
json_is '.[0] | [.attribute_state, .hotplug_state]' '["half way","inconsistent"]' 'attribute, another word'
mend "$attribute"

# ---- the driver's link ----

for target in '' / . ../../../../bus/dax/drivers/ $'drivers/k\e[2Jmem' "drivers/$(printf '%0200d' 0)"; do
	mv "$bad/driver" "$bad/away"
	[ -z "$target" ] || ln -s "$target" "$bad/driver"
	[ -n "$target" ] || mkdir "$bad/driver"
	run status -j
	check "driver '${target:0:20}': it answers" test "$status" -le 1
	check "driver '${target:0:20}': JSON" jq -e 'length == 2' <<<"$out"
	fails "driver '${target:0:20}': unplug" 1 'dax0\.0' unplug dax0.0
	rm -rf "$bad/driver"
	mv "$bad/away" "$bad/driver"
done
ln -sfn ../../../../bus/dax/drivers/some_dax "$bad/driver"
run status -j dax0.0
json_is '.[0] | [.mode, .driver, .hotplug_state]' '[null,"some_dax",null]' 'an unknown driver'
# Memory blocks of a device whose driver adds no memory.
fails 'an unknown driver: unplug' 1 'dax0\.0: .*stayed when it was unbound' unplug dax0.0
ln -sfn ../../../../bus/dax/drivers/kmem "$bad/driver"

# ---- kernels that lack something ----

mv "$memory" "$memory.away"
status_of_both 'no memory hotplug'
json_is '.[0] | [.hotplug_state, .online_memblocks, .memblock_size]' '[null,null,null]' 'no memory hotplug'
fails 'no memory hotplug: unplug' 1 'dax0\.0: .*CONFIG_MEMORY_HOTPLUG' unplug dax0.0
mv "$memory.away" "$memory"
for id in 64 65 80 81; do
	mv "$memory/memory$id/valid_zones" "$memory/zones$id"
done
run status -j dax0.0
json_is '.[0] | [.hotplug_state, .online_memblocks, .zones]' '["online",4,{"unknown":4}]' 'no hot-remove: what is seen'
fails 'no hot-remove: unplug' 1 'dax0\.0: .*CONFIG_MEMORY_HOTREMOVE' unplug dax0.0
for id in 64 65 80 81; do
	mv "$memory/zones$id" "$memory/memory$id/valid_zones"
done

# ---- files that the user may not read ----

if for_nobody; then
	for file in size align target_node memmap_on_memory; do
		mode=$(stat -c %a "$bad/$file")
		chmod 0 "$bad/$file"
		run status -j
		check "unreadable $file: it answers" test "$status" -le 1
		json_is "[.[] | select(.chardev == \"dax0.0\") | .$file] - [null]" '[]' "unreadable $file: null or not listed"
		chmod "$mode" "$bad/$file"
	done
	chmod 0 "$memory/auto_online_blocks" "$attribute"
	run status -j
	is "$status" 0 'unreadable policy and attribute: exit status'
	json_is '.[1] | [.auto_online_blocks, .attribute_state, .hotplug_interface]' \
		'[null,null,"state"]' 'unreadable policy and attribute'
	as_user=()
else
	skip 'unreadable files' 'setpriv to nobody does not work here'
fi

finish
