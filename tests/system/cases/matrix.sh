#!/bin/bash
# shellcheck disable=SC2317 # run_boots calls the functions
# SPDX-License-Identifier: LGPL-2.1-or-later
# vm: --topology=every-kind --reboots
#
# Each kind of device with each policy: at boot, and when it appears later, with kmem loaded. One
# policy a boot. For CXL memory see cxl.sh: the emulated firmware sets up none, and QEMU's cards do not
# survive a warm reboot.

# shellcheck source-path=SCRIPTDIR source=../guest/system.sh
. /vm/guest/system.sh

rounds=(movable kernel devdax unplugged ignore none)

lines_of() {
	case $1 in
	movable) printf 'Mode=system-ram\nZone=movable\nMemory=online\n' ;;
	kernel) printf 'Mode=system-ram\nZone=kernel\n' ;;
	unplugged) printf 'Mode=system-ram\nMemory=unplugged\n' ;;
	*) printf 'Mode=%s\n' "$1" ;;
	esac
}

write_policies() {
	local kind
	rm -rf /etc/daxhp/policy.d
	[ "$1" != none ] || return 0
	mkdir -p /etc/daxhp/policy.d
	for kind in hmem pmem; do
		printf '[Match]\nKind=%s\n\n[Device]\n%s\n' "$kind" "$(lines_of "$1")" >"/etc/daxhp/policy.d/50-$kind.policy"
	done
}

# What the kernel does by itself: sets now to the driver and the state of the memory.
default_of() {
	case $1:$(uname -r) in
	pmem:* | hmem:6.1.*) echo device_dax unplugged ;;
	*) echo kmem online_kernel ;;
	esac
}

expected_of() {
	case $2 in
	movable) echo kmem online_movable ;;
	kernel) echo kmem online_kernel ;;
	devdax) echo device_dax unplugged ;;
	unplugged) echo none unplugged ;;
	*) default_of "$1" ;;
	esac
}

# "kmem online_movable"
look_at() {
	local device
	device=$(device_of "$1")
	[ -n "$device" ] || { echo 'no device'; return; }
	printf '%s %s\n' "$(driver "$device")" "$(raw_word "$device")"
}

is_so() {
	[ "$(look_at "$1")" = "$2" ]
}

# becomes KIND POLICY NAME: within a minute, and it stays so.
becomes() {
	local want
	want=$(expected_of "$1" "$2")
	within 60 is_so "$1" "$want"
	sleep 1
	is "$(look_at "$1")" "$want" "$1, $2: $3"
}

take_out() {
	local device
	device=$(device_of "$1")
	[ "$(raw_word "$device")" = unplugged ] || daxhp unplug --unbind "$device" >/dev/null || return
	case $1 in
	hmem)
		hmem_name=$(readlink -f "$dax_bus/devices/$device")
		hmem_name=$(basename "${hmem_name%/*}")
		echo "$hmem_name" >/sys/bus/platform/drivers/hmem/unbind
		;;
	pmem) ndctl disable-namespace "$(namespace)" >/dev/null 2>&1 ;;
	esac
}

put_in() {
	case $1 in
	hmem) echo "$hmem_name" >/sys/bus/platform/drivers/hmem/bind ;;
	pmem) ndctl enable-namespace "$(namespace)" >/dev/null 2>&1 ;;
	esac
}

check_round() {
	local policy=$1 kind
	is "$(systemctl is-active daxhp-boot.service)" "$([ "$policy" = none ] && echo inactive || echo active)" "$policy: daxhp-boot.service"
	[ "$policy" != none ] || is "$(systemctl list-units --all --plain --no-legend 'daxhp-[hab]*')" '' "$policy: no unit of daxhp"
	is "$(autoprobe)" "$([ "$policy" = none ] && echo 1 || echo 0)" "$policy: autoprobe"
	for kind in hmem pmem; do
		becomes "$kind" "$policy" 'at boot'
	done
	udevadm settle
	modprobe kmem
	# From a zone of the kernel's, memory may not come out.
	for kind in hmem pmem; do
		[ "$(look_at "$kind")" != 'kmem online_kernel' ] || continue
		ok "$kind, $policy: taken out" take_out "$kind"
		put_in "$kind"
		becomes "$kind" "$policy" 'once more, with kmem loaded'
	done
	[ "$policy" = none ] || is "$(systemctl --failed --plain --no-legend | grep daxhp)" '' "$policy: no unit has failed"
	never_wedged
}

boot_1() {
	udevadm settle
	ok 'the namespace' make_devdax
	write_policies movable
}

for i in "${!rounds[@]}"; do
	eval "boot_$((i + 2))() { check_round ${rounds[i]}; write_policies '${rounds[i + 1]:-none}'; }"
done

run_boots
