#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem-slow-disk
#
# Signals, the end of --timeout, a second daxhp, missing rights and missing places.
# After any of them, the change is done, or everything is as before.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"
mapfile -t ids < <(blocks "$device")

reset() {
	stop_rivals
	no_faults
	take_away "$device"
	daxhp online --movable "$device" >/dev/null
}

test_signals() {
	tried 'SIGINT' signal "$device" "$(quick_or_full 8 200)" unplugged,online 2 1 "${ids[@]}"
	tried 'SIGTERM' signal "$device" "$(quick_or_full 3 50)" unplugged,online 15 2 "${ids[@]}"
	tried 'SIGHUP' signal "$device" "$(quick_or_full 3 50)" unplugged,online 1 3 "${ids[@]}"
	tried 'SIGKILL' signal "$device" "$(quick_or_full 5 50)" unplugged,online 9 4 "${ids[@]}"
	never_wedged
}

# While daxhp is stopped, programs that look at the blocks do not hang. Afterwards daxhp continues.
test_stopped() {
	tried 'Ctrl-Z and fg' stop "$device" "$(quick_or_full 3 20)" unplugged,online 6 "${ids[@]}"
	never_wedged
}

# When a process gets SIGSTOP, the kernel ends its offline write. That must not cancel daxhp.
test_stopped_with_the_lock() {
	local pid rc_first=0
	start_holder pinned pin || { fail 'pages can be pinned' "$(</run/holder.out)"; return; }
	daxhp unplug --timeout=120 "$device" >/run/first.out 2>&1 &
	pid=$!
	wait_until is_locked_by "$pid"
	sleep 1
	kill -STOP "$pid"
	run daxhp unplug "$device"
	exits 1 'another one fails'
	like "$err" "pid $pid\) .* stopped .*kill -CONT $pid" 'and says that it waits for one that is stopped'
	one_sentence 'in one sentence'
	kill -CONT "$pid"
	sleep 1
	ok 'continued, it goes on' kill -0 "$pid"
	stop_rivals
	wait "$pid" || rc_first=$?
	is "$rc_first" 0 'and does its work'
	agrees "$device" unplugged 'continued'
}

# done_in_a_storm MICROSECONDS
done_in_a_storm() {
	run storm "$device" 20 "$1"
	exits 0 "others' signals every $1 us: unplugged and online twenty times"
	diag "$out"
	never_wedged
}

# A program has its own signals. They must not end the work of the library.
test_other_signals() {
	done_in_a_storm 10000
	done_in_a_storm 1000
	agrees "$device" online_movable 'in the end'
}

# A child has copies of the lock and of the blocks' files. It runs no program, so close-on-exec does not help.
test_children() {
	run timeout 120 storm "$device" children "$(quick_or_full 2 10)"
	exits 0 'children that do not end: unplugged and online again and again'
	diag "$out"
	agrees "$device" online_movable 'children that do not end'
	never_wedged
}

# No signal comes from outside, and the memory does not go offline.
test_cancelled_by_a_thread() {
	start_holder pinned pin || { fail 'pages can be pinned' "$(</run/holder.out)"; return; }
	run timeout 60 storm "$device" cancel
	exits 0 'cancelled by another thread: stops and undoes'
	diag "$out"
	agrees "$device" online_movable 'cancelled by another thread'
	stop_rivals
}

test_second_signal() {
	tried 'SIGINT twice' twice "$device" "$(quick_or_full 6 100)" unplugged,online 2 5 "${ids[@]}"
	never_wedged
}

# is_taken PID SIGNAL: one thread of the process has received the signal.
is_taken() {
	local mask
	mask=$(sed -n 's/^ShdPnd:\t*/0x/p' "/proc/$1/status") && ! (((mask >> ($2 - 1)) & 1))
}

# eight_gone: eight blocks less than full_total. While the guard is up, a test cannot read the states.
eight_gone() {
	look_mem_total
	[ $((full_total - now_mem_total)) -ge $((8 * now_block_size / 1024)) ]
}

# Every write takes some time, so that a signal can reach the undo. While the first signal is
# pending, a second one would be lost. It is pending until the current write ends.
test_second_signal_while_undoing() {
	local pid
	if has_attribute; then
		skip 'while undoing' 'the undo is one write of the kernel'
		return
	fi
	snapshot
	before=$now_snapshot
	full_total=$(mem_total)
	held_up delay_enter=300000 daxhp unplug --json "$device"
	wait_until eight_gone
	read -r pid <"/run/daxhp/$device.lock"
	kill -TERM "$pid"
	wait_until is_taken "$pid" 15
	kill -TERM "$pid"
	let_go
	exits 1 'exit status'
	like "$err" 'stopping already' 'the second is acknowledged'
	like "$err" 'stopped by SIGTERM' 'says why'
	like "$err" 'Nothing was changed' 'says that nothing was changed'
	unchanged "$before" 'all undone'
}

# online_cut_short: the kernel brings half of the blocks online and reports success. Then a signal
# comes after the write, and daxhp undoes it. 1 when the fault came too late, so all went well.
online_cut_short() {
	local pid watcher
	daxhp unplug "$device" >/dev/null
	fault MEM_GOING_ONLINE 0
	: >/run/watching
	fault_after 5 MEM_GOING_ONLINE -12 &
	watcher=$!
	held_up delay_exit=1000000:when=1 daxhp online --movable "$device"
	read -r pid <"/run/daxhp/$device.lock"
	wait_until is_refused
	rm -f /run/watching
	wait "$watcher"
	kill -TERM "$pid"
	let_go
	no_faults
	[ "$rc" != 0 ]
}

is_refused() {
	[ "$(<"$faults/MEM_GOING_ONLINE/error")" = -12 ]
}

# daxhp then sends itself a signal every tenth of a second. To take the blocks away again takes
# longer than that. Only on a kernel that reports success for half of the blocks, daxhp undoes them.
test_undo_outlasts_ticks() {
	local try
	if ! has_attribute; then
		skip 'a long undo' 'no write takes that long'
		return
	fi
	for ((try = 0; try < 10; try++)); do
		! online_cut_short || break
	done
	exits 1 'a long undo: comes to its end'
	is "$(grep -c EINTR /run/strace.log)" 0 'a long undo: no write of it is interrupted'
	agrees "$device" unplugged 'a long undo: all undone'
}

# Nobody reads the output. daxhp must not stop halfway because of that.
test_broken_pipe() {
	local block=${ids[7]}
	run bash -c "daxhp unplug -v $device 2>&1 | true"
	wait_until no_daxhp
	agrees "$device" unplugged 'unplug into a closed pipe'
	run bash -c "daxhp online -v --movable $device 2>&1 | true"
	wait_until no_daxhp
	agrees "$device" online_movable 'online into a closed pipe'
	has_attribute && return
	run bash -c "strace --seccomp-bpf -f -o /run/strace.log -P $memory/memory$block/state -e trace=write,pwrite64 -e inject=write,pwrite64:error=EBUSY:when=1 daxhp unplug -v $device 2>&1 | true"
	wait_until no_daxhp
	agrees "$device" online_movable 'an undo into a closed pipe'
}

no_daxhp() {
	! pgrep -x daxhp >/dev/null
}

# timed_run COMMAND...: sets took to the seconds that it ran.
timed_run() {
	local start=${EPOCHREALTIME/./}
	run "$@"
	took=$(awk -v us=$((${EPOCHREALTIME/./} - start)) 'BEGIN { printf "%.2f", us / 1e6 }')
}

# It took 1.9 to 4.0 s with KASAN, and 1.1 to 1.3 s without. With KASAN the kernel
# needs so much longer to give up, and to bring the memory online again.
stopped_in_time() {
	local seconds=3
	! has_kasan || seconds=6
	exits 1 "$1: exit status"
	at_most "$took" "$seconds" "$1: seconds with --timeout=1"
	like "$err" 'the time allowed ran out' "$1: says why"
	like "$err" 'Nothing was changed' "$1: says how things stand"
	agrees "$device" online_movable "$1"
}

test_timeout() {
	fault MEM_GOING_OFFLINE -16
	timed_run daxhp unplug --retry=1000 --timeout=1 "$device"
	stopped_in_time 'the kernel refuses, and daxhp tries again'
	no_faults
	run daxhp unplug --timeout=60 "$device"
	exits 0 'time enough'
	agrees "$device" unplugged 'time enough'
}

# The kernel does not return before a signal comes.
test_pinned_memory() {
	start_holder pinned pin || { fail 'pages can be pinned' "$(</run/holder.out)"; return; }
	timed_run daxhp unplug --timeout=1 "$device"
	stopped_in_time 'pages that cannot be moved'
	timed_run daxhp unplug --retry=1000 --timeout=1 "$device"
	stopped_in_time 'pages that cannot be moved, and daxhp tries again'
	# After the first disturbance, daxhp blocks the signals that are not meant for it.
	{ sleep 0.5; pkill -STOP -x daxhp; pkill -CONT -x daxhp; } &
	timed_run timeout -s INT 20 daxhp unplug --timeout=1 "$device"
	wait $!
	stopped_in_time 'pages that cannot be moved, and a signal before the time is up'
	stop_rivals
	run daxhp unplug --retry=10 "$device"
	exits 0 'once they are free'
	agrees "$device" unplugged 'once they are free'
}

# start_slow_read: pages of the device begin to wait for a disk that takes half a minute.
start_slow_read() {
	modprobe -q -a virtio_pci virtio_blk ext4
	wait_until test -b /dev/vda || return 1
	mkdir -p /mnt/slow
	mountpoint -q /mnt/slow || mount -o ro /dev/vda /mnt/slow || return 1
	# One large read: the kernel locks the pages until the data is there.
	echo 512 >/sys/block/vda/queue/max_sectors_kb
	echo 16384 >/sys/block/vda/bdi/read_ahead_kb
	# On a busy host all data may be there before the test looks.
	for _ in 1 2 3; do
		sync
		echo 3 >/proc/sys/vm/drop_caches
		dd if=/mnt/slow/file of=/dev/null bs=8M 2>/dev/null &
		slow_pid=$!
		! wait_until is_asked_for_or_read || ! is_asked_for || return 0
		kill "$slow_pid" 2>/dev/null
		wait "$slow_pid" 2>/dev/null
	done
	return 1
}

is_asked_for_or_read() {
	is_asked_for || ! kill -0 "$slow_pid" 2>/dev/null
}

# is_asked_for: the disk has most of the requests for the file.
is_asked_for() {
	local reads
	read -r reads _ </sys/block/vda/inflight
	[ "$reads" -ge 8 ]
}

# is_in_io: the writing thread of the first daxhp is in a wait that no signal ends.
is_in_io() {
	[[ $(<"/proc/$first/wchan") == folio_wait* ]]
}

# Its handler does not run either: the signal stays pending.
test_slow_disk() {
	local told='still waiting: the kernel waits for I/O on a page of memory([0-9]+), which cannot be interrupted'
	local first start
	if [[ ${vm_kernel:?} == patched-* ]] && ! modprobe -q virtio_blk; then
		skip 'a page under I/O' 'this kernel has no virtio_blk'
		return
	fi
	start_slow_read || { fail 'pages wait for a slow disk'; return; }
	daxhp unplug "$device" >/run/tap.out 2>/run/tap.err &
	first=$!
	ok 'daxhp waits for such a page' wait_until is_in_io
	kill -TERM "$first"
	start=$SECONDS rc=0
	wait "$first" || rc=$?
	hear
	exits 1 'a page under I/O: exit status'
	like "$err" "$told" 'says what it waits for'
	if [[ $err =~ $told ]]; then
		like " ${ids[*]} " " ${BASH_REMATCH[1]} " 'and in which of its blocks'
	fi
	is "$(grep -c 'still waiting' <<<"$err")" 1 'says it once'
	like "$err" 'stopped by SIGTERM' 'then says why it failed'
	agrees "$device" online_movable 'a page under I/O'
	diag "it was stopped $((SECONDS - start)) s after the signal"
	wait "$slow_pid"
	umount /mnt/slow
	run daxhp unplug "$device"
	exits 0 'after the disk has answered'
}

# is_locked_by PID
is_locked_by() {
	[ "$(<"/run/daxhp/$device.lock")" = "$1" ]
}

test_two_at_once() {
	local first second rc_first=0 rc_second=0
	start_holder pinned pin || { fail 'pages can be pinned' "$(</run/holder.out)"; return; }
	daxhp unplug --retry=1000 --timeout=60 "$device" >/run/first.out 2>&1 &
	first=$!
	wait_until is_locked_by "$first"
	timed_run daxhp unplug "$device"
	exits 1 'the second fails'
	like "$err" "pid $first\)" 'and names the first'
	one_sentence 'in one sentence'
	at_most "$took" 1.5 'at once: seconds'
	timed_run daxhp unplug --wait=1 "$device"
	exits 1 'with --wait=1'
	like "$err" "pid $first\)" 'with --wait=1: names the first'
	daxhp online --movable --wait=60 "$device" >/run/second.out 2>&1 &
	second=$!
	sleep 1
	ok 'with --wait=60 it waits' kill -0 "$second"
	stop_rivals
	wait "$first" || rc_first=$?
	wait "$second" || rc_second=$?
	is "$rc_first $rc_second" '0 0' 'one after the other, both done'
	agrees "$device" online_movable 'the last one counts'
	never_wedged
}

# Two daxhp at the same time, in both directions, ten times. One gets the lock. The
# other fails because of the lock, or finds that the work is done.
test_pairs() {
	local i a b rc_a rc_b
	for ((i = 0; i < $(quick_or_full 3 20); i++)); do
		daxhp unplug --wait=30 "$device" >/run/a 2>&1 &
		a=$!
		daxhp online --movable --wait=30 "$device" >/run/b 2>&1 &
		b=$!
		rc_a=0 rc_b=0
		wait "$a" || rc_a=$?
		wait "$b" || rc_b=$?
		like "$rc_a $rc_b $(raw_word "$device")" '^0 0 (unplugged|online_movable)$' "unplug and online, pair $i"
	done
	never_wedged
}

# daxctl does not know the lock. Both programs must return, no memory may be
# wedged, and the output of daxhp must be true.
test_with_daxctl() {
	local i theirs
	for ((i = 0; i < $(quick_or_full 3 20); i++)); do
		daxctl offline-memory "$device" >/run/theirs 2>&1 &
		theirs=$!
		run timeout 60 daxhp unplug "$device"
		wait "$theirs"
		like "$rc" '^[01]$' "with daxctl offline-memory: unplug comes back, $i"
		[ "$rc" = 1 ] || is "$(raw_word "$device")" unplugged "and what it says is so, $i"
		daxhp online --movable "$device" >/run/b 2>&1
		is "$(raw_word "$device")" online_movable "online again, $i"
	done
	never_wedged
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"
}

test_without_rights() {
	refused 'unplug' 1 as_nobody daxhp unplug "$device"
	like "$err" '[Rr]oot|CAP_SYS_ADMIN' 'says what is missing'
}

# As in a container: root without some of its capabilities.
test_without_sys_admin() {
	snapshot
	before=$now_snapshot
	run setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin daxhp unplug "$device"
	like "$rc" '^[01]$' 'unplug comes back'
	# With the attribute daxhp needs no guard, so it needs no more rights.
	[ "$(has_attribute && echo yes)$rc" = yes0 ] ||
		like "$err" 'CAP_SYS_ADMIN|could not be kept off' 'says what is missing'
	if [ "$rc" = 0 ]; then
		agrees "$device" unplugged 'unplugged anyway'
	else
		unchanged "$before" 'nothing changed'
	fi
	run setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin daxhp online --movable "$device"
	like "$rc" '^[01]$' 'online comes back'
	[ "$rc" = 1 ] || agrees "$device" online_movable 'online all the same'
}

# with_run OPTIONS SETUP COMMAND: runs it with another /run.
with_run() {
	unshare --mount sh -c "mount -t tmpfs -o $1 none /run && { $2; } && exec $3"
}

# done_or_not NAME WORD: the change is done; or it failed, the message names /run, and nothing changed.
done_or_not() {
	if [ "$rc" = 0 ]; then
		agrees "$device" "$2" "$1: done"
	else
		exits 1 "$1: exit status"
		like "$err" '/run' "$1: says what is missing"
		unchanged "$before" "$1: nothing changed"
	fi
}

try_with_run() {
	local name=$1
	shift
	snapshot
	before=$now_snapshot
	run with_run "$@" "daxhp unplug $device"
	done_or_not "$name: unplug" unplugged
	take_away "$device"
	# The device is unbound, so daxhp must change the policy and write its journal.
	unbind "$device"
	snapshot
	before=$now_snapshot
	run with_run "$@" "daxhp online --movable $device"
	done_or_not "$name: online" online_movable
	daxhp online --movable "$device" >/dev/null 2>&1
}

test_run_read_only() {
	try_with_run 'read-only' mode=755 'mount -o remount,ro /run'
	try_with_run 'read-only, with a folder' mode=755 'mkdir -m 700 /run/daxhp; mount -o remount,ro /run'
}

test_run_full() {
	local inodes
	try_with_run 'full' mode=755,size=8k 'mkdir -m 700 /run/daxhp; head -c 8192 /dev/zero >/run/fill'
	try_with_run 'one page left' mode=755,size=8k 'mkdir -m 700 /run/daxhp; head -c 4096 /dev/zero >/run/fill'
	try_with_run 'two pages left' mode=755,size=12k 'mkdir -m 700 /run/daxhp; head -c 4096 /dev/zero >/run/fill'
	for inodes in $(quick_or_full '3 5' '2 3 4 5 6'); do
		try_with_run "$inodes inodes" "mode=755,nr_inodes=$inodes" true
	done
}

test_run_of_somebody_else() {
	try_with_run 'of another user' mode=755 'mkdir -m 700 /run/daxhp; chown 65534 /run/daxhp'
	try_with_run 'writable for all' mode=755 'mkdir -m 777 /run/daxhp; chmod 777 /run/daxhp'
	try_with_run 'a link' mode=755 'mkdir -m 700 /run/other; ln -s other /run/daxhp'
}

run_tests
