#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=obstacles --file=/usr/bin/stress-ng:/usr/bin/ --disk=128M --file=/sbin/mkfs.ext4:/sbin/
# With movable_node, a memory block that stress-ng brings online does not become the kernel's.
# vm: --append=movable_node
#
# What is in the way of an unplug: 'daxhp explain' before it is tried, and the failure afterwards. A program
# (guest/obstruct.c) makes each obstacle. A quick run leaves out those that take long.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0 node=1
set_policy offline
base_policy=offline
mapfile -t ids < <(blocks "$device")
control=/proc/dynamic_debug/control

make_disk() {
	modprobe -q -a virtio_pci virtio_blk ext4
	wait_until test -b /dev/vda || return 1
	mkdir -p /mnt/slow
	mount /dev/vda /mnt/slow || return 1
	dd if=/mnt/slow/file of=/mnt/slow/movie.mkv bs=64k count=8 2>/dev/null
	dd if=/mnt/slow/file of="/mnt/slow/$odd_name" bs=64k count=1 2>/dev/null
	sync
}
odd_name=$'a"b\e[31m'
make_disk || bail_out 'there is no disk'

# Only the pools of the device's node.
pool() {
	echo "$1" >"/sys/devices/system/node/node$node/hugepages/hugepages-2048kB/nr_hugepages"
}

reset() {
	end_obstruct
	stop_rivals
	no_faults
	[ ! -d "/sys/devices/system/node/node$node/hugepages" ] || pool 0
	take_away "$device" || return 1
	echo 3 >/proc/sys/vm/drop_caches
	daxhp online --movable "$device" >/dev/null
}

# obstruct_with KIND [WHAT]: the program has its memory on the device's node when this returns.
obstruct_with() {
	: >/run/obstruct.out
	obstruct "$1" "$node" "${@:2}" >/run/obstruct.out 2>&1 &
	obstruct_pid=$!
	wait_until has_said_or_ended
	grep -q there /run/obstruct.out && return
	fail "$1 is there" "$(</run/obstruct.out)"
	return 1
}
obstruct_pid=

has_said_or_ended() {
	grep -q . /run/obstruct.out || ! kill -0 "$obstruct_pid" 2>/dev/null
}

end_obstruct() {
	[ -n "$obstruct_pid" ] || return 0
	kill -9 "$obstruct_pid" 2>/dev/null
	wait "$obstruct_pid" 2>/dev/null
	obstruct_pid=
}

# explained VERDICT: runs explain, as JSON.
explained() {
	run daxhp explain --json "$device"
	exits 0 'explain'
	json_like '.[0].verdict' "^($1)\$" 'explain: the verdict'
	json_is '.[0].unseen' '[]' 'explain: all was seen'
}

# has_obstacle KIND [FILTER]: explain names one of this kind, in a block of the device.
has_obstacle() {
	local block
	json_is "[.[0].obstacles[] | select(.kind | test(\"^($1)\$\"))${2:+ | select($2)}] | length > 0" true "explain: $1"
	block=$(json "[.[0].obstacles[] | select(.kind | test(\"^($1)\$\"))][0].block")
	like " ${ids[*]} " " $block " "explain: $1: the block is one of its blocks"
}

# names_user: the program is among those that use the device.
names_user() {
	json_is "[.[0].processes[] | select(.pid == $obstruct_pid) | .comm] | join(\" \")" obstruct 'explain: names the program'
}

# fails_with KIND OPTION...: unplug fails, and says why. It changes nothing.
fails_with() {
	local kind=$1 before block
	shift
	snapshot
	before=$now_snapshot
	run timeout 120 daxhp unplug --json "$@" "$device"
	exits 1 'unplug'
	unchanged "$before" 'nothing changed'
	json_like '.[0].error.obstacle.kind' "^($kind)\$" 'unplug: the kind'
	block=$(json '.[0].error.obstacle.block')
	like " ${ids[*]} " " $block " 'unplug: the block'
	diag "$err"
	like "$err" "memory$block" 'unplug: the message has the block'
	like "$(debug_flags)" '^=_$' 'the debug message is off again'
	is "$(compgen -G '/run/daxhp/debug.journal')" '' 'and nothing is left to restore'
}

debug_flags() {
	sed -n 's/^.* \(=[^ ]*\) "memory offlining .*/\1/p' "$control"
}

names_pid() {
	json_is '.[0].error.obstacle | "\(.pid) \(.comm)"' "$obstruct_pid obstruct" 'unplug: names the program'
	like "$err" "obstruct \(pid $obstruct_pid\)" 'unplug: the message names it'
}

is_certain() {
	json_is '.[0].error.obstacle | "\(.certain) \(.evidence)"' 'true kernel-log' 'unplug: it is certain'
}

# ---- nothing in the way ----

test_nothing() {
	explained yes
	json_is '.[0].obstacles' '[]' 'nothing is in the way'
	json_is '.[0].chardev' "$device" 'of which device'
	json_is '.[0].memblocks | length' "${#ids[@]}" 'all blocks'
	run daxhp explain "$device"
	exits 0 'as text'
	like "$out" "^$device: can be unplugged: .*: it fits" 'as text'
	run daxhp explain --all "$device"
	is "$(grep -c '^memory' <<<"$out")" "${#ids[@]}" 'all blocks as text'
	run daxhp unplug "$device"
	exits 0 'and it can be'
	explained yes
	json_is '.[0] | "\(.room) \(.classes) \(.obstacles | length)"' 'null null 0' 'unplugged: nothing to explain'
	run daxhp explain "$device"
	like "$out" 'none of its memory blocks is online' 'unplugged: as text'
}

test_used() {
	local mib
	obstruct_with anon 100 || return
	explained yes
	json_is '.[0].obstacles' '[]' 'memory that can move is not in the way'
	names_user
	mib=$(json ".[0].processes[] | select(.pid == $obstruct_pid) | .bytes / 1048576 | floor")
	is "$mib" 100 'how much it uses'
	json_is ".[0].processes[0].pid" "$obstruct_pid" 'the largest first'
	json_like '.[0].classes.anon / 1048576 | floor' '^1[0-4][0-9]$' 'and what for'
	run daxhp unplug "$device"
	exits 0 'and it goes'
}

# read_pages: how many pieces of /proc/kpageflags explain has read. One read is of 1024 pages or of one.
read_pages() {
	strace -f -e trace=pread64 -o /run/strace.log daxhp explain --json "$device" >/run/explain.json || return 1
	grep -c 'pread64(.* 8192, ' /run/strace.log
}

is_left_out() {
	[ "$(read_pages)" -lt $((${#ids[@]} * 4)) ]
}

# Free memory need not be looked at, also where it is in small pieces: after some seconds the processors
# give back what they kept for themselves.
test_leaves_out_free() {
	local all=$((${#ids[@]} * 32)) used
	at_most "$(read_pages)" 4 'nothing in use: pieces that are read'
	obstruct_with anon 64 || return
	at_most "$(read_pages)" $((16 * 4)) "64 MiB in use: pieces that are read, of $all"
	used=$(jq '.[0].classes.anon / 1048576 | floor' /run/explain.json)
	at_least "$used" 64 '64 MiB in use: all of them are found'
	at_most "$used" 68 '64 MiB in use: and no more'
	end_obstruct
	SECONDS=0
	ok 'used, and free again: it is not looked at' wait_until is_left_out
	echo "# after $SECONDS s"
}

# All of this moves, or is moved out of ZONE_MOVABLE before it is pinned for long.
test_no_obstacles() {
	local kind
	make_group tenant 'the memory of a tenant' || return
	echo 64M >"$group/memory.max"
	start_holder there in_group tenant obstruct anon "$node" 32
	for kind in mlock thp memfd uring; do
		start_holder there obstruct "$kind" "$node" 16
		ok "$kind is there" grep -q there /run/holder.out
	done
	mkdir -p /mnt/shared
	mount -t tmpfs -o "mpol=bind:$node" none /mnt/shared
	dd if=/dev/zero of=/mnt/shared/file bs=1M count=16 2>/dev/null
	explained yes
	json_is '.[0].obstacles' '[]' 'nothing is in the way'
	run daxhp unplug "$device"
	exits 0 'and all goes'
	is "$(count_running obstruct)" 5 'nobody was killed'
	umount /mnt/shared
}

# count_running REGEX: so many processes have such a name.
count_running() {
	grep -lxE "$1" /proc/[0-9]*/comm 2>/dev/null | wc -l
}

# make_group NAME WHAT: a control group whose memory is on the device's node only. Sets "group".
make_group() {
	group=/sys/fs/cgroup/$1
	[ -e /sys/fs/cgroup/cgroup.procs ] || mount -t cgroup2 none /sys/fs/cgroup
	echo '+cpuset +memory' >/sys/fs/cgroup/cgroup.subtree_control || { skip "$2" 'this kernel has no cpusets'; return 1; }
	mkdir -p "$group"
	echo "$node" >"$group/cpuset.mems"
}

# in_group NAME COMMAND...
in_group() {
	bash -c 'echo $$ >"/sys/fs/cgroup/$1/cgroup.procs" && shift && exec "$@"' bash "$@"
}

# claim: what explain says, in one line. "init" is this shell.
claim() {
	json '.[0] | .verdict + ([.obstacles[] | " \(.kind) \(.block) \(.pages)"] | add // "")
		+ ([.processes[].comm | select(test("^(stress-ng.*|daxhp|bash|jq|init)$") | not) | " names \(.)"] | add // "")'
}

# under_load TIMES NAME STRESSOR...: looks so often while stress-ng works in the device's memory. Its
# memhotplug also brings blocks online as kernel memory: then it may say "likely".
under_load() {
	local i claims='' times=$1
	shift
	start_rival in_group load stress-ng --temp-path /mnt/fast --oom-avoid "${@:2}"
	sleep 2
	for ((i = 0; i < times; i++)); do
		run daxhp explain --json "$device"
		claims+="$rc $(claim)"$'\n'
	done
	ok "$1: stress-ng is still at work" test "$(count_running 'stress-ng.*')" -gt 2
	stop_rivals
	diag "$(sort <<<"${claims%$'\n'}" | uniq -c)"
	is "$(grep -vxE '0 (yes|likely)' <<<"${claims%$'\n'}")" '' "$1: nothing is in the way, and nobody is named"
}

# It only writes: a page that is read from the slow disk is truly in the way.
test_under_load() {
	is_full || return
	make_group load 'load' || return
	# Whoever reads from the slow disk has pages locked for seconds, and these are in the way.
	mkdir -p /mnt/fast
	{ mkfs.ext4 -q /dev/vdb && mount /dev/vdb /mnt/fast; } || { fail 'there is a fast disk'; return; }
	under_load 70 'memory, files, processes' --vm 2 --vm-bytes 48M --hdd 1 --hdd-bytes 8M --fork 2
	reset
	under_load 30 'and memory blocks that come and go' --vm 1 --vm-bytes 32M --fork 1 --memhotplug 1
}

# ---- busy pages ----

test_vmsplice() {
	obstruct_with vmsplice || return
	explained yes
	names_user
	fails_with held --timeout=3
	is_certain
	names_pid
	like "$err" 'the time allowed ran out at memory[0-9]+: .*held by a pipe, a socket or I/O' 'unplug: the sentence'
}

test_orphans() {
	is_full || return
	obstruct_with orphans || return
	explained maybe
	has_obstacle held '.evidence == "page-flags" and .pages == 256'
	fails_with held --timeout=3
	is_certain
}

test_file() {
	obstruct_with splice /mnt/slow/movie.mkv || return
	explained yes
	fails_with file-held --timeout=3
	is_certain
	json_is '.[0].error.obstacle | "\(.file) \(.filesystem)"' 'movie.mkv ext4' 'unplug: names the file'
	like "$err" '"movie.mkv" \(ext4\) is held' 'unplug: the sentence'
}

# The name has a quotation mark, and colours the terminal.
test_file_with_an_odd_name() {
	is_full || return
	obstruct_with splice "/mnt/slow/$odd_name" || return
	fails_with file-held --timeout=3
	json_is '.[0].error.obstacle.file' 'a"b\x1b[31m' 'escaped in the JSON'
	unlike "$err" $'\e' 'escaped in the message'
}

test_direct() {
	is_full || return
	local kind=pinned try
	# Linux 6.1 does not mark such pages.
	[[ ${vm_kernel:?} != debian-6.1 ]] || kind=held
	obstruct_with direct /mnt/slow/file || return
	explained yes
	names_user
	# When the read ends before daxhp looks who has the page, the page has moved, and nobody has it.
	for try in 1 2 3; do
		fails_with "$kind" --timeout=3
		is_certain
		[ "$(json '.[0].error.obstacle.pid')" = null ] || break
	done
	names_pid
}

test_patience() {
	obstruct_with vmsplice || return
	local start=$SECONDS
	fails_with held --patience=5
	at_most $((SECONDS - start)) 40 'it ends by itself: seconds'
	json_is '.[0].error.kind' stuck 'it says so'
	like "$err" 'the same pages kept failing' 'in words'
	end_obstruct
	run daxhp unplug --patience=5 "$device"
	exits 0 'once they are free'
}

# The failure is the signal's. What was in the way until then is named all the same.
test_signal() {
	is_full || return
	obstruct_with vmsplice || return
	run timeout -s INT 4 daxhp unplug --json "$device"
	json_like '.[0].error | "\(.kind) \(.obstacle.kind)"' '^cancelled held$' 'the signal, and what was in the way'
	look "$device"
	is "$now_word" online_movable 'nothing changed'
}

# ---- huge pages ----

test_reserved() {
	pool 12
	obstruct_with reserve 8 || return
	explained no
	has_obstacle huge-reserved '.pages == 8 and .page_size == 2097152'
	json_like '.[0].obstacles[0].action' 'nr_hugepages on nodes 0 and 2' 'explain: what to do'
	run daxhp explain "$device"
	like "$out" "$device: unlikely to unplug: 1 of ${#ids[@]} memory blocks is in the way" 'explain: as text'
	like "$out" 'memory[0-9]+ Movable .*8 huge pages of 2 MiB are reserved, and none is spare elsewhere' 'explain: the table'
	fails_with huge-reserved --force --timeout=20
	is_certain
	like "$err" '8 huge pages of 2 MiB are reserved, and none is spare elsewhere' 'unplug: the sentence'
}

test_huge_in_use() {
	pool 8
	obstruct_with huge 8 || return
	explained 'yes|likely'
	json_is '.[0].classes.huge' $((8 << 21)) 'explain: what for'
	names_user
	run daxhp unplug "$device"
	exits 0 'they move'
	# The pool stays as large: the kernel has made them elsewhere.
	reset
	is_full || return
	pool 200
	obstruct_with huge 200 || return
	fill_others 200 || return
	explained no
	has_obstacle 'huge-reserved|huge-pages|no-room' '.evidence == "estimate"'
	fails_with 'huge-pages|no-room' --force --timeout=5
	is_certain
}

# fill_others MIB: so much is left free on the other nodes.
fill_others() {
	local kib
	kib=$(awk '/^Node [02] MemFree:/ { sum += $4 } END { print sum }' /sys/devices/system/node/node[02]/meminfo)
	start_holder there obstruct anon 0,2 $((kib / 1024 - $1))
	grep -q there /run/holder.out && return
	fail 'the other nodes are full' "$(</run/holder.out)"
	return 1
}

# Before 7.3, the kernel does not put huge pages of 1 GiB into ZONE_MOVABLE.
test_gigantic() {
	local gigantic=/sys/devices/system/node/node$node/hugepages/hugepages-1048576kB/nr_hugepages
	is_full || return
	[ -e /proc/sys/vm/movable_gigantic_pages ] || { skip 'gigantic pages' 'this kernel keeps them out of ZONE_MOVABLE'; return; }
	echo 1 >/proc/sys/vm/movable_gigantic_pages
	echo 1 >"$gigantic"
	if [ "$(<"$gigantic")" = 1 ] && obstruct_with gigantic; then
		explained no
		has_obstacle gigantic-pages '.pages == 1 and .page_size == 1073741824'
		names_user
		fails_with gigantic-pages --force --timeout=5
		is_certain
		end_obstruct
	else
		fail 'a page of 1 GiB is there' "$(<"$gigantic")"
	fi
	echo 0 >"$gigantic"
	echo 0 >/proc/sys/vm/movable_gigantic_pages
}

# ---- drivers, and broken memory ----

test_driver() {
	fault MEM_GOING_OFFLINE -22
	fails_with driver
	is_certain
	like "$err" 'a driver of the kernel refused' 'unplug: the sentence'
}

test_poison() {
	is_full || return
	obstruct_with poison || return
	end_obstruct
	explained yes
	has_obstacle poisoned '.pages == 1'
	run daxhp explain "$device"
	like "$out" "^$device: can be unplugged" 'explain: it is not in the way'
	run daxhp unplug "$device"
	exits 0 'and it is not'
}

# ---- no room ----

test_no_room() {
	is_full || return
	obstruct_with anon 600 || return
	fill_others 300 || return
	explained no
	has_obstacle no-room '.evidence == "estimate"'
	names_user
	json_like '.[0].obstacles[0].action' 'Free [0-9]+ MiB on nodes 0 and 2, or add swap' 'explain: what to do'
	fails_with no-room --force --timeout=3
}

# ---- this process ----

test_cpuset() {
	is_full || return
	make_group one 'a cpuset' || return
	obstruct_with anon 50 || return
	run in_group one daxhp explain --json "$device"
	exits 0 'explain'
	json_is '[.[0].obstacles[].kind] | join(" ")' cpuset 'explain: says so'
	if [[ ${vm_kernel:?} == mainline-7.3 ]]; then
		run in_group one daxhp unplug --timeout=30 "$device"
		exits 0 'unplug works'
		return
	fi
	run in_group one daxhp unplug --json --timeout=3 "$device"
	exits 1 'unplug'
	json_is '.[0].error.obstacle.kind' cpuset 'unplug: says so'
	like "$err" 'Run daxhp outside of the cpuset' 'unplug: what to do'
}

is_asked_for() {
	local reads
	read -r reads _ </sys/block/vda/inflight
	[ "$reads" -ge 4 ]
}

# Pages of the device wait for the slow disk.
test_io() {
	is_full || return
	echo 512 >/sys/block/vda/queue/max_sectors_kb
	echo 16384 >/sys/block/vda/bdi/read_ahead_kb
	obstruct read 1 /mnt/slow/file >/run/obstruct.out 2>&1 &
	obstruct_pid=$!
	wait_until is_asked_for || { fail 'pages wait for a slow disk'; return; }
	explained maybe
	has_obstacle io
	fails_with io --timeout=2
	wait "$obstruct_pid"
	obstruct_pid=
}

# ---- not everything can be seen ----

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"
}

test_without_rights() {
	run as_nobody daxhp explain "$device"
	exits 0 'nobody'
	like "$out" 'its memory cannot be seen' 'nobody: says so'
	like "$err" 'note: .* cannot be seen .*only root' 'nobody: says why'
	run as_nobody daxhp explain -j "$device"
	json_like '.[0].unseen | length' '^[1-9]' 'nobody: in JSON'
	run setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace daxhp explain -j "$device"
	exits 0 'without CAP_SYS_PTRACE'
	json_is '[.[0].unseen[].errno] | join(" ")' EPERM 'without CAP_SYS_PTRACE: says so'
}

# without FILE COMMAND...: the file is empty.
without() {
	unshare --mount sh -c ": >/run/empty; mount --bind /run/empty $1 && shift && exec \"\$@\"" sh "$@"
}

test_without_files() {
	obstruct_with vmsplice || return
	run without /proc/kpageflags daxhp explain -j "$device"
	exits 0 'without kpageflags'
	json_is '.[0] | "\(.verdict) \(.classes) \([.unseen[].file] | join(" "))"' 'yes null /proc/kpageflags' 'without kpageflags: says so'
	names_user
	run without /proc/kpageflags daxhp explain "$device"
	like "$err" 'what is in its pages cannot be seen \(/proc/kpageflags' 'without kpageflags: in words'
	run without "$control" daxhp unplug -j --timeout=3 "$device"
	exits 1 'without dynamic debug'
	json_is '.[0].error.obstacle.kind' held 'without dynamic debug: all the same'
	run without /dev/kmsg daxhp unplug -j --timeout=3 "$device"
	exits 1 "without the kernel's log"
	json_is '.[0].error.obstacle' null "without the kernel's log: claims nothing"
	umount /sys/kernel/debug
	# The kernel logs ten pages in five seconds. The runs before this one may have used them up.
	sleep 6
	run daxhp unplug -j --timeout=3 "$device"
	mount -t debugfs debugfs /sys/kernel/debug
	json_is '.[0].error.obstacle.kind' held 'without debugfs: all the same'
}

# ---- what is borrowed is given back ----

test_killed() {
	obstruct_with vmsplice || return
	daxhp unplug --timeout=60 "$device" >/run/first.out 2>&1 &
	local pid=$!
	wait_until is_on
	is "$(debug_flags)" =p 'the debug message is on meanwhile'
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	is "$(debug_flags)" =p 'it stays on when daxhp is killed'
	end_obstruct
	run daxhp online --movable "$device"
	like "$err" "restored dynamic_debug/control to '=_'" 'the next daxhp says that it restores it'
	is "$(debug_flags)" =_ 'and does so'
	run daxhp unplug "$device"
	exits 0 'then all goes'
	echo 'format "memory offlining" =pm' >"$control"
	daxhp online --movable "$device" >/dev/null
	run daxhp unplug "$device"
	is "$(debug_flags)" =pm "an administrator's own setting stays"
	echo 'format "memory offlining" =_' >"$control"
}

is_on() {
	[ "$(debug_flags)" = =p ]
}

# It cannot be taken back. In explain-lockdown, the kernel has it from its boot on.
test_under_lockdown() {
	local lockdown=/sys/kernel/security/lockdown
	mount -t securityfs none /sys/kernel/security 2>/dev/null
	grep -qsF '[confidentiality]' "$lockdown" || echo confidentiality >"$lockdown" || { skip 'lockdown' 'this kernel has none'; return; }
	obstruct_with vmsplice || return
	run daxhp explain -j "$device"
	exits 0 'explain'
	json_like '.[0].verdict' '^(yes|likely|maybe)$' 'explain: the verdict'
	diag "unseen: $(json '.[0].unseen | tojson')"
	run daxhp unplug -j --timeout=3 "$device"
	exits 1 'unplug'
	json_is '.[0].error.obstacle.kind' held 'unplug: the kind'
}

# ---- kernel memory ----

# in_kernel_memory KIND COUNT OBSTACLE [FILTER]: what the program makes there is seen before, and named afterwards. The
# kernel has other memory there, too, and names the first page that it finds.
in_kernel_memory() {
	obstruct_with "$1" "$2" || return
	explained no
	has_obstacle "${@:3}"
	fails_with 'page-tables|kernel-memory|kernel-buffers' --timeout=20
	is_certain
	like "$err" 'cannot be moved.*Only a reboot may free it' "$1: the sentence"
	end_obstruct
}

# The kernel keeps some of it, so this is the last test, and there is nothing to reset after it.
test_kernel_memory() {
	{ take_away "$device" && daxhp online --kernel "$device" >/dev/null; } || { fail 'in the kernel zone'; return; }
	in_kernel_memory tables 5000 page-tables .certain
	in_kernel_memory pipe 200 kernel-buffers
	is_full || return
	in_kernel_memory slab 20000 kernel-memory .certain
	in_kernel_memory sockets 500 kernel-buffers
}

run_tests
