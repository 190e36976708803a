#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved --append=memmap=1G$256M --append=memmap=1664M!6G
#
# The samples that show memory on its own node, which the firmware set aside. The
# other nodes have little memory, so that a small program can fill them.

# shellcheck source=room.sh
. /vm/guest/room.sh
# shellcheck source=samples.sh
. /vm/guest/samples.sh

device=dax0.0
# Call this here. A subshell would forget the result.
has_attribute

# ---- the runbook ----

test_see() {
	block any runbook 'daxhp status -M' || return
	follow
}

test_add() {
	rmmod kmem || { skip 'add' 'kmem cannot be removed'; return; }
	block any runbook 'daxhp reconfigure --mode=system-ram -n dax0.0' || return
	follow
}

test_take_out() {
	block attribute runbook 'daxhp unplug dax0.0' 'Take it out for service' || return
	put unbound
	daxhp online --movable "$device" >/dev/null
	follow
}

test_bring_back() {
	block any runbook 'daxhp online --movable dax0.0' 'To bring the memory back' || return
	put online_movable
	daxhp unplug "$device" >/dev/null
	follow
}

# ---- no room ----

# fill_up: a program uses 700 MiB of the device, and another one so much that 609 MiB are free elsewhere.
fill_up() {
	local free
	put online_movable
	start_fill user anon 1 700
	echo 3 >/proc/sys/vm/drop_caches
	free=$(daxhp unplug --dry-run --force --json "$device" | jq '.[0].room.free / 1048576 | floor')
	start_fill bystander anon -1 $((free - 609))
}

# The bystander has inherited the pipe of the other program, which ends after it for this reason.
clear_up() {
	end_fill bystander
	end_fill user
}

test_no_room() {
	fill_up
	block any daxhp-unplug 'daxhp unplug dax0.0' 'than fits elsewhere' && follow
	block any runbook 'daxhp unplug dax0.0' 'When there is no room' && follow
	tell bystander 'free 400'
	block blocks runbook 'daxhp unplug -n dax0.0' && follow
	clear_up
}

# ---- explain ----

is_there() {
	grep -q there /run/started.out
}

test_explain() {
	block any daxhp-explain 'daxhp explain dax0.0' || return
	put online_movable
	follow 1
	huge_pages 1 12
	start obstruct reserve 1 8
	wait_until is_there
	follow
	stop
	huge_pages 1 0
}

test_explain_json() {
	block any daxhp-explain "daxhp explain -j dax0.0 | jq -r '.[0].processes[].comm'" || return
	put online_movable
	cp /usr/local/bin/obstruct /run/database
	start /run/database anon 1 100
	wait_until is_there
	follow
}

# ---- three devices. From here on, dax0.0 has no memory. ----

test_two_ranges() {
	device=''
	carve_region >/dev/null || bail_out 'the region cannot be split'
	block any daxhp-status 'daxhp status --mappings dax0.2' || return
	for device in dax0.1 dax0.2 dax0.3; do
		unbind "$device"
	done
	device=''
	follow
}

test_node() {
	block any daxhp 'daxhp status' 'all devices of a NUMA node' || return
	load_kmem
	bind_devdax dax0.1
	follow
}

# The last test: reset has looked at the last block, too.
test_nothing_is_lost() {
	never_wedged
}

run_tests
