#!/bin/bash
# shellcheck disable=SC2317 # run_boots calls the functions
# SPDX-License-Identifier: GPL-2.0-or-later
# vm: --topology=soft-reserved --reboots
#
# For scripts/demo: a device of 2 GiB, before and after there is a policy.

# shellcheck source-path=SCRIPTDIR source=../guest/system.sh
. /vm/guest/system.sh

show() {
	printf '\n# %s\n' "$*"
	"$@" 2>&1
}

boot_1() {
	udevadm settle
	printf 'This is %s, Linux %s, with a device of 2 GiB. Nobody has told the kernel what it is for.\n' \
		"$(. /etc/os-release && echo "$PRETTY_NAME")" "$(uname -r)"
	show daxhp status
	show daxhp unplug dax0.0
	mkdir -p /etc/daxhp/policy.d
	printf '[Match]\nKind=hmem\n\n[Device]\nMode=system-ram\nZone=movable\n' >/etc/daxhp/policy.d/50-expander.policy
	printf '\nSo write a policy, and reboot.\n'
	show cat /etc/daxhp/policy.d/50-expander.policy
	show daxhp policy match dax0.0
	pass 'the first boot'
}

boot_2() {
	show daxhp status
	show daxhp unplug dax0.0
	show journalctl -b -o cat --no-pager -t daxhp
	is "$(raw_word dax0.0)" unplugged 'the second boot'
}

run_boots
