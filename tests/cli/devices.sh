#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# devices.sh TOOL: devices of every kind, in a made-up /sys.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
pmem=platform/ndbus0/region0/dax0
hmem=platform/hmem_platform.0/hmem.1

# ---- no devices ----

succeeds 'no device: status' status
is 'no device: the heading' "$out" 'DEVICE SIZE NODE MODE STATE INTERFACE BLOCKS ZONES'
succeeds 'no device: status -j' status -j
is 'no device: an empty array' "$out" '[]'
fails 'no device: unknown to status' 1 'dax0\.0: no such dax device; this machine has none' status dax0.0
for command in online unplug; do
	fails "no device: unknown to $command" 1 'dax0\.0: no such dax device' "$command" dax0.0
	fails "no device: none for $command all" 1 'no dax device' "$command" all
done
mv "$sys/bus/dax" "$sys/bus/away"
succeeds 'no dax bus: status' status -j
is 'no dax bus: an empty array' "$out" '[]'
fails 'no dax bus: online' 1 'no such dax device' online dax0.0
mv "$sys/bus/away" "$sys/bus/dax"

# ---- one of each ----

# Two ranges in reverse order, and a neighbour's blocks between them.
make_device dax0.0 $pmem kmem 2 0x280000000-0x28fffffff 0x200000000-0x20fffffff
make_blocks online Movable 64 65 80 81
make_blocks online Normal 66 67 72
# Bound by another driver.
make_device dax0.1 $pmem device_dax 2 0x300000000-0x30fffffff
make_device dax0.2 $pmem fsdev_dax 2 0x310000000-0x31fffffff
# No driver, no node.
make_device dax1.0 $hmem '' -1 0x400000000-0x40fffffff
# Too small, and not aligned.
make_device dax1.1 $hmem '' 1 0x500100000-0x50fefffff
# The attribute, under each name.
make_device dax1.2 $hmem kmem 1 0x600000000-0x61fffffff
echo online_movable >"$dir/state"
make_blocks online Movable 192 193 194 195
make_device dax1.3 $hmem kmem 1 0x700000000-0x70fffffff
echo unplugged >"$dir/hotplug"
make_device dax1.10 $hmem '' 3 0x800000000-0x80fffffff
# Wedged.
make_device dax2.0 $hmem/../hmem.2 '' 1 0x900000000-0x90fffffff
make_blocks online Movable 289
# One block is missing, and one is offline. The attribute has its old word.
make_device dax2.1 $hmem/../hmem.2 kmem 1 0xa00000000-0xa17ffffff
echo online_movable >"$dir/state"
make_blocks online Movable 320
make_blocks offline 'Normal Movable' 321
before=$(fingerprint)

run status -j
is 'status -j: exit status' "$status" 0
is 'status -j: no talk' "$err" ''
json 'sorted by region and number' '[.[].chardev] | join(" ")' '"dax0.0 dax0.1 dax0.2 dax1.0 dax1.1 dax1.2 dax1.3 dax1.10 dax2.0 dax2.1"'
json 'every key, in every device' '[.[] | keys_unsorted - ["possible_memblocks", "wedged"] | join(" ")] | unique | .[0]' \
	'"chardev region size target_node align mode driver hotplug_state hotplug_interface attribute_state online_memblocks total_memblocks memblock_size movable zones memmap_on_memory auto_online_blocks"'
device() {
	json "$1: $2" ".[] | select(.chardev == \"$1\") | [$2]" "$3"
}
device dax0.0 '.hotplug_state, .hotplug_interface, .attribute_state' '["online_movable","memory-blocks",null]'
device dax0.0 '.online_memblocks, .total_memblocks, .movable, .zones' '[4,4,true,{"Movable":4}]'
device dax0.0 '.region, .size, .target_node, .align, .memblock_size' '[0,536870912,2,2097152,134217728]'
device dax0.0 '.mode, .driver, .memmap_on_memory, .auto_online_blocks' '["system-ram","kmem",false,"offline"]'
device dax0.1 '.mode, .driver, .hotplug_state, .hotplug_interface, .online_memblocks, .movable, .zones' \
	'["devdax","device_dax",null,null,null,null,null]'
device dax0.2 '.mode, .hotplug_state, .total_memblocks' '["famfs",null,null]'
device dax1.0 '.mode, .driver, .target_node, .hotplug_state, .hotplug_interface' '["unbound",null,null,"unplugged",null]'
device dax1.0 '.online_memblocks, .total_memblocks, .movable, .zones' '[0,0,false,{}]'
device dax1.2 '.hotplug_state, .hotplug_interface, .attribute_state' '["online_movable","state","online_movable"]'
device dax1.3 '.hotplug_state, .hotplug_interface, .attribute_state' '["unplugged","hotplug","unplugged"]'
device dax2.0 '.mode, .hotplug_state, .online_memblocks, .total_memblocks' '["unbound","inconsistent",1,1]'
device dax2.1 '.hotplug_state, .attribute_state, .online_memblocks, .total_memblocks, .movable' \
	'["inconsistent","online_movable",1,2,null]'

succeeds 'mappings' status -j -M dax0.0
json 'mappings: as the kernel has them' '.[0].mappings' \
	'[{"page_offset":0,"start":10737418240,"end":11005853695,"size":268435456},{"page_offset":65536,"start":8589934592,"end":8858370047,"size":268435456}]'
run status -j dax0.0
json 'mappings only when asked for' '.[0] | has("mappings")' false

succeeds 'for people' status -j -u dax0.0
json 'for people: sizes' '.[0] | [.size, .memblock_size]' '["512.00 MiB (536.87 MB)","128.00 MiB (134.22 MB)"]'

run status
is 'table: exit status' "$status" 0
is 'table: a line a device' "$(grep -c '^dax' <<<"$out")" 10
is 'table: as many cells in each' "$(awk '{ print NF }' <<<"$out" | sort -u)" 8
is 'table: dax0.0' "$(awk '$1 == "dax0.0"' <<<"$out" | tr -s ' ')" \
	'dax0.0 536870912 2 system-ram online_movable memory-blocks 4/4 Movable:4'
is 'table: dax1.0' "$(awk '$1 == "dax1.0"' <<<"$out" | tr -s ' ')" 'dax1.0 268435456 - unbound unplugged - 0/2 -'
check 'table: a note on the wedged one' matches "$err" 'note: dax2\.0: wedged'
check 'table: a note on the inconsistent one' matches "$err" "note: dax2\.1: inconsistent: .* 3 .* 2 .* 1 .*'online_movable'"
is 'table: no other note' "$(grep -c . <<<"$err")" 2
is 'no command is status' "$("$tool" 2>/dev/null)" "$out"
is 'no command but options is status' "$("$tool" -j 2>/dev/null)" "$("$tool" status -j)"

# The notes come after the table. The message must have the error of the table.
for json in '' -j; do
	err=$("$tool" status ${json:+"$json"} 2>&1 >/dev/full)
	is "full disk $json: exit status" $? 1
	check "full disk $json: says why" matches "$err" 'daxhp: cannot write to standard output: No space left on device\.$'
done

# While somebody unbinds a device, its driver is gone before its blocks are.
mkdir "$work/away"
{ sleep 0.3; mv "$memory/memory289" "$work/away/"; } &
run status dax2.0
wait $!
is 'not wedged: what goes within a second' "$err" ''
mv "$work/away/memory289" "$memory/"

# ---- which devices ----

names() {
	succeeds "select: $*" status -j "${@:2}"
	json "select: ${*:2}" '[.[].chardev] | join(" ")' "\"$1\""
}
names 'dax0.0' dax0.0
names 'dax0.0' /dev/dax0.0
names 'dax1.2 dax0.0' dax1.2 dax0.0
names 'dax0.0' dax0.0 /dev/dax0.0 dax0.0
names 'dax0.0 dax0.1 dax0.2' --region=0
names 'dax0.0 dax0.1 dax0.2' --region=0 all
names 'dax2.0 dax2.1' --region=hmem.2
names 'dax1.1 dax1.2 dax1.3 dax2.0 dax2.1' --node=1
names 'dax1.1 dax1.2 dax1.3' --node=1 --region=1
names '' --node=7
names '' --region=nonsense
fails 'select: unknown' 1 'dax0\.7: no such dax device' status -j dax0.7
fails 'select: one unknown among known ones' 1 'dax3\.0' status -j dax0.0 dax3.0
fails 'select: no match' 1 'no dax device matches' unplug --node=7 all

# A seed is a device without memory.
make_device dax3.0 $hmem/../hmem.3 '' 1 0xb00000000-0xb0fffffff
echo 0 >"$dir/size"
names 'dax0.0 dax0.1 dax0.2 dax1.0 dax1.1 dax1.2 dax1.3 dax1.10 dax2.0 dax2.1' all
names '' --region=3
fails 'select: a seed' 1 'dax3\.0: ' status -j dax3.0
rm -r "$sys/devices/platform/hmem_platform.0/hmem.3" "$sys/bus/dax/devices/dax3.0" /dev/dax3.0
# Wedged memory of a device in devdax mode. There is no state, but the note tells of the blocks.
make_blocks online Movable 96
run status -j dax0.1
device dax0.1 '.wedged, .hotplug_state, .online_memblocks, .total_memblocks' '[true,null,1,1]'
rm -r "$memory/memory96"

# ---- dry runs ----

# plan ARGUMENTS... STEPS
plan() {
	local steps=${*: -1}
	succeeds "plan: ${*:1:$#-1}" "${@:1:$#-1}" -n -j
	json "plan: ${*:1:$#-1}" '[.[].steps[] | [.step, .word // empty, (.blocks // [] | .[] | tostring)] | join(" ")] | join("; ")' \
		"\"$steps\""
}
plan unplug dax0.0 'guard; write-blocks offline 64 65 80 81; check-offline; unbind'
plan online --movable dax0.0 ''
plan unplug dax1.2 'write-attribute unplugged'
plan online dax1.2 ''
plan online dax1.3 'write-attribute online'
plan online --kernel dax1.3 'write-attribute online_kernel'
plan unplug dax1.3 ''
plan unplug dax1.0 ''
plan unplug dax2.1 'write-attribute unplugged'
plan online --movable dax1.10 'set-policy online_movable; bind; restore-policy'
rmdir "$sys/bus/dax/drivers/kmem"
plan online --movable dax1.10 'load-module; set-policy online_movable; bind; restore-policy'
mkdir "$sys/bus/dax/drivers/kmem"
plan online dax1.3 dax1.2 'write-attribute online'
run unplug -n dax0.0
check 'plan: for people' matches "$out" '^dax0\.0: 0 MiB to move, .*: it fits'$'\n''dax0\.0: would '
is 'plan: for people, a line a step' "$(grep -c 'would' <<<"$out")" 4
run online -j -n dax1.3
json 'plan: all that is said of an action' '.[0] | keys_unsorted - ["rivals", "rivals_left_out"] | join(" ")' \
	'"chardev action from to from_mode to_mode changed interface blocks seconds room steps"'
json 'plan: nothing is done' '.[0] | [.action, .from, .to, .changed, .interface, .blocks]' \
	'["online","unplugged","unplugged",false,"hotplug",2]'
run reconfigure --mode=system-ram -j -n dax0.1
json 'plan: in devdax the mode says what the state cannot' '.[0] | [.from, .to, .from_mode, .to_mode]' \
	'[null,null,"devdax","devdax"]'

run reconfigure --mode=system-ram -n dax0.1
check 'plan: from devdax, who uses it is asked' matches "$out" 'would check that no process uses the device'
run reconfigure --mode=system-ram --force -n dax0.1
is 'plan: --force does not ask' "$(grep -c 'no process' <<<"$out")" 0

# ---- nothing to do, and refused; with and without --dry-run ----

for dry in '' -n; do
	succeeds "nothing to do $dry" online --movable dax1.2 ${dry:+"$dry"}
	check "nothing to do $dry: says so" matches "$out" '^dax1\.2: is online_movable, nothing to do'
	run unplug -j dax1.3 ${dry:+"$dry"}
	json "nothing to do $dry: unchanged" '.[0] | [.from, .to, .changed, .error]' '["unplugged","unplugged",false,null]'
	fails "devdax $dry" 1 'dax0\.1: .*devdax.*reconfigure --mode=system-ram dax0\.1' online dax0.1 ${dry:+"$dry"}
	fails "devdax, unplug $dry" 1 'dax0\.1: .*devdax' unplug dax0.1 ${dry:+"$dry"}
	fails "famfs $dry" 1 'dax0\.2: .*famfs.*unbound from fsdev_dax.*reconfigure --mode=system-ram dax0\.2' online dax0.2 ${dry:+"$dry"}
	fails "famfs, reconfigure $dry" 1 'dax0\.2: .*famfs.*leaves it alone' reconfigure --mode=system-ram dax0.2 ${dry:+"$dry"}
	fails "no target node $dry" 1 'dax1\.0: .*no target node' online dax1.0 ${dry:+"$dry"}
	fails "too small $dry" 1 'dax1\.1: .*128 MiB' online dax1.1 ${dry:+"$dry"}
	fails "other zone $dry" 1 'dax1\.2: .*daxhp reconfigure --kernel dax1\.2' online --kernel dax1.2 ${dry:+"$dry"}
	fails "wedged $dry" 1 'dax2\.0: .*reboot' online dax2.0 ${dry:+"$dry"}
	fails "wedged, unplug $dry" 1 'dax2\.0: .*reboot' unplug dax2.0 ${dry:+"$dry"}
	fails "some missing $dry" 1 'dax2\.1: .*2 of its 3.*daxhp unplug dax2\.1' online dax2.1 ${dry:+"$dry"}
	run online -j dax0.1 ${dry:+"$dry"}
	is "refused $dry: exit status" "$status" 1
	json "refused $dry: the error" '.[0].error | [.errno, .file, .wrote, .block, .undone, .stuck_blocks]' \
		'["EOPNOTSUPP",null,null,null,true,[]]'
	json "refused $dry: the sentence" ".[0].error.message == $(jq -R 'ltrimstr("daxhp: ")' <<<"$err")" true
	run online dax1.2 dax0.1 ${dry:+"$dry"}
	is "one done and one not $dry: exit status" "$status" 64
	run unplug dax0.1 dax0.2 ${dry:+"$dry"}
	is "none done of two $dry: exit status" "$status" 1
	is "none done of two $dry: a sentence each" "$(grep -c '' <<<"$err")" 2
done
is 'nothing of all this has changed anything' "$(fingerprint)" "$before"

# ---- a device that the tool cannot look at gets a message ----

mv /dev/dax0.1 /dev/away
run status -j
is 'one that is not listed: exit status' "$status" 1
json 'one that is not listed: the others are' 'length' 9
check 'one that is not listed: says so' matches "$err" '^daxhp: 1 of the devices in /sys/bus/dax/devices cannot be looked at: .*/dev'
succeeds 'one that is not listed: another one' status dax1.2
fails 'one that is not listed: itself' 1 'dax0\.1: no dax device that can be looked at' online -n dax0.1
run unplug -n --region=1 all
is 'one that is not listed: not all can be done' "$status" 64
mv /dev/away /dev/dax0.1

# ---- a user without rights ----

if for_nobody; then
	run status -j
	is 'nobody: exit status' "$status" 0
	is 'nobody: no talk' "$err" ''
	device dax0.0 '.size, .target_node, .mode' '[536870912,2,"system-ram"]'
	device dax0.0 '.hotplug_state, .online_memblocks, .total_memblocks, .movable, .zones' '[null,null,null,null,null]'
	device dax1.2 '.attribute_state, .hotplug_interface' '["online_movable","state"]'
	device dax0.0 '.memblock_size, .auto_online_blocks' '[134217728,"offline"]'
	is 'nobody: no 0 for what may not be known' "$(jq '[.[] | select(.online_memblocks == 0)] | length' <<<"$out")" 0
	run status -j -M dax0.0
	json 'nobody: no ranges' '.[0] | has("mappings"), .mappings' $'true\nnull'
	run status dax0.0
	is 'nobody: table' "$(awk '$1 == "dax0.0"' <<<"$out" | tr -s ' ')" 'dax0.0 536870912 2 system-ram - memory-blocks - -'
	for command in online unplug; do
		fails "nobody: $command" 1 'dax0\.0: .*only root' "$command" dax0.0
		fails "nobody: $command -n" 1 'dax0\.0: .*only root' "$command" -n dax0.0
	done
	as_user=()
else
	skip 'somebody who may nothing' 'setpriv to nobody does not work here'
fi

finish
