#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved
#
# Several daxhp at the same time on several devices. Each has the lock of its own
# device. All of them change the machine's policy for a moment, and at the end the
# policy is as before. This must hold even when they do not share /run, and when
# another program changes the policy meanwhile.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

set_policy offline
base_policy=offline
read -r first second third < <(carve_region)
[ -n "$third" ] || bail_out 'the region cannot be split'
devices=("$first" "$second" "$third")
# A driver that is loaded takes all devices that fit it. This case does not test that.
load_kmem

reset() {
	local device
	for device in "${devices[@]}"; do
		take_away "$device" || return 1
	done
}

# The command that starts daxhp.
launcher=()

# at_once WORD...: runs daxhp with these words for each device, all at the same time.
at_once() {
	local device pids=() pid rc
	for device in "${devices[@]}"; do
		"${launcher[@]}" daxhp "$@" "$device" >"/run/$device.out" 2>&1 &
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

# apart COMMAND...: runs it with its own /run, as in a container.
apart() {
	unshare --mount sh -c 'mount -t tmpfs -o mode=755 none /run && exec "$@"' sh "$@"
}

# far_apart COMMAND...: runs it with its own network and /sys as well.
far_apart() {
	unshare --mount --net --pid --fork --mount-proc \
		sh -c 'umount -l /sys && mount -t sysfs none /sys && mount -t tmpfs -o mode=755 none /run && exec "$@"' sh "$@"
}

# keeps_policy NAME: brings the devices online at the same time, twenty times. One test.
keeps_policy() {
	local i wrong=''
	for ((i = 1; i <= 20 && ${#wrong} == 0; i++)); do
		at_once online --movable
		[ "$rcs" = '0 0 0 ' ] || wrong+="exit status $rcs: $(cat /run/dax*.out)"$'\n'
		[ "$(policy)" = offline ] || wrong+="the policy is $(policy)"$'\n'
		set_policy offline
		reset || wrong+='cannot be taken away'
	done
	if [ -z "$wrong" ]; then
		pass "$1: all done, and the policy as before, 20 times"
	else
		fail "$1: all done, and the policy as before, time $((i - 1)) of 20" "${wrong%$'\n'}"
	fi
	launcher=()
}

test_without_common_run() {
	launcher=(apart)
	keeps_policy 'each with its own /run'
	never_wedged
}

test_without_common_sys() {
	launcher=(far_apart)
	keeps_policy 'each with its own /run, /sys and network'
	never_wedged
}

# at_bind COMMAND...: runs it while strace delays daxhp after the bind of the first device. When a driver
# does not know the device by its type, the write of the device's name to new_id binds it.
at_bind() {
	timeout 60 strace -f -o /run/strace.log -P "$dax_bus/drivers/kmem/bind" -P "$dax_bus/drivers/kmem/new_id" \
		-e inject=write:delay_exit=8000000 \
		daxhp online --movable "$first" >/run/tap.out 2>/run/tap.err &
	held_pid=$! ran='daxhp online --movable'
	wait_until is_up
	"$@"
	let_go
}

is_up() {
	[ "$(raw_word "$first")" = online_movable ]
}

# When a program writes to the policy while daxhp has changed it, daxhp must keep the new word.
test_policy_changed_meanwhile() {
	at_bind set_policy online_kernel
	is "$(policy)" online_kernel "somebody else's word stays"
	like "$err" "online_kernel.*auto_online_blocks" 'and daxhp tells of it'
	one_sentence 'in one sentence'
	nok 'no journal is left' compgen -G '/run/daxhp/*.journal'
	set_policy offline
	reset
	at_bind true
	exits 0 'nobody changes it: exit status'
	is "$(policy)" offline 'nobody changes it: the policy as before'
	is "$err" '' 'nobody changes it: no talk'
	never_wedged
}

run_tests
