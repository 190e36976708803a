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
	for us in $(quick_or_full 100 '100 1000 10000'); do
		# Not before both are there: daxhp gives up if a sysfs appears that it could not guard.
		start_holder running "${@:2}" "$us" "${ids[@]}"
		start_holder running "${@:2}" "$us" "${ids[@]}"
		# The fastest is the hardest.
		[ "$us" = 100 ] && n=$(quick_or_full 4 100) || n=34
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
	tried 'a new sysfs again and again' resist "$device" "$times" unplugged,online "${ids[@]}"
	stop_rivals
	never_wedged
}

test_rival_is_named() {
	if has_attribute; then
		skip 'named' 'the kernel does it all in one write, so no program can disturb'
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

# held_by NAME COMMAND...: a rival that has the files open from before. The attribute's write is the
# kernel's own affair, where nobody gets between.
held_by() {
	local name=$1
	shift
	start_holder held "$@" 1000 "${ids[@]}"
	if has_attribute; then
		tried "$name: the attribute is not affected" cycle "$device" "$(quick_or_full 1 100)" unplugged,online "${ids[@]}"
	else
		tried "$name: fails, names it, undone" held "$device" "$(quick_or_full 1 100)" rival "${ids[@]}"
	fi
	stop_rivals
}

test_files_kept_open() {
	held_by 'online' rival --keep --online
	held_by 'state in another sysfs' elsewhere rival --keep
	held_by 'online in another sysfs' elsewhere rival --keep --online
	held_by 'in a thread' rival --keep --thread
	held_by 'state' rival --keep
	if ! has_attribute; then
		start_holder held rival --keep 1000 "${ids[@]}"
		run daxhp unplug "$device"
		exits 1 'unplug'
		like "$err" 'Nothing was changed' 'says that nothing was changed'
		like "$err" 'rival \(pid [0-9]+\) has' 'says who'
		stop_rivals
	fi
	run daxhp unplug "$device"
	exits 0 'unplug once it is gone'
	agrees "$device" unplugged 'at the end'
	never_wedged
}

# in_no_mount COMMAND...: in a directory of a sysfs that nobody has mounted any more.
in_no_mount() {
	exec unshare --net --mount sh -c \
		'mount -t sysfs sysfs /mnt && cd /mnt/devices/system/memory && umount -l /mnt && echo inside && exec "$@"' sh "$@"
}

test_sysfs_without_mount() {
	if has_attribute; then
		skip 'a sysfs without a mount' 'the kernel does it all in one write'
		return
	fi
	start_holder inside in_no_mount sleep 1000
	refused 'a sysfs without a mount' 1 daxhp unplug "$device"
	like "$err" '/cwd: EXDEV' 'a sysfs without a mount: says where'
	stop_rivals
	run daxhp unplug "$device"
	exits 0 'unplug once it is gone'
	never_wedged
}

# Each write of a loop can be a program of its own.
test_thousands_of_rivals() {
	local n
	if has_attribute; then
		skip 'thousands of rivals' 'the kernel does it all in one write'
		return
	fi
	for n in 1 2 3 4; do
		start_rival forever sh -c "echo online_movable >$memory/memory${ids[$n]}/state"
	done
	fault MEM_GOING_OFFLINE -16
	run daxhp unplug --json --retry=4 "$device"
	no_faults
	stop_rivals
	exits 1 'thousands of rivals'
	at_most "${#err}" 1500 'thousands of rivals: bytes on standard error'
	like "$err" 'others were met [0-9]+ times' 'thousands of rivals: counts the others'
	json_like '.[0].rivals | length' '^32$' 'thousands of rivals: lists some'
	json_like '.[0].rivals_left_out' '^[1-9]' 'thousands of rivals: counts the others in JSON'
	agrees "$device" online_movable 'thousands of rivals'
}

forever() {
	while :; do "$@"; done
}

# chmem 2.38 says that it has --blocks, but has only -b. It reads valid_zones of each block, and Linux 6.12 crashes
# when that is read while the block is being added (it has no node yet). So no memory is added beside chmem.
test_chmem() {
	local i
	bind_kmem "$device" offline
	run chmem --enable --zone Movable -b "${ids[0]}-${ids[-1]}"
	is "$(states "$device" | awk '{ print $2 }' | sort -u)" online 'chmem can set the blocks online'
	for ((i = 0; i < times; i++)); do
		daxhp online --movable "$device" >/dev/null
		start_rival forever chmem --enable --zone Movable -b "${ids[0]}-${ids[-1]}"
		run daxhp unplug "$device"
		stop_rivals
		exits 0 'unplug with chmem in a loop'
		agrees "$device" unplugged 'unplug with chmem in a loop'
	done
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
