#!/bin/bash
# shellcheck disable=SC2317 # run_boots calls the functions
# SPDX-License-Identifier: LGPL-2.1-or-later
# vm: --topology=every-kind --reboots
# root: policy 00-broken Kind=hmem -- Mode=fast
# root: policy 01-others Kind=hmem -- Mode=devdax
# root: chmod 666 etc/daxhp/policy.d/01-others.policy
# root: policy 02-masked Kind=hmem -- Mode=devdax
# root: mkdir -p usr/lib/daxhp/policy.d
# root: mv etc/daxhp/policy.d/02-masked.policy usr/lib/daxhp/policy.d/
# root: ln -s /dev/null etc/daxhp/policy.d/02-masked.policy
# root: policy 03-not-there MemdevSerial=0x9999 -- Mode=devdax
# root: ln -s /nonexistent etc/daxhp/policy.d/04-link.policy
# root: mkdir etc/daxhp/policy.d/05-folder.policy
# root: policy 50-hmem Kind=hmem -- Mode=system-ram
# root: policy 51-pmem Kind=pmem -- Mode=system-ram Memory=unplugged
# root: policy 52-cxl MemdevSerial=0x1000 -- Mode=system-ram Zone=kernel
# root: mkdir -p etc/udev/rules.d
# root: cp "$top_dir/tests/system/guest/others.rules" etc/udev/rules.d/90-others.rules
#
# Three devices and three policies at one boot, beside files that do not count, and beside rules of
# other programs: the one that brings all new memory online, and one that notes each block, as that of kdump does.

# shellcheck source-path=SCRIPTDIR source=../guest/system.sh
. /vm/guest/system.sh

boot_1() {
	ok 'the namespace' make_devdax
}

boot_2() {
	local messages name hmem pmem cxl
	is "$(systemctl is-active multi-user.target)" active 'the machine boots'
	is "$(systemctl show -P Result daxhp-boot.service)" exit-code 'the unit has failed, because of the files'
	messages=$(messages daxhp-boot.service)
	for name in 00-broken.policy:4 01-others 04-link 05-folder; do
		is "$(grep -c "^daxhp: .*$name.*: the policy is not used: " <<<"$messages")" 1 "$name: one line in the journal"
	done
	for name in 02-masked 03-not-there 50-hmem; do
		is "$(grep -c "$name" <<<"$messages")" 0 "$name: none"
	done
	udevadm settle
	hmem=$(device_of hmem) pmem=$(device_of pmem)
	is "$(driver "$hmem") $(raw_word "$hmem")" 'kmem online_movable' 'the policy for memory that the firmware set aside'
	is "$(driver "$pmem") $(raw_word "$pmem")" 'none unplugged' 'the policy for persistent memory'
	ok 'a CXL region' cxl create-region -m -t ram -d decoder0.0 -w 1 mem0
	udevadm settle
	cxl=$(device_of cxl)
	within 60 systemctl is-active --quiet "daxhp-apply@$cxl.service"
	is "$(driver "$cxl") $(raw_word "$cxl")" 'kmem online_kernel' 'the policy for CXL memory'
	# By now the rule that brings memory online has had its chance.
	sleep 3
	is "$(raw_word "$hmem") $(raw_word "$pmem")" 'online_movable unplugged' 'nothing has changed since'
	printf '# the rule for blocks ran %s times\n' "$(wc -l </run/blocks)"
	run daxhp policy list
	exits 1 'policy list'
	never_wedged
}

run_boots
