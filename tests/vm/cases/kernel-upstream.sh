#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem --overlay-from=host/fetch-selftest
#
# Mainline's selftest of the attribute, unchanged, with its test of unbinding.
# After that test the memory is lost.

# shellcheck source=kernel.sh
. /vm/guest/kernel.sh

device=dax0.0
stay_bound "$device"

test_upstream() {
	local program
	if ! [ -e "$dax_bus/devices/$device/state" ]; then
		skip 'mainline' 'this kernel has no attribute of that name'
		return
	fi
	for program in /opt/upstream/dax/*.sh; do
		DAX_KMEM_TEST_DEV=auto DAX_KMEM_TEST_UNBIND=1 ktap "${program##*/}" bash "$program"
	done
	diag "$(</opt/upstream/package)"
	ok '/proc/iomem can be read' grep -q RAM /proc/iomem
	no_splat
	no_leak
}

run_tests
