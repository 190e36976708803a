#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:129G
#
# The cost of keeping other programs off a thousand blocks. It compares the guard's
# step with the whole unplug of the same run, and with plain writes to the same
# files in the same order and boot.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"

# Prints the seconds of a step, from the output of "unplug -v".
seconds_of() {
	grep -F "$1" <<<"$err"$'\n'"$out" | grep -oE '[0-9]+\.[0-9]+ ?s' | head -n 1 | tr -d 's '
}

# All blocks in daxhp's order, with the first one last.
plain_writes() {
	local start=${EPOCHREALTIME/./} n
	for n in "${ids[@]:1}" "${ids[0]}"; do
		echo offline >"$memory/memory$n/state"
	done
	awk -v us=$((${EPOCHREALTIME/./} - start)) 'BEGIN { printf "%.3f", us / 1e6 }'
}

test_share_of_the_guard() {
	local try guard whole plain least=9
	mapfile -t ids < <(blocks "$device")
	daxhp online --movable "$device" >/dev/null
	plain=$(plain_writes)
	is "$(count "$device" offline)" ${#ids[@]} 'plain writes do it'
	for try in 1 2 3; do
		daxhp online --movable "$device" >/dev/null
		run daxhp unplug -v "$device"
		exits 0 "unplug, try $try"
		guard=$(seconds_of 'keep other programs off')
		whole=$(seconds_of 'online_movable -> unplugged')
		diag "${#ids[@]} blocks: guard $guard s of $whole s; plain writes without it $plain s"
		least=$(awk -v g="$guard" -v w="$whole" -v l="$least" 'BEGIN { r = g / w; print r < l ? r : l }')
	done
	at_most "$least" 0.1 'share of the guard, the smallest of three'
}

run_tests
