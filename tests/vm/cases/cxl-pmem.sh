#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=cxl-pmem
#
# An expander with persistent memory. cxl-cli makes the region, and ndctl makes a namespace
# in it, with a dax device.

# shellcheck source=cxl.sh
. /vm/guest/cxl.sh

device=dax0.0
set_policy offline
region=$(cxl create-region -m -t pmem -d decoder0.0 -w 1 mem0 | jq -r .region)
[ -n "$region" ] || bail_out 'there is no region'
ndctl create-namespace -m devdax -M mem >/dev/null || bail_out 'there is no namespace'
wait_until test -e "$dax_bus/devices/$device" || bail_out 'there is no device'

test_source() {
	local pci
	pci=$(basename "$(readlink -f /sys/bus/cxl/devices/mem0/..)")
	run daxhp status -j
	json_is '.[0] | "\(.chardev) \(.provider) \(.namespace) \(.cxl.region) \(.cxl.decoder) \(.cxl.memdevs[0].name)"' \
		"$device pmem namespace0.0 $region decoder0.0 mem0" 'both the namespace and the card'
	json_is '.[0].uuid' "$(<"/sys/bus/nd/devices/dax0.0/uuid")" 'the uuid of the namespace'
	json_like '.[0].path' "^cxl-pci-$pci-0x[0-9a-f]+\$" 'the place on the card'
}

test_in_and_out() {
	run daxhp reconfigure --mode=system-ram --movable "$device"
	exits 0 'in service'
	agrees "$device" online_movable 'in service'
	run daxhp unplug --unbind --memdev=mem0
	exits 0 'out of service, by the name of the card'
	agrees "$device" unplugged 'out of service'
	is "$(driver "$device")" none 'no driver is left'
	run cxl disable-region "$region"
	exits 0 'cxl-cli takes the region away'
	is "$(mem_total)" "$base_total" 'MemTotal is as before'
}

# The memory stays in use. After this, the machine is not as before.
test_region_disabled_while_online() {
	cxl enable-region "$region" >/dev/null 2>&1
	wait_until test -e "$dax_bus/devices/$device" || bail_out 'the device does not come back'
	run daxhp reconfigure --mode=system-ram --movable "$device"
	exits 0 'in service'
	run cxl disable-region "$region"
	exits 0 'cxl-cli takes the region away while its memory is online'
	is_not "$(orphans)" '' 'the memory is left'
	says_so 'region disabled'
	run daxhp status --check
	exits 6 'status --check'
}

run_tests
