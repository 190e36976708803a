#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-interleave
#
# Two expanders that take turns in one region.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh

reset() {
	remove_regions
}

test_in_and_out() {
	local i
	for ((i = 0; i < $(quick_or_full 1 10); i++)); do
		in_service -d decoder0.0 -w 2 mem0 mem1
		is "$(<"$dax_bus/devices/$device/size")" $((4 << 30)) 'both cards are in the region'
		out_of_service "$region"
	done
}

run_tests
