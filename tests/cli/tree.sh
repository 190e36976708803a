# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced: a made-up /sys and /dev in a mount namespace. The test runs itself again in it.

in_namespace() {
	local unshare=(unshare --mount --propagation private)
	[ -z "${DAXHP_TEST_WORK-}" ] || return 0
	[ "$(id -u)" = 0 ] || unshare+=(--user --map-root-user)
	"${unshare[@]}" true 2>/dev/null || skip_all 'no mount namespace can be had here: root could'
	# shellcheck disable=SC2154 # set by tap.sh, as all that a tree is for
	DAXHP_TEST_WORK=$work "${unshare[@]}" "$BASH" "$0" "$tool"
	exit
}

# Files that must exist in every made-up /sys. Files that are written to do not belong into a device's folder.
make_dev() {
	local name
	mkdir "$work/dev"
	mount -t tmpfs -o mode=755 none "$work/dev"
	for name in null zero full urandom tty; do
		: >"$work/dev/$name"
		mount --bind "/dev/$name" "$work/dev/$name"
	done
	ln -s /proc/self/fd "$work/dev/fd"
	# For what is shown on a terminal.
	mkdir "$work/dev/pts"
	mount -t devpts -o newinstance,ptmxmode=0666 none "$work/dev/pts"
	ln -s pts/ptmx "$work/dev/ptmx"
	mount --rbind "$work/dev" /dev
}

# A place where another user may read and run it.
make_bin() {
	local lib
	mkdir "$work/bin"
	cp "$tool" "$work/bin/daxhp"
	ldd "$tool" | awk '$1 ~ /^libdaxhp/ { print $3 }' | while IFS= read -r lib; do
		cp "$lib" "$work/bin/"
	done
	export LD_LIBRARY_PATH=$work/bin${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	tool=$work/bin/daxhp
	chmod -R a+rX "$work"
}

# find_library SONAME: the path of a library that the tool loads when it needs it.
find_library() {
	find /usr/lib/ /usr/lib64/ -maxdepth 2 -name "$1" -print -quit 2>/dev/null
}

# zone NODE NAME MANAGED FREE [WORD SIZE]...: a zone in the format of /proc/zoneinfo. Sizes in MiB.
zone() {
	printf 'Node %d, zone %8s\n  pages free     %d\n        managed  %d\n' "$1" "$2" $(($4 * 256)) $(($3 * 256))
	shift 4
	while [ $# -gt 0 ]; do
		printf '        %-8s %d\n' "$1" $(($2 * 256))
		shift 2
	done
}

# A machine with 32 GiB free, and two nodes for devices, without used memory.
make_proc() {
	{
		zone 0 Normal 65536 32768 min 64 high 96
		zone 1 Movable 33554432 33554432
		zone 2 Movable 33554432 33554432
	} >"$work/zoneinfo"
	printf 'MemAvailable: 33554432 kB\nSwapFree: 0 kB\n' >"$work/meminfo"
	mount --bind "$work/zoneinfo" /proc/zoneinfo
	mount --bind "$work/meminfo" /proc/meminfo
}

# start_tree: an empty /sys with a dax bus, memory blocks of 128 MiB, and the policy `offline`.
start_tree() {
	sys=$work/sys
	mkdir "$sys"
	mount -t tmpfs -o nr_inodes=0,mode=755 none "$sys"
	make_bin
	make_dev
	make_proc
	mount --bind "$sys" /sys
	# The test must not lock or write files of this machine.
	mount -t tmpfs none /run
	mkdir -p "$sys/bus/dax/devices" "$sys/bus/dax/drivers/"{kmem,device_dax,fsdev_dax} "$sys/devices/system/memory" \
		"$sys/dev/char"
	memory=$sys/devices/system/memory
	printf '8000000\n' >"$memory/block_size_bytes"
	printf 'offline\n' >"$memory/auto_online_blocks"
}

# make_device NAME REGION DRIVER NODE START-END...: addresses in hex; no driver is ''. REGION is a path below
# devices/, which ends in a directory of the region's. Sets dir.
make_device() {
	local name=$1 region=$2 driver=$3 node=$4 size=0 n=0 range
	shift 4
	dir=$sys/devices/$region/$name
	mkdir -p "$dir" "$sys/devices/$region/dax_region"
	ln -sfn "../../../devices/$region/$name" "$sys/bus/dax/devices/$name"
	ln -sfn "../../../bus/dax" "$dir/subsystem"
	for range; do
		mkdir "$dir/mapping$n"
		printf '0x%x\n' "${range%-*}" >"$dir/mapping$n/start"
		printf '0x%x\n' "${range#*-}" >"$dir/mapping$n/end"
		printf '0x%x\n' $((size / 4096)) >"$dir/mapping$n/page_offset"
		chmod 400 "$dir/mapping$n/"*
		size=$((size + ${range#*-} - ${range%-*} + 1))
		n=$((n + 1))
	done
	printf '%d\n' $size >"$dir/size"
	printf '2097152\n' >"$dir/align"
	printf '%d\n' "$node" >"$dir/target_node"
	printf '0\n' >"$dir/memmap_on_memory"
	printf '0x%x\n' "${1%-*}" >"$dir/resource"
	chmod 400 "$dir/resource"
	: >"$dir/uevent"
	[ -z "$driver" ] || ln -s "../../../../bus/dax/drivers/$driver" "$dir/driver"
	printf '%d\n' $size >"$sys/devices/$region/dax_region/size"
	printf '2097152\n' >"$sys/devices/$region/dax_region/align"
	: >"/dev/$name"
}

# make_blocks STATE ZONES ID...
make_blocks() {
	local state=$1 zones=$2 id
	shift 2
	for id; do
		mkdir -p "$memory/memory$id"
		printf '%s\n' "$state" >"$memory/memory$id/state"
		printf '%s\n' "$zones" >"$memory/memory$id/valid_zones"
	done
}

# Prints names, contents and links of everything as one line, to see whether anything changed.
fingerprint() {
	(cd "$sys" && find . -type f -print0 | sort -z | xargs -0 sha256sum; find . -type l -printf '%p %l\n' | sort) |
		sha256sum
}

# for_nobody: a user without rights runs the next commands. Fails if there is no such user.
for_nobody() {
	as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	"${as_user[@]}" "$tool" version >/dev/null 2>&1 || { as_user=(); return 1; }
}

# on_terminal ARGUMENTS...: runs the tool on a terminal of 80 columns, and sets out to what that shows, line by line.
# shellcheck disable=SC2034 # for those who read this file
on_terminal() {
	ran="daxhp $*"
	script -qec "stty cols ${columns:-80}; $tool $*" /dev/null </dev/null >"$work/typescript" 2>&1
	out=$(tr '\r' '\n' <"$work/typescript")
}
