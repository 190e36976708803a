#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl
#
# A CXL expander: from the card to RAM and back.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh

one=(-d decoder0.0 -w 1 mem0)

reset() {
	end_fill user
	remove_regions
}

test_in_and_out() {
	local i
	for ((i = 0; i < $(quick_or_full 1 10); i++)); do
		in_service "${one[@]}"
		out_of_service "$region"
	done
}

# With each of the kernel's policies, the memory ends where daxhp was told to put it.
test_policies() {
	local policy
	is_full || return 0
	for policy in offline online_movable; do
		make_region "$policy" "${one[@]}" || bail_out 'there is no region'
		run daxhp online --movable "$device"
		exits 0 "$policy: online"
		agrees "$device" online_movable "$policy"
		out_of_service "$region"
	done
}

test_memory_in_use() {
	local node
	in_service "${one[@]}"
	node=$(<"$dax_bus/devices/$device/target_node")
	# The emulated expander takes half a second for each MiB.
	start_fill user anon "$node" "$(quick_or_full 4 64)"
	run daxhp unplug "$device"
	exits 0 'memory in use: unplug'
	agrees "$device" unplugged 'memory in use'
	tell user check
	is "$now_answer" right 'what was in it has moved, and is right'
}

# Two devices in one region. Together they are as one: the region goes when both are unplugged.
test_several_devices() {
	local second
	make_region offline "${one[@]}" || bail_out 'there is no region'
	take_away "$device"
	set_size "$device" $((768 << 20)) || bail_out "$device cannot be made smaller"
	second=$(daxctl create-device --region="${device:3:1}" --size=$((512 << 20)) 2>/run/daxctl.err | jq -r '.[0].chardev')
	like "$second" '^dax[0-9]+\.[0-9]+$' 'a second device'
	# daxctl has bound it to device_dax.
	run daxhp reconfigure --mode=system-ram --movable "$device" "$second"
	exits 0 'online'
	is "$(raw_word "$device") $(raw_word "$second")" 'online_movable online_movable' 'both are online'
	run daxhp unplug all
	exits 0 'unplug all'
	is "$(raw_word "$device") $(raw_word "$second")" 'unplugged unplugged' 'both are unplugged'
	is "$(mem_total)" "$base_total" 'MemTotal is as before'
	unbind "$second"
}

# cxl-cli refuses while the device is bound to kmem, as it is on Linux 7.3.
test_unbind() {
	make_region offline "${one[@]}" || bail_out 'there is no region'
	daxhp online --movable "$device" >/dev/null
	daxhp unplug "$device" >/dev/null
	run daxhp unplug --unbind "$device"
	exits 0 'unplugged already'
	is "$(driver "$device")" none 'no driver is left'
	run daxhp unplug --unbind "$device"
	exits 0 'unbound already'
	like "$out" 'nothing to do' 'and nothing is to be done'
	bind_devdax "$device"
	hold open "/dev/$device" >/run/hold.out &
	wait_until grep -q held /run/hold.out
	run daxhp unplug --unbind "$device"
	exits 1 'an application has it'
	is "$(driver "$device")" device_dax 'its driver is left'
	like "$err" 'hold' 'and is named'
	kill $!
	wait
	run daxhp unplug --unbind "$device"
	exits 0 'devdax mode'
	is "$(driver "$device")" none 'no driver is left'
	ok 'cxl-cli takes the region away' remove_region "$region"
}

run_tests
