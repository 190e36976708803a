#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem:640M --cpus=1
#
# daxhp is killed at every system call. And every call on a file below /sys or /proc
# fails, with every errno that may come from there. The device is small, because
# there are thousands of runs. Its four blocks are a first, a last, and two between.
# With one processor, the traced process does not wait for another processor to
# wake up.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
# Primes, so that a quick run does not hit the same call of every block.
kill_step=$(step 97)
fail_step=$(step 43)
bind_kmem "$device" offline || bail_out "cannot bind $device"
take_away "$device"
mapfile -t ids < <(blocks "$device")

reset() {
	stop_rivals
	take_away "$device"
}

test_topology() {
	is "${#ids[@]}" 4 'four blocks'
}

test_killed() {
	tried 'at every call of unplug and online' kill "$device" "$kill_step" online:unplugged,unplugged:online "${ids[@]}"
	tried 'at every call of online from offline' kill "$device" "$kill_step" offline:online "${ids[@]}"
	nok 'no journal is left' compgen -G '/run/daxhp/*.journal'
	agrees "$device" online_movable 'at the end'
	never_wedged
}

test_unplug_from_online() {
	fails_everywhere "$device" "$fail_step" online:unplugged "${ids[@]}"
}

test_online_from_unplugged() {
	fails_everywhere "$device" "$fail_step" unplugged:online "${ids[@]}"
}

test_online_from_offline() {
	fails_everywhere "$device" "$fail_step" offline:online "${ids[@]}"
}

# With the attribute, unplugged and unbound are two different states.
test_online_from_unbound() {
	if has_attribute; then
		fails_everywhere "$device" "$fail_step" unbound:online "${ids[@]}"
	else
		skip 'unbound' 'the same as unplugged'
	fi
}

# With the attribute, daxhp does not look for holders.
test_unplug_with_a_holder() {
	if has_attribute; then
		skip 'a holder' 'the attribute is not affected'
		return
	fi
	daxhp online --movable "$device" >/dev/null
	start_rival bash -c "exec sleep 100000 7<>$memory/memory${ids[1]}/state"
	wait_until test -e "/proc/$!/fd/7"
	sees_holder 'of a block' "$device" online:unplugged $! "${ids[@]}"
}

run_tests
