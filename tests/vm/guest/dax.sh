# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The truth about dax devices, read from /sys by means as simple as can be,
# and never by way of daxhp: what it says is measured against this.

dax_bus=/sys/bus/dax
memory=/sys/devices/system/memory
faults=/sys/kernel/debug/notifier-error-inject/memory/actions
export memory faults

block_size() {
	printf '%d' "0x$(<$memory/block_size_bytes)"
}

driver() {
	local link
	link=$(readlink "$dax_bus/devices/$1/driver") || { printf none; return 0; }
	printf '%s' "${link##*/}"
}

# The physical ranges of a device as "START END" lines, in the kernel's order.
ranges() {
	local dir=$dax_bus/devices/$1 n start end
	for ((n = 0; ; n++)); do
		[ -e "$dir/mapping$n" ] || break
		read -r start <"$dir/mapping$n/start"
		read -r end <"$dir/mapping$n/end"
		printf '%d %d\n' "$start" "$end"
	done
}

# The numbers of the blocks that lie wholly inside the ranges, ascending,
# present or not.
blocks() {
	local size start end n
	size=$(block_size)
	ranges "$1" | while read -r start end; do
		for ((n = (start + size - 1) / size; (n + 1) * size <= end + 1; n++)); do
			echo "$n"
		done
	done | sort -n
}

# All memory blocks of the machine with their states, as text to compare.
all_blocks() {
	local block state
	for block in "$memory"/memory[0-9]*; do
		read -r state <"$block/state"
		printf '%s %s\n' "${block##*/}" "$state"
	done
}

# The blocks of a device, one a line: number, state, zone. The state of one
# that is not there is "absent".
states() {
	local n state zone
	for n in $(blocks "$1"); do
		state=absent zone=-
		if [ -e "$memory/memory$n" ]; then
			read -r state <"$memory/memory$n/state"
			[ "$state" != online ] || read -r zone _ <"$memory/memory$n/valid_zones"
		fi
		printf '%s %s %s\n' "$n" "$state" "$zone"
	done
}

# count DEVICE PATTERN: how many of its blocks match "STATE ZONE".
count() {
	states "$1" | cut -d' ' -f2- | grep -cE "^$2" || true
}

# The word that the blocks amount to.
raw_word() {
	local summary
	summary=$(states "$1" | awk '
		{ n++ }
		$2 == "absent" { absent++ }
		$2 == "offline" { offline++ }
		$2 == "online" && $3 == "Movable" { movable++ }
		$2 == "online" && $3 ~ /^(DMA|DMA32|Normal)$/ { kernel++ }
		END {
			if (n == 0) print "no blocks"
			else if (absent == n) print "unplugged"
			else if (offline == n) print "offline"
			else if (movable == n) print "online_movable"
			else if (kernel == n) print "online_kernel"
			else print "inconsistent"
		}')
	printf '%s' "$summary"
}

attribute_file() {
	local name
	for name in state hotplug; do
		if [ -e "$dax_bus/devices/$1/$name" ]; then
			printf '%s' "$dax_bus/devices/$1/$name"
			return 0
		fi
	done
	return 1
}

attribute_word() {
	local file
	file=$(attribute_file "$1") || { printf null; return 0; }
	printf '%s' "$(<"$file")"
}

# Whether this kernel gives bound devices the whole-device attribute. Known
# for sure only while a device is bound; kmem's groups are looked at once.
has_attribute() {
	case ${vm_kernel:?} in
	debian-6.*) return 1 ;;
	*) return 0 ;;
	esac
}

policy() {
	printf '%s' "$(<$memory/auto_online_blocks)"
}

set_policy() {
	echo "$1" >$memory/auto_online_blocks
}

# Pages under the allocator's management, in KiB: grows by exactly a block
# with every block that goes online.
mem_total() {
	awk '/^MemTotal:/ { print $2 }' /proc/meminfo
}

# Binds a device to kmem under a policy, as an administrator would, and puts
# the policy back.
bind_kmem() {
	local device=$1 before
	before=$(policy)
	set_policy "${2:-offline}"
	modprobe kmem
	if [ "$(driver "$device")" != kmem ]; then
		unbind "$device"
		echo "$device" >$dax_bus/drivers/kmem/new_id 2>/dev/null
		[ "$(driver "$device")" = kmem ] || echo "$device" >$dax_bus/drivers/kmem/bind 2>/dev/null
		echo "$device" >$dax_bus/drivers/kmem/remove_id 2>/dev/null
	fi
	set_policy "$before"
	[ "$(driver "$device")" = kmem ]
}

bind_devdax() {
	local device=$1
	[ "$(driver "$device")" != device_dax ] || return 0
	unbind "$device"
	echo "$device" >$dax_bus/drivers/device_dax/new_id 2>/dev/null
	[ "$(driver "$device")" = device_dax ] || echo "$device" >$dax_bus/drivers/device_dax/bind 2>/dev/null
	echo "$device" >$dax_bus/drivers/device_dax/remove_id 2>/dev/null
	[ "$(driver "$device")" = device_dax ]
}

unbind() {
	local now
	now=$(driver "$1")
	[ "$now" = none ] || echo "$1" >"$dax_bus/drivers/$now/unbind"
}

# Takes a device's memory away block by block, however it stands.
take_away() {
	local device=$1 n state file try
	for ((try = 0; try < 5; try++)); do
		for n in $(blocks "$device"); do
			[ -e "$memory/memory$n" ] || continue
			read -r state <"$memory/memory$n/state"
			[ "$state" = offline ] || echo offline >"$memory/memory$n/state" 2>/dev/null
		done
		[ "$(count "$device" online)" = 0 ] && break
		sleep 0.2
	done
	[ "$(count "$device" online)" = 0 ] || return 1
	if file=$(attribute_file "$device"); then
		echo unplugged >"$file" || return 1
	fi
	unbind "$device"
	[ "$(raw_word "$device")" = unplugged ]
}

# fault ACTION ERRNO: what the memory notifier answers from now on; ERRNO 0
# takes it back. ACTION is MEM_GOING_OFFLINE or MEM_GOING_ONLINE.
fault() {
	[ -e $faults ] || modprobe memory-notifier-error-inject || return 1
	echo "$2" >"$faults/$1/error"
}

no_faults() {
	[ -e $faults ] || return 0
	local action
	for action in "$faults"/*; do
		echo 0 >"$action/error"
	done
}

# carve_region: of the one device of a soft-reserved region makes three
# devices; the first has two ranges in reverse order, with the second between
# them and the third behind. Prints their names. Offsets in MiB:
#   0-512 A's second range, 512-1024 B, 1024-1536 A's first range, 1536-2048 C
carve_region() {
	local a b c first
	modprobe -q device_dax
	first=$(daxctl list | jq -r '.[0].chardev')
	unbind "$first"
	set_size "$first" $((512 << 20)) || return 1
	b=$(new_device $((512 << 20))) || return 1
	a=$(new_device $((512 << 20))) || return 1
	c=$(new_device $((512 << 20))) || return 1
	# Linux 6.1 has bound it to device_dax again by now.
	unbind "$first"
	set_size "$first" 0 || return 1
	unbind "$a"
	set_size "$a" $((1024 << 20)) || return 1
	printf '%s %s %s\n' "$a" "$b" "$c"
}

set_size() {
	echo "$2" >"$dax_bus/devices/$1/size"
}

new_device() {
	daxctl create-device --region=0 --size="$1" 2>/dev/null | jq -r '.[0].chardev'
}
