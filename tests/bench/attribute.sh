#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:129G
#
# The cost of the kernel's attribute, and of writing to the blocks one by one, for
# tests/bench/linear. The first round has cold memory and does not count. Of the
# other rounds, the fastest counts.

# shellcheck source=kernel.sh
. /vm/guest/kernel.sh

device=dax0.0
rounds=3
[[ " $(</proc/cmdline) " != *' bench.once '* ]] || rounds=1
stay_bound "$device"
file=$now_attribute
mapfile -t ids < <(blocks "$device")
put unplugged "$file" || bail_out "cannot unplug $device"

declare -A least

# took NAME COMMAND...
took() {
	local name=$1 start=${EPOCHREALTIME/./} us
	shift
	"$@" || bail_out "failed: $* ($refused_with)"
	us=$((${EPOCHREALTIME/./} - start))
	[ "$round" = 0 ] || [ "${least[$name]:-$us}" -lt "$us" ] || least[$name]=$us
}

# write_blocks WORD BLOCK...
write_blocks() {
	local n word=$1
	shift
	for n; do
		echo "$word" >"$memory/memory$n/state" || return 1
	done
}

test_attribute() {
	for ((round = 0; round <= rounds; round++)); do
		took 'online_movable' put online_movable "$file"
		is "$(raw_word "$device")" online_movable "online, round $round"
		took 'unplugged' put unplugged "$file"
		is "$(raw_word "$device")" unplugged "unplugged, round $round"
	done
}

# Most programs use the ascending order. The other order keeps a hole behind the
# first block, and is cheap on every kernel.
test_blocks() {
	[[ " $(</proc/cmdline) " == *' bench.blocks '* ]] || return 0
	stay_bound "$device"
	mapfile -t descending < <(printf '%s\n' "${ids[@]:1}" | tac)
	for ((round = 0; round <= rounds; round++)); do
		took 'ascending, online' write_blocks online_movable "${ids[@]}"
		took 'ascending, offline' write_blocks offline "${ids[@]}"
		took 'hole, online' write_blocks online_movable "${ids[0]}" "${descending[@]}"
		took 'hole, offline' write_blocks offline "${ids[@]:1}" "${ids[0]}"
	done
}

test_figures() {
	local name
	for name in "${!least[@]}"; do
		printf '# figure %s = %s us\n' "$name" "${least[$name]}"
	done
	pass "${#ids[@]} blocks"
}

run_tests
