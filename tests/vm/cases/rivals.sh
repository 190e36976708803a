#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem
#
# Others set the device's blocks online while daxhp takes them away: a loop as
# fast as it can be, one that has the files open, chmem, daxctl, udevd.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
times=$(quick_or_full 3 100)
# daxhp leaves no other way to unplug than by unbinding, so bind it once by hand.
bind_kmem "$device" offline || bail_out "cannot bind $device"
mapfile -t ids < <(blocks "$device")

reset() {
	stop_rivals
	take_away "$device"
	daxhp online --movable "$device" >/dev/null
}

test_no_rival() {
	tried 'unplug and online' cycle "$device" "$(quick_or_full 3 100)" unplugged,online "${ids[@]}"
	never_wedged
}

# two_rivals NAME COMMAND...: two of the command with a pause of each length, before the blocks.
two_rivals() {
	local us n
	for us in 100 1000 10000; do
		start_rival "${@:2}" "$us" "${ids[@]}"
		start_rival "${@:2}" "$us" "${ids[@]}"
		# The fastest is the hardest.
		[ "$us" = 100 ] && n=$(quick_or_full 10 100) || n=$times
		tried "$1, every $us us" cycle "$device" "$n" unplugged,online "${ids[@]}"
		stop_rivals
	done
	never_wedged
}

test_two_rivals() {
	two_rivals 'state' rival
}

# The driver core's own file for a device that can go offline: it takes 1 and 0.
test_two_rivals_online_file() {
	two_rivals 'online' rival --online
}

# elsewhere COMMAND...: with a sysfs of another network namespace, whose files have other inodes.
elsewhere() {
	exec unshare --net --mount sh -c 'mount -t sysfs sysfs /sys && exec "$@"' sh "$@"
}

test_two_rivals_elsewhere() {
	two_rivals 'state in another sysfs' elsewhere rival
	two_rivals 'online in another sysfs' elsewhere rival --online
}

# Each of its rounds is in a sysfs that was not there before.
ever_elsewhere() {
	while :; do
		(elsewhere timeout 0.2 rival "$@")
	done
}

test_ever_another_sysfs() {
	start_rival ever_elsewhere 1000 "${ids[@]}"
	tried 'ever another sysfs' resist "$device" "$times" unplugged,online "${ids[@]}"
	stop_rivals
	never_wedged
}

test_rival_is_named() {
	if has_attribute; then
		skip 'named' 'the kernel does it all in one write, where nobody gets between'
		return
	fi
	start_rival rival 100 "${ids[@]}"
	run daxhp unplug -v "$device"
	exits 0 'unplug -v'
	like "$err" 'rival \(pid [0-9]+\) was kept off' 'names it'
	daxhp online --movable "$device" >/dev/null
	run daxhp unplug --json "$device"
	exits 0 'unplug --json'
	json_like '.[0].rivals[0] | "\(.comm) \(.denied)"' '^rival [1-9]' 'names it in JSON'
	stop_rivals
	never_wedged
}

# has_all_states_open PID: the state files of all blocks.
has_all_states_open() {
	local fd
	[ "$(for fd in "/proc/$1/fd/"*; do readlink "$fd"; done | grep -c '/state$')" = "${#ids[@]}" ]
}

# The attribute's write is the kernel's own affair, where nobody gets between.
test_files_kept_open() {
	start_rival rival --keep 1000 "${ids[@]}"
	wait_until has_all_states_open $!
	if has_attribute; then
		tried 'the attribute does not mind' cycle "$device" "$times" unplugged,online "${ids[@]}"
	else
		tried 'fails, names it, undone' held "$device" "$(quick_or_full 3 100)" rival "${ids[@]}"
		run daxhp unplug "$device"
		exits 1 'unplug'
		like "$err" 'Nothing was changed' 'says how things stand'
		like "$err" 'rival \(pid [0-9]+\) has' 'says who'
		stop_rivals
		run daxhp unplug "$device"
		exits 0 'unplug once it is gone'
		agrees "$device" unplugged 'at the end'
	fi
	never_wedged
}

forever() {
	while :; do "$@"; done
}

test_chmem() {
	start_rival forever chmem --enable --zone Movable --blocks "${ids[0]}-${ids[-1]}"
	tried 'chmem in a loop' cycle "$device" "$times" unplugged,online "${ids[@]}"
	never_wedged
}

test_daxctl() {
	start_rival forever daxctl online-memory "$device"
	tried 'daxctl online-memory in a loop' cycle "$device" "$times" unplugged,online "${ids[@]}"
	never_wedged
}

# As RHEL and SUSE have it, and for offline events, too.
test_udevd() {
	local udevd=/usr/lib/systemd/systemd-udevd
	take_away "$device"
	echo 'SUBSYSTEM=="memory", ACTION=="add|change|offline", ATTR{state}=="offline", ATTR{state}="online_movable"' \
		>/etc/udev/rules.d/10-rival.rules
	"$udevd" --daemon >/run/udevd.log 2>&1
	udevadm control --ping --timeout=30 || bail_out "udevd did not start: $(</run/udevd.log)"
	bind_kmem "$device" offline
	udevadm settle --timeout=30
	is "$(raw_word "$device")" online_movable 'the rule is at work'
	tried 'udevd' cycle "$device" "$times" unplugged,online "${ids[@]}"
	udevadm control --exit
	rm -f /etc/udev/rules.d/10-rival.rules
	never_wedged
}

run_tests
