#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem --append=memmap=1G$256M --append=memmap=1664M!6400M --disk=256M
#
# A device on the machine's only node. Its used memory goes to the other zones of
# the node, if there is room. A bystander uses most of these.

# shellcheck source=room.sh
. /vm/guest/room.sh

# shellcheck disable=SC2034 # for room.sh
device=dax0.0 node=0 elsewhere='name != "Movable"' swap_helps=0
make_disks

test_room() {
	all_combinations anon:50 anon:110
}

test_room_with_swap() {
	with_swap all_combinations shared:70
}

test_estimate() {
	is_full || return
	all_judged
	refused_rightly
}

run_tests
