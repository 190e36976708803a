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

# A region whose driver is missing.
test_no_dax_cxl() {
	modprobe -r dax_cxl
	run cxl create-region -m -t ram "${one[@]}"
	exits 0 'a region without dax_cxl'
	region=$(json .region)
	run daxhp status
	like "$err" "$region: the CXL region has no dax device.*modprobe dax_cxl" 'status says why'
	run daxhp online dax0.0
	exits 1 'online fails'
	like "$err" 'modprobe dax_cxl' 'and says why'
	unlike "$err" 'has none' 'and not that there is nothing'
	modprobe dax_cxl
	remove_regions
}

# cxl-cli refuses while the device is bound to kmem, as it is on Linux 7.3.
test_unbind() {
	make_region offline "${one[@]}" || bail_out 'there is no region'
	daxhp online --movable "$device" >/dev/null
	run daxhp status --cards -j
	json_is '.[0] | "\(.name) \(.regions[0]) \(.devices[0]) \(.safe_to_remove)"' "mem0 $region $device false" 'its card'
	run daxhp unplug "$device"
	if has_attribute; then
		is "$err" "daxhp: note: $device: it stays bound to kmem. To remove the card mem0, type 'daxhp unplug --memdev=mem0'." 'unplug: what else a card needs'
	else
		is "$err" '' 'unplug: no driver is left'
	fi
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

# The memory stays in use. After this, the machine is not as before.
test_memdev_disabled_while_online() {
	in_service "${one[@]}"
	run cxl disable-memdev -f mem0
	exits 0 'cxl-cli takes the card away while its memory is online'
	is_not "$(orphans)" '' 'the memory is left'
	says_so 'memdev disabled'
	run daxhp status --check
	exits 6 'status --check'
	run daxhp status --cards
	unlike "$out" ': safe to remove' 'status --cards'
}

run_tests
