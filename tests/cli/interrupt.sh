#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# interrupt.sh TOOL: signals, and time that runs out, while it waits for another daxhp.

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

# waits [ENV-OPTION...]: starts it; it is armed when this returns. A job of a shell ignores SIGINT otherwise.
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

# is_stopped NAME WHY: as it was, and says why.
is_stopped() {
	is "$1: exit status" "$status" 1
	check "$1: says why" matches "$err" "dax0\.0: .*$2.*Nothing was changed\."
	is "$1: nothing changed" "$(fingerprint)" "$before"
}

for signal in INT TERM HUP; do
	waits
	kill -s $signal $worker
	ended
	is_stopped $signal "stopped by SIG$signal"
	check "$signal: one sentence" one_sentence "$err"
done

# nohup, and a job of a shell: what was ignored before is no wish to stop. The second is one.
for signal in INT HUP; do
	waits --ignore-signal=$signal
	kill -s $signal $worker
	sleep 0.3
	kill -s TERM $worker
	ended
	is_stopped "$signal, ignored" 'stopped by SIGTERM'
	check "$signal, ignored: one sentence" one_sentence "$err"
done

# Both at once: whichever comes second is heard, too.
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
is 'the next device alone: exit status' "$status" 0
run unplug --wait=60 --timeout=1 dax0.0 dax0.1
is_stopped 'time, with another device' 'the time allowed ran out'
check 'time, with another device: that is not begun' matches "$err" 'dax0\.1: cannot unplug: the time allowed ran out \(EINTR\)\. Nothing was changed\.'

run unplug --wait=60 --timeout=1 dax0.0
is_stopped 'time' 'the time allowed ran out'
check 'time: one sentence' one_sentence "$err"
# Whoever starts it may have the alarm for himself.
for way in block ignore; do
	ran="$way ALRM"
	env --$way-signal=ALRM "$tool" unplug --wait=15 --timeout=1 dax0.0 >"$work/out" 2>"$work/err"
	status=$? out=$(<"$work/out") err=$(<"$work/err")
	is_stopped "time, with the alarm: $way" 'the time allowed ran out'
done

finish
