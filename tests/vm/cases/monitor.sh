#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem
#
# daxhp monitor and daxhp wait: what they say of changes that daxhp, daxctl, chmem and a shell make. Another
# program looks at /sys meanwhile, as fast as it can, and its record is compared with the lines.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"
mapfile -t ids < <(blocks "$device")
lines=/run/monitor.json

reset() {
	stop_all
	no_faults
	take_away "$device"
}

stop_all() {
	stop_rivals
	stop_monitor
}

# start_monitor: in JSON. Returns when it has said how the device is.
start_monitor() {
	daxhp monitor -j >"$lines" 2>/run/monitor.err &
	monitor_pid=$!
	wait_until has_lines 1
}

stop_monitor() {
	[ -n "${monitor_pid:-}" ] || return 0
	kill "$monitor_pid" 2>/dev/null
	rc=0
	wait "$monitor_pid" || rc=$?
	monitor_pid=
}

has_lines() {
	[ "$(wc -l <"$lines")" -ge "$1" ]
}

# said: the lines, as "EVENT FROM TO" with modes where the state is null; one sentence for each.
said() {
	jq -r '"\(.event) \(.from // .from_mode // "-") \(.to // .to_mode // "-")"' "$lines"
}

# settle: no line comes any more.
settle() {
	local before=-1 now
	now=$(wc -l <"$lines")
	while [ "$before" != "$now" ]; do
		before=$now
		sleep 3
		now=$(wc -l <"$lines")
	done
}

# changes NAME FROM TO COMMAND...: the command is one change.
changes() {
	local name=$1 from=$2 to=$3 before
	shift 3
	before=$(wc -l <"$lines")
	"$@" >/run/change.out 2>&1 || diag "$* failed: $(</run/change.out)"
	timeout 20 sh -c "until [ \$(wc -l <$lines) -gt $before ]; do sleep 0.2; done"
	settle
	is "$(said | tail -n +$((before + 1)))" "changed $from $to" "$name: one line"
}

keep_lines() {
	local line
	while IFS= read -r line; do
		keep_document 'daxhp monitor -j' "$line"
	done <"$lines"
}

write_blocks() {
	local n
	for n in "${ids[@]}"; do
		echo "$1" >"$memory/memory$n/state"
	done
}

by_shell_with_a_stop() {
	local n
	for n in "${ids[@]:0:5}"; do
		echo offline >"$memory/memory$n/state"
	done
}

test_each_tool() {
	bind_kmem "$device" offline
	start_monitor
	is "$(said)" 'found - offline' 'the state now'
	changes 'daxhp online' offline online_movable daxhp online --movable "$device"
	like "$(jq -r '.by | "\(.comm) \(.pid)"' "$lines" | tail -n 1)" '^daxhp [0-9]+$' 'daxhp online: who'
	changes 'daxhp unplug' online_movable unplugged daxhp unplug "$device"
	bind_kmem "$device" offline
	settle
	keep_lines
	stop_monitor
	is "$rc" 0 'SIGTERM: exit status'
	is "$(</run/monitor.err)" '' 'nothing on standard error'
}

test_others() {
	bind_kmem "$device" offline
	daxhp online --movable "$device" >/dev/null
	start_monitor
	is "$(said)" 'found - online_movable' 'the state now'
	if has_attribute; then
		changes 'the attribute' online_movable unplugged eval "echo unplugged >'$(attribute_file "$device")'"
		changes 'the attribute' unplugged online_movable eval "echo online_movable >'$(attribute_file "$device")'"
		changes 'a shell' online_movable inconsistent write_blocks offline
		changes 'a shell and back' inconsistent online_movable write_blocks online_movable
	else
		changes 'a shell' online_movable offline write_blocks offline
		changes 'chmem' offline online_movable chmem --enable --zone Movable -b "${ids[0]}-${ids[-1]}"
		changes 'chmem' online_movable offline chmem --disable -b "${ids[0]}-${ids[-1]}"
		changes 'daxctl' offline online_movable daxctl online-memory "$device"
	fi
	changes 'some blocks' online_movable inconsistent by_shell_with_a_stop
	is "$(jq -c '[.online_memblocks, .total_memblocks, .by]' "$lines" | tail -n 1)" '[10,15,null]' 'some blocks: how many'
	keep_lines
}

# ---- held against a record of /sys ----

# What daxhp calls a picture of the recorder: driver, the attribute's word, the state of the blocks.
words='
function word_of(driver, attribute, state) {
	if (state == "unseen")
		return "?"
	if (driver == "device_dax")
		return "devdax"
	if (driver != "kmem")
		return state == "unplugged" ? "unbound unplugged" : "unbound inconsistent"
	if (attribute == "-" || attribute == state || (attribute == "online" && state == "online_movable"))
		return state == "online_kernel" && attribute != state ? "online" : state
	return "inconsistent"
}'

# compare NAME: each line was so, no line comes twice, and what stood for a while is what the last line says.
compare() {
	jq -r '"\(.time) \(if .to == null then .to_mode elif .to_mode == "unbound" then "unbound \(.to)" else .to end)"' \
		"$lines" >/run/said
	awk "$words"'
	FNR == NR {
		n++
		first[n] = $1
		last[n] = $2
		word[n] = word_of($3, $4, $5)
		next
	}
	{
		time[++m] = $1
		said[m] = $2 ($3 ? " " $3 : "")
		if (m > 1 && said[m] == said[m - 1])
			print "said twice: line " m " " said[m]
		for (i = 1; i <= n; i++)
			if (word[i] == said[m] && first[i] <= $1 + 3 && last[i] >= $1 - 3)
				next
		if (m > 1)
			print "never so: line " m " " said[m] " at " $1
	}
	END {
		for (i = 1; i <= n; i++) {
			if (last[i] - first[i] < 5 || word[i] == "?")
				continue
			n_long++
			for (k = m; k > 1 && time[k] > last[i]; k--)
				;
			if (said[k] != word[i])
				print "from " first[i] " to " last[i] " it was " word[i] ", and the last line said " said[k]
		}
		print "# " n " pictures, of them " n_long + 0 " for 5 s or more; " m " lines" >"/dev/stderr"
	}' /run/record /run/said >/run/wrong 2>/run/compared
	is "$(head -n 20 /run/wrong)" '' "$1"
	diag "$(</run/compared)"
	[ -s /run/wrong ] && diag "$(tail -n 30 /run/record; echo; tail -n 30 /run/said)"
	like "$(</run/compared)" 'of them [1-9]' "$1: there was something to compare"
}

some_blocks() {
	local n
	for n in "${ids[@]}"; do
		[ $((RANDOM % 3)) != 0 ] || echo "$1" >"$memory/memory$n/state"
	done
}

by_attribute() {
	local file
	file=$(attribute_file "$device") || return 0
	echo "$1" >"$file"
}

# One random change, or an attempt at one.
change_something() {
	local block=$memory/memory${ids[0]} zones='online_movable online_kernel'
	case $((RANDOM % 13)) in
	0 | 1 | 2) daxhp online --movable "$device" ;;
	3 | 4) daxhp unplug "$device" ;;
	5) [ ! -e "$block" ] || write_blocks offline ;;
	6) [ ! -e "$block" ] || write_blocks online_movable ;;
	7) [ ! -e "$block" ] || some_blocks offline ;;
	8) [ ! -e "$block" ] || some_blocks online_movable ;;
	9) chmem --disable -b "${ids[0]}-${ids[-1]}" ;;
	10) daxctl online-memory "$device" ;;
	11) by_attribute unplugged ;;
	12) by_attribute online_movable ;;
	esac
}

# compared NAME TIMES: so many random changes.
compared() {
	local i
	bind_kmem "$device" offline
	RANDOM=${seed:-20}
	recorder "$device" "${ids[@]}" >/run/record &
	recorder_pid=$!
	start_monitor
	for ((i = 0; i < $2; i++)); do
		change_something >/run/changes.log 2>&1
		sleep $((RANDOM % 9))
	done
	settle
	sleep 6
	kill "$recorder_pid"
	wait "$recorder_pid"
	compare "$1"
	stop_monitor
	keep_lines
}

test_random() {
	compared 'random changes' "$(quick_or_full 8 300)"
	never_wedged
}

test_random_with_rivals() {
	local us
	bind_kmem "$device" offline
	for us in 1000 20000; do
		start_holder running rival "$us" "${ids[@]}"
	done
	compared 'random changes, two rivals' "$(quick_or_full 6 700)"
	stop_rivals
	never_wedged
}

# ---- wait ----

test_wait() {
	run daxhp online --movable "$device"
	(sleep 2; daxhp unplug "$device" >/run/unplug.out 2>&1) &
	run daxhp wait --timeout=60 --state=unplugged "$device"
	wait $!
	exits 0 'wait for unplugged'
	is "$(raw_word "$device")" unplugged 'and so it is'
	run daxhp wait --timeout=2 --state=online "$device"
	exits 1 'wait in vain'
	(sleep 1; daxhp online --movable "$device" >/dev/null 2>&1) &
	run daxhp wait --timeout=60 --state=online -j "$device"
	wait $!
	exits 0 'wait for online'
	json_is '.[0].hotplug_state' online_movable 'wait -j'
}

# A wait looks when the kernel sends an event, and at no other time.
test_wait_does_not_poll() {
	local before after
	run daxhp online --movable "$device"
	daxhp wait --timeout=100 --state=unplugged "$device" &
	sleep 5
	before=$(awk '/ctxt_switches/ { n += $2 } END { print n }' /proc/$!/status)
	sleep 10
	after=$(awk '/ctxt_switches/ { n += $2 } END { print n }' /proc/$!/status)
	is "$((after - before))" 0 'times that it ran in ten seconds'
	kill $!
	wait $!
}

test_hundred_waits() {
	local i pids=() failed=0
	run daxhp online --movable "$device"
	for ((i = 0; i < 100; i++)); do
		daxhp wait --timeout=300 --state=unplugged "$device" &
		pids+=($!)
	done
	sleep 20
	is "$(jobs -r | wc -l)" 100 'a hundred wait'
	run daxhp unplug "$device"
	exits 0 'unplug meanwhile'
	for i in "${pids[@]}"; do
		wait "$i" || failed=$((failed + 1))
	done
	is "$failed" 0 'all of them have seen it'
}

# ---- very many events ----

# send N: that many events of a block, without a change.
send() {
	local i
	exec 8>"$memory/memory${ids[0]}/uevent"
	for ((i = 0; i < $1; i++)); do
		echo online >&8
	done
	exec 8>&-
}

resident() {
	awk '/^VmRSS/ { print $2 }' "/proc/$monitor_pid/status"
}

descriptors() {
	local all=(/proc/"$monitor_pid"/fd/*)
	echo ${#all[@]}
}

test_million_events() {
	local number before fds
	number=$(quick_or_full 20000 1000000)
	run daxhp online --movable "$device"
	start_monitor
	settle
	send $((number / 10))
	settle
	before=$(resident) fds=$(descriptors)
	send "$number"
	settle
	is "$(said)" 'found - online_movable' "$number events that change nothing: no line"
	at_most $(($(resident) - before)) 64 'KiB more memory than before'
	is "$(descriptors)" "$fds" 'as many descriptors as before'
	changes 'and then a change' online_movable unplugged daxhp unplug "$device"
}

# The kernel drops events when nobody takes them.
test_lost_events() {
	run daxhp online --movable "$device"
	daxhp monitor -j -vv >"$lines" 2>/run/monitor.err &
	monitor_pid=$!
	wait_until has_lines 1
	settle
	kill -STOP "$monitor_pid"
	send 40000
	run daxhp unplug "$device"
	kill -CONT "$monitor_pid"
	wait_until has_lines 2
	settle
	is "$(said | tail -n +2)" 'changed online_movable unplugged' 'the change, once'
	like "$(</run/monitor.err)" 'events were lost' 'events were lost'
	stop_monitor
}

run_tests
