# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The truth about dax devices. It comes from /sys, in the simplest way, and never
# from daxhp: the tests compare daxhp with this.

dax_bus=/sys/bus/dax
memory=/sys/devices/system/memory
faults=/sys/kernel/debug/notifier-error-inject/memory/actions
export memory faults

# A fork costs some 20 ms in an emulated machine. So the functions that the tests
# call often use only the shell: those with "look" in the name set variables, the
# others print their answer.

# look_driver DEVICE: sets now_driver to the driver.
look_driver() {
	local name
	now_driver=none
	for name in kmem device_dax fsdev_dax; do
		if [ -e "$dax_bus/drivers/$name/$1" ]; then
			now_driver=$name
			return
		fi
	done
	[ ! -e "$dax_bus/devices/$1/driver" ] || now_driver=$(basename "$(readlink "$dax_bus/devices/$1/driver")")
}

driver() {
	look_driver "$1"
	printf '%s' "$now_driver"
}

look_block_size() {
	local hex
	read -r hex <"$memory/block_size_bytes"
	now_block_size=$((16#$hex))
}

block_size() {
	look_block_size
	printf '%s' "$now_block_size"
}

# Prints the physical ranges of a device as "START END" lines, in the kernel's order.
ranges() {
	local dir=$dax_bus/devices/$1 n start end
	for ((n = 0; ; n++)); do
		[ -e "$dir/mapping$n" ] || break
		read -r start <"$dir/mapping$n/start"
		read -r end <"$dir/mapping$n/end"
		printf '%d %d\n' "$start" "$end"
	done
}

# look_blocks DEVICE: sets now_blocks to the numbers of the blocks that lie
# wholly inside the ranges, ascending, present or not.
look_blocks() {
	local dir=$dax_bus/devices/$1 range start end n
	local -A seen=()
	look_block_size
	for ((range = 0; ; range++)); do
		[ -e "$dir/mapping$range" ] || break
		read -r start <"$dir/mapping$range/start"
		read -r end <"$dir/mapping$range/end"
		for ((n = (start + now_block_size - 1) / now_block_size; (n + 1) * now_block_size <= end + 1; n++)); do
			seen[$n]=1
		done
	done
	now_blocks=()
	[ ${#seen[@]} -gt 0 ] || return 0
	# A loop over a range of numbers sorts without a fork.
	local low='' high=''
	for n in "${!seen[@]}"; do
		[ -n "$low" ] && [ "$low" -le "$n" ] || low=$n
		[ -n "$high" ] && [ "$high" -ge "$n" ] || high=$n
	done
	for ((n = low; n <= high; n++)); do
		[ -z "${seen[$n]:-}" ] || now_blocks+=("$n")
	done
}

blocks() {
	look_blocks "$1"
	[ ${#now_blocks[@]} = 0 ] || printf '%s\n' "${now_blocks[@]}"
}

# Prints all memory blocks of the machine with their states, as text to compare.
all_blocks() {
	local block state
	for block in "$memory"/memory[0-9]*; do
		read -r state <"$block/state"
		printf '%s %s\n' "${block##*/}" "$state"
	done
}

# look DEVICE: sets now_states to the blocks of the device, one per line (number,
# state, zone; a missing block has the state "absent"). Sets now_absent,
# now_offline and now_online to their counts, now_zones to the zones of the online
# blocks as "NAME COUNT,NAME COUNT", and now_word to the state of all blocks
# together.
look() {
	local n state zone name movable=0 kernel=0
	local -A zones=()
	look_blocks "$1"
	now_states='' now_absent=0 now_offline=0 now_online=0 now_zones=''
	for n in "${now_blocks[@]}"; do
		state=absent zone=-
		if [ -e "$memory/memory$n" ]; then
			read -r state <"$memory/memory$n/state"
			[ "$state" != online ] || read -r zone _ <"$memory/memory$n/valid_zones"
		fi
		now_states+="$n $state $zone"$'\n'
		case $state in
		absent) now_absent=$((now_absent + 1)) ;;
		offline) now_offline=$((now_offline + 1)) ;;
		online)
			now_online=$((now_online + 1))
			zones[$zone]=$((${zones[$zone]:-0} + 1))
			;;
		esac
	done
	# In the order in which jq sorts names.
	for name in DMA DMA32 Device Movable Normal none; do
		[ -z "${zones[$name]:-}" ] || now_zones+="${now_zones:+,}$name ${zones[$name]}"
	done
	movable=${zones[Movable]:-0}
	kernel=$((${zones[DMA]:-0} + ${zones[DMA32]:-0} + ${zones[Normal]:-0}))

	case ${#now_blocks[@]} in
	0) now_word='no blocks' ;;
	"$now_absent") now_word=unplugged ;;
	"$now_offline") now_word=offline ;;
	"$movable") now_word=online_movable ;;
	"$kernel") now_word=online_kernel ;;
	*) now_word=inconsistent ;;
	esac
}

states() {
	look "$1"
	printf '%s' "$now_states"
}

raw_word() {
	look "$1"
	printf '%s' "$now_word"
}

# count DEVICE STATE: prints how many of its blocks are in the state (online,
# offline or absent).
count() {
	look "$1"
	local -n now_count=now_$2
	printf '%s' "$now_count"
}

# look_attribute DEVICE: sets now_attribute to the attribute's file, and
# now_attribute_word to its word. They are "" and "null" when there is none.
look_attribute() {
	local name
	now_attribute='' now_attribute_word=null
	for name in state hotplug; do
		if [ -e "$dax_bus/devices/$1/$name" ]; then
			now_attribute=$dax_bus/devices/$1/$name
			read -r now_attribute_word <"$now_attribute"
			return
		fi
	done
}

attribute_file() {
	look_attribute "$1"
	[ -n "$now_attribute" ] && printf '%s' "$now_attribute"
}

attribute_word() {
	look_attribute "$1"
	printf '%s' "$now_attribute_word"
}

# Prints how many blocks the device of the topology nvdimm:SIZE has: eight per
# GiB, less one, because the metadata of the namespace takes a part of it.
nvdimm_blocks() {
	local size=${vm_topology:?}
	size=${size#*:}
	echo $((${size%G} * 8 - 1))
}

# True if this kernel keeps a shadow of its memory (KASAN), an eighth of its size.
has_kasan() {
	grep -q ' kasan_report$' /proc/kallsyms
}

# True if this kernel has the whole-device attribute. Only a bound device has it.
# So bind_kmem remembers whether it was there. When nothing was bound yet, this
# binds one device for a moment.
has_attribute() {
	local device before
	if [ -z "$knows_attribute" ]; then
		device=$(compgen -G "$dax_bus/devices/dax*" | head -n 1)
		device=${device##*/}
		look_driver "$device"
		before=$now_driver
		bind_kmem "$device" offline
		[ "$before" = kmem ] || unbind "$device"
		[ "$before" = none ] || bind_driver "$device" "$before"
	fi
	[ "$knows_attribute" = yes ]
}
knows_attribute=''

look_policy() {
	read -r now_policy <"$memory/auto_online_blocks"
}

policy() {
	look_policy
	printf '%s' "$now_policy"
}

set_policy() {
	echo "$1" >$memory/auto_online_blocks
}

# Prints the size of the pages that the kernel's allocator manages, in KiB. It
# grows by exactly one block with every block that goes online.
look_mem_total() {
	read -r _ now_mem_total _ </proc/meminfo
}

mem_total() {
	look_mem_total
	printf '%s' "$now_mem_total"
}

# Binds a device to kmem under a policy, as an administrator does, and restores
# the old policy.
bind_kmem() {
	local device=$1 before
	look_policy
	before=$now_policy
	set_policy "${2:-offline}"
	load_kmem
	bind_driver "$device" kmem
	set_policy "$before"
	look_driver "$device"
	[ "$now_driver" = kmem ] || return 1
	look_attribute "$device"
	[ -n "$now_attribute" ] && knows_attribute=yes || knows_attribute=no
}

bind_devdax() {
	bind_driver "$1" device_dax
	look_driver "$1"
	[ "$now_driver" = device_dax ]
}

# When kmem is loaded, the bus binds every soft-reserved device without a driver
# to it. This function must bind only the given device.
load_kmem() {
	[ ! -e $dax_bus/drivers/kmem ] || return 0
	echo 0 >$dax_bus/drivers_autoprobe
	modprobe kmem
	echo 1 >$dax_bus/drivers_autoprobe
}

# A driver that knows the device by its type needs no new_id. A new_id would bind
# all other devices of that type, too.
bind_driver() {
	local device=$1 to=$2
	look_driver "$device"
	[ "$now_driver" != "$to" ] || return 0
	unbind "$device"
	echo "$device" >"$dax_bus/drivers/$to/bind" 2>/dev/null
	[ ! -e "$dax_bus/drivers/$to/$device" ] || return 0
	echo "$device" >"$dax_bus/drivers/$to/new_id" 2>/dev/null
	[ -e "$dax_bus/drivers/$to/$device" ] || echo "$device" >"$dax_bus/drivers/$to/bind" 2>/dev/null
	echo "$device" >"$dax_bus/drivers/$to/remove_id" 2>/dev/null
}

unbind() {
	look_driver "$1"
	[ "$now_driver" = none ] || echo "$1" >"$dax_bus/drivers/$now_driver/unbind"
}

# Removes a device's memory block by block, from any state.
take_away() {
	local device=$1 n state try
	for ((try = 0; try < 5; try++)); do
		look "$device"
		[ "$now_online" != 0 ] || break
		for n in "${now_blocks[@]}"; do
			[ -e "$memory/memory$n" ] || continue
			read -r state <"$memory/memory$n/state"
			[ "$state" = offline ] || echo offline >"$memory/memory$n/state" 2>/dev/null
		done
	done
	[ "$now_online" = 0 ] || return 1
	look_attribute "$device"
	if [ -n "$now_attribute" ]; then
		echo unplugged >"$now_attribute" || return 1
	fi
	unbind "$device"
	look "$device"
	[ "$now_absent" = ${#now_blocks[@]} ]
}

# fault ACTION ERRNO: from now on the memory notifier returns ERRNO; ERRNO 0
# turns the fault off. ACTION is MEM_GOING_OFFLINE or MEM_GOING_ONLINE.
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

# carve_region: splits the one device of a soft-reserved region into three
# devices. The first has two ranges in reverse order; the second lies between
# them, and the third after them. Prints their names. Offsets in MiB:
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

# Prints the signs of memory that is lost until reboot, one per line. The kernel's
# message may no longer be in its log, and a device may have been bound again or
# split. So this looks at every place where the loss can still be seen.
wedge_signs() {
	local device
	dmesg | grep -E 'until (the next )?reboot'
	for device in "$dax_bus"/devices/dax*; do
		[ -e "$device" ] || continue
		device=${device##*/}
		look_driver "$device"
		[ "$now_driver" != kmem ] || continue
		look "$device"
		[ "$now_absent" = ${#now_blocks[@]} ] ||
			echo "$device, driver $now_driver, has blocks: ${now_states//$'\n'/; }"
	done
	wedge_signs_in_iomem
}

# Memory that kmem has added is in a device that is bound to kmem, or it is lost.
wedge_signs_in_iomem() {
	local line first last device start end
	while IFS= read -r line; do
		[[ $line =~ ^\ *([0-9a-f]+)-([0-9a-f]+)\ :\ System\ RAM\ \(kmem\)$ ]] || continue
		first=$((16#${BASH_REMATCH[1]})) last=$((16#${BASH_REMATCH[2]}))
		for device in "$dax_bus"/drivers/kmem/dax*; do
			while read -r start end; do
				((first < start || last > end)) || continue 3
			done < <(ranges "${device##*/}")
		done
		echo "/proc/iomem: ${line# }, and no device with kmem has it"
	done </proc/iomem
}

never_wedged() {
	is "$(wedge_signs)" '' 'no memory is lost until reboot'
}
