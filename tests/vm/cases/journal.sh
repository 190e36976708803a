#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem:640M
# vm: --file=/lib/systemd/systemd-journald:/lib/systemd/ --file=/usr/bin/journalctl:/usr/bin/
# vm: --file=/usr/lib/x86_64-linux-gnu/libsystemd.so.0:/usr/lib/x86_64-linux-gnu/
#
# What daxhp writes to the journal of systemd, and to syslog where there is none. The journal is
# the real one.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
modprobe -q device_dax
mapfile -t ids < <(blocks "$device")
changed=39e45e7dee754dd0a14bc2b2501e1cb7
undone=aeb7e0dc189d4555a953ca5180333c15
repaired=2011089c4e804763a34ef26e50f26c90

tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id
mkdir -p /run/systemd/journal /run/log/journal
# journald wants to know the control group of each sender.
mount -t cgroup2 none /sys/fs/cgroup
/lib/systemd/systemd-journald &
journald=$!
wait_until test -S /run/systemd/journal/socket || bail_out 'journald does not start'

reset() {
	no_faults
	stop_rivals
	take_away "$device"
	since
}

# since: from now on the entries count.
since() {
	journalctl --sync
	cursor=$(journalctl -n 1 -o json | jq -r .__CURSOR)
}

# entries FILTER: what jq makes of each entry of daxhp since then. With -t, journalctl 252 leaves out the first one.
entries() {
	journalctl --sync
	journalctl --after-cursor="$cursor" -o json | jq -c "select(.SYSLOG_IDENTIFIER == \"daxhp\") | $1"
}

entry='[.MESSAGE_ID, .PRIORITY, .DAXHP_DEVICE, .DAXHP_FROM, .DAXHP_TO, .ERRNO]'

test_changed() {
	run daxhp online "$device"
	exits 0 "online"
	is "$(entries "$entry")" "[\"$changed\",\"5\",\"$device\",\"unplugged\",\"online_movable\",null]" 'online'
	is "$(entries .MESSAGE)" "\"$device: online: it was unplugged, it is online_movable now.\"" 'online: a sentence'
	# Not _COMM: journald reads it from /proc, and daxhp may have ended by then.
	is "$(entries '[._UID, .DAXHP_RIVALS]')" '["0",null]' 'online: who'
	since
	run daxhp reconfigure --mode=devdax "$device"
	is "$(entries "$entry")" "[\"$changed\",\"5\",\"$device\",\"online_movable\",\"devdax\",null]" 'reconfigure'
}

test_nothing_changed() {
	daxhp online "$device" >/dev/null
	since
	run daxhp online "$device"
	run daxhp unplug -n "$device"
	run daxhp status
	run daxhp online --kernel "$device"
	exits 1 'refused'
	is "$(entries .)" '' 'no entry'
}

test_undone() {
	daxhp online "$device" >/dev/null
	since
	fault MEM_GOING_OFFLINE -16
	run daxhp unplug "$device"
	no_faults
	exits 1 'unplug fails'
	is "$(entries "$entry")" "[\"$undone\",\"4\",\"$device\",\"online_movable\",\"online_movable\",\"16\"]" 'undone'
	is "$(entries .MESSAGE | jq -r .)" "${err#daxhp: }" 'undone: the sentence that was printed'
}

test_rivals() {
	if has_attribute; then
		skip 'rivals' 'with the attribute there are none'
		return
	fi
	daxhp online "$device" >/dev/null
	since
	start_rival rival 100 "${ids[@]}"
	run daxhp unplug "$device"
	like "$(entries .DAXHP_RIVALS)" '"rival \(pid [0-9]+\) was kept off its memory blocks [0-9]+ times?"' 'rivals'
}

test_repaired() {
	local drivers=$dax_bus/drivers
	bind_devdax "$device"
	load_kmem
	# Killed when it binds: it has changed the policy, and the device has no driver.
	run strace -f -o /run/strace.log -P "$drivers/kmem/bind" -P "$drivers/kmem/new_id" \
		-e inject=write,pwrite64:signal=KILL:when=1 daxhp reconfigure --mode=system-ram --movable "$device"
	since
	run daxhp unplug "$device"
	is "$(entries "select(.MESSAGE_ID == \"$repaired\") | .MESSAGE" | jq -r .)" \
		"$(sed -n 's/^daxhp: \(restored.*\)/\1/p' <<<"$err")" 'repaired: the sentences that were printed'
	is "$(entries "select(.MESSAGE_ID == \"$repaired\" and .DAXHP_DEVICE) | $entry")" \
		"[\"$repaired\",\"5\",\"$device\",null,\"devdax\",null]" 'repaired: the device'
}

test_syslog() {
	kill "$journald"
	wait "$journald"
	rm -r /run/systemd/journal
	busybox syslogd -n -O /run/messages &
	wait_until test -S /dev/log
	run daxhp online "$device"
	exits 0 'no journal'
	wait_until grep -q daxhp /run/messages
	like "$(</run/messages)" "daemon\.notice daxhp\[[0-9]+\]: $device: online: it was unplugged, it is online_movable now\." 'syslog has it'
	kill $!
	rm -f /dev/log
	run daxhp unplug "$device"
	exits 0 'neither journal nor syslog'
	is "$err" '' 'neither: no word about it'
}

run_tests
