#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# many-blocks.sh TOOL: the cost of a look at many memory blocks: files, time, and memory.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
command -v perl >/dev/null || skip_all 'perl is not installed'
in_namespace

start_tree

# One inode for all states and one for all zones, because a separate file for each would take a gigabyte.
make_many() {
	(cd "$memory" && perl -e '
		my ($first, $last) = @ARGV;
		for my $id ($first .. $last) {
			mkdir "memory$id" or die;
			link "../../online", "memory$id/state" or die;
			link "../../movable", "memory$id/valid_zones" or die;
		}' "$1" "$2")
}
echo online >"$sys/devices/online"
echo Movable >"$sys/devices/movable"

# 1000 blocks of the device, and 1000 other blocks on the same node.
make_device dax0.0 platform/ndbus0/region0/dax0 kmem 1 0x200000000-0x3f3fffffff
mkdir -p "$sys/devices/system/node/node1"
# The device has the first 1960, memory64 to memory2023. The others are foreign.
make_many 64 3000
blocks=$(((0x3f3fffffff + 1 - 0x200000000) / 0x8000000))

# The sanitizers open files themselves, and are slow.
spare=60
sanitized() {
	grep -q __asan_init "$tool"
}
! sanitized || spare=200

# The leak sanitizer does not work below strace.
traced() {
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2,creat -o "$work/trace" "$tool" "$@" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
	out=$(<"$work/out") err=$(<"$work/err")
	# When another thread interrupts a call, strace prints the call in two parts. The result is in the second part.
	opens=$(grep -c ' = [0-9]' "$work/trace")
}

if command -v strace >/dev/null && strace -qq -o /dev/null true 2>/dev/null; then
	traced status -j
	is "$status" 0 "$blocks blocks: exit status"
	json_is '.[0] | [.online_memblocks, .total_memblocks, .hotplug_state]' \
		"[$blocks,$blocks,\"online_movable\"]" "$blocks blocks: all of them, no foreign one"
	echo "# $opens files opened for $blocks blocks"
	check "$blocks blocks: at most two files a block and $spare" test "$opens" -le $((2 * blocks + spare))
	# Two files for each block. With fewer, the tool did not look at all blocks.
	check "$blocks blocks: no fewer either" test "$opens" -ge $((2 * blocks))
	check 'the directory of all blocks is not gone through' test "$(grep -c 'O_DIRECTORY.*memory"' "$work/trace")" -le 2
	is "$(grep -cE 'memory(2[1-9][0-9][0-9]|3000)/' "$work/trace")" 0 'no foreign block is opened'
else
	skip 'files opened' 'strace does not work here'
fi

# ---- 1 PiB, and the same blocks: most of the device's blocks are absent ----

rm -rf "$sys/devices/platform" "$sys/bus/dax/devices/"*
make_device dax0.0 platform/ndbus0/region0/dax0 kmem 1 0x200000000-0x40001ffffffff

# costs NAME ARGUMENTS...: processor time and memory, which do not depend on the load of this machine.
costs() {
	local name=$1 used ms kib
	shift
	if sanitized || [ "$(uname -m)" != x86_64 ]; then
		skip "$name: cost" 'the tool is built with sanitizers, or it cannot be asked for'
		return
	fi
	# getrusage() of a child that has ended: two times, in seconds and microseconds, and the most memory in KiB.
	used=$(perl -e '
		open STDOUT, ">", "/dev/null";
		system { $ARGV[0] } @ARGV;
		my $usage = "\0" x 144;
		syscall(98, -1, $usage) == 0 or die;
		my ($us, $uu, $ss, $su, $kib) = unpack("q5", $usage);
		printf STDERR "%d %d\n", ($us + $ss) * 1000 + ($uu + $su) / 1000, $kib;' "$tool" "$@" 2>&1 | tail -n 1)
	ms=${used% *} kib=${used#* }
	echo "# $name: $ms ms, $kib KiB"
	check "$name: under 2 s" test "$ms" -lt 2000
	check "$name: under 100 MB" test "$kib" -lt $((100 * 1000 * 1000 / 1024))
}

run status -j
is "$status" 0 '1 PiB: exit status'
json_is '.[0] | [.online_memblocks, .total_memblocks, .possible_memblocks, .hotplug_state]' \
	'[2937,2937,8388608,"inconsistent"]' '1 PiB: the blocks that are there'
costs '1 PiB' status -j
run unplug -n dax0.0
check '1 PiB: a plan' matches "$out" 'write offline to 2937 memory blocks from memory64 to memory3000'
costs '1 PiB: a plan' unplug -n dax0.0
# A folder that cannot be listed is not empty. With x alone, a program can open a known name, but cannot find names.
chmod 711 "$memory"
chmod a+r "$sys/devices/platform/ndbus0/region0/dax0/dax0.0/"{resource,mapping0/*}
if for_nobody; then
	run status -j
	is "$status" 0 '1 PiB, not to be listed: exit status'
	json_is '.[0] | [.online_memblocks, .total_memblocks, .hotplug_state]' '[null,null,null]' '1 PiB, not to be listed: not known'
	as_user=()
else
	skip '1 PiB, not to be listed' 'setpriv to nobody does not work here'
fi
chmod 755 "$memory"

# ---- 131,072 blocks ----

rm -rf "$sys/devices/platform" "$sys/bus/dax/devices/"* "$memory/memory"[0-9]*
make_device dax0.0 platform/ndbus0/region0/dax0 kmem 1 0x200000000-0x1001ffffffff
make_many 64 131135
# The time depends on the machine and its load. So the test compares it with the time of another program that opens the
# same files, one after the other.
read_all() {
	(cd "$memory" && perl -e '
		for my $id (64 .. 131135) {
			for my $file ("state", "valid_zones") {
				open my $f, "<", "memory$id/$file" or die;
				defined sysread $f, my $word, 64 or die;
			}
		}')
}

# milliseconds COMMAND...
milliseconds() {
	local start
	start=$(date +%s%N)
	"$@"
	took=$((($(date +%s%N) - start) / 1000000))
}

least=999999
for try in 1 2 3; do
	milliseconds read_all
	plain=$took
	milliseconds run status -j
	share=$((100 * took / plain))
	echo "# 131072 blocks, try $try: $took ms, plain reading $plain ms: $share %"
	[ $share -ge $least ] || least=$share
done
is "$status" 0 '131072 blocks: exit status'
json_is '.[0] | [.online_memblocks, .total_memblocks, .size]' '[131072,131072,17592186044416]' '131072 blocks: all of them'
if sanitized; then
	skip '131072 blocks: not much slower than plain reading' 'the tool is built with sanitizers'
else
	check '131072 blocks: not much slower than plain reading' test $least -le 150
fi

run unplug -n dax0.0
is "$status" 0 '131072 blocks: a plan: exit status'
check '131072 blocks: a plan' matches "$out" 'write offline to 131072 memory blocks from memory64 to memory131135'

finish
