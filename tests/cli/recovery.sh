#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# recovery.sh TOOL: the journal entries of a daxhp that was killed while it reconfigured a device.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
hmem=platform/hmem_platform.0/hmem.0
# Each has two blocks. The commands work on the last one; the notes are about the others.
make_device dax0.0 $hmem kmem 1 0x200000000-0x20fffffff
make_blocks online Movable 64
make_blocks offline Movable 65
make_device dax0.1 $hmem device_dax 1 0x300000000-0x30fffffff
make_device dax0.2 $hmem kmem 1 0x400000000-0x40fffffff
make_blocks online Movable 128 129
mkdir -m 700 /run/daxhp
before=$(fingerprint)

# note DEVICE WORDS [BOOT]: writes a note in the format of journal.c.
note() {
	printf '%s %s\n' "${3-$(</proc/sys/kernel/random/boot_id)}" "$2" >"/run/daxhp/$1.journal"
}

# A command that may change devices, and has nothing to do.
nothing_to_do() {
	run online dax0.2
}

half='system-ram online_movable - devdax - move,rebind 64 2 4711'

# ---- mentioned ----

note dax0.0 "$half"
run status dax0.2
check 'status: mentions it, whichever device is asked for' matches "$err" \
	'^daxhp: note: a daxhp that was killed \(pid 4711\) left dax0\.0 half reconfigured, it was online_movable; '
run status -j
is "$err" '' 'status -j: no talk'
run online -n dax0.2
is "$err" '' 'a dry run: no talk'
check 'and it stays' test -e /run/daxhp/dax0.0.journal

# A process that holds the lock is at work.
exec 8>/run/daxhp/dax0.0.lock
flock 8
run status dax0.0
is "$(grep -c killed <<<"$err")" 0 'at work: not mentioned'
nothing_to_do
is "$status $err" '0 ' 'at work: no talk'
check 'at work: it stays' test -e /run/daxhp/dax0.0.journal
exec 8>&-

if for_nobody; then
	run status dax0.2
	is "$status $(grep -v '^daxhp: note: only root' <<<"$err")" '0 ' 'somebody who may not know: no talk of it'
	as_user=()
fi

# ---- entries that are dropped ----

rm /run/daxhp/dax0.0.journal

# drops NAME DEVICE WORDS [REGEX]: a command for another device drops the entry, without a message or with one.
drops() {
	note "$2" "$3"
	is_dropped "$@"
}

is_dropped() {
	nothing_to_do
	is "$status" 0 "$1: exit status"
	if [ -n "${4-}" ]; then
		check "$1: one line" matches "$err" "^daxhp: $4\$"
	else
		is "$err" '' "$1: no talk"
	fi
	check "$1: dropped" test ! -e "/run/daxhp/$2.journal"
	is "$(fingerprint)" "$before" "$1: nothing changed"
}
drops 'as it was' dax0.2 'system-ram online_movable - system-ram online_kernel move,rebind 128 2 4711'
drops 'at the goal' dax0.2 'system-ram online - system-ram online_movable move 128 2 4711'
drops 'as it was, devdax' dax0.1 'devdax - - system-ram online_movable move,rebind 96 2 4711'
drops 'another device of that name' dax0.0 'system-ram online_movable - devdax - move,rebind 64 3 4711'
drops 'at another place' dax0.0 'system-ram online_movable - devdax - move,rebind 32 2 4711'
drops 'a device that is no more' dax7.0 "$half"
drops 'not whole' dax0.0 'system-ram online_movable'
drops 'not understood' dax0.0 'system-ram online_movable - nowhere - move 64 2 4711'
drops 'inconsistent before' dax0.0 'system-ram inconsistent - devdax - move,rebind 64 2 4711' \
	"note: dax0\.0: .* \(pid 4711\) .* it was inconsistent, is inconsistent now, and was left so\. 'daxhp .* dax0\.0' .*"
drops "somebody else's doing" dax0.1 'system-ram online - system-ram online_movable move 96 2 4711' \
	"note: dax0\.1: .* it was online, is devdax now, and was left so\. 'daxhp reconfigure --mode=system-ram --kernel dax0\.1' .*"
# A note from before a reboot, on a machine whose /run survives a reboot.
other_boot=01234567-89ab-cdef-0123-456789abcdef
note dax0.0 "$half" $other_boot
run status dax0.2
is "$(grep -c killed <<<"$err")" 0 'of another boot: not mentioned'
is_dropped 'of another boot' dax0.0 ''
note policy 'online_kernel offline 4711' $other_boot
is_dropped 'a policy of another boot' policy ''
printf '%s\n' "$half" >/run/daxhp/dax0.0.journal
is_dropped 'without the boot' dax0.0 ''
# Somebody has changed the device since, on purpose. So daxhp restores nothing, and does not say that it did.
drops 'a policy that is another by now' policy 'online_kernel online_movable 4711'
touch /run/daxhp/else.journal /run/daxhp/dax9.0
nothing_to_do
check 'other files are left alone' test -e /run/daxhp/else.journal -a -e /run/daxhp/dax9.0

# ---- notes that stay ----

# A process works on a device of that name, which this process may not see.
note dax7.0 "$half"
exec 8>/run/daxhp/dax7.0.lock
flock 8
nothing_to_do
check 'a device that is no more, at work: it stays' test -e /run/daxhp/dax7.0.journal
exec 8>&-
nothing_to_do
check 'a device that is no more, not any more: dropped' test ! -e /run/daxhp/dax7.0.journal
# A later daxhp may still be able to restore a device that this one cannot look at.
note dax0.0 "$half"
echo nonsense >"$memory/memory64/state"
nothing_to_do
check 'a device that cannot be looked at: it stays' test -e /run/daxhp/dax0.0.journal
echo online >"$memory/memory64/state"
rm /run/daxhp/dax0.0.journal

# ---- the daxhp that holds the lock is killed ----

(exec 8>/run/daxhp/dax0.0.lock && flock 8 && exec sleep 60) &
holder=$!
until ! flock --nonblock /run/daxhp/dax0.0.lock true; do sleep 0.1; done
# 25 days have more milliseconds than fit into 31 bits.
timeout 1 "$tool" unplug --wait=2200000 dax0.0 2>/dev/null
is $? 124 'a wait of 25 days does not end at once'
note dax0.0 'system-ram inconsistent - devdax - move,rebind 64 2 4711'
(sleep 1 && kill "$holder") &
run unplug --wait=30 dax0.0
check 'killed while it is waited for: its device is looked after' matches "$err" \
	"^daxhp: note: dax0\.0: .* \(pid 4711\) .* it was inconsistent, is inconsistent now, and was left so\."
check 'killed while it is waited for: dropped' test ! -e /run/daxhp/dax0.0.journal
before=$(fingerprint)

# ---- closed outputs ----

# The command fails because the device is locked. The message about that must not go into a file.
for closed in '2>&-' '>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
	rm -f /run/daxhp/dax0.2.lock
	eval '"$tool" online --kernel dax0.2 >"$work/out" 2>"$work/err"' "$closed"
	check "$closed: the lock holds a pid and nothing else" matches "$(</run/daxhp/dax0.2.lock)" '^[0-9]+$'
done

# ---- notes cannot be written ----

mount -t tmpfs -o size=8k,mode=755 none /run
mkdir -m 700 /run/daxhp
head -c 8192 /dev/zero >/run/fill
nothing_to_do
is "$status" 1 'no room: exit status'
check 'no room: says so' matches "$err" '^daxhp: dax0\.2: .*/run/daxhp/ \(ENOSPC: .*Nothing was changed\.$'
umount /run

# ---- notes cannot be trusted ----

note dax0.0 "$half"
chmod 777 /run/daxhp
nothing_to_do
is "$status" 1 'a folder that anybody can write to: exit status'
check 'a folder that anybody can write to: says what it must be' matches "$err" 'must belong to root and be writable by nobody else'
is "$(grep -c 'half reconfigured' <<<"$err")" 0 'a folder that anybody can write to: nothing is believed'
is "$(fingerprint)" "$before" 'a folder that anybody can write to: nothing changed'

finish
