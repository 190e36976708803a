#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-two
#
# Two expanders behind one window: their memory is on the same node.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh

reset() {
	remove_regions
}

test_in_and_out() {
	local i first
	for ((i = 0; i < $(quick_or_full 1 10); i++)); do
		in_service -d decoder0.0 -w 1 mem0
		first=$region
		others_kib=$((2 << 20))
		in_service -d decoder0.0 -w 1 mem1
		find_device "$first"
		out_of_service "$first"
		# shellcheck disable=SC2034 # for agrees
		others_kib=0
		find_device "$region"
		out_of_service "$region"
	done
}

# selected WORD... -- OPTION...: daxhp finds these devices.
selected() {
	local want=()
	while [ "$1" != -- ]; do
		want+=("$1")
		shift
	done
	shift
	run daxhp status -j "$@"
	json_is 'map(.chardev) | sort | join(" ")' "${want[*]}" "${want[*]}: $*"
}

test_selectors() {
	local first first_region other pci
	in_service -d decoder0.0 -w 1 mem0
	first=$device first_region=$region
	make_region offline -d decoder0.0 -w 1 mem1 || bail_out 'there is no region'
	other=$device
	pci=$(basename "$(readlink -f /sys/bus/cxl/devices/mem1/..)")
	selected "$first" -- --region="$first_region"
	selected "$other" -- --memdev=mem1
	selected "$other" -- --serial="$(</sys/bus/cxl/devices/mem1/serial)"
	selected "$other" -- --pci="$pci"
	selected "$first" "$other" -- --node="$(<"$dax_bus/devices/$first/target_node")"
	run daxhp status -j "$other"
	json_is '.[0] | "\(.provider) \(.cxl.region) \(.cxl.decoder) \(.cxl.memdevs[0].name) \(.path)"' \
		"cxl $region decoder0.0 mem1 cxl-pci-$pci-0x0" 'where it comes from'
	run daxhp unplug --unbind --node="$(<"$dax_bus/devices/$first/target_node")"
	exits 0 'a node alone selects'
	is "$(driver "$first") $(driver "$other")" 'none none' 'both have no driver'
}

# Two regions on one card. One has pages that cannot be moved: nothing of the card is changed.
test_card_as_one() {
	local first second pinned mem pci region_a region_b
	mem=$(card 0x1000)
	pci=$(basename "$(readlink -f "$cxl_bus/$mem/..")")
	make_region offline -s 1G -d decoder0.0 -w 1 "$mem" || bail_out 'there is no region'
	first=$device region_a=$region
	make_region offline -s 1G -d decoder0.0 -w 1 "$mem" || bail_out 'there is no second region'
	second=$device region_b=$region
	daxhp online --movable "$second" >/dev/null
	pin "$(<"$dax_bus/devices/$second/target_node")" >/run/pin.out &
	pinned=$!
	wait_until grep -q pinned /run/pin.out
	daxhp online --movable "$first" >/dev/null
	run daxhp status --cards --memdev="$mem"
	like "$out" "$mem \(serial number 0x1000, $pci\): not safe to remove: $first \($region_a\) is online_movable; $second \($region_b\) is online_movable" 'status --cards'
	snapshot
	before=$now_snapshot
	run daxhp unplug --memdev="$mem" --timeout=20
	exits 1 'pinned: unplug fails'
	diag "$out" "$err"
	unchanged "$before" 'pinned: everything of the card is as before'
	like "$err" "$second: cannot unplug" 'pinned: the device is named'
	like "$out" "not safe to remove: .*$second \($region_b\) is online_movable" 'pinned: the verdict names the region'
	kill "$pinned"
	wait
	run daxhp unplug --serial=0x1000
	exits 0 'unplug: done'
	like "$out" "$mem .*: safe to remove after: cxl disable-region $region_a; cxl destroy-region $region_a; cxl disable-region $region_b; cxl destroy-region $region_b; cxl disable-memdev $mem; echo 0 > /sys/bus/pci/slots/[0-9]+/power" 'unplug: the verdict'
	run daxhp status -j --cards --serial=0x1000
	json_is '.[0] | "\(.safe_to_remove) \(.obstacles | length) \(.regions | join(","))"' "true 0 $region_a,$region_b" 'status -j --cards'
	remove_region "$region_a"
	remove_region "$region_b"
	run daxhp unplug --memdev="$mem"
	exits 0 'a card without regions'
	like "$out" 'safe to remove' 'and its verdict'
	run daxhp unplug --memdev=mem7
	exits 1 'no such card'
}

run_tests
