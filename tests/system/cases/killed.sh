#!/bin/bash
# shellcheck disable=SC2317 # run_boots calls the functions
# SPDX-License-Identifier: LGPL-2.1-or-later
# vm: --topology=soft-reserved --reboots
# root: policy 50-hmem Kind=hmem -- Mode=system-ram Zone=movable
#
# The daxhp that applies a policy is killed at any moment, fifty times; and the machine loses its power at
# any moment of it, four times. What is left is put right by the next one.

# shellcheck source-path=SCRIPTDIR source=../guest/system.sh
. /vm/guest/system.sh

kills=50
# How long apply takes here, at most, in milliseconds.
span=4000

boot_1() {
	local device unit i word wrong=''
	device=$(first_device)
	unit=daxhp-apply@$device.service
	word=$(policy)
	is "$(raw_word "$device")" online_movable 'after the boot'
	# The first start kills itself, as the flag says.
	mkdir -p "/run/systemd/system/$unit.d"
	cat >"/run/systemd/system/$unit.d/kill.conf" <<-'END'
	[Unit]
	StartLimitIntervalSec=0
	[Service]
	ExecStart=
	ExecStart=/bin/sh -c 'if [ -s /run/kill-after ]; then after=$(cat /run/kill-after); : >/run/kill-after; (sleep $after; kill -9 $$$$) & fi; exec daxhp apply --hand-back --timeout=600 %i'
	END
	systemctl daemon-reload
	for ((i = 0; i < kills; i++)); do
		daxhp unplug --unbind "$device" >/dev/null || wrong+="$i: cannot be unplugged; "
		[ $((i % 5)) != 0 ] || rmmod kmem 2>/dev/null
		awk -v ms=$((RANDOM % span)) 'BEGIN { printf "%.3f\n", ms / 1000 }' >/run/kill-after
		systemctl restart "$unit" 2>/dev/null
		within 60 systemctl is-active --quiet "$unit" || wrong+="$i: the unit is not active; "
		[ "$(raw_word "$device")" = online_movable ] || wrong+="$i: $(raw_word "$device"), $(systemctl is-active "$unit"); "
		[ "$(policy)" = "$word" ] || wrong+="$i: auto_online_blocks is $(policy); "
		[ "$(autoprobe)" = 0 ] || wrong+="$i: autoprobe is $(autoprobe); "
	done
	is "$wrong" '' "$kills kills: the next one has put it right"
	printf '# %d of them met it\n' "$(journalctl -b -o cat --no-pager | grep -c 'status=9/KILL')"
	never_wedged
	systemctl stop daxhp-hold.service
	is "$(autoprobe)" 1 'autoprobe is on when the unit stops'
	cut_power
}

# In the next boot the machine resets while the policy is applied.
cut_power() {
	mkdir -p /etc/systemd/system/daxhp-boot.service.d
	cat >/etc/systemd/system/daxhp-boot.service.d/cut.conf <<-END
	[Service]
	ExecStart=
	ExecStart=/bin/sh -c 'rm -f /etc/systemd/system/daxhp-boot.service.d/cut.conf; sync; (sleep $(awk -v ms=$((RANDOM % span)) 'BEGIN { printf "%.3f", ms / 1000 }'); echo b >/proc/sysrq-trigger) & exec daxhp apply'
	END
}

check_after_cut() {
	local device
	device=$(first_device)
	is "$(raw_word "$device")" online_movable 'the boot after a power cut: the policy is applied'
	is "$(systemctl is-active daxhp-boot.service)" active 'the boot after a power cut: the unit is active'
	is "$(autoprobe)" 0 'the boot after a power cut: autoprobe is held'
	never_wedged
	cut_power
}

boot_2() { check_after_cut; }
boot_3() { check_after_cut; }
boot_4() { check_after_cut; }
boot_5() { check_after_cut; }

run_boots
