#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# daxhp reconfigure: from each mode and zone to each other, under each policy;
# what keeps a device from being taken away; and the way back when half of it
# has been done.
#
# vm: --topology=pmem

# shellcheck source=../guest/daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
goals=(devdax off kernel movable)
policies=(offline online_movable)
grep -qw daxhp.full /proc/cmdline && policies=(offline online online_kernel online_movable)

# to GOAL: its options.
to() {
	case $1 in
	devdax) echo --mode=devdax ;;
	off) echo '--mode=system-ram --no-online' ;;
	online) echo --mode=system-ram ;;
	*) echo "--mode=system-ram --$1" ;;
	esac
}

# The word that the blocks amount to then.
word_of() {
	case $1 in
	devdax) echo unplugged ;;
	off) if has_attribute; then echo unplugged; else echo offline; fi ;;
	*) echo "online_$1" ;;
	esac
}

# stands GOAL NAME: the device is there, in blocks, driver and node.
stands() {
	if [ "$1" != devdax ]; then
		is "$(driver "$device")" kmem "$2: bound to kmem"
		agrees "$device" "$(word_of "$1")" "$2"
		return
	fi
	run daxhp status --json "$device"
	look "$device"
	is "$(driver "$device") $now_word $(policy) $(json '.[0] | "\(.mode) \(.hotplug_state)"')" \
		"device_dax unplugged $base_policy devdax null" "$2: in devdax mode"
}

reconfigure() {
	# shellcheck disable=SC2046 # words
	run daxhp reconfigure $(to "$1") "${@:2}" "$device"
}

# Found out here, and not in a subshell that forgets it.
has_attribute
daxhp reconfigure --mode=devdax "$device" >/dev/null 2>&1

reset() {
	daxhp reconfigure --mode=devdax --force "$device" >/dev/null 2>&1
}

test_every_pair() {
	local policy from goal
	for policy in "${policies[@]}"; do
		echo "$policy" >"$memory/auto_online_blocks"
		base_policy=$policy
		for from in "${goals[@]}"; do
			for goal in "${goals[@]}"; do
				reconfigure "$from"
				reconfigure "$goal" --json
				exits 0 "$policy: $from to $goal: exit status"
				stands "$goal" "$policy: $from to $goal"
			done
			reconfigure "$goal" --json
			is "$rc $(json '.[0].changed')" '0 false' "$policy: $goal again: unchanged"
		done
	done
}

test_plain_online() {
	local from
	for from in devdax off; do
		reconfigure "$from"
		reconfigure online
		exits 0 "from $from: exit status"
		look "$device"
		like "$now_word" '^online' "from $from: online"
	done
	reconfigure movable
	reconfigure online --json
	is "$(json '.[0].changed')" false 'content with any zone'
}

test_other_zone() {
	refused 'devdax is not moved' 1 daxhp reconfigure --movable "$device"
	reconfigure kernel
	run daxhp reconfigure --movable "$device"
	exits 0 'kernel to movable'
	stands movable 'kernel to movable'
	run daxhp reconfigure --kernel "$device"
	exits 0 'movable to kernel'
	stands kernel 'movable to kernel'
}

test_bad_words() {
	refused 'nothing asked' 2 daxhp reconfigure "$device"
	refused 'no such mode' 2 daxhp reconfigure --mode=ram "$device"
	refused 'devdax has no zone' 2 daxhp reconfigure --mode=devdax --movable "$device"
	refused 'no zone offline' 2 daxhp reconfigure --mode=system-ram --no-online --kernel "$device"
	refused 'all is asked about' 2 daxhp reconfigure --mode=system-ram all
	run daxhp reconfigure --mode=system-ram --movable --yes all
	exits 0 'all, with --yes'
	stands movable 'all'
}

test_in_use() {
	local holder
	sleep 1000 8<"/dev/$device" &
	holder=$!
	refused_in_use 'a process has it open' "$holder"
	reconfigure movable --force
	exits 0 '--force'
	stands movable '--force'
	kill "$holder"
	wait "$holder" 2>/dev/null
}

refused_in_use() {
	local before
	snapshot
	before=$now_snapshot
	reconfigure movable --json
	exits 1 "$1: exit status"
	like "$err" "pid $2" "$1: names it"
	is "$(json '.[0].error | "\(.errno) \(.rivals[0].pid)"')" "EBUSY $2" "$1: JSON"
	unchanged "$before" "$1: nothing changed"
}

test_second_half_fails() {
	local from module
	# Without the module there is no way to devdax, nor, from it, to system RAM.
	for from in kernel movable off; do
		reconfigure "$from"
		rmmod device_dax
		module=$(find /lib/modules -name 'device_dax.ko*')
		[ -n "$module" ] || { skip "$from to devdax" 'device_dax is built in'; continue; }
		mv "$module" /run/
		reconfigure devdax --json
		exits 1 "$from to devdax, no module: exit status"
		like "$err" device_dax "$from to devdax, no module: says so"
		is "$(json '.[0].error.undone')" true "$from to devdax, no module: undone"
		stands "$from" "$from to devdax, no module"
		mv /run/"${module##*/}" "$module"
		modprobe device_dax
	done
}

test_dry_run() {
	local before goal
	for goal in "${goals[@]}"; do
		snapshot
		before=$now_snapshot
		reconfigure "$goal" --dry-run
		exits 0 "$goal: exit status"
		unchanged "$before" "$goal: nothing changed"
	done
	is "$(dmesg | grep -c 'until reboot')" 0 'the kernel never says that memory is stuck'
}

run_tests
