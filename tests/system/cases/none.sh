#!/bin/bash
# shellcheck disable=SC2317 # run_boots calls the functions
# SPDX-License-Identifier: LGPL-2.1-or-later
# vm: --topology=every-kind --reboots
#
# A machine with daxhp and without a policy boots as one without daxhp.

# shellcheck source-path=SCRIPTDIR source=../guest/system.sh
. /vm/guest/system.sh

# Drivers and zones of the devices, and all units but the links between the disk's names.
picture() {
	local dir device
	udevadm settle
	sleep 5
	for dir in "$dax_bus"/devices/dax*; do
		device=${dir##*/}
		printf '%s %s %s\n' "$device" "$(driver "$device")" "$(raw_word "$device")"
	done
	printf 'autoprobe %s\n' "$(autoprobe)"
	lsmod | awk 'NR > 1 { print "module", $1 }' | sort
	systemctl list-units --all --plain --no-legend | awk '{ print $1, $2, $3, $4 }' | grep -vE '^(run-user|user|session|dev-disk)' | sort
}

boot_1() {
	ok 'the namespace' make_devdax
}

boot_2() {
	is "$(compgen -G '/run/systemd/generator/*/daxhp*')" '' 'the generator starts nothing'
	picture >"$case_dir/with"
	find / -xdev -path '*systemd*' -name 'daxhp-[abhg]*' -delete
	find / -xdev -name 95-daxhp.rules -delete
	rm -f /usr/bin/daxhp
}

boot_3() {
	nok 'daxhp is not installed' command -v daxhp
	picture >"$case_dir/without"
	is "$(diff "$case_dir/with" "$case_dir/without")" '' 'no driver, zone, module or unit differs'
	printf '# %s lines are the same\n' "$(wc -l <"$case_dir/without")"
}

run_boots
