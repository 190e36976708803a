#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# policy.sh TOOL: stored policies, in a made-up /sys and /etc: which file is for a device, what is wrong in a
# file, what apply would do, and the file that save writes.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
mkdir -p "$work/etc"
cp /etc/passwd "$work/etc/"
mount --bind "$work/etc" /etc

uuid=fb3becd5-9e8f-43fe-aa52-04ceac00d3e4
mkdir -p "$sys/bus/nd" "$sys/bus/platform/drivers/hmem"
make_device dax0.0 platform/hmem_platform.0/hmem.0 kmem 1 0x100000000-0x11fffffff
ln -sn ../../../../bus/platform "$dir/../subsystem"
ln -sn ../../../../bus/platform/drivers/hmem "$dir/../driver"
make_blocks online Normal 32 33 34 35
make_device dax1.0 platform/ndbus0/region0/dax0.1 device_dax 2 0x280000000-0x28fffffff
ln -sn ../../../../bus/nd "$dir/../subsystem"
echo namespace0.0 >"$dir/../namespace"
echo $uuid >"$dir/../uuid"
make_device dax2.0 platform/hmem_platform.0/hmem.1 '' 2 0x300000000-0x30fffffff
ln -sn ../../../../bus/platform "$dir/../subsystem"
ln -sn ../../../../bus/platform/drivers/hmem "$dir/../driver"
: >"$sys/bus/dax/drivers_probe"
echo online >"$memory/auto_online_blocks"

root='' # of the made-up machine
. "$(dirname -- "$0")/../system/host.sh"

# ---- no policy ----

run policy list
is "$status" 0 'list without files: exit status'
is "$out" '' 'list without files: nothing'
check 'list without files: a note' matches "$err" '/etc/daxhp/policy.d'
run policy list -j
is "$out" '[]' 'list -j without files'
run status -j
json_is 'map(.policy) | unique' '[null]' 'status -j: no policy'
run apply
is "$status$out$err" 0 'apply without a policy: nothing happens'
run apply dax0.0
is "$out" 'dax0.0: no policy is for it' 'apply DEVICE without a policy'
run apply -j
is "$out" '[]' 'apply -j without a policy'
run policy match dax0.0
is "$status" 1 'match without a policy: exit status'
is "$out" 'no policy is for dax0.0' 'match without a policy'

# ---- what can be matched ----

succeeds show policy show dax0.0
is "$out" "# dax0.0
[Match]
# MemdevSerial: not known, or it has none
# NamespaceUUID: not known, or it has none
Kind=hmem
TargetNode=1
Start=0x100000000
Size=512M
Region=hmem.0
Name=dax0.0" 'show: as lines of a file'
succeeds 'show -j' policy show -j dax1.0
json_is '.[0].match[] | select(.key == "NamespaceUUID").value' "\"$uuid\"" 'show -j: the uuid'
json_is '.[0].match[] | select(.key == "MemdevSerial").value' null 'show -j: no serial number'

# ---- which file ----

policy 10-broken Kind=hmem -- Mode=fast
policy 20-pmem "NamespaceUUID=$uuid" -- Mode=devdax
policy 30-movable Kind=hmem TargetNode=1 -- Mode=system-ram Zone=movable
policy 40-all 'Name=dax*' -- Mode=ignore
: >/etc/daxhp/policy.d/50-mask.policy
mkdir -p /run/daxhp/policy.d
chmod 700 /run/daxhp
cp /etc/daxhp/policy.d/20-pmem.policy /run/daxhp/policy.d/
cp /etc/daxhp/policy.d/30-movable.policy /run/daxhp/policy.d/25-run.policy
chmod 666 /run/daxhp/policy.d/25-run.policy
run policy list
is "$status" 1 'list with broken files: exit status'
is "$err" '' 'list: no talk'
is "$out" "/etc/daxhp/policy.d/10-broken.policy:4: not used: 'fast' is not a value of Mode=: expected system-ram, devdax or ignore
/etc/daxhp/policy.d/20-pmem.policy: devdax
/run/daxhp/policy.d/20-pmem.policy: overridden by /etc/daxhp/policy.d/20-pmem.policy
/run/daxhp/policy.d/25-run.policy: not used: others than its owner may write to it
/etc/daxhp/policy.d/30-movable.policy: system-ram, online_movable
/etc/daxhp/policy.d/40-all.policy: ignore
/etc/daxhp/policy.d/50-mask.policy: masks every file of this name" 'list'
run policy list -j
json_is 'map(.status) | join(" ")' '"broken good overridden broken good good masked"' 'list -j'
json_is '.[0].line' 4 'list -j: the line'
succeeds match policy match dax0.0
check 'match: why not' matches "$out" "20-pmem.policy: no: NamespaceUUID=$uuid, and of dax0.0 it is not known, or it has none"
check 'match: the file' matches "$out" '30-movable.policy: yes: it is for dax0.0'
check 'match: a later file' matches "$out" '40-all.policy: no: it would be for dax0.0, but comes after /etc/daxhp/policy.d/30-movable.policy'
succeeds 'match -j' policy match -j dax2.0
json_is '.[0].file' '"/etc/daxhp/policy.d/40-all.policy"' 'match -j: the file'
json_is '.[0].trials[] | select(.file == "/etc/daxhp/policy.d/30-movable.policy").mismatch' '"TargetNode"' 'match -j: why not'

# ---- status ----

run status -j
json_is '.[0].policy' '{"file":"/etc/daxhp/policy.d/30-movable.policy","mode":"system-ram","goal":"online_movable","kept":false}' \
	'status -j: a policy that is not kept'
json_is '.[1].policy.kept' true 'status -j: one that is kept'
run status dax0.0
check 'status: a note' matches "$err" "^daxhp: note: dax0.0: it is online, and its policy \(/etc/daxhp/policy.d/30-movable.policy\) says online_movable; 'daxhp apply dax0.0' tries"
check 'status: no other note' one_sentence "$err"
run status dax1.0
is "$err" '' 'status: no note where the policy is kept'
if for_nobody; then
	run status -j dax0.0
	json_is '.[0].policy.kept' null 'status -j: what a user may not see is null'
	as_user=()
fi

# ---- apply ----

before=$(fingerprint)
run apply -n
is "$status" 64 'apply -n with broken files: exit status'
check 'apply -n: the steps' matches "$out" 'dax0.0: would write offline to 4 memory blocks'
check 'apply -n: nothing to do' matches "$out" 'dax1.0: is devdax, nothing to do'
is "$(grep -c 'dax2.0' <<<"$out")" 0 'apply -n: no word of a device that is ignored'
is "$(grep -c 'the policy is not used' <<<"$err")" 2 'apply -n: a line for each broken file'
check 'apply: names the file and the line' matches "$err" '/etc/daxhp/policy.d/10-broken.policy:4: the policy is not used: '
run apply -n dax1.0
is "$status$err" 0 'apply DEVICE does not complain of files that may be about others'
run apply -n --hand-back dax2.0
is "$out" 'dax2.0: left to the kernel: /etc/daxhp/policy.d/40-all.policy says Mode=ignore' 'apply of what is ignored'
is "$(fingerprint)" "$before" 'apply -n changes nothing'
run apply -n -j
json_is 'map(.action) | unique' '["apply"]' 'apply -n -j'
run apply --hand-back dax2.0
is "$status" 0 'apply --hand-back: exit status'
is "$(<"$sys/bus/dax/drivers_probe")" dax2.0 'apply --hand-back: the kernel is asked to bind it'
: >"$sys/bus/dax/drivers_probe"
run apply --hand-back dax1.0
run apply dax2.0
is "$(<"$sys/bus/dax/drivers_probe")" '' 'no other device is handed back, and none without the option'
fails 'apply: no such device' 1 'no such dax device' apply dax9.0

library=$(find_library libeconf.so.0)
mount --bind /dev/null "$library"
run policy list
check 'no libeconf: no policy counts, and the list says why' matches "$out" 'libeconf cannot be loaded'
umount "$library"

# ---- save ----

rm -rf /etc/daxhp /run/daxhp/policy.d
umask 077
run policy save dax0.0
is "$status" 0 'save: exit status'
is "$out" 'dax0.0: /etc/daxhp/policy.d/50-hmem-0x100000000.policy' 'save: the file'
is "$(grep -v '^#' /etc/daxhp/policy.d/50-hmem-0x100000000.policy)" '[Match]
Kind=hmem
TargetNode=1
Start=0x100000000

[Device]
Mode=system-ram
Zone=kernel
Memory=online' 'save: what is in it'
is "$(stat -c %a /etc/daxhp/policy.d/50-hmem-0x100000000.policy)" 644 'save: everybody can read it'
umask 022
run status -j dax0.0
json_is '.[0].policy.kept' true 'save: it is kept'
fails 'save once more' 1 'is there already; --force replaces it' policy save dax0.0
ln -sf /dev/null /etc/daxhp/policy.d/50-hmem-0x100000000.policy
fails 'save where a link masks' 1 'is there already; --force replaces it' policy save dax0.0
succeeds 'save --force' policy save --force dax0.0
is "$(stat -c %F /etc/daxhp/policy.d/50-hmem-0x100000000.policy)" 'regular file' 'save --force: a file, and no link'
succeeds 'save -j' policy save -j dax1.0
json_is '.[0]' "{\"chardev\":\"dax1.0\",\"file\":\"/etc/daxhp/policy.d/50-pmem-$uuid.policy\"}" 'save -j'
is "$(grep -c . "/etc/daxhp/policy.d/50-pmem-$uuid.policy")" 5 'save: a namespace by its uuid alone'
before=$(ls -A /etc/daxhp/policy.d)
run policy save -n dax2.0
check 'save -n: the file' matches "$out" 'Memory=unplugged'
is "$(ls -A /etc/daxhp/policy.d)" "$before" 'save -n: no file'
policy 10-first 'Name=dax*' -- Mode=ignore
run policy save dax2.0
check 'save: another file comes first' matches "$err" 'another policy comes first: /etc/daxhp/policy.d/10-first.policy'
echo offline >"$memory/memory33/state"
fails 'save of what is inconsistent' 1 'no policy can say how it is now' policy save --force dax0.0
mount -o bind,ro /etc /etc
fails 'save where nothing can be written' 1 'cannot be written: Read-only file system' policy save --force dax1.0

# ---- usage ----

fails 'policy alone' 2 "say what to do: 'daxhp policy list', 'match', 'show' or 'save'" policy
fails 'a mistyped word' 2 "'lst' is no word of 'daxhp policy'; did you mean 'list'" policy lst
fails 'list with a device' 2 'takes no device' policy list dax0.0
fails 'match without a device' 2 'needs a device' policy match
fails 'show of no such device' 1 'no such dax device' policy show dax9.0
fails 'save of no such device, in JSON' 1 'no such dax device' policy save -j dax9.0

finish
