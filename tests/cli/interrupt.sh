#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# interrupt.sh TOOL: signals, and the end of --timeout, while the tool waits for another daxhp.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
make_device dax0.0 platform/hmem_platform.0/hmem.0 kmem 1 0x200000000-0x20fffffff
make_blocks online Movable 64 65
# Without blocks, and so unplugged already.
make_device dax0.1 platform/hmem_platform.0/hmem.0 '' 1 0x300000000-0x30fffffff
mkdir -m 700 /run/daxhp
exec 8>/run/daxhp/dax0.0.lock
flock 8
before=$(fingerprint)

# waits [ENV-OPTION...]: starts the tool, and returns when it handles signals. Without env, a shell's job ignores SIGINT.
waits() {
	local mask=0 try
	ran="env $* daxhp unplug --wait=60 --timeout=20 dax0.0"
	env --default-signal=INT,TERM,HUP "$@" "$tool" unplug --wait=60 --timeout=20 dax0.0 >"$work/out" 2>"$work/err" 8>&- &
	worker=$!
	for ((try = 0; try < 200 && !(mask & 1 << 13); try++)); do
		mask=$(sed -n 's/^SigCgt:\t*/0x/p' "/proc/$worker/status")
		sleep 0.05
	done
}

ended() {
	wait "$worker"
	status=$?
	out=$(<"$work/out") err=$(<"$work/err")
}

# is_stopped NAME WHY: the tool changed nothing, and says why it stopped.
is_stopped() {
	is "$status" 1 "$1: exit status"
	check "$1: says why" matches "$err" "dax0\.0: .*$2.*Nothing was changed\."
	is "$(fingerprint)" "$before" "$1: nothing changed"
}

for signal in INT TERM HUP; do
	waits
	kill -s $signal $worker
	ended
	is_stopped $signal "stopped by SIG$signal"
	check "$signal: one sentence" one_sentence "$err"
done

# Like nohup, or a job of a shell: a signal that was ignored before must not stop the tool. The second signal must.
for signal in INT HUP; do
	waits --ignore-signal=$signal
	kill -s $signal $worker
	sleep 0.3
	kill -s TERM $worker
	ended
	is_stopped "$signal, ignored" 'stopped by SIGTERM'
	check "$signal, ignored: one sentence" one_sentence "$err"
done

# Both at the same time: the tool also notices the second one.
waits
kill -s STOP $worker
kill -s TERM $worker
kill -s HUP $worker
kill -s CONT $worker
ended
is_stopped 'a second signal' 'stopped by SIG(TERM|HUP)'
check 'a second signal: is heard' matches "$err" 'daxhp: stopping already, undoing what was done\.'

# What stops the work on one device keeps it from beginning the next, also where that would be easy.
run unplug dax0.1
is "$status" 0 'the next device alone: exit status'
run unplug --wait=60 --timeout=1 dax0.0 dax0.1
is_stopped 'time, with another device' 'the time allowed ran out'
check 'time, with another device: that is not begun' matches "$err" 'dax0\.1: cannot unplug: the time allowed ran out \(EINTR\)\. Nothing was changed\.'

run unplug --wait=60 --timeout=1 dax0.0
is_stopped 'time' 'the time allowed ran out'
check 'time: one sentence' one_sentence "$err"
# The parent may have blocked or ignored SIGALRM.
for way in block ignore; do
	ran="$way ALRM"
	env --$way-signal=ALRM "$tool" unplug --wait=15 --timeout=1 dax0.0 >"$work/out" 2>"$work/err"
	status=$? out=$(<"$work/out") err=$(<"$work/err")
	is_stopped "time, with the alarm: $way" 'the time allowed ran out'
done

# ---- the line on a terminal, while nothing completes ----

if command -v script >/dev/null; then
	# Opened for writing, a pipe without a reader is a kernel that does not come to an end.
	make_device dax1.0 platform/hmem_platform.0/hmem.1 kmem 1 0x400000000-0x40fffffff
	make_blocks online Movable 128 129
	mkfifo "$dir/state"
	on_terminal unplug --timeout=3 dax1.0
	check 'progress: at once, and what runs' matches "$out" $'dax1\\.0: going offline \\[-+\\] 0/2 memory blocks, 0 s\n'
	check 'progress: it goes on' matches "$out" '0/2 memory blocks, 2 s'
	check 'progress: nothing is left of it' matches "$out" $'\e\\[Kdaxhp: dax1\\.0: cannot unplug: the time allowed ran out'
	columns=60
	on_terminal unplug --timeout=2 dax1.0
	is "$(grep 'memory blocks' <<<"$out" | sed 's/\x1b\[K//' | awk 'length >= 60')" '' 'progress: never wider than the terminal'
	columns=80
	flock -o "$sys/bus/dax/devices/dax1.0/resource" sleep 60 8>&- &
	worker=$!
	while flock -n "$sys/bus/dax/devices/dax1.0/resource" true; do sleep 0.05; done
	on_terminal unplug --wait=2 dax1.0
	check 'progress: what is waited for' matches "$out" "dax1\.0: waiting for another daxhp \(pid $worker\), 1 s"
	kill $worker
else
	skip 'progress' 'script is not installed'
fi

finish
