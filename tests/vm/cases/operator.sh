#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved
#
# What an operator types first, and what daxhp says then.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=$(compgen -G "$dax_bus/devices/dax*" | head -n 1)
device=${device##*/}
modprobe -q device_dax
set_policy offline
base_policy=offline

reset() {
	no_faults
	set_policy "$base_policy"
	take_away "$device"
}

# ---- where memory goes when nobody names a zone ----

test_default_zone() {
	local command
	for base_policy in offline online online_movable; do
		set_policy "$base_policy"
		for command in online 'reconfigure --mode=system-ram'; do
			# shellcheck disable=SC2086
			run daxhp $command "$device"
			exits 0 "$command, policy $base_policy"
			is "$err" '' "$command, policy $base_policy: no note"
			agrees "$device" online_movable "$command, policy $base_policy"
			take_away "$device"
		done
	done
	base_policy=offline
}

# ---- errors have their own words ----

test_full_disk() {
	local arguments
	for arguments in '' status 'status -j' 'online -n'; do
		# shellcheck disable=SC2086
		err=$(daxhp $arguments ${arguments:+"$device"} 2>&1 >/dev/full)
		like "$err" 'No space left on device\.$' "daxhp $arguments >/dev/full"
	done
}

# ---- another daxhp is at work ----

test_status_meanwhile() {
	local pid
	bind_kmem "$device" offline
	held_up delay_enter=6000000:when=1 daxhp online --movable "$device"
	pid=$(<"/run/daxhp/$device.lock")
	run daxhp status
	is "$err" "daxhp: note: $device: another daxhp (pid $pid) is at work on it." 'status: who is at work'
	run daxhp status -j
	is "$err" '' 'JSON: no note'
	json_is ".[0] | .hotplug_state == \"offline\" or [.busy.pid, .busy.comm, .hotplug_state] == [$pid, \"daxhp\", null]" \
		true 'JSON: never inconsistent, and who is at work'
	let_go
	exits 0 'the other one gets done'
	run daxhp status -j
	json_is '.[0] | "\(.busy) \(.hotplug_state)"' 'null online_movable' 'JSON: nobody is at work'
}

# ---- unbound by somebody else in the middle of an unplug ----

# has_begun: some memory is offline.
has_begun() {
	look_mem_total
	[ "$now_mem_total" -lt "$start" ]
}

unbound_meanwhile() {
	local start
	run daxhp online "$device"
	look_mem_total
	start=$now_mem_total
	held_up delay_enter=500000 daxhp unplug -j "$device"
	wait_until has_begun
	unbind "$device"
	let_go
	exits 64 'unbound in the middle'
	look "$device"
	like "$err" "memory[0-9]+, memory[0-9]+, memory[0-9]+, memory[0-9]+ and [0-9]+ more are not as before\. The device is wedged now; only a reboot takes its memory away\." \
		'the blocks are named, and what is so now'
	json_is '.[0].error.stuck_blocks | length' "$((now_offline + now_absent))" 'and all of them are in the JSON'
}

kernel_zone() {
	base_policy=online_kernel
	set_policy "$base_policy"
	run daxhp online "$device"
	exits 0 'online, policy online_kernel'
	like "$err" "^daxhp: note: $device: its memory is in a zone for kernel memory: it may not come out again before a reboot\.$" \
		'online, policy online_kernel: a note'
	agrees "$device" online_kernel 'online, policy online_kernel'
	run daxhp status
	like "$err" "^daxhp: note: $device: its memory is in a zone for kernel memory, .*memhp_default_state=online_movable" \
		'status: how it came there, and how it gets out'
}

# The end of the case, in one test: after each of the two the memory may stay until a reboot. Only a kernel
# without the attribute can be disturbed in the middle.
test_what_may_stay() {
	if has_attribute; then
		kernel_zone
	else
		unbound_meanwhile
	fi
}

run_tests
