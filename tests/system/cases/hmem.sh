#!/bin/bash
# shellcheck disable=SC2317 # run_boots calls the functions
# SPDX-License-Identifier: LGPL-2.1-or-later
# vm: --topology=soft-reserved
# root: policy 50-hmem Kind=hmem -- Mode=system-ram Zone=movable
#
# Memory that the firmware set aside, and a policy to have it movable, which the kernel's default
# would not do.

# shellcheck source-path=SCRIPTDIR source=../guest/system.sh
. /vm/guest/system.sh

boot_1() {
	local device unit
	device=$(first_device)
	is "$(raw_word "$device")" online_movable 'its memory is movable'
	is "$(driver "$device")" kmem 'it is bound to kmem'
	is "$(systemctl is-active "daxhp-apply@$device.service" daxhp-boot.service daxhp-hold.service | sort -u)" active \
		'the units are active'
	is "$(systemctl --failed --plain --no-legend | grep daxhp)" '' 'none of them has failed'
	at_most "$(unit_seconds daxhp-boot.service ActiveEnter)" "$(multi_user_seconds)" 'multi-user.target came later'
	is "$(autoprobe)" 0 'no other device is bound behind the back of its policy'
	run daxhp status -j
	exits 0 status
	json_is '.[0].policy.kept' true 'status: as the policy says'
	json_is '.[0].policy.file' /etc/daxhp/policy.d/50-hmem.policy 'status: the policy'
	run daxhp apply
	exits 0 'apply once more'
	is "$out" "$device: is online_movable, nothing to do" 'apply once more: nothing to do'
	like "$(journalctl -b -o cat -t daxhp --no-pager)" "$device: .*online_movable" 'the journal has it'

	# What an operator does later is not undone.
	run daxhp unplug "$device"
	exits 0 unplug
	udevadm trigger --action=add --settle --subsystem-match=dax
	sleep 2
	is "$(raw_word "$device")" unplugged 'unplugged, and it stays so'
	run daxhp status
	like "$err" "$device: it is unplugged, and its policy .* says online_movable; 'daxhp apply $device' brings it there" \
		'status has a note'
	systemctl stop daxhp-hold.service
	is "$(autoprobe)" 1 'autoprobe is on again when the unit stops'
	is "$(raw_word "$device")" unplugged 'and the device stays unplugged'
	for unit in daxhp-hold.service daxhp-boot.service "daxhp-apply@$device.service"; do
		at_most "$(systemd-analyze security --no-pager "$unit" | sed -n 's/.*level for .*: \([0-9.]*\) .*/\1/p')" 3.5 "$unit: exposure"
	done
	is "$(systemd-analyze verify --man=no daxhp-hold.service daxhp-boot.service "daxhp-apply@$device.service" 2>&1)" '' 'systemd-analyze verify is silent'
	never_wedged
}

run_boots
