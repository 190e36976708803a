#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-interleave
#
# The sample that shows a region over two CXL cards.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh
# shellcheck source=samples.sh
. /vm/guest/samples.sh

reset() {
	all_followed
	remove_regions
}

# name_cards PCI-ADDRESS...: mem0 for the first, and so on. At boot, the first one that was found is mem0.
name_cards() {
	local pci driver=/sys/bus/pci/drivers/cxl_pci
	for pci; do
		echo "$pci" >"$driver/unbind"
	done
	for pci; do
		echo "$pci" >"$driver/bind"
	done
	[ "$(card 0x1000) $(card 0x2000)" = 'mem0 mem1' ]
}

test_interleaved() {
	block any runbook 'cxl create-region -m -t ram -d decoder0.0 -w 2 mem0 mem1 >/dev/null' || return
	name_cards 0000:0d:00.0 0000:df:00.0 || bail_out 'the cards have other names'
	# As udev has, on a machine that has it.
	load_kmem
	follow 1
	find_device region0 || bail_out 'there is no region'
	wait_until test -e "$dax_bus/drivers/kmem/$device"
	daxhp online --movable "$device" >/dev/null
	follow
	all_followed
}

run_tests
