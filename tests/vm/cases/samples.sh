#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem
#
# The samples of man pages, README and runbook that show a device of persistent
# memory are what daxhp prints.

# shellcheck source=samples.sh
. /vm/guest/samples.sh

device=dax0.0
# Call this here. A subshell would forget the result.
has_attribute
mapfile -t ids < <(blocks "$device")

take_offline() {
	local id
	for id; do
		echo offline >"$memory/memory$id/state"
	done
}

# open_by_sleep FILE: sleep has the file open, because the shell gave it to it.
open_by_sleep() {
	start sleep 1000 <>"$1"
}

# The rival has the name that stands in the pages.
start_onliner() {
	cp /usr/local/bin/rival /run/onliner
	start /run/onliner 100 "${ids[@]}"
	wait_until grep -q running /run/started.out
}

# ---- README ----

test_demo() {
	block any README 'daxhp status' 'The demo shows this' || return
	put offline
	follow
}

test_json() {
	block mainline-7.3 README 'daxhp status -j' || return
	put offline
	daxhp online --movable "$device" >/dev/null
	follow
}

# ---- daxhp(8) ----

test_no_command() {
	block any daxhp 'daxhp' || return
	put online_movable
	follow
}

test_for_a_script() {
	block any daxhp "daxhp status --json dax0.0 | jq -r '.[0].hotplug_state'" || return
	put online_movable
	follow
}

# ---- daxhp-online(8) ----

test_online() {
	block any daxhp-online 'daxhp online --movable dax0.0' 'leave new memory offline' || return
	put offline
	follow
}

test_online_one_block() {
	block any daxhp-online 'daxhp online --movable --dry-run dax0.0' 'Somebody took one' || return
	put online_movable
	take_offline 38
	follow
}

test_online_unbound() {
	block any daxhp-online 'daxhp online --movable --dry-run dax0.0' 'no driver' || return
	put unbound
	follow
}

test_online_untrue() {
	block any daxhp-online 'daxhp online --movable dax0.0' 'a fault was injected' || return
	put unbound
	fault MEM_GOING_ONLINE -12
	follow
}

# ---- daxhp-status(8) ----

test_status() {
	block any daxhp-status 'daxhp status' 'all of its memory online' || return
	put online_movable
	follow
}

test_status_old_word() {
	block attribute daxhp-status 'daxhp status' 'still has its old word' || return
	put unbound
	daxhp online --movable "$device" >/dev/null
	take_offline 38
	follow
}

test_status_json() {
	block debian-6.12 daxhp-status 'daxhp status --json --mappings dax0.0' || return
	put online_movable
	follow
}

test_status_which() {
	block any daxhp-status "daxhp status -j | jq -r '.[] | select(.hotplug_state == \"inconsistent\") | .chardev'" || return
	put online_movable
	take_offline 38
	follow
}

# ---- daxhp-unplug(8) ----

test_unplug() {
	block any daxhp-unplug 'daxhp unplug dax0.0' 'On Linux 7.3' || return
	put online_movable
	follow
}

test_unplug_steps() {
	block blocks daxhp-unplug 'daxhp unplug --dry-run dax0.0' || return
	put online_movable
	follow
}

test_unplug_rival() {
	block blocks daxhp-unplug 'daxhp unplug --verbose dax0.0 >/dev/null' || return
	put online_movable
	start_onliner
	follow
}

test_unplug_json() {
	block blocks daxhp-unplug 'daxhp unplug --json dax0.0 2>/dev/null' || return
	put online_movable
	fault MEM_GOING_OFFLINE -16
	follow
}

# ---- daxhp-reconfigure(8) ----

test_reconfigure() {
	block blocks daxhp-reconfigure 'daxhp reconfigure --mode=system-ram --movable dax0.0' || return
	put devdax
	follow
}

test_reconfigure_open() {
	block any daxhp-reconfigure 'daxhp reconfigure --mode=system-ram dax0.0' || return
	put devdax
	open_by_sleep "/dev/$device"
	follow
}

test_reconfigure_steps() {
	block blocks daxhp-reconfigure 'daxhp reconfigure --kernel --dry-run dax0.0' || return
	put online_movable
	follow
}

# ---- the runbook ----

test_to_movable() {
	block attribute runbook 'daxhp online --movable dax0.0' "Move it from the kernel's zone" || return
	put unbound
	daxhp online --kernel "$device" >/dev/null 2>&1
	follow
}

test_zone_of_the_policy() {
	block attribute runbook 'daxhp status' "by its own default" || return
	set_policy online
	bind_kmem "$device" online
	follow
}

test_to_an_application() {
	block any runbook 'daxhp reconfigure --mode=devdax dax0.0' || return
	put online_movable
	follow
}

test_open_device() {
	block any runbook 'daxhp reconfigure --mode=system-ram --movable dax0.0' 'Now back to system RAM' || return
	put devdax
	open_by_sleep "/dev/$device"
	follow
	block any runbook 'daxhp reconfigure --mode=system-ram --movable dax0.0' 'When the process has ended' || return
	stop
	follow
}

test_unplug_fails() {
	block blocks runbook 'daxhp unplug dax0.0' 'When unplug fails' || return
	put online_movable
	fault MEM_GOING_OFFLINE -16
	follow
}

test_does_not_end() {
	block blocks runbook 'daxhp unplug --retry=3 --timeout=5 dax0.0' || return
	put online_movable
	start pin
	wait_until grep -q pinned /run/started.out
	follow 1
	stop
	follow
}

test_partly_done() {
	block blocks runbook 'daxhp reconfigure --movable dax0.0' 'Exit status 64' || return
	put online_kernel
	fault MEM_GOING_ONLINE -12
	follow 1
	no_faults
	follow
}

test_onliner() {
	block blocks runbook 'daxhp unplug -v dax0.0' || return
	put online_movable
	start_onliner
	follow
}

test_open_block() {
	block blocks runbook 'daxhp unplug dax0.0' "Another program has a block's file open" || return
	put online_movable
	open_by_sleep "$memory/memory40/state"
	follow
}

test_single_blocks() {
	block attribute runbook 'daxhp status' 'Somebody has changed single blocks' || return
	put unbound
	daxhp online --movable "$device" >/dev/null
	take_offline 38
	follow
}

test_killed_reconfigure() {
	block any runbook 'daxhp status' 'moved a device from system RAM to devdax' || return
	put online_movable
	killed_at "$dax_bus/drivers/device_dax/bind" daxhp reconfigure --mode=devdax "$device"
	follow
}

test_killed_policy() {
	block any runbook 'daxhp status' "had changed the machine's policy" || return
	put unbound
	killed_at "$dax_bus/drivers/kmem/bind" daxhp online --movable "$device"
	follow
}

test_killed_unplug() {
	block blocks runbook 'daxhp status dax0.0' 'is killed, it has changed some blocks' || return
	put online_movable
	take_offline "${ids[@]:9}"
	follow
}

test_on_blocks() {
	block blocks runbook 'daxhp online --movable dax0.0' 'the same commands on three kernels' || return
	put offline
	follow
}

test_on_7_3() {
	block mainline-7.3 runbook 'daxhp status' "On 7.3, " || return
	put offline
	daxhp online --movable "$device" >/dev/null
	take_offline 38
	follow 1
	daxhp unplug "$device" >/dev/null
	follow
}

test_on_patched() {
	block patched-6.12 runbook 'daxhp status' 'On 6.12 with the patches' || return
	put offline
	daxhp online --movable "$device" >/dev/null
	take_offline 38
	follow
}

# The last test: reset has looked at the last block, too.
test_nothing_is_lost() {
	never_wedged
}

run_tests
