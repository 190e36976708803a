#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl
#
# The samples that show one CXL card.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh
# shellcheck source=samples.sh
. /vm/guest/samples.sh

reset() {
	all_followed
	remove_regions
}

# is_offline: kmem is done with the device. The bus says that it is bound before its memory is there.
is_offline() {
	look "$device"
	[ "$now_word" = offline ]
}

test_into_service() {
	block any runbook 'cat /sys/devices/system/memory/auto_online_blocks' || return
	# As udev has, on a machine that has it.
	load_kmem
	follow 2
	find_device region0 || bail_out 'there is no region'
	wait_until is_offline
	follow
}

test_out_of_service() {
	block any runbook 'daxhp status --cards' 'Out of service' || return
	make_region offline -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'
	daxhp online --movable "$device" >/dev/null
	follow
}

test_cards() {
	block any daxhp-status 'daxhp status --cards' || return
	make_region offline -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'
	daxhp online --movable "$device" >/dev/null
	follow 1
	daxhp unplug --memdev=mem0 >/dev/null
	follow
}

# The last test: the memory stays until the machine ends.
test_pulled() {
	block any runbook 'daxhp status' 'A card was pulled' || return
	make_region offline -d decoder0.0 -w 1 mem0 || bail_out 'there is no region'
	daxhp online --movable "$device" >/dev/null
	pull card1 mem0 || bail_out 'the card stays'
	follow
	block any runbook 'echo region0 > /sys/bus/cxl/devices/decoder0.0/delete_region' || return
	follow
	is "$(regions)" '' 'the region is gone'
	all_followed
}

run_tests
