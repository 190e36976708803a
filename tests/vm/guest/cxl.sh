# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# CXL regions and cards. What is done here is done with cxl-cli and QEMU's monitor,
# never with daxhp; in_service and out_of_service are for daxhp, too.

# shellcheck source=room.sh
. /vm/guest/room.sh

cxl_bus=/sys/bus/cxl/devices
[ -e $cxl_bus/decoder0.0/create_ram_region ] || { echo '1..0 # SKIP this kernel has no regions of volatile memory'; exit 0; }

quick_or_full() {
	if is_full; then echo "$2"; else echo "$1"; fi
}

# card SERIAL: prints the name of the card. Its number depends on which card was found first.
card() {
	local memdev
	for memdev in "$cxl_bus"/mem*; do
		[ "$(<"$memdev/serial")" != "$1" ] || echo "${memdev##*/}"
	done
}

# make_region POLICY CXL-ARGUMENT...: makes a region under that policy, and sets region
# to its name and device to its dax device. kmem binds to the device at once.
make_region() {
	local before
	before=$(policy)
	set_policy "$1"
	shift
	load_kmem
	run cxl create-region -m -t ram "$@"
	[ "$rc" = 0 ] || { set_policy "$before"; diag "$err"; return 1; }
	region=$(json '.region')
	# cxl does not wait for kmem.
	find_device "$region" && wait_until test -e "$dax_bus/drivers/kmem/$device"
	set_policy "$before"
	[ "$(driver "$device")" = kmem ]
}

# make_unbound_region CXL-ARGUMENT...: the same, but no driver binds to the device.
make_unbound_region() {
	echo 0 >$dax_bus/drivers_autoprobe
	run cxl create-region -m -t ram "$@"
	[ "$rc" = 0 ] || diag "$err"
	region=$(json '.region')
	find_device "$region"
	# The kernel may look for a driver later.
	sleep 1
	echo 1 >$dax_bus/drivers_autoprobe
	[ "$(driver "$device")" = none ]
}

# find_device REGION: sets device to the first dax device in it.
find_device() {
	wait_until compgen -G "$cxl_bus/$1/dax_region*/dax*.*" >/dev/null || return 1
	device=$(basename "$(compgen -G "$cxl_bus/$1/dax_region*/dax*.*" | head -n 1)")
}

regions() {
	compgen -G "$cxl_bus/region*" | sed 's,.*/,,'
}

# remove_region REGION: as an operator does, without -f. Sets the variables as run.
remove_region() {
	run cxl disable-region "$1"
	[ "$rc" = 0 ] || return 1
	run cxl destroy-region "$1"
	[ "$rc" = 0 ]
}

# remove_regions: takes all memory away, block by block, and all regions.
remove_regions() {
	local name one
	for name in $(regions); do
		for one in $(compgen -G "$cxl_bus/$name/dax_region*/dax*.*"); do
			take_away "${one##*/}" || return 1
		done
		remove_region "$name" || { diag "$err"; return 1; }
	done
}

# in_service CXL-ARGUMENT...: makes a region, and brings its memory online.
in_service() {
	make_region offline "$@" || bail_out 'there is no region'
	run daxhp online --movable "$device"
	exits 0 "$region: in service"
	agrees "$device" online_movable "$region in service"
}

# out_of_service REGION: unplugs $device, which is the only one in the region, and
# takes the region away, without -f.
out_of_service() {
	run daxhp unplug --unbind "$device"
	exits 0 "$1: out of service"
	agrees "$device" unplugged "$1 out of service"
	is "$(driver "$device")" none "$1: no driver is left"
	ok "$1: cxl-cli takes it away" remove_region "$1"
	is "$(compgen -G "$cxl_bus/$1" "$dax_bus/devices/$device")" '' "$1: nothing is left"
	is "$(mem_total)" $((base_total + others_kib)) "$1: MemTotal is as before"
}

# orphans: prints the memory of kmem that no device has: start, size, blocks online.
orphans() {
	local line first last n state online
	look_block_size
	wedge_signs_in_iomem | while IFS= read -r line; do
		[[ $line =~ ([0-9a-f]+)-([0-9a-f]+) ]]
		first=$((16#${BASH_REMATCH[1]})) last=$((16#${BASH_REMATCH[2]})) online=0
		for ((n = first / now_block_size; n * now_block_size < last; n++)); do
			read -r state <"$memory/memory$n/state"
			[ "$state" = offline ] || online=$((online + 1))
		done
		echo "$first $((last - first + 1)) $online"
	done
}

# says_so NAME: status agrees with /sys about what is left.
says_so() {
	run daxhp status -j
	exits 0 "$1: status"
	json_is '.[] | select(.chardev == null) | "\(.mappings[0].start) \(.size) \(.online_memblocks)"' "$(orphans)" "$1: memory without a device"
	json_is '[.[] | .chardev // empty] | join(" ")' "$(cd "$dax_bus/devices" && echo dax* | sed 's/^dax\*$//')" "$1: devices"
	is "$(mem_total)" $((base_total + $(orphans | awk '{ n += $3 } END { print n + 0 }') * now_block_size / 1024)) "$1: MemTotal"
}

# monitor COMMAND [JSON]: tells QEMU. Fails if QEMU refuses.
monitor() {
	local line
	if [ -z "$monitor_is_open" ]; then
		stty -F /dev/ttyS2 raw -echo
		exec 5<>/dev/ttyS2
		# The terminal may have echoed QEMU's greeting. The first byte makes QEMU forget that.
		printf '\xff\n{"execute": "qmp_capabilities"}\n' >&5
		monitor_is_open=1
	fi
	printf '{"execute": "%s", "arguments": %s, "id": "%s"}\n' "$1" "${2:-{\}}" $((++monitor_id)) >&5
	while IFS= read -r -t 60 line <&5; do
		[ "$(jq -r '.id // empty' <<<"$line" 2>/dev/null)" = $monitor_id ] || continue
		[[ $line == *'"return"'* ]] || { diag "$line"; return 1; }
		return 0
	done
	diag "no answer to $1"
	return 1
}
monitor_is_open='' monitor_id=0

# pull CARD MEMDEV: takes the card out of its slot while the machine runs.
pull() {
	monitor device_del "{\"id\": \"$1\"}" || return 1
	wait_until test ! -e "$cxl_bus/$2"
}

# put_in CARD SLOT BACKEND SERIAL: puts a card into a slot.
put_in() {
	monitor device_add "{\"driver\": \"cxl-type3\", \"bus\": \"$2\", \"volatile-memdev\": \"$3\", \"id\": \"$1\", \"sn\": $4}"
}
