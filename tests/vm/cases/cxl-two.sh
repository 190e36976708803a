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

run_tests
