#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved --append=quiet
#
# Writes that fail halfway, on a device with two ranges. After any failure at any
# place, blocks, zones, reservations, memory and word are as before.

# shellcheck source=kernel.sh
. /vm/guest/kernel.sh
needs faults

read -r device neighbour _ < <(carve_region)
[ -n "$device" ] || bail_out 'the region cannot be split'
stay_bound "$device"
file=$now_attribute
# In the kernel's order, one range after the other.
ids=()
while read -r start end; do
	for n in $(blocks "$device"); do
		if [ $((n * $(block_size))) -ge "$start" ] && [ $((n * $(block_size))) -le "$end" ]; then
			ids+=("$n")
		fi
	done
done < <(ranges "$device")
step=7
[[ " $(</proc/cmdline) " != *' daxhp.full '* ]] || step=1

# Like tried, for writes that bring blocks online in a kernel zone if they do not
# fail. KASAN frees memory late, and for each block it takes memory of the node. Then
# the device does not go offline again for the next try.
tried_in_kernel_zone() {
	if has_kasan; then
		skip "$1" 'KASAN keeps the first block in use'
	else
		tried "$@"
	fi
}

reset() {
	no_faults
	put unplugged "$file"
}

test_topology() {
	is "${#ids[@]}" 8 'eight blocks in two ranges'
	diag "in the order ${ids[*]}"
}

# Block 5 is the first of the second range, 8 the last of all. The second range lies
# below the first one. So the zone does not grow after block 5, and nobody can see
# when it is the turn of block 8 to go online.
test_refused_by_a_notifier() {
	local number
	modprobe memory-notifier-error-inject
	for number in 1 4 5; do
		tried "going online, block $number" faults at "$file" unplugged online_movable MEM_GOING_ONLINE -12 "$number" "${ids[@]}"
		tried_in_kernel_zone "going online in a kernel zone, block $number" faults at "$file" unplugged online_kernel MEM_GOING_ONLINE -12 "$number" "${ids[@]}"
	done
	for number in 1 4 5 8; do
		tried "going offline, block $number" faults at "$file" online_movable unplugged MEM_GOING_OFFLINE -16 "$number" "${ids[@]}"
	done
	no_splat
}

# An administrator must be able to see that an unplug failed, and why.
test_failed_unplug_is_logged() {
	modprobe memory-notifier-error-inject
	put online_movable "$file"
	fault MEM_GOING_OFFLINE -16
	dmesg -C
	put unplugged "$file"
	is "$refused_with" 'Device or resource busy' 'refused'
	like "$(dmesg)" "kmem $device: [^"$'\n'"]*failed[^"$'\n'"]*-16" 'the log has the device and the error'
}

# Another owner already has the range.
test_range_is_taken() {
	local n start end
	modprobe -n ramoops 2>/dev/null || { skip 'taken' 'this kernel has no ramoops'; return; }
	for n in 1 2; do
		put unplugged "$file"
		read -r start end < <(ranges "$device" | sed -n "${n}p")
		take_range "$start" || { fail "range $n can be taken"; continue; }
		before=$(cat /proc/iomem "$file"; all_blocks; mem_total)
		put online_movable "$file"
		is "$refused_with" 'Device or resource busy' "range $n is taken"
		is "$(cat /proc/iomem "$file"; all_blocks; mem_total)" "$before" "range $n is taken: as before"
		rmmod ramoops
		put online_movable "$file"
		is "$refused_with" '' "range $n is free again"
	done
	no_splat
}

# Binding takes what it can get.
test_bind_with_a_range_taken() {
	local n start end
	modprobe -n ramoops 2>/dev/null || { skip 'taken' 'this kernel has no ramoops'; return; }
	for n in 1 2; do
		put unplugged "$file"
		unbind "$device"
		read -r start end < <(ranges "$device" | sed -n "${n}p")
		take_range "$start" || { fail "range $n can be taken"; continue; }
		put "$device" "$dax_bus/drivers/kmem/bind"
		if [ "$n" = 1 ]; then
			# The first range is what a driver must get, in Linux 6.12 as well as in 7.3.
			is "$refused_with" 'Device or resource busy' "range $n is taken: not bound"
			is "$(driver "$device")" none "range $n is taken: no driver"
		else
			is "$refused_with" '' "range $n is taken: bound"
			is "$(count "$device" offline) $(count "$device" absent)" '4 4' "range $n is taken: the other range is added"
			put unplugged "$file"
			is "$refused_with" '' "range $n is taken: can be unplugged"
			put online_movable "$file"
			is "$refused_with" 'Device or resource busy' "range $n is taken: does not go online"
		fi
		is "$(wedge_signs)" '' "range $n is taken: nothing is lost"
		rmmod ramoops
		[ -e "$file" ] || put "$device" "$dax_bus/drivers/kmem/bind"
		put unplugged "$file"
		put online_movable "$file"
		is "$refused_with $(count "$device" online)" ' 8' "range $n is free again: all blocks go online"
	done
	no_splat
}

# What could be had is online then. That is not all of the memory, so no word holds.
test_word_of_a_part() {
	local start end
	modprobe -n ramoops 2>/dev/null || { skip 'taken' 'this kernel has no ramoops'; return; }
	put unplugged "$file"
	unbind "$device"
	read -r start end < <(ranges "$device" | sed -n 2p)
	take_range "$start" || { fail 'range 2 can be taken'; return; }
	set_policy online_movable
	put "$device" "$dax_bus/drivers/kmem/bind"
	set_policy offline
	is "$(count "$device" online) $(count "$device" absent)" '4 4' 'the other range is online'
	is "$(attribute_word "$device")" unknown 'the word'
	put online_movable "$file"
	is "$refused_with" 'Device or resource busy' 'no word is taken as done'
	put unplugged "$file"
	is "$refused_with $(attribute_word "$device")" ' unplugged' 'can be unplugged'
	rmmod ramoops
	put online_movable "$file"
	is "$refused_with $(attribute_word "$device")" ' online_movable' 'can have all of it'
	no_splat
}

# Fails every allocation of the task that writes.
test_no_memory() {
	allocations_may_fail || { skip 'no memory' 'this kernel has no failslab'; return; }
	tried 'online_movable' faults nth "$file" unplugged online_movable "$step" "${ids[@]}"
	tried_in_kernel_zone 'online_kernel' faults nth "$file" unplugged online_kernel "$step" "${ids[@]}"
	tried 'unplugged' faults nth "$file" online_movable unplugged "$step" "${ids[@]}"
	no_splat
	no_leak
}

# The same of the task that binds.
test_no_memory_to_bind() {
	allocations_may_fail || { skip 'no memory' 'this kernel has no failslab'; return; }
	put unplugged "$file"
	tried 'bind' faults bind "$file" "$device" "$step" "${ids[@]}"
	[ -e "$file" ] || put "$device" "$dax_bus/drivers/kmem/bind"
	ok 'can be bound' [ -e "$file" ]
	never_wedged
	no_splat
	no_leak
}

# A range that is added to a bound device has no memory, but the word would be said
# of it, too. The range that lies between those of the device is free now.
test_mapping_while_bound() {
	local start end before
	before=$(ranges "$device")
	read -r start end < <(ranges "$neighbour")
	unbind "$neighbour"
	set_size "$neighbour" 0
	put "$(printf '%x-%x' "$start" "$end")" "$dax_bus/devices/$device/mapping"
	is "$refused_with" 'Device or resource busy' 'refused'
	is "$(ranges "$device")" "$before" 'the ranges are as before'
	put online_movable "$file"
	put unplugged "$file"
	is "$refused_with $(raw_word "$device")" ' unplugged' 'can be unplugged'
	unbind "$device"
	put "$(printf '%x-%x' "$start" "$end")" "$dax_bus/devices/$device/mapping"
	is "$refused_with" '' 'taken while no driver is bound'
	never_wedged
	no_splat
}

run_tests
