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

read -r device _ < <(carve_region)
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

# Like tried, for a case in which a block comes online in a kernel zone before the
# failure. KASAN frees memory late. For each further block it takes memory of the
# node, and this is in the first block. Then that block does not go offline again.
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

# Block 5 is the first of the second range, 8 the last of all.
test_refused_by_a_notifier() {
	local number tried_online=tried
	modprobe memory-notifier-error-inject
	for number in 1 4 5 8; do
		tried "going online, block $number" faults at "$file" unplugged online_movable MEM_GOING_ONLINE -12 "$number" "${ids[@]}"
		$tried_online "going online in a kernel zone, block $number" faults at "$file" unplugged online_kernel MEM_GOING_ONLINE -12 "$number" "${ids[@]}"
		tried "going offline, block $number" faults at "$file" online_movable unplugged MEM_GOING_OFFLINE -16 "$number" "${ids[@]}"
		tried_online=tried_in_kernel_zone
	done
	no_splat
}

take_range() {
	modprobe ramoops mem_address="$1" mem_size=65536 record_size=16384
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

# Fails every allocation of the task that writes.
test_no_memory() {
	local one
	[ -e /sys/kernel/debug/failslab ] || { skip 'no memory' 'this kernel has no failslab'; return; }
	for one in /sys/kernel/debug/fail{slab,_page_alloc}; do
		echo N >"$one/ignore-gfp-wait"
		echo 0 >"$one/verbose"
	done
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
	tried 'online_movable' faults nth "$file" unplugged online_movable "$step" "${ids[@]}"
	tried_in_kernel_zone 'online_kernel' faults nth "$file" unplugged online_kernel "$step" "${ids[@]}"
	tried 'unplugged' faults nth "$file" online_movable unplugged "$step" "${ids[@]}"
	no_splat
	no_leak
}

run_tests
