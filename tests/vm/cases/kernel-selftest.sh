#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem
#
# The selftest that comes with the patch set, through each name of the
# attribute. After the last test the memory is lost.

# shellcheck source=kernel.sh
. /vm/guest/kernel.sh

device=dax0.0
selftest=/opt/selftests/dax/dax-kmem-hotplug.sh
[ -e $selftest ] || bail_out 'this kernel has no selftest'
stay_bound "$device"
names=()
for name in hotplug state; do
	[ ! -e "$dax_bus/devices/$device/$name" ] || names+=("$name")
done

test_names() {
	is_not "${#names[@]}" 0 "has ${names[*]}"
}

test_selftest() {
	local name
	for name in "${names[@]:1}"; do
		DAX_TEST_ATTRIBUTE=$name ktap "$name" bash "$selftest" "$device"
	done
	DAX_TEST_UNBIND=1 DAX_TEST_ATTRIBUTE=${names[0]} ktap "${names[0]}, and unbinding" bash "$selftest" "$device"
	ok '/proc/iomem can be read' grep -q RAM /proc/iomem
	nok 'kmem is no longer in use' [ -e "$dax_bus/drivers/kmem/$device" ]
	ok 'kmem can be unloaded' rmmod kmem
	ok '/proc/iomem can be read without it' grep -q RAM /proc/iomem
	no_splat
	no_leak
}

run_tests
