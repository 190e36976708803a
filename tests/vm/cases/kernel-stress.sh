#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem --append=quiet
#
# Two minutes with all programs at once, 200 times there and back, and unbinding
# with some blocks online. Then it checks the kernel's log.

# shellcheck source=kernel.sh
. /vm/guest/kernel.sh
needs stress

device=dax0.0
stay_bound "$device"
file=$now_attribute
mapfile -t ids < <(blocks "$device")
put unplugged "$file" || bail_out "cannot unplug $device"
base_total=$(mem_total)
base_iomem=$(</proc/iomem)

as_before() {
	put unplugged "$file"
	is "$refused_with" '' "$1: can be unplugged"
	is "$(cat "$file") $(raw_word "$device")" 'unplugged unplugged' "$1: is unplugged"
	is "$(</proc/iomem)" "$base_iomem" "$1: reservations as before"
	is "$(mem_total)" "$base_total" "$1: MemTotal as before"
}

test_cycles() {
	local i wrong=''
	for ((i = 1; i <= 200; i++)); do
		put online_movable "$file" || wrong+="online_movable, $i: $refused_with"$'\n'
		put unplugged "$file" || wrong+="unplugged, $i: $refused_with"$'\n'
	done
	is "$wrong" '' '200 times there and back'
	as_before '200 times'
	no_splat
	no_leak
}

# Another program changes a block while a write is under way. Whoever comes first,
# the word is true of the blocks afterwards.
test_a_block_changes_meanwhile() {
	local i n=${ids[-1]} wrong='' changed=0 word
	for ((i = 1; i <= 50; i++)); do
		put unplugged "$file"
		echo online_movable >"$file" 2>/dev/null &
		echo online_movable >"$file" 2>/dev/null &
		until put offline "$memory/memory$n/state" 2>/dev/null || [ -z "$(jobs -r)" ]; do :; done
		[ -n "$refused_with" ] || changed=$((changed + 1))
		wait
		look "$device"
		word=$(<"$file")
		[ "$now_word" != inconsistent ] || now_word=unknown
		[ "$word" = "$now_word" ] || wrong+="try $i: $word, and the blocks are $now_word"$'\n'
	done
	is "$wrong" '' 'the word is true'
	is_not "$changed" 0 "a block was changed $changed times"
	no_splat
}

test_everybody() {
	tried 'everybody at once' stress 120 "$device" "${file##*/}" "${ids[@]}"
	as_before 'everybody at once'
	put online_movable "$file"
	is "$refused_with" '' 'and goes online again'
	as_before 'and back'
	no_splat
	no_leak
}

# The last test: unbinds the driver with half of the blocks online.
test_unbind_in_between() {
	local n
	put online_movable "$file"
	for n in "${ids[@]:0:${#ids[@]}/2}"; do
		put offline "$memory/memory$n/state"
	done
	unbind "$device"
	is "$(driver "$device")" none 'unbound'
	ok '/proc/iomem can be read' grep -q RAM /proc/iomem
	nok 'bound again' bind_kmem "$device" offline
	for n in "${ids[@]}"; do
		put offline "$memory/memory$n/state"
	done
	ok 'kmem can be unloaded' rmmod kmem
	ok '/proc/iomem can be read without kmem' grep -q 'System RAM (kmem)' /proc/iomem
	no_splat
	no_leak
}

run_tests
