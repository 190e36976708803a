#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved
#
# A region on its own node, split into three devices. The first has two
# ranges in reverse order, with the second device between them.

# shellcheck source=trials.sh
. /vm/guest/trials.sh
# shellcheck source=reconfigure.sh
. /vm/guest/reconfigure.sh

set_policy offline
base_policy=offline
node=/sys/devices/system/node/node1
own_blocks=$(all_blocks)

read -r split between behind < <(carve_region)
[ -n "$behind" ] || bail_out 'the region cannot be split'
devices=("$split" "$between" "$behind")

reset() {
	local device
	no_faults
	set_policy offline
	others_kib=0
	for device in "${devices[@]}"; do
		take_away "$device" || return 1
	done
}

offline_all() {
	local device
	for device in "${devices[@]}"; do
		bind_kmem "$device" offline || bail_out "cannot bind $device"
	done
}

# The machine's blocks that belong to none of the given devices.
foreign() {
	local device
	{
		for device; do
			blocks "$device" | sed 's/^/memory/'
		done
		echo none
	} | grep -vxFf - <(all_blocks | cut -d' ' -f1) || true
}

kib_online() {
	echo $(($(count "$1" online) * $(block_size) / 1024))
}

test_topology() {
	is "$(ranges "$split" | wc -l)" 2 'two ranges'
	read -r first _ < <(ranges "$split" | sed -n 1p)
	read -r second _ < <(ranges "$split" | sed -n 2p)
	ok 'in reverse order' [ "$first" -gt "$second" ]
	is "$(blocks "$split" | wc -l)" 8 '8 blocks'
	is "$(blocks "$split" | paste -sd' ' | grep -c "$(blocks "$between" | sed -n 1p)")" 0 'none of them the neighbour'
	nok 'the node is not there' [ -e "$node" ]
	bind_kmem "$between" offline
	ok 'the node is there with its first memory' [ -e "$node" ]
}

test_two_ranges() {
	local before
	bind_kmem "$split" offline
	bind_kmem "$between" offline
	before=$(states "$between")
	agrees "$split" offline 'bound'
	run daxhp online --movable --json "$split"
	exits 0 'online --movable'
	json_is '.[0] | "\(.chardev) \(.from) \(.to) \(.changed) \(.blocks)"' "$split offline online_movable true 8" 'online: JSON'
	agrees "$split" online_movable 'all 8 blocks of both ranges'
	is "$(states "$between")" "$before" 'none of the neighbour between'
	run daxhp unplug "$split"
	exits 0 'unplug'
	agrees "$split" unplugged 'both ranges gone'
	is "$(states "$between")" "$before" 'the neighbour still there'
	ok 'the node stays for the neighbour' [ -e "$node" ]
	run daxhp unplug "$between"
	exits 0 'unplug of the neighbour'
	nok 'the directory of the node is gone' [ -e "$node" ]
	run daxhp status --json
	exits 0 'status without the directory of the node'
	json_is 'map(.hotplug_state) | unique | join(" ")' unplugged 'all unplugged'
	json_is 'map(.target_node) | unique | map(tostring) | join(" ")' 1 'of node 1'
	agrees "$split" unplugged 'at the end'
	is "$(all_blocks)" "$own_blocks" 'the machine is as before'
}

test_from_unplugged() {
	run daxhp online --movable --json "$split"
	exits 0 'online --movable of an unbound device'
	agrees "$split" online_movable 'both ranges'
	is "$(raw_word "$between") $(raw_word "$behind")" 'unplugged unplugged' 'no other device'
	is "$(foreign "$split")" "$(cut -d' ' -f1 <<<"$own_blocks")" 'no foreign block'
	run daxhp unplug "$split"
	exits 0 'unplug'
	agrees "$split" unplugged 'at the end'
}

# One block of the second range is offline. daxhp counts it, and brings it online.
test_inconsistent_in_the_second_range() {
	local block
	bind_kmem "$split" online_movable
	block=$(blocks "$split" | sed -n 2p)
	echo offline >"$memory/memory$block/state"
	agrees "$split" inconsistent 'one block of the lower range offline'
	run daxhp status --json "$split"
	json_is '.[0] | "\(.online_memblocks) \(.total_memblocks)"' '7 8' 'exact counts'
	run daxhp online --movable "$split"
	exits 0 'online --movable repairs it'
	agrees "$split" online_movable 'mended'
	echo offline >"$memory/memory$block/state"
	run daxhp unplug "$split"
	exits 0 'unplug from inconsistent'
	agrees "$split" unplugged 'unplugged'
}

# Only one of the ranges is present. Linux 7.3 says that this is online.
test_one_range_missing() {
	local block
	bind_kmem "$split" online_movable
	for block in $(blocks "$split" | head -n 4); do
		echo offline >"$memory/memory$block/state"
	done
	agrees "$split" inconsistent 'a whole range offline'
	run daxhp unplug "$split"
	exits 0 'unplug'
	agrees "$split" unplugged 'unplugged'
}

test_two_devices_in_one_call() {
	offline_all
	run daxhp online --movable --json "$split" "$behind"
	exits 0 'online of two'
	json_is 'map("\(.chardev) \(.to) \(.changed)") | join(",")' \
		"$split online_movable true,$behind online_movable true" 'online of two: JSON in the order asked'
	is "$(raw_word "$split") $(raw_word "$between") $(raw_word "$behind")" 'online_movable offline online_movable' 'these two and no other'
	others_kib=$(kib_online "$behind")
	agrees "$split" online_movable 'the first'
	others_kib=$(kib_online "$split")
	agrees "$behind" online_movable 'the second'
	run daxhp unplug "$split" "$behind"
	exits 0 'unplug of two'
	is "$(raw_word "$split") $(raw_word "$between") $(raw_word "$behind")" 'unplugged offline unplugged' 'unplugged these two'
	run daxhp online --movable --json "$split" "$split"
	like "$rc" '^[02]$' 'the same device twice'
}

test_all() {
	offline_all
	run daxhp online --movable --json all
	exits 0 'online all'
	json_is 'map(.chardev) | sort | join(" ")' "$(printf '%s\n' "${devices[@]}" | sort | paste -sd' ')" 'all three'
	is "$(raw_word "$split") $(raw_word "$between") $(raw_word "$behind")" 'online_movable online_movable online_movable' 'all three online'
	run daxhp status --json
	json_is 'map(.hotplug_state) | join(" ")' 'online_movable online_movable online_movable' 'status agrees'
	run daxhp unplug all
	exits 0 'unplug all'
	is "$(raw_word "$split") $(raw_word "$between") $(raw_word "$behind")" 'unplugged unplugged unplugged' 'all three unplugged'
	nok 'the directory of the node is gone' [ -e "$node" ]
	is "$(all_blocks)" "$own_blocks" 'the machine is as before'
}

test_select_by_node() {
	offline_all
	run daxhp online --movable --node=1 all
	exits 0 'online --node=1'
	is "$(raw_word "$split") $(raw_word "$between") $(raw_word "$behind")" 'online_movable online_movable online_movable' 'all of node 1'
	run daxhp unplug --region=0 all
	exits 0 'unplug --region=0'
	is "$(raw_word "$split") $(raw_word "$between") $(raw_word "$behind")" 'unplugged unplugged unplugged' 'all of region 0'
	refused 'none on node 0' 1 daxhp status --json --node=0
}

# When two of three devices are done, this is neither success nor failure.
test_partly() {
	offline_all
	bind_devdax "$between" || bail_out "cannot bind $between to device_dax"
	run daxhp online --movable --json "$split" "$between" "$behind"
	exits 64 'one device of three is devdax'
	is "$(raw_word "$split") $(raw_word "$behind")" 'online_movable online_movable' 'the others are online'
	is "$(driver "$between")" device_dax 'it is as it was'
	json_is 'map(.changed) | map(tostring) | join(" ")' 'true false true' 'JSON tells which'
	json_is '.[1].error.message | type' string 'JSON tells why'
	like "$err" "$between" 'the message names it'
}

# The attribute of 7.3 takes the ranges offline as one operation. Block by block,
# daxhp makes the undo. The kernel fails a block of the second range; all blocks of
# the first range must come online again.
test_refused_in_one_range() {
	local block
	bind_kmem "$split" online_movable
	fault MEM_GOING_OFFLINE -16
	refused 'EBUSY' 1 daxhp unplug "$split"
	agrees "$split" online_movable 'EBUSY'
	no_faults
	if has_attribute; then
		skip 'one block refuses' 'this kernel does the whole device in one write'
		return
	fi
	for block in $(blocks "$split" | sed -n '1p;4p;5p;8p'); do
		run strace --seccomp-bpf -f -o /run/strace.log -P "$memory/memory$block/state" -e trace=write,pwrite64 -e inject=write,pwrite64:error=EBUSY daxhp unplug --json "$split"
		exits 1 "memory$block refuses"
		json_is '.[0].error | "\(.errno) \(.undone)"' 'EBUSY true' "memory$block refuses: undone"
		agrees "$split" online_movable "memory$block refuses"
	done
}

# Each pair of places that does not put the kernel's own data into the memory.
test_reconfigure() {
	local device=$split trips=(devdax:movable movable:off off:devdax devdax:off off:movable movable:devdax) neighbour
	bind_kmem "$between" offline
	neighbour=$(states "$between")
	forget_place
	all_trips "${trips[@]}"
	is "$(states "$between")" "$neighbour" 'the neighbour between is as before'
	is "$(driver "$behind")" none 'the device after it has no driver'
	set_policy offline
}

test_reconfigure_with_rivals() {
	local device=$split places=devdax,movable ids neighbour
	mapfile -t ids < <(blocks "$device")
	! has_attribute || places=devdax,movable,off
	bind_kmem "$between" offline
	neighbour=$(states "$between")
	start_holder running rival 100 "${ids[@]}"
	start_holder running rival 100 "${ids[@]}"
	tried 'every 100 us' cycle "$device" "$(quick_or_full 2 100)" "$places" "${ids[@]}"
	stop_rivals
	is "$(states "$between")" "$neighbour" 'the neighbour between is as before'
	never_wedged
}

# A device smaller than a block, and a device that contains no whole block.
test_too_small() {
	local small
	take_away "$behind"
	echo $((64 << 20)) >"$dax_bus/devices/$behind/size" || bail_out "cannot resize $behind"
	refused 'ranges too small for a block' 1 daxhp online --movable "$behind"
	like "$err" 'block' 'ranges too small: says so'
	run daxhp status --json "$behind"
	exits 0 'status of it'
	json_is '.[0] | "\(.size) \(.online_memblocks)"' "$((64 << 20)) 0" 'status of it: size and blocks'
	unbind "$behind"
	echo $((512 << 20)) >"$dax_bus/devices/$behind/size"
	small=$(ranges "$behind" | wc -l)
	is "$small" 1 'and back'
}

# A seed is a device without size. daxctl does not list it, and neither does daxhp.
test_seed() {
	run daxhp status --json
	json_is 'map(.chardev) | sort | join(" ")' "$(daxctl list | jq -r 'map(.chardev) | sort | join(" ")')" 'the devices that daxctl lists'
	run daxhp status --json -M "$split"
	json_is '.[0].mappings | length' 2 'two mappings'
	json_is '.[0].mappings | map([.start, .end]) | sort | tojson' \
		"$(daxctl list -M -d "$split" | jq -c '.[0].mappings | map([.start, .end]) | sort')" 'as daxctl has them'
}

# daxhp itself loads kmem. The new driver would also take the other devices of the
# region. daxhp must prevent this.
test_loading_kmem_touches_no_other() {
	rmmod kmem || { skip 'the others' 'kmem cannot be removed'; return; }
	snapshot
	run daxhp online --movable "$split"
	exits 0 'online, kmem not loaded'
	is "$(driver "$between") $(driver "$behind")" 'none none' 'the others are not bound'
	agrees "$split" online_movable 'only this one'
	run daxhp unplug "$split"
	exits 0 'unplug'
	is "$(all_blocks)" "$own_blocks" 'the machine is as before'
}

# The last test: on a node without other memory, the kernel soon puts its own data
# there, and then the memory cannot be unplugged.
test_kernel_zone() {
	run daxhp online --movable "$split"
	run daxhp reconfigure --kernel --json "$split"
	exits 0 'movable to kernel'
	json_is '.[0] | "\(.from) \(.changed)"' 'online_movable true' 'movable to kernel: JSON'
	agrees "$split" online_kernel 'both ranges in the kernel zone'
	run daxhp unplug "$split"
	if [ "$rc" = 0 ]; then
		agrees "$split" unplugged 'the kernel had not used it'
	else
		exits 1 'the kernel has used it'
		one_sentence 'the kernel has used it: one sentence'
		agrees "$split" online_kernel 'the kernel has used it'
	fi
}

run_tests
