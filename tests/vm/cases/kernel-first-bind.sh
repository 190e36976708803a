#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:1G --append=quiet
#
# The first bind since boot, of memory above all other memory. Each allocation of it
# fails in turn. The kernel must not keep anything of memory that was not added, not
# even that its memory reaches so far.

# shellcheck source=kernel.sh
. /vm/guest/kernel.sh
needs faults

device=dax0.0
file=$dax_bus/devices/$device/hotplug
[[ $(uname -r) = 6.* ]] || file=${file%/*}/state
mapfile -t ids < <(blocks "$device")
step=7
[[ " $(</proc/cmdline) " != *' daxhp.full '* ]] || step=1

test_first_bind() {
	modprobe -n ramoops 2>/dev/null || { skip 'first bind' 'this kernel has no ramoops'; return; }
	allocations_may_fail || { skip 'first bind' 'this kernel has no failslab'; return; }
	load_kmem
	unbind "$device"
	# kmem binds the device as soon as it knows it. That must fail, and add nothing. The
	# device begins within a block, and kmem asks for whole blocks only.
	take_range "$((ids[0] * $(block_size)))"
	echo "$device" >"$dax_bus/drivers/kmem/new_id"
	rmmod ramoops
	is "$(driver "$device") $(raw_word "$device")" 'none unplugged' 'not bound yet'
	tried 'bind' faults bind "$file" "$device" "$step" "${ids[@]}"
	never_wedged
	no_splat
	no_leak
}

run_tests
