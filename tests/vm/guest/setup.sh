# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The guest runs one of these functions before its job, to make the topology's dax
# devices (see the table "topologies"). daxctl and daxhp load kmem later.

# shellcheck source=tap.sh
. /vm/guest/tap.sh

# Drivers may be built in. So do not check the module, but whether the device appears.
load() {
	local module
	for module; do
		modprobe -q "$module" || true
	done
}

# make_devdax REGION: puts its memory map into main memory, so that all of the
# region can become blocks.
make_devdax() {
	wait_until test -e "/sys/bus/nd/devices/namespace$1.0" || return 1
	ndctl create-namespace --force --mode=devdax --map=mem --reconfig="namespace$1.0" >/dev/null || return 1
	wait_until test -e "/dev/dax$1.0"
}

setup_pmem() {
	load nd_e820 nd_pmem dax_pmem device_dax
	make_devdax 0
}

setup_nvdimm() {
	load nfit nd_pmem dax_pmem device_dax
	make_devdax 0
}

setup_nvdimm_pair() {
	setup_nvdimm && make_devdax 1
}

# The case makes namespaces of any size in it.
setup_nvdimm_labels() {
	load nfit nd_pmem dax_pmem device_dax
	wait_until test -e /sys/bus/nd/devices/region0 || return 1
	ndctl disable-region region0 >/dev/null && ndctl init-labels --force nmem0 >/dev/null &&
		ndctl enable-region region0 >/dev/null
}

setup_soft_reserved() {
	load dax_hmem device_dax
	wait_until test -e /dev/dax0.0
}

setup_none() {
	load dax_pmem device_dax dax_hmem
}

# The case makes the regions.
setup_cxl() {
	load cxl_acpi cxl_pci cxl_mem cxl_port dax_cxl device_dax
	wait_until test -e /sys/bus/cxl/devices/mem0
}

setup_cxl_pmem() {
	load cxl_pmem nd_pmem dax_pmem
	setup_cxl
}
