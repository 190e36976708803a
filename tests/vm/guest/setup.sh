# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the guest runs once, before its job, to make the topology's dax devices
# (see the table "topologies"). kmem is left to daxctl and daxhp to load.

# Drivers may be built in: what counts is whether a device turns up.
load() {
	local module
	for module; do
		modprobe -q "$module" || true
	done
}

wait_for() {
	local path=$1 try
	for ((try = 0; try < 100; try++)); do
		# shellcheck disable=SC2086 # a pattern
		compgen -G "$path" >/dev/null && return 0
		sleep 0.1
	done
	echo "setup: $path did not turn up" >&2
	return 1
}

make_devdax() {
	wait_for '/sys/bus/nd/devices/namespace0.0' || return 1
	ndctl create-namespace --force --mode=devdax --map="$1" --reconfig=namespace0.0 >/dev/null || return 1
	wait_for '/dev/dax0.0'
}

setup_pmem() {
	load nd_e820 nd_pmem dax_pmem device_dax
	make_devdax mem
}

# The memory map in main memory, so that all of the file can become blocks.
setup_nvdimm() {
	load nfit nd_pmem dax_pmem device_dax
	make_devdax mem
}

setup_soft_reserved() {
	load dax_hmem device_dax
	wait_for '/dev/dax0.0'
}

setup_none() {
	load dax_pmem device_dax dax_hmem
}
