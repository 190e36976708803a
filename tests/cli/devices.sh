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

run status
is "$status" 0 'no device: exit status'
is "$out" 'DEVICE SIZE USABLE NODE MODE STATE BLOCKS ZONES' 'no device: the heading'
is "$err" "daxhp: note: this machine has no dax device; 'daxhp status --cards' shows its CXL cards, if it has any." 'no device: a note'
run status -o device,Size
is "$out" 'DEVICE SIZE' 'no device: the heading of -o'
succeeds 'no device: no heading, no note' status --check -q
succeeds 'no device: status -j' status -j
is "$out" '[]' 'no device: an empty array'
fails 'no device: unknown to status' 1 'dax0\.0: no such dax device; this machine has none' status dax0.0
library=$(find_library libsmartcols.so.1)
mount --bind /dev/null "$library"
run status
is "$status" 1 'no libsmartcols: exit status'
check 'no libsmartcols: says so' matches "$err" '^daxhp: the devices cannot be printed: Can not access a needed shared library\.'
succeeds 'no libsmartcols: JSON needs none' status -j
umount "$library"
for command in online unplug; do
	fails "no device: unknown to $command" 1 'dax0\.0: no such dax device' "$command" dax0.0
	fails "no device: none for $command all" 1 'no dax device' "$command" all
done
mv "$sys/bus/dax" "$sys/bus/away"
succeeds 'no dax bus: status' status -j
is "$out" '[]' 'no dax bus: an empty array'
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
is "$status" 0 'status -j: exit status'
is "$err" '' 'status -j: no talk'
json_is '[.[].chardev] | join(" ")' '"dax0.0 dax0.1 dax0.2 dax1.0 dax1.1 dax1.2 dax1.3 dax1.10 dax2.0 dax2.1"' 'sorted by region and number'
json_is '[.[] | keys_unsorted - ["possible_memblocks", "wedged", "busy"] | join(" ")] | unique | .[0]' \
	'"chardev region size target_node align provider cxl namespace uuid path mode driver hotplug_state hotplug_interface attribute_state online_memblocks total_memblocks memblock_size movable zones memmap_on_memory auto_online_blocks policy"' 'every key, in every device'
device() {
	json_is ".[] | select(.chardev == \"$1\") | [$2]" "$3" "$1: $2"
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
json_is '.[0].mappings' \
	'[{"page_offset":0,"start":10737418240,"end":11005853695,"size":268435456},{"page_offset":65536,"start":8589934592,"end":8858370047,"size":268435456}]' 'mappings: as the kernel has them'
run status -j -u dax0.0
json_is '.[0].align' '"2.00 MiB (2.10 MB)"' 'for people: a small size has a unit'
run status -j dax0.0
json_is '.[0] | has("mappings")' false 'mappings only when asked for'

succeeds 'for people' status -j -u dax0.0
json_is '.[0] | [.size, .memblock_size]' '["512.00 MiB (536.87 MB)","128.00 MiB (134.22 MB)"]' 'for people: sizes'

run status
is "$status" 0 'table: exit status'
is "$(grep -c '^dax' <<<"$out")" 10 'table: a line a device'
is "$(awk '{ print NF }' <<<"$out" | sort -u)" 8 'table: as many cells in each'
is "$(awk '$1 == "dax0.0"' <<<"$out" | tr -s ' ')" \
	'dax0.0 512M 512M 2 system-ram online_movable 4/4 Movable:4' 'table: dax0.0'
is "$(awk '$1 == "dax1.0"' <<<"$out" | tr -s ' ')" 'dax1.0 256M 256M - unbound unplugged 0/2 -' 'table: dax1.0'
is "$(awk '$1 == "dax1.1"' <<<"$out" | tr -s ' ')" 'dax1.1 254M 0B 1 unbound unplugged 0/0 -' 'table: what daxhp can use'
check 'table: a note on the wedged one' matches "$err" 'note: dax2\.0: wedged'
check 'table: a note on the inconsistent one' matches "$err" "note: dax2\.1: inconsistent: .* 3 .* 2 .* 1 .*'online_movable'"
is "$(grep -c . <<<"$err")" 2 'table: no other note'
is "$("$tool" 2>/dev/null)" "$out" 'no command is status'
is "$("$tool" -j 2>/dev/null)" "$("$tool" status -j)" 'no command but options is status'

# The notes come after the table. The message must have the error of the table.
for json in '' -j; do
	err=$("$tool" status ${json:+"$json"} 2>&1 >/dev/full)
	is $? 1 "full disk $json: exit status"
	check "full disk $json: says why" matches "$err" 'daxhp: cannot write to standard output: No space left on device\.$'
done

# ---- status --check, for monitoring ----

# checks NAME STATUS LINE ARGUMENTS...
checks() {
	run status --check "${@:4}"
	is "$status" "$2" "check, $1: exit status"
	is "$out" "$3" "check, $1: one line"
	is "$err" '' "check, $1: no talk"
	run status --check -q "${@:4}"
	is "$status $out" "$2 " "check, $1: quiet"
}
checks 'all is well' 0 'DAXHP OK - 2 devices' dax0.0 dax1.2
checks 'inconsistent' 3 'DAXHP CRITICAL - dax2.1 inconsistent' dax2.1 dax0.0
checks 'wedged' 4 'DAXHP CRITICAL - dax2.0 wedged, dax2.1 inconsistent'
fails 'check: with JSON' 2 'prints no JSON' status --check -j
fails 'check: quiet alone' 2 'needs --check' status -q

# Another daxhp is at work on the inconsistent one.
# at_work DEVICE: sets worker to the process that has its lock.
at_work() {
	local lock=$sys/bus/dax/devices/$1/resource
	flock -o "$lock" sleep 60 &
	worker=$!
	while flock -n "$lock" true; do sleep 0.05; done
}
no_more_work() {
	kill -KILL $worker
	wait $worker
} 2>/dev/null
at_work dax2.1
run status dax2.1
is "$status" 0 'busy: exit status'
is "$err" "daxhp: note: dax2.1: another daxhp (pid $worker) is at work on it." 'busy: a note, and no advice'
is "$(awk '$1 == "dax2.1" { print $6 }' <<<"$out")" - 'busy: it is not called inconsistent'
succeeds 'busy: JSON' status -j
json_is '.[] | select(.busy) | [.chardev, .busy, .hotplug_state, .online_memblocks, .total_memblocks]' \
	"[\"dax2.1\",{\"pid\":$worker,\"comm\":\"flock\"},null,1,2]" 'busy: who it is, and what is seen'
kill -STOP $worker
# The signal is on its way when kill ends.
for ((i = 0; i < 100; i++)); do
	[[ $(<"/proc/$worker/stat") == *') T '* ]] && break
	sleep 0.1
done
run status dax2.1
check 'busy: it is stopped' matches "$err" "another daxhp \(pid $worker\) is at work on it, and has been stopped \(Ctrl-Z, SIGSTOP\)\. 'kill -CONT $worker' lets it go on\.$"
if for_nobody; then
	run status dax2.1
	check 'busy: anybody can see it' matches "$err" "another daxhp \(pid $worker\) is at work on it"
	as_user=()
fi
no_more_work
run status -j dax2.1
json_is '.[0] | [.busy, .hotplug_state]' '[null,"inconsistent"]' 'busy: no more'
# To ask who is at work is dear for the kernel. Where nothing is odd, nobody is asked for.
at_work dax1.2
run status -j dax1.2
json_is '.[0] | [.busy, .hotplug_state]' '[null,"online_movable"]' 'busy: a state that is seen'
no_more_work

# What the kernel's default puts into a zone for kernel memory: the cause, and the cure.
make_device dax4.0 $hmem/../hmem.4 kmem 1 0xc00000000-0xc0fffffff
make_blocks online Normal 384 385
run status dax4.0
is "$err" '' 'kernel zone: no note, when the policy is not the cause'
for policy in online online_kernel; do
	echo $policy >"$memory/auto_online_blocks"
	run status dax4.0
	check "kernel zone, $policy: a note" matches "$err" \
		"^daxhp: note: dax4\.0: .*auto_online_blocks\), '$policy', puts.*before a reboot.*daxhp reconfigure --movable dax4\.0.*memhp_default_state=online_movable"
done
run status dax0.0
is "$err" "daxhp: note: dax0.0: the machine's policy (auto_online_blocks) is 'online_kernel': after a new bind, its memory would not be movable." 'kernel zone: another note for what is movable'
echo offline >"$memory/auto_online_blocks"
rm -r "$sys/devices/platform/hmem_platform.0/hmem.4" "$sys/bus/dax/devices/dax4.0" /dev/dax4.0 "$memory/memory384" "$memory/memory385"

succeeds 'columns' status -o 'device,SIZE,interface' dax0.0
is "$(tail -n 1 <<<"$out" | tr -s ' ')" 'dax0.0 512M memory-blocks' 'columns: as asked for'
succeeds 'columns, raw' status --raw --noheadings -b -o device,size,usable,state dax1.1 dax0.0
is "$out" $'dax1.1 266338304 0 unplugged\ndax0.0 536870912 536870912 online_movable' 'columns, raw: for scripts'
fails 'columns: one that is none' 2 "'nonsense' is not a column; expected DEVICE, " status -o device,nonsense
fails 'columns: an empty one' 2 "'' is not a column" status -o device,,size
succeeds 'verbose' status -v dax0.0
check 'verbose: the interface' matches "$out" 'INTERFACE .*memory-blocks'
run status
is "$(awk 'length > 80' <<<"$out")" '' 'table: fits a terminal of 80 columns'
columns=60
make_device dax6.0 $hmem/../hmem.6 kmem 1 0xe00000000-0xe17ffffff
make_blocks online Movable 448
make_blocks online Normal 449
make_blocks online DMA32 450
on_terminal status dax6.0
is "$(printf '%s\n' "$out" | sed 's/\x1b\[[0-9;]*[mK]//g' | grep -v '^daxhp' | awk 'length > 60')" '' 'table: wraps at 60'
columns=80
rm -r "$sys/devices/platform/hmem_platform.0/hmem.6" "$sys/bus/dax/devices/dax6.0" /dev/dax6.0 "$memory/memory448" "$memory/memory449" "$memory/memory450"

# Colours are for a terminal, and not where they are not wanted.
on_terminal status dax2.1
check 'colour: the inconsistent one is red' matches "$out" $'\e\\[31m'
export NO_COLOR=1
on_terminal status dax2.1
check 'colour: not with NO_COLOR' test "${out/$'\e['/}" = "$out"
export NO_COLOR=
on_terminal status dax2.1
check 'colour: an empty NO_COLOR does not count' matches "$out" $'\e\\[31m'
unset NO_COLOR

# One block.
make_device dax5.0 $hmem/../hmem.5 '' 1 0xd00000000-0xd07ffffff
make_blocks online Movable 416
run status dax5.0
check 'one block: wedged' matches "$err" 'wedged: 1 memory block stayed'
rm -r "$sys/devices/platform/hmem_platform.0/hmem.5" "$sys/bus/dax/devices/dax5.0" /dev/dax5.0 "$memory/memory416"

# Sizes have one digit after the point, and are cut off.
make_device dax7.0 $hmem/../hmem.7 '' 1 0xf00000000-0xf5fffffff
run status --noheadings -o SIZE dax7.0
is "$out" '1.5G' 'sizes: 1.5 GiB'
echo 2139095040 >"$dir/size"
run status --noheadings -o SIZE dax7.0
is "$out" '1.9G' 'sizes: 2040 MiB are not 2 GiB'
rm -r "$sys/devices/platform/hmem_platform.0/hmem.7" "$sys/bus/dax/devices/dax7.0" /dev/dax7.0

# While somebody unbinds a device, its driver is gone before its blocks are.
mkdir "$work/away"
{ sleep 0.3; mv "$memory/memory289" "$work/away/"; } &
run status dax2.0
wait $!
is "$err" '' 'not wedged: what goes within a second'
mv "$work/away/memory289" "$memory/"

# ---- which devices ----

names() {
	succeeds "select: $*" status -j "${@:2}"
	json_is '[.[].chardev] | join(" ")' "\"$1\"" "select: ${*:2}"
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
for way in '' -j; do
	for narrow in --node=7 --region=nonsense; do
		run status ${way:+"$way"} $narrow
		is "$status" 1 "select: status $way $narrow: exit status"
		check "select: status $way $narrow: says why" matches "$err" '^daxhp: no dax device matches'
		is "${way:-$out}" "$way" "select: status $way $narrow: no table"
	done
done
fails 'select: unknown' 1 'dax0\.7: no such dax device' status -j dax0.7
fails 'select: one unknown among known ones' 1 'dax3\.0' status -j dax0.0 dax3.0
fails 'select: no match' 1 'no dax device matches' unplug --node=7 all

# A seed is a device without memory.
make_device dax3.0 $hmem/../hmem.3 '' 1 0xb00000000-0xb0fffffff
echo 0 >"$dir/size"
names 'dax0.0 dax0.1 dax0.2 dax1.0 dax1.1 dax1.2 dax1.3 dax1.10 dax2.0 dax2.1' all
fails 'select: only a seed' 1 'no dax device matches' status --region=3
fails 'select: a seed' 1 "dax3\.0: .* its size is 0\. 'daxctl create-device -r 3' makes another one" status -j dax3.0
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
	json_is '[.[].steps[] | [.step, .word // empty, (.blocks // [] | .[] | tostring)] | join(" ")] | join("; ")' \
		"\"$steps\"" "plan: ${*:1:$#-1}"
}
plan unplug dax0.0 'guard; write-blocks offline 64 65 80 81; check-offline; unbind'
plan online --movable dax0.0 ''
plan unplug dax1.2 'write-attribute unplugged'
plan online dax1.2 ''
plan online dax1.3 'write-attribute online_movable'
plan online dax1.10 'set-policy online_movable; bind; restore-policy'
plan reconfigure --mode=system-ram dax1.10 'set-policy online_movable; bind; restore-policy'
echo online_kernel >"$memory/auto_online_blocks"
plan online dax1.3 'write-attribute online_kernel'
run online -n dax1.3
check 'plan: in a zone for kernel memory, it says what that means' matches "$err" \
	'^daxhp: note: dax1\.3: its memory would be in a zone for kernel memory: it may not come out again before a reboot\.$'
echo offline >"$memory/auto_online_blocks"
succeeds 'plan: nothing is said of movable memory' online -n dax1.3
plan online --kernel dax1.3 'write-attribute online_kernel'
plan unplug dax1.3 ''
plan unplug dax1.0 ''
plan unplug dax2.1 'write-attribute unplugged'
plan online --movable dax1.10 'set-policy online_movable; bind; restore-policy'
rmdir "$sys/bus/dax/drivers/kmem"
plan online --movable dax1.10 'load-module; set-policy online_movable; bind; restore-policy'
mkdir "$sys/bus/dax/drivers/kmem"
plan online dax1.3 dax1.2 'write-attribute online_movable'
run unplug -n dax0.0
check 'plan: for people' matches "$out" '^dax0\.0: 0 MiB to move, .*: it fits'$'\n''dax0\.0: would '
is "$(grep -c 'would' <<<"$out")" 4 'plan: for people, a line a step'
run online -j -n dax1.3
json_is '.[0] | keys_unsorted - ["rivals", "rivals_left_out"] | join(" ")' \
	'"chardev action from to from_mode to_mode changed interface blocks seconds room steps"' 'plan: all that is said of an action'
json_is '.[0] | [.action, .from, .to, .changed, .interface, .blocks]' \
	'["online","unplugged","unplugged",false,"hotplug",2]' 'plan: nothing is done'
run reconfigure --mode=system-ram -j -n dax0.1
json_is '.[0] | [.from, .to, .from_mode, .to_mode]' \
	'[null,null,"devdax","devdax"]' 'plan: in devdax the mode says what the state cannot'

run reconfigure --mode=system-ram -n dax0.1
check 'plan: from devdax, who uses it is asked' matches "$out" 'would check that no process uses the device'
run reconfigure --mode=system-ram --force -n dax0.1
is "$(grep -c 'no process' <<<"$out")" 0 'plan: --force does not ask'

# ---- nothing to do, and refused; with and without --dry-run ----

for dry in '' -n; do
	succeeds "nothing to do $dry" online --movable dax1.2 ${dry:+"$dry"}
	check "nothing to do $dry: says so" matches "$out" '^dax1\.2: is online_movable, nothing to do'
	run unplug -j dax1.3 ${dry:+"$dry"}
	json_is '.[0] | [.from, .to, .changed, .error]' '["unplugged","unplugged",false,null]' "nothing to do $dry: unchanged"
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
	is "$status" 1 "refused $dry: exit status"
	json_is '.[0].error | [.errno, .file, .wrote, .block, .undone, .stuck_blocks]' \
		'["EOPNOTSUPP",null,null,null,true,[]]' "refused $dry: the error"
	json_is ".[0].error.message == $(jq -R 'ltrimstr("daxhp: ")' <<<"$err")" true "refused $dry: the sentence"
	run online dax1.2 dax0.1 ${dry:+"$dry"}
	is "$status" 64 "one done and one not $dry: exit status"
	run unplug dax0.1 dax0.2 ${dry:+"$dry"}
	is "$status" 1 "none done of two $dry: exit status"
	is "$(grep -c '' <<<"$err")" 2 "none done of two $dry: a sentence each"
done
is "$(fingerprint)" "$before" 'nothing of all this has changed anything'

# ---- "off" that may not last ----

run reconfigure --mode=system-ram --no-online -n dax0.0
check 'no-online: is said to be fragile' matches "$err" \
	"^daxhp: note: dax0\\.0: its memory would be present and offline: another program, such as a udev rule, can bring it online.*daxhp unplug dax0\\.0"
succeeds 'no-online: not where there is an attribute' reconfigure --mode=system-ram --no-online -n dax1.2
succeeds 'no-online: not where the memory goes' unplug -n dax0.0

# ---- all: what can be done, and a line for the rest ----

run online --movable -n --region=1 all
is "$status" 0 'all: exit status'
is "$err" 'daxhp: passed over: dax1.0 (no target node), dax1.1 (smaller than a memory block).' 'all: what is passed over, and why'
run online -n --region=0 all
is "$status" 0 'all, other drivers: exit status'
is "$err" 'daxhp: passed over: dax0.1 (devdax), dax0.2 (famfs).' 'all, other drivers: a line'
run online -n -j --region=1 all
is "$status" 0 'all, JSON: exit status'
is "$err" '' 'all, JSON: no talk'
json_is '[.[].chardev] | join(" ")' '"dax1.2 dax1.3 dax1.10"' 'all, JSON: those that can be'
run online -n --node=1 --region=hmem.2 all
check 'all, something that may change is no nature' matches "$err" 'dax2\.1: .*2 of its 3'

# ---- a device that the tool cannot look at gets a message ----

mv /dev/dax0.1 /dev/away
run status -j
is "$status" 1 'one that is not listed: exit status'
json_is 'length' 9 'one that is not listed: the others are'
check 'one that is not listed: says so' matches "$err" '^daxhp: 1 of the devices in /sys/bus/dax/devices cannot be looked at: .*/dev'
succeeds 'one that is not listed: another one' status dax1.2
fails 'one that is not listed: itself' 1 'dax0\.1: not found; 1 of this machine.s devices cannot be looked at' online -n dax0.1
run unplug -n --region=1 all
is "$status" 64 'one that is not listed: not all can be done'
mv /dev/away /dev/dax0.1

for node in /dev/dax*; do mv "$node" "/dev/away-${node#/dev/}"; done
fails 'no node in /dev' 1 'cannot be looked at: they have no node in /dev.*PrivateDevices' status -j dax0.0
run status -j
check 'no node in /dev: all' matches "$err" 'no node in /dev.*PrivateDevices'
for node in /dev/away-*; do mv "$node" "/dev/${node#/dev/away-}"; done

# ---- what a service may not do has its own words ----

: >"$sys/bus/dax/drivers/device_dax/unbind"
mount -o remount,ro,bind /sys
run reconfigure --mode=system-ram --force dax0.1
is "$status" 1 'a read-only /sys: exit status'
check 'a read-only /sys: says so' matches "$err" 'could not be unbound from its driver.*EROFS'
mount -o remount,rw,bind /sys
rm "$sys/bus/dax/drivers/device_dax/unbind"
rmdir "$sys/bus/dax/drivers/kmem"
echo 1 >"$sys/bus/dax/drivers_autoprobe"
as_user=(setpriv --bounding-set=-sys_module)
run online dax1.10
is "$status" 1 'no modules for a service: exit status'
check 'no modules for a service: says so' matches "$err" 'the kernel module kmem would not load: .*CAP_SYS_MODULE.*ProtectKernelModules'
as_user=()
rm "$sys/bus/dax/drivers_autoprobe"
mkdir "$sys/bus/dax/drivers/kmem"

# ---- the question before all ----

# asks WANT ARGUMENTS...: nobody answers.
asks() {
	on_terminal reconfigure "${@:2}"
	check "question: ${*:2}" matches "$out" "Make $1\\? \\[y/N\\] "
	check "question: ${*:2}: no answer" matches "$out" 'daxhp: nothing was changed\.'
}
asks 'dax0\.0, dax0\.1 and dax0\.2 devdax' --mode=devdax --region=0
asks 'dax2\.0 and dax2\.1 movable system RAM' --movable --region=hmem.2 all
asks 'dax2\.0 and dax2\.1 system RAM for the kernel' --kernel --region=hmem.2
asks 'dax2\.0 and dax2\.1 system RAM that is not online' --mode=system-ram --no-online --region=hmem.2
asks 'dax2\.0 and dax2\.1 system RAM' --mode=system-ram --region=hmem.2
asks 'dax0\.0, .* and [0-9]+ more devdax' --mode=devdax all
run reconfigure --mode=devdax
check 'question: never without a device' matches "$err" "^daxhp: name a device, or 'all'"
fails 'question: no terminal' 2 "'all' needs --yes" reconfigure --movable --region=0
fails 'question: no terminal, JSON' 2 "'all' needs --yes" reconfigure --movable all -j

# ---- a user without rights ----

if for_nobody; then
	run status -j
	is "$status" 0 'nobody: exit status'
	is "$err" '' 'nobody: no talk'
	device dax0.0 '.size, .target_node, .mode' '[536870912,2,"system-ram"]'
	device dax0.0 '.hotplug_state, .online_memblocks, .total_memblocks, .movable, .zones' '[null,null,null,null,null]'
	device dax1.2 '.attribute_state, .hotplug_interface' '["online_movable","state"]'
	device dax0.0 '.memblock_size, .auto_online_blocks' '[134217728,"offline"]'
	is "$(jq '[.[] | select(.online_memblocks == 0)] | length' <<<"$out")" 0 'nobody: no 0 for what may not be known'
	run status -j -M dax0.0
	json_is '.[0] | has("mappings"), .mappings' $'true\nnull' 'nobody: no ranges'
	run status dax0.0
	is "$(awk '$1 == "dax0.0"' <<<"$out" | tr -s ' ')" 'dax0.0 512M - 2 system-ram - - -' 'nobody: table'
	is "$err" "daxhp: note: only root may see which memory is a device's: as root, daxhp also shows its state, its memory blocks, and memory without a device." 'nobody: what root would see'
	run status
	is "$(grep -c 'only root' <<<"$err")" 1 'nobody: once for all devices'
	for command in online unplug; do
		fails "nobody: $command" 1 'dax0\.0: .*only root' "$command" dax0.0
		fails "nobody: $command -n" 1 'dax0\.0: .*only root' "$command" -n dax0.0
	done
	as_user=()
else
	skip 'somebody who may nothing' 'setpriv to nobody does not work here'
fi

finish
