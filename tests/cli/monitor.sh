#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# monitor.sh TOOL: monitor and wait, with a made-up /sys, in which nothing changes.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
in_namespace

start_tree
make_device dax0.0 platform/hmem_platform.0/hmem.0 kmem 1 0x200000000-0x20fffffff
make_blocks online Movable 64 65
make_device dax1.0 platform/hmem_platform.0/hmem.1 device_dax 2 0x300000000-0x30fffffff
make_device dax2.0 platform/hmem_platform.0/hmem.2 kmem 2 0x400000000-0x40fffffff
make_blocks online Movable 128
make_blocks offline Movable 129
make_device dax3.0 platform/hmem_platform.0/hmem.3 kmem 2 0x500000000-0x50fffffff
rm -r "$dir"/mapping0
echo 0 >"$dir/size"
before=$(fingerprint)

# monitored NAME WANT SECONDS ARGUMENTS...: the lines, without their times, of a monitor that SIGTERM ends.
monitored() {
	local name=$1 want=$2 seconds=$3
	shift 3
	ran="daxhp monitor $*"
	"${as_user[@]}" "$tool" monitor "$@" >"$work/lines" 2>"$work/err" &
	sleep "$seconds"
	kill "$!"
	wait "$!"
	status=$?
	out=$(<"$work/lines") err=$(<"$work/err")
	is "$status" 0 "$name: exit status"
	is "$err" '' "$name: no talk"
	is "$(sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}[+-][0-9]{4} //' <<<"$out")" "$want" "$name"
}

# ---- monitor ----

monitored 'all' $'dax0.0: online_movable\ndax1.0: devdax\ndax2.0: inconsistent (2 of 2 memory blocks present, 1 online)' 4
monitored 'one' 'dax1.0: devdax' 1 /dev/dax1.0
monitored 'selected' 'dax0.0: online_movable' 1 --node=1
# The shell of a background job has set SIGINT to be ignored.
env --default-signal=INT "$tool" monitor -j dax0.0 >"$work/lines" &
sleep 1
kill -INT $!
wait $!
status=$? ran='daxhp monitor -j dax0.0' out=$(<"$work/lines")
keep_document
is "$status" 0 'SIGINT: exit status'
json_is '[.event, .from, .to, .from_mode, .to_mode, .by, .hotplug_state, .chardev, .busy]' \
	'["found",null,"online_movable",null,"system-ram",null,"online_movable","dax0.0",null]' 'JSON'
json_is "(.time - $(date +%s)) | . > -60 and . < 60" true 'JSON: the time'
is "$(wc -l <"$work/lines")" 1 'JSON: one line'

# The reader goes away: at once, and not at the next change.
start=$SECONDS
out=$("$tool" monitor | head -n 1; echo "${PIPESTATUS[0]}")
check 'the reader goes away: exit status' matches "$out" $'\n0$'
check 'the reader goes away: at once' test $((SECONDS - start)) -lt 10
err=$(timeout 20 "$tool" monitor 2>&1 >/dev/full)
is "$?" 1 'a full disk: exit status'
check 'a full disk: one sentence' one_sentence "$err"
fails 'no such device' 1 'no such dax device' monitor dax9.0
fails 'no such name' 2 'not the name' monitor dax

# ---- wait ----

succeeds 'wait: it is so already' wait --state=online_movable dax0.0
succeeds 'wait: in any zone' wait --state=online dax0.0
succeeds 'wait: the mode' wait --mode=devdax dax1.0
succeeds 'wait: two devices' wait --present dax0.0 dax1.0
succeeds 'wait: both' wait --mode=system-ram --state=online_movable --node=1
succeeds 'wait: gone' wait --gone dax9.0
succeeds 'wait: gone, by a selector' wait --gone --node=7
succeeds 'wait: inconsistent' wait --state=inconsistent dax2.0
succeeds 'wait: JSON' wait -j --present dax1.0
json_is '[.[].chardev]' '["dax1.0"]' 'wait: JSON'
succeeds 'wait: JSON, gone' wait -j --gone dax9.0
is "$out" '[]' 'wait: JSON, gone'
fails 'wait: another state' 1 'dax0\.0: after 1 second it is online_movable\.' wait --timeout=1 --state=offline dax0.0
fails 'wait: kernel zones' 1 'it is online_movable' wait --timeout=1 --state=online_kernel dax0.0
fails 'wait: one of two' 1 'dax1\.0: after 1 second it is devdax\.' wait --timeout=1 --mode=system-ram dax0.0 dax1.0
fails 'wait: not there' 1 'after 1 second there is no device' wait --timeout=1 --present dax9.0
fails 'wait: one is not there' 1 'there is no device' wait --timeout=1 --present dax0.0 dax9.0
fails 'wait: without memory' 1 'there is no device' wait --timeout=1 --present dax3.0
fails 'wait: nothing is selected' 1 'there is no device' wait --timeout=1 --state=online --node=7
fails 'wait: not gone' 1 'after 2 seconds it is devdax' wait --timeout=2 --gone dax1.0
fails 'wait: all' 1 'dax1\.0: after 3 seconds it is devdax' wait --timeout=3 --mode=system-ram all
fails 'wait: JSON' 1 'after 1 second' wait -j --timeout=1 --state=offline dax0.0
json_is '.[0] | [.error.kind, .chardev, .action]' '["time-over","dax0.0","wait"]' 'wait: JSON: the kind'
for word in '' onlin unknown 1; do
	fails "wait: --state=$word" 2 'is not a state: expected unplugged, offline, online, online_kernel' wait "--state=$word" dax0.0
done
fails 'wait: --mode=x' 2 'expected unbound, system-ram, devdax or famfs' wait --mode=x dax0.0
fails 'wait: for nothing' 2 'say what to wait for' wait dax0.0
fails 'wait: for both' 2 'cannot be combined' wait --gone --present dax0.0
fails 'wait: no device' 2 'name a device' wait --present
fails 'wait: no such name' 2 'not the name' wait --present dax0.0 dax
if for_nobody; then
	fails 'wait: without rights' 1 'dax0\.0: only root may see the state' wait --timeout=10 --state=offline dax0.0
	succeeds 'wait: without rights, a mode' wait --mode=devdax dax1.0
fi
as_user=()
is "$(fingerprint)" "$before" 'nothing was changed'

finish
