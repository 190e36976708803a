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

# selftest NAME SKIPPED VARIABLE=VALUE...: SKIPPED are the only tests that it may skip.
selftest() {
	local name=$1 skipped=$2
	shift 2
	ktap "$name" env DAX_KMEM_TEST_DEV="$device" DAX_KMEM_TEST_KERNEL=1 "$@" bash "$selftest"
	is "$ktap_skipped" "$skipped" "$name: what is skipped"
}

test_no_device() {
	local word
	word=$(attribute_word "$device")
	run bash "$selftest"
	exits 4 'does nothing if no device is named'
	is "$(attribute_word "$device")" "$word" 'the word is as before'
}

# A pmem device takes no new mapping.
test_selftest() {
	local name skipped=test_mapping
	for name in "${names[@]:1}"; do
		selftest "$name" 'test_mapping test_unbind_online' DAX_KMEM_TEST_ATTR="$name"
	done
	[ "${#names[@]}" = 2 ] || [ "${names[0]}" = state ] || skipped='test_names test_mapping'
	selftest "${names[0]}, and unbinding" "$skipped" DAX_KMEM_TEST_UNBIND=1
	ok '/proc/iomem can be read' grep -q RAM /proc/iomem
	nok 'kmem is no longer in use' [ -e "$dax_bus/drivers/kmem/$device" ]
	ok 'kmem can be unloaded' rmmod kmem
	ok '/proc/iomem can be read without it' grep -q RAM /proc/iomem
	no_splat
	no_leak
}

run_tests
