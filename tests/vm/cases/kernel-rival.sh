#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem
#
# A program brings every block online as soon as it is offline, ten thousand times
# a second. The attribute must still unplug the device.

# shellcheck source=kernel.sh
. /vm/guest/kernel.sh
needs rival

device=dax0.0
stay_bound "$device"
file=$now_attribute
mapfile -t ids < <(blocks "$device")

test_rival() {
	local i taken=0 wrong=''
	rival 100 "${ids[@]}" >/dev/null &
	for ((i = 1; i <= 100; i++)); do
		put unplugged "$file" || wrong+="unplugged, try $i: $refused_with"$'\n'
		look "$device"
		if [ "$now_word" = unplugged ]; then
			taken=$((taken + 1))
		else
			wrong+="try $i: $now_word"$'\n'
		fi
		put online_movable "$file" || wrong+="online_movable, try $i: $refused_with"$'\n'
	done
	kill %1
	# When a child ends, the shell gets a signal, and a signal ends an unplug.
	wait
	is "$taken" 100 '100 of 100 unplugs'
	is "$wrong" '' 'and nothing refused'
	put unplugged "$file"
	is "$(raw_word "$device")" unplugged 'at the end'
	never_wedged
	no_splat
}

run_tests
