#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm-pair --timeout=3400
#
# Whole tasks, as an operator gives them: from devdax mode, from unbound, from unplugged
# and back, by daxctl and by daxhp, on a device of 33 GiB and one of 129 GiB in the same
# boot. The rounds alternate, so that a busy host disturbs both programs.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh
# shellcheck source=bench.sh
. /vm/guest/bench.sh

rounds=2
find_pair
# With another policy daxctl refuses.
set_policy offline

# By hand: bind without onlining, then the block writes alone, in the cheap order.
bind_and_write() {
	local ids i
	bind_kmem "$1" offline || return
	mapfile -t ids < <(blocks "$1")
	echo online_movable >"$memory/memory${ids[0]}/state" || return
	for ((i = ${#ids[@]} - 1; i > 0; i--)); do
		echo online_movable >"$memory/memory${ids[i]}/state" || return
	done
}

# All tasks on one device, which is in devdax mode before and after.
round() {
	local device=$1
	took "$device devdax to movable, daxctl" daxctl reconfigure-device --mode=system-ram "$device"
	expect "$device" online_movable
	took "$device movable to devdax, daxctl" daxctl reconfigure-device --mode=devdax --force "$device"
	took "$device devdax to movable, daxhp" daxhp reconfigure --mode=system-ram --movable "$device"
	expect "$device" online_movable
	took "$device movable to unplugged, daxhp" daxhp unplug "$device"
	expect "$device" unplugged
	took "$device unplugged to movable, daxhp" daxhp online --movable "$device"
	expect "$device" online_movable
	took "$device movable to kernel, daxhp" daxhp reconfigure --kernel "$device"
	expect "$device" online_kernel
	took "$device kernel to movable, daxhp" daxhp reconfigure --movable "$device"
	expect "$device" online_movable
	took "$device movable to devdax, daxhp" daxhp reconfigure --mode=devdax "$device"
	unbind "$device"
	if ! has_attribute; then
		took "$device unbound to movable, by hand" bind_and_write "$device"
		expect "$device" online_movable
		daxhp unplug "$device" >/dev/null || bail_out "cannot unplug $device"
		took "$device unbound to movable, by policy" bind_kmem "$device" online_movable
		expect "$device" online_movable
		daxhp unplug "$device" >/dev/null || bail_out "cannot unplug $device"
	fi
	daxhp reconfigure --mode=devdax "$device" >/dev/null || bail_out "cannot make $device devdax"
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b > 0) ? a / b : 0 }'
}

# row TASK WHO: seconds for both sizes, the growth, and the share of daxctl's where it has the task.
row() {
	local device line theirs
	[ -n "${least["$large $1, $2"]:-}" ] || return 0
	printf -v line '| %-20s | %-9s' "$1" "$2"
	for device in "$small" "$large"; do
		theirs=${least["$device $1, daxctl"]:-}
		printf -v line '%s | %8.3f | %5s' "$line" "${least["$device $1, $2"]}" \
			"$([ -z "$theirs" ] || ratio "${least["$device $1, $2"]}" "$theirs")"
	done
	printf '# %s | %5s |\n' "$line" "$(ratio "${least["$large $1, $2"]}" "${least["$small $1, $2"]}")"
}

table() {
	local task who
	printf '#\n# Linux %s. Seconds, least of %d; the share is of daxctl'"'"'s; growth is 129 GiB to 33 GiB.\n' "$(uname -r)" "$rounds"
	printf '# | %-20s | %-9s | %8s | %5s | %8s | %5s | %6s |\n' task who '33 GiB' share '129 GiB' share growth
	for task in 'devdax to movable' 'movable to devdax' 'unplugged to movable' 'unbound to movable' \
		'movable to unplugged' 'movable to kernel' 'kernel to movable'; do
		for who in daxctl daxhp 'by hand' 'by policy'; do
			row "$task" "$who"
		done
	done
	printf '#\n'
}

test_tasks() {
	local device i
	for device in "$small" "$large"; do
		# The first access to memory costs more than all later ones.
		took warm daxctl reconfigure-device --mode=system-ram "$device"
		took warm daxctl reconfigure-device --mode=devdax --force "$device"
		for ((i = 1; i <= rounds; i++)); do
			round "$device"
		done
	done
	table
}

run_tests
