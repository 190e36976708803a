#!/bin/bash
# shellcheck disable=SC2317 # run_boots calls the functions
# SPDX-License-Identifier: LGPL-2.1-or-later
# vm: --topology=cxl
# root: policy 50-card MemdevSerial=0x1000 -- Mode=system-ram Zone=movable
#
# A CXL region that is made when the system is up and kmem is loaded, with each policy. The last one puts the
# memory into a zone for the kernel, from which it may not come out.

# shellcheck source-path=SCRIPTDIR source=../guest/system.sh
. /vm/guest/system.sh

make_region() {
	cxl create-region -m -t ram -d decoder0.0 -w 1 mem0 >/dev/null 2>&1
}

drop_region() {
	local device
	device=$(device_of cxl)
	[ "$(driver "$device")" = none ] || daxhp unplug --unbind "$device" >/dev/null || return 1
	cxl disable-region region0 >/dev/null 2>&1
	cxl destroy-region region0 >/dev/null 2>&1
}

# "kmem online_movable"
look_at() {
	local device
	device=$(device_of cxl)
	printf '%s %s' "$(driver "$device")" "$(raw_word "$device")"
}

is_so() {
	[ "$(look_at)" = "$1" ]
}

# check NAME WANT LINE...: a policy with these lines of [Device]; none without lines.
check() {
	local name=$1 want=$2
	shift 2
	rm -f /etc/daxhp/policy.d/50-card.policy
	[ $# = 0 ] || { printf '[Match]\nMemdevSerial=0x1000\n[Device]\n'; printf '%s\n' "$@"; } >/etc/daxhp/policy.d/50-card.policy
	ok "$name: a region" make_region
	within 120 is_so "$want"
	sleep 1
	is "$(look_at)" "$want" "$name: as the policy says"
	[ "$want" = 'kmem online_kernel' ] || ok "$name: the region goes" drop_region
}

boot_1() {
	udevadm settle --timeout=300
	modprobe kmem
	is "$(autoprobe)" 0 'no device is bound behind the back of its policy'
	check movable 'kmem online_movable' Mode=system-ram
	check unplugged 'none unplugged' Mode=system-ram Memory=unplugged
	check devdax 'device_dax unplugged' Mode=devdax
	check kernel 'kmem online_kernel' Mode=system-ram Zone=kernel
	never_wedged
}

run_boots
