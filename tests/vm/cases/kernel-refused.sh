#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved --append=quiet
#
# Going online is refused at the last block, a hundred times, on a node that has
# no other memory. A process without rights wants that memory and would pin it. The
# kernel must not give memory away before all blocks have agreed. Then it never has
# to wait until somebody gives it back.

# shellcheck source=kernel.sh
. /vm/guest/kernel.sh
needs faults pin

# The third device has one range, and nothing of the node is online.
read -r _ _ device < <(carve_region)
[ -n "$device" ] || bail_out 'the region cannot be split'
stay_bound "$device"
file=$now_attribute
mapfile -t ids < <(blocks "$device")
node=$(<"$dax_bus/devices/$device/target_node")

test_node() {
	put unplugged "$file"
	is "${#ids[@]}" 4 'four blocks'
	unlike ",$(</sys/devices/system/node/has_memory)," "[,-]${node}[,-]" 'the node has no memory'
}

test_refused_at_the_last_block() {
	modprobe memory-notifier-error-inject
	tried 'a hundred times' timeout 1500 faults often "$file" unplugged online_movable -12 100 \
		"$node" "$memory/memory0/state" "${ids[@]}"
	no_faults
	# A test that was stopped has left the memory online.
	is "$(attribute_word "$device")" unplugged 'the word'
	is "$(raw_word "$device")" unplugged 'the blocks'
	is "$(grep -c " : $device\$" /proc/iomem)" 0 'no reservation'
	never_wedged
	no_splat
	no_leak
}

# When nothing refuses, it works.
test_online() {
	put online_movable "$file"
	is "$refused_with" '' 'goes online'
	is "$(raw_word "$device")" online_movable 'is online'
	put unplugged "$file"
	is "$refused_with" '' 'and back'
}

run_tests
