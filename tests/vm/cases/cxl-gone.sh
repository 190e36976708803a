#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-two
#
# A region goes away while daxhp works on its device: somebody unbinds it, or uses cxl-cli with -f.
# daxhp cannot keep that off. It must end, and what it says of the memory must be what /sys says.
# The memory may stay until a reboot, so each test has a card of its own.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh

# gone COMMAND WORD: the region goes away in the middle of the command.
gone() {
	local start region_start region_end n
	start=$(all_blocks | grep -c online)
	read -r region_start region_end < <(ranges "$device")
	held_up delay_enter=400000 daxhp "$@" "$device"
	wait_until has_moved "$start"
	echo "$region" >/sys/bus/cxl/drivers/cxl_region/unbind
	let_go
	exits '(0|1|64)' 'it ends'
	diag "$err"
	wait_until test ! -e "$dax_bus/devices/$device"
	look_block_size
	now_states=''
	for ((n = region_start / now_block_size; n * now_block_size < region_end; n++)); do
		[ ! -e "$memory/memory$n" ] || now_states+="memory$n $(<"$memory/memory$n/state")"$'\n'
	done
	if [ "$rc" = 0 ]; then
		is "$now_states" '' 'done: no memory is left'
	elif [ -z "$now_states" ]; then
		like "$err" 'the device (went|is gone)|no longer there|ENODEV|went away' 'it says that the device is gone'
	else
		diag "$now_states"
		unlike "$err" 'Nothing was changed' 'memory is left: it does not say that nothing was changed'
		unlike "$err" 'cannot be seen' 'memory is left: it does not say that this cannot be seen'
	fi
	says_so "$1"
}

has_moved() {
	[ "$(all_blocks | grep -c online)" != "$1" ]
}

test_unplug() {
	in_service -d decoder0.0 -w 1 mem0
	gone unplug
}

test_online() {
	make_region offline -d decoder0.0 -w 1 mem1 || bail_out 'there is no region'
	gone online
}

run_tests
