#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:129G --icount
#
# daxhp monitor beside a device with 1031 memory blocks: a step is one line, and costs a twentieth of the
# step's time at most. The clock counts instructions, so other work of the host does not matter.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
set_policy offline
lines=/run/monitor.json

ticks() {
	awk '{ print $14 + $15 }' "/proc/$monitor_pid/stat"
}

has_lines() {
	[ "$(wc -l <"$lines")" -ge "$1" ]
}

# step NAME FROM TO COMMAND...: one line, and its cost.
step() {
	local name=$1 want="$2 $3" before ticks_before start seconds
	shift 3
	before=$(wc -l <"$lines")
	ticks_before=$(ticks)
	start=$(date +%s.%N)
	"$@" >/run/step.out 2>&1 || diag "$* failed: $(</run/step.out)"
	seconds=$(awk -v a="$(date +%s.%N)" -v b="$start" 'BEGIN { printf "%.1f", a - b }')
	wait_until has_lines $((before + 1))
	# No other line comes.
	sleep 8
	is "$(jq -r '"\(.from // .from_mode) \(.to // .to_mode)"' "$lines" | tail -n +$((before + 1)))" "$want" "$name: one line"
	at_most "$(awk -v t=$(($(ticks) - ticks_before)) -v s="$seconds" 'BEGIN { printf "%.2f", t / s }')" 5 \
		"$name: per cent of its $seconds s"
}

by_shell() {
	local n
	for n in "${ids[@]}"; do
		echo "$1" >"$memory/memory$n/state"
	done
}

test_steps() {
	local found
	bind_kmem "$device" offline
	mapfile -t ids < <(blocks "$device")
	is "${#ids[@]}" "$(nvdimm_blocks)" 'blocks'
	daxhp monitor -j >"$lines" 2>/run/monitor.err &
	monitor_pid=$!
	wait_until has_lines 1
	found=$(jq -r '.to // .to_mode' "$lines")
	step 'daxhp online' "$found" online_movable daxhp online --movable "$device"
	if has_attribute; then
		step 'a shell' online_movable inconsistent by_shell offline
		step 'a shell' inconsistent online_movable by_shell online_movable
	else
		mapfile -t ids < <(blocks "$device" | tac)
		step 'a shell' online_movable offline by_shell offline
		step 'a shell' offline online_movable by_shell online_movable
	fi
	step 'daxhp unplug' online_movable unplugged daxhp unplug "$device"
	kill "$monitor_pid"
	wait "$monitor_pid"
	is "$(</run/monitor.err)" '' 'nothing on standard error'
	never_wedged
}

run_tests
