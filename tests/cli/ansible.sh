#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ansible.sh TOOL: the modules of contrib/ansible, with the tool, in a made-up /sys. Python runs them as Ansible
# does on a host: the options are a document on standard input. What changes a device is tested in the guests.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
/usr/bin/python3 -c 'import ansible.module_utils.basic' 2>/dev/null || skip_all 'ansible-core is not installed'
in_namespace

start_tree
top=$(realpath -- "$(dirname -- "$0")/../..")
mkdir -p "$work/python/ansible_collections/daxhp"
ln -s "$top/contrib/ansible" "$work/python/ansible_collections/daxhp/daxhp"
PATH=${tool%/*}:$PATH

make_device dax0.0 platform/hmem.0 kmem 1 0x100000000-0x117ffffff
make_blocks online Movable 32 33 34
make_device dax1.0 platform/hmem.1 kmem 1 0x200000000-0x217ffffff
make_blocks offline 'Normal Movable' 64 65 66
make_device dax2.0 platform/hmem.2 device_dax 1 0x300000000-0x317ffffff
fingerprint >"$work/before"

# module NAME OPTIONS: sets out and status. _ansible_check_mode is Ansible's word for --check.
module() {
	ran="$1 $2"
	out=$(cd "$work" && PYTHONPATH=$work/python PYTHONDONTWRITEBYTECODE=1 timeout 60 /usr/bin/python3 -m \
		"ansible_collections.daxhp.daxhp.plugins.modules.$1" <<<"{\"ANSIBLE_MODULE_ARGS\": $2}" 2>"$work/err")
	status=$?
	err=$(<"$work/err")
}

# says FILTER WANT NAME
says() {
	is "$status $(jq -c "$1" <<<"$out" 2>&1)" "$2" "$3"
}

# refuses NAME OPTIONS REGEX [MODULE]
refuses() {
	module "${4:-dax_device}" "$2"
	is "$status $(jq -c '[.failed, .changed // false]' <<<"$out" 2>&1)" '1 [true,false]' "$1: fails"
	check "$1: says why" matches "$(jq -r .msg <<<"$out")" "$3"
}

# ---- what is there ----

module dax_info '{}'
says '[.changed, (.devices | map(.chardev))]' '0 [false,["dax0.0","dax1.0","dax2.0"]]' 'info: all devices'
is "$(jq -cS .devices <<<"$out")" "$("$tool" status -j | jq -cS .)" 'info: as the tool says'
module dax_info '{"device": "dax1.0", "cards": true}'
says '[(.devices | map(.hotplug_state)), .cards]' '0 [["offline"],[]]' 'info: one device, and the cards'
refuses 'info: a device that is not there' '{"device": "dax7.0"}' '^dax7\.0: no such dax device' dax_info

# ---- nothing to do ----

for options in '"device": "dax0.0", "state": "online"' '"device": "dax0.0", "state": "online", "zone": "movable"' \
	'"device": "dax0.0", "mode": "system-ram", "zone": "movable"' '"device": "dax2.0", "mode": "devdax"'; do
	for check_mode in true false; do
		module dax_device "{$options, \"_ansible_check_mode\": $check_mode}"
		says '[.changed, .diff.before == .diff.after]' '0 [false,true]' "nothing to do: $options, check mode $check_mode"
	done
done

# ---- check mode ----

module dax_device '{"device": "dax1.0", "state": "online", "zone": "kernel", "_ansible_check_mode": true}'
says '[.changed, .diff.before, .diff.after]' '0 [true,"dax1.0: system-ram offline\n","dax1.0: system-ram online_kernel\n"]' 'check mode: online'
module dax_device '{"region": "1", "state": "online", "_ansible_check_mode": true, "wait": 1}'
says '[.changed, (.devices | map(.chardev))]' '0 [true,["dax1.0"]]' 'check mode: by region'
module dax_device '{"device": "dax0.0", "state": "unplugged", "retry": 2, "timeout": 9, "_ansible_check_mode": true}'
says '[.changed, .diff.after]' '0 [true,"dax0.0: unbound unplugged\n"]' 'check mode: unplugged'
module dax_device '{"device": "dax0.0", "mode": "devdax", "force": true, "_ansible_check_mode": true}'
says '[.changed, .diff.after]' '0 [true,"dax0.0: devdax -\n"]' 'check mode: devdax'

# ---- refusals: the sentence is the tool's own ----

module dax_device '{"device": "dax0.0", "state": "online", "zone": "kernel"}'
said=$(jq -r .msg <<<"$out")
run online --kernel dax0.0
is "daxhp: $said" "$err" 'memory in another zone'
refuses 'memory of an application' '{"device": "dax2.0", "state": "unplugged"}' '^dax2\.0: cannot unplug: it is in devdax mode'
refuses 'a device that is not there' '{"device": "dax7.0", "state": "online"}' '^dax7\.0: no such dax device'
refuses 'a selector that finds nothing' '{"node": 7, "state": "online"}' 'no dax device matches'
refuses 'a name that looks like an option' '{"device": "--force", "state": "unplugged"}' '--force'
refuses 'no device' '{"state": "online"}' 'one of the following is required'
refuses 'nothing to do with it' '{"device": "dax0.0"}' 'one of the following is required: state, mode'
refuses 'a device in mode devdax has no state' '{"device": "dax0.0", "mode": "devdax", "state": "online"}' 'has no state'
refuses 'offline needs a mode' '{"device": "dax0.0", "state": "offline"}' 'needs mode=system-ram'
refuses 'unplugged takes no mode' '{"device": "dax0.0", "state": "unplugged", "mode": "system-ram"}' 'takes no mode'
refuses 'a zone for nothing' '{"device": "dax0.0", "state": "unplugged", "zone": "kernel"}' 'comes online'
refuses 'unbind for nothing' '{"device": "dax0.0", "state": "online", "unbind": true}' 'needs state=unplugged'

# ---- policies ----

folder=$work/policy.d
policy='"path": "'$folder'", "name": "50-all"'
if "$tool" --list-commands | grep -qx policy; then
	module dax_policy "{$policy, \"match\": {\"Kind\": \"hmem\"}, \"mode\": \"system-ram\", \"zone\": \"movable\", \"_ansible_check_mode\": true}"
	says '[.changed, .diff.before]' '0 [true,""]' 'policy: check mode'
	check 'policy: check mode writes nothing' [ ! -e "$folder" ]
	for want in true false; do
		module dax_policy "{$policy, \"match\": {\"Kind\": \"hmem\", \"TargetNode\": 1}, \"mode\": \"system-ram\", \"zone\": \"movable\"}"
		says '.changed' "0 $want" "policy: written, and the same once more: $want"
	done
	is "$(cat "$folder/50-all.policy")" '# Ansible wrote this file.
[Match]
Kind=hmem
TargetNode=1

[Device]
Mode=system-ram
Zone=movable' 'policy: the file'
	is "$(stat -c '%a %U' "$folder/50-all.policy")" '644 root' 'policy: only root may write it'
	check 'policy: no part of a file is left' [ "$(ls -A "$folder")" = 50-all.policy ]
	for want in true false; do
		module dax_policy "{$policy, \"state\": \"absent\"}"
		says '.changed' "0 $want" "policy: removed, and once more: $want"
	done
	refuses 'policy: another folder' '{"name": "../x", "match": {"Kind": "hmem"}, "mode": "ignore"}' 'name has a character' dax_policy
	refuses 'policy: another line' '{"name": "x", "match": {"Kind": "hmem\n[Device]"}, "mode": "ignore"}' 'no policy file has' dax_policy
	refuses 'policy: a zone for nothing' '{"name": "x", "match": {"Kind": "hmem"}, "mode": "ignore", "zone": "kernel"}' 'are for mode=system-ram' dax_policy
	refuses 'policy: no mode' '{"name": "x", "match": {"Kind": "hmem"}}' 'missing: mode' dax_policy

	# What the tool would not take is not left there, and what was there comes back.
	mkdir -p "$work/etc"
	mount -t tmpfs -o mode=755 none /etc
	mkdir -p /etc/daxhp/policy.d
	module dax_policy '{"name": "50-all", "match": {"Name": "dax*"}, "mode": "devdax"}'
	says '.changed' '0 true' 'policy: one that the tool takes'
	cp /etc/daxhp/policy.d/50-all.policy "$work/good"
	refuses 'policy: one that the tool does not take' '{"name": "50-all", "match": {"Colour": "red"}, "mode": "devdax"}' '50-all\.policy:[0-9]+: .*Colour' dax_policy
	check 'policy: the one before is there again' cmp /etc/daxhp/policy.d/50-all.policy "$work/good"
	module dax_apply '{"_ansible_check_mode": true}'
	says '[.changed, (.devices | map(select(.steps != []) | .chardev))]' '0 [true,["dax0.0","dax1.0"]]' 'apply: check mode'
else
	skip 'policies' 'this daxhp has no policies yet'
fi

is "$(fingerprint)" "$(<"$work/before")" 'nothing in /sys was changed'

finish
