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

run_tests
