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
		in_service -d decoder0.0 -w 2 "$(card 0x1000)" "$(card 0x2000)"
		is "$(<"$dax_bus/devices/$device/size")" $((4 << 30)) 'both cards are in the region'
		run daxhp status -j --memdev=mem1
		json_is '.[].cxl | "\(.region) \([.memdevs[].serial] | sort)"' "$region [4096,8192]" 'one device, with both cards'
		out_of_service "$region"
	done
}

run_tests
