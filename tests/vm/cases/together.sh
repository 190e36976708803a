#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved
#
# Several daxhp at once on several devices: each has its own device's lock, and
# the machine's policy, which all of them change for a moment, is in the end
# what it was.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

set_policy offline
base_policy=offline
read -r first second third < <(carve_region)
[ -n "$third" ] || bail_out 'the region cannot be carved'
devices=("$first" "$second" "$third")
# The driver takes what fits it when it is loaded: that is not what is tried here.
load_kmem

reset() {
	local device
	for device in "${devices[@]}"; do
		take_away "$device" || return 1
	done
}

# at_once WORD...: daxhp with these words for each device, all at the same time.
at_once() {
	local device pids=() pid rc
	for device in "${devices[@]}"; do
		daxhp "$@" "$device" >"/run/$device.out" 2>&1 &
		pids+=($!)
	done
	rcs=''
	for pid in "${pids[@]}"; do
		rc=0
		wait "$pid" || rc=$?
		rcs+="$rc "
	done
}

all_words() {
	local device
	for device in "${devices[@]}"; do
		printf '%s ' "$(raw_word "$device")"
	done
}

test_all_at_once() {
	local i
	for ((i = 1; i <= 5; i++)); do
		at_once online --movable
		is "$rcs" '0 0 0 ' "online, all done, $i"
		is "$(all_words)" 'online_movable online_movable online_movable ' "online, and so, $i"
		is "$(policy)" offline "online, the policy as before, $i"
		[ "$rcs" = '0 0 0 ' ] || diag "$(cat /run/dax*.out)"
		at_once unplug
		is "$rcs" '0 0 0 ' "unplug, all done, $i"
		is "$(all_words)" 'unplugged unplugged unplugged ' "unplug, and so, $i"
		is "$(policy)" offline "unplug, the policy as before, $i"
		[ "$rcs" = '0 0 0 ' ] || diag "$(cat /run/dax*.out)"
		reset
	done
	nok 'no journal is left' compgen -G '/run/daxhp/*.journal'
	never_wedged
}

run_tests
