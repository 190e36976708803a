#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem:640M
#
# daxhp must see the open files of all processes, or refuse. It runs without rights,
# in namespaces, without /proc. Also, the guard process may be stopped or killed.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"

reset() {
	no_faults
	take_away "$device"
	daxhp online --movable "$device" >/dev/null
}

sees_all() {
	local name=$1
	shift
	run "$@" daxhp unplug "$device"
	exits 0 "$name: exit status"
	agrees "$device" unplugged "$name"
	daxhp online --movable "$device" >/dev/null
}

# When the kernel moves the device in one write, daxhp need not see other processes.
refuses() {
	local name=$1 pattern=$2
	shift 2
	if has_attribute; then
		sees_all "$name" "$@"
		return
	fi
	refused "$name" 1 "$@" daxhp unplug "$device"
	like "$err" "$pattern" "$name: says what it could not see"
}

without_ptrace() {
	setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$@"
}

test_without_ptrace() {
	refuses 'without CAP_SYS_PTRACE' 'CAP_SYS_PTRACE' without_ptrace
}

test_hidepid() {
	mount -o remount,hidepid=2 /proc
	sees_all 'hidepid=2'
	refuses 'hidepid=2, without CAP_SYS_PTRACE' 'CAP_SYS_PTRACE' without_ptrace
	mount -o remount,hidepid=0 /proc
}

test_pid_namespace() {
	refuses 'a PID namespace' 'shows a PID namespace only' unshare --pid --fork --mount-proc
	sees_all 'a PID namespace with the /proc of the machine' unshare --pid --fork
}

test_user_namespace() {
	refuses 'a user namespace' '/proc/1/ns/pid|CAP_SYS_ADMIN' unshare --user --map-root-user
}

no_proc() {
	unshare --mount sh -c 'umount -l /proc && exec "$@"' sh "$@"
}

# A kernel thread has no files. On a big machine there are thousands of them.
test_kernel_threads() {
	if has_attribute; then
		skip 'kernel threads' 'daxhp looks at no process when the kernel has the attribute'
		return
	fi
	run strace -f -qq -o /run/strace.log -e trace=openat daxhp unplug "$device"
	exits 0 'unplug'
	ok 'looks at the processes of programs' grep -q '"1/task"' /run/strace.log
	nok 'opens no files of kthreadd' grep -q '"2/task"' /run/strace.log
}

test_no_proc() {
	refuses 'no /proc' '/proc is not mounted' no_proc
}

# daxhp may not open one of the descriptors that the look needs.
test_few_descriptors() {
	local n
	for n in 8 10 12 14 16 20 24; do
		snapshot
		before=$now_snapshot
		run bash -c "ulimit -n $n && exec daxhp unplug $device"
		if [ "$rc" = 0 ]; then
			agrees "$device" unplugged "$n descriptors: done"
			daxhp online --movable "$device" >/dev/null
		elif [ "$rc" = 64 ] && has_attribute; then
			# The look after the write needs more descriptors than the write.
			if [[ $err = *'did not take'* ]]; then
				like "$err" 'EMFILE.*state now cannot be seen' "$n descriptors: says what it could not see"
				unchanged "$before" "$n descriptors: nothing changed"
			else
				like "$err" 'how it went cannot be seen.*EMFILE' "$n descriptors: says what it could not see"
				agrees "$device" unplugged "$n descriptors: changed"
				daxhp online --movable "$device" >/dev/null
			fi
		else
			exits 1 "$n descriptors: exit status"
			unchanged "$before" "$n descriptors: nothing changed"
		fi
	done
	never_wedged
}

test_holders_of_the_device() {
	local way
	daxhp reconfigure --mode=devdax "$device" >/dev/null
	hold map "/dev/$device" >/run/holder.out 2>&1 &
	holder=$!
	wait_until grep -qs held /run/holder.out
	for way in 'without_ptrace' 'unshare --pid --fork --mount-proc'; do
		# shellcheck disable=SC2086
		refused "mapped, $way" 1 $way daxhp reconfigure --mode=system-ram --movable "$device"
		like "$err" 'cannot be seen whether a process uses the device' "mapped, $way: says so"
		like "$err" '--force' "mapped, $way: names the way out"
	done
	# Without it daxhp also cannot write its note of the old policy.
	refused 'mapped, no_proc' 1 no_proc daxhp reconfigure --mode=system-ram --movable "$device"
	like "$err" '/proc' 'mapped, no_proc: says so'
	ok 'the holder is alive' kill -0 "$holder"
	kill "$holder"
	wait "$holder" 2>/dev/null
	run without_ptrace daxhp reconfigure --force --mode=system-ram --movable "$device"
	exits 0 'with --force'
	agrees "$device" online_movable 'with --force'
}

# guard_pid: prints the process id of the guard.
guard_pid() {
	local file
	file=$(grep -lx daxhp-guard /proc/[0-9]*/comm 2>/dev/null)
	file=${file%/comm}
	[ -n "$file" ] && echo "${file##*/}"
}

no_guard() {
	! guard_pid >/dev/null
}

# at_work: daxhp unplugs, but no block goes offline, and its guard is up. Sets worker to its process id.
at_work() {
	fault MEM_GOING_OFFLINE -16
	rm -f "/run/daxhp/$device.lock"
	daxhp unplug --json --retry=1000 "$device" >/run/tap.out 2>/run/tap.err &
	worker=$! ran='daxhp unplug'
	wait_until guard_pid >/dev/null
	wait_until is_denied
}

is_denied() {
	! cat "$memory/memory$(blocks "$device" | head -n 1)/state" >/dev/null 2>&1
}

ended() {
	rc=0
	wait "$worker" || rc=$?
	hear
	diag "exit $rc: $err"
}

# When another program opens a block's file, the open returns with EPERM.
test_stopped() {
	local n
	if has_attribute; then
		skip 'stopped' 'there is no guard'
		return
	fi
	at_work
	kill -STOP "$worker"
	for n in $(blocks "$device"); do
		run timeout 2 cat "$memory/memory$n/state"
		exits 1 "stopped: memory$n is denied at once"
	done
	no_faults
	kill -CONT "$worker"
	ended
	exits 0 'continued'
	agrees "$device" unplugged 'continued'
	ok 'its guard is gone' no_guard
}

test_guard_killed() {
	if has_attribute; then
		skip 'the guard is killed' 'there is no guard'
		return
	fi
	snapshot
	before=$now_snapshot
	at_work
	kill -KILL "$(guard_pid)"
	no_faults
	ended
	exits 1 'the guard is killed'
	like "$err" 'daxhp-guard was killed' 'the guard is killed: says so'
	unchanged "$before" 'the guard is killed: all undone'
	never_wedged
}

test_guard_stopped() {
	if has_attribute; then
		skip 'the guard is stopped' 'there is no guard'
		return
	fi
	snapshot
	before=$now_snapshot
	at_work
	kill -STOP "$(guard_pid)"
	no_faults
	ended
	exits 1 'the guard is stopped'
	like "$err" 'daxhp-guard was stopped' 'the guard is stopped: says so'
	unchanged "$before" 'the guard is stopped: all undone'
	never_wedged
}

# The guard ends with daxhp, and then other programs can open the files again.
test_killed() {
	if has_attribute; then
		skip 'killed' 'there is no guard'
		return
	fi
	at_work
	kill -KILL "$worker"
	wait "$worker" 2>/dev/null
	wait_until no_guard
	ok 'the files are readable' grep -q . "$memory/memory$(blocks "$device" | head -n 1)/state"
	no_faults
}

# The last test, because nothing can undo it.
test_yama() {
	if [ ! -e /proc/sys/kernel/yama/ptrace_scope ]; then
		skip 'ptrace_scope=3' 'this kernel has no Yama'
		return
	fi
	echo 3 >/proc/sys/kernel/yama/ptrace_scope
	sees_all 'ptrace_scope=3'
}

run_tests
