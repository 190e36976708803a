#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-windows
#
# Two expanders, each behind a window of its own: the memory of each is on its own node. In the
# topology cxl-windows-swapped each card is in the other one's slot. So a boot of each shows what leads back to
# a device when the cards have changed places: the serial number leads to the card, the PCI address
# and the path lead to the slot.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh

slots=(0000:0d:00.0 0000:df:00.0)
serials=(0x1000 0x2000)
[[ $vm_topology != *-swapped ]] || serials=(0x2000 0x1000)

reset() {
	remove_regions
}

# make_both_regions: a region on each card. Sets devices and regions, in the order of the slots.
make_both_regions() {
	local i memdev
	for i in 0 1; do
		memdev=$(card "${serials[$i]}")
		make_region offline -d "$(decoder_of "$memdev")" -w 1 "$memdev" || bail_out 'there is no region'
		devices[i]=$device regions[i]=$region
	done
}

# decoder_of MEMDEV: prints the root decoder that leads to the card.
decoder_of() {
	cxl list -D -d root -m "$1" | jq -r '.[0].decoder // .[0]."root decoders"[0].decoder'
}

test_places() {
	local i serial select
	make_both_regions
	for i in 0 1; do
		device=${devices[$i]} serial=${serials[$i]}
		for select in --serial="$serial" --pci="${slots[$i]}" --region="${regions[$i]}" \
			--memdev="$(card "$serial")" --node="$(<"$dax_bus/devices/$device/target_node")"; do
			run daxhp status -j "$select"
			json_is 'map(.chardev) | join(" ")' "$device" "slot $i: $select"
		done
		json_is '.[0] | "\(.provider) \(.cxl.memdevs[0].serial) \(.cxl.memdevs[0].pci) \(.path)"' \
			"cxl $((serial)) ${slots[$i]} cxl-pci-${slots[$i]}-0x0" "slot $i: where its memory comes from"
	done
	is_not "$(<"$dax_bus/devices/${devices[0]}/target_node")" "$(<"$dax_bus/devices/${devices[1]}/target_node")" \
		'each has a node of its own'
}

# The kernel numbers the cards as it finds them.
test_other_names() {
	local i names=() pci found=("${slots[@]}")
	for i in 0 1; do
		names[i]=$(card "${serials[$i]}")
		echo "${slots[$i]}" >/sys/bus/pci/drivers/cxl_pci/unbind
	done
	# The one that was found first before is found last now.
	[ "${names[0]}" != mem0 ] || found=("${slots[1]}" "${slots[0]}")
	for pci in "${found[@]}"; do
		echo "$pci" >/sys/bus/pci/drivers/cxl_pci/bind
		wait_until compgen -G "/sys/bus/pci/devices/$pci/mem*" >/dev/null
	done
	is "$(card "${serials[0]}") $(card "${serials[1]}")" "${names[1]} ${names[0]}" 'the cards have exchanged their names'
	test_places
}

test_one_card_of_two() {
	make_both_regions
	run daxhp online --movable "${devices[@]}"
	exits 0 'both are online'
	run daxhp unplug --serial="${serials[1]}"
	exits 0 'one card is taken out'
	is "$(raw_word "${devices[0]}") $(raw_word "${devices[1]}")" 'online_movable unplugged' 'the other one is as before'
	like "$out" "$(card "${serials[1]}") .*: safe to remove after: cxl disable-region ${regions[1]}; " 'safe to remove'
	run daxhp status --cards -j
	json_is '[.[] | select(.safe_to_remove) | .serial] | join(" ")' "$((serials[1]))" 'status --cards: the one, and not the other'
	remove_region "${regions[1]}"
}

run_tests
