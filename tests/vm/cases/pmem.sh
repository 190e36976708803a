#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem
#
# One 2 GiB device of 15 blocks on the machine's own node.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

device=dax0.0
set_policy offline
base_policy=offline

# The device is unbound and unplugged, no fault is set, and no other program disturbs.
reset() {
	no_faults
	set_policy "$base_policy"
	rm -f /etc/modprobe.d/test.conf
	take_away "$device"
}

# The device is bound, with all blocks offline, because of the policy.
offline() {
	bind_kmem "$device" offline || bail_out "cannot bind $device"
}

online_movable() {
	bind_kmem "$device" online_movable || bail_out "cannot bind $device"
}

a_block() {
	blocks "$device" | sed -n "$1p"
}

write_block() {
	echo "$2" >"$memory/memory$1/state"
}

# done NAME FROM TO CHANGED: the result of an action's --json.
json_done() {
	json_is '.[0] | "\(.chardev) \(.from) \(.to) \(.changed) \(.error)"' "$device $2 $3 $4 null" "$1: JSON"
	json_is 'length' 1 "$1: one object"
}

test_topology() {
	is "$(blocks "$device" | wc -l)" 15 '15 blocks'
	is "$(raw_word "$device")" unplugged 'none of them there'
	offline
	is "$(raw_word "$device")" offline 'offline when bound with the policy offline'
	if has_attribute; then
		is "$(attribute_word "$device")" offline 'the attribute agrees'
	else
		is "$(attribute_word "$device")" null 'no attribute'
	fi
}

test_journey() {
	offline
	agrees "$device" offline 'bound'

	run daxhp online --movable --json "$device"
	exits 0 'online --movable'
	json_done 'online --movable' offline online_movable true
	json_is '.[0].blocks' 15 'all 15 blocks'
	json_is '.[0].seconds | type' number 'seconds are a number'
	agrees "$device" online_movable 'after online --movable'

	run daxhp online --movable --json "$device"
	exits 0 'again'
	json_done 'again' online_movable online_movable false
	agrees "$device" online_movable 'after the second online'

	run daxhp online "$device"
	exits 0 'plain online accepts Movable'
	agrees "$device" online_movable 'after plain online'

	refused 'another zone' 1 daxhp online --kernel "$device"
	like "$err" 'daxhp reconfigure' 'another zone: points to reconfigure'
	agrees "$device" online_movable 'after the refusal'

	run daxhp unplug --json "$device"
	exits 0 'unplug'
	json_done 'unplug' online_movable unplugged true
	agrees "$device" unplugged 'after unplug'

	run daxhp unplug --json "$device"
	exits 0 'unplug again'
	json_done 'unplug again' unplugged unplugged false
	agrees "$device" unplugged 'after the second unplug'

	run daxhp online --kernel --json "$device"
	exits 0 'online --kernel'
	json_like '.[0] | "\(.from) \(.to) \(.changed)"' '^unplugged online(_kernel)? true$' 'online --kernel: JSON'
	agrees "$device" online_kernel 'after online --kernel'

	run daxhp unplug --retry=5 "$device"
	exits 0 'unplug from the kernel zone'
	agrees "$device" unplugged 'at the end'
}

test_ten_cycles() {
	local cycle
	for ((cycle = 1; cycle <= 10; cycle++)); do
		run daxhp online --movable "$device"
		exits 0 "online, cycle $cycle"
		agrees "$device" online_movable "online, cycle $cycle"
		run daxhp unplug "$device"
		exits 0 "unplug, cycle $cycle"
		agrees "$device" unplugged "unplug, cycle $cycle"
	done
}

# Somebody else has bound the device, under any policy.
test_bound_by_policy() {
	local word
	for word in online_movable online_kernel; do
		bind_kmem "$device" "$word"
		agrees "$device" "$word" "bound with the policy $word"
		run daxhp unplug --retry=5 "$device"
		exits 0 "unplug of $word"
		agrees "$device" unplugged "unplugged from $word"
		take_away "$device"
	done
}

# The policy belongs to the administrator. daxhp changes it only for a moment.
test_policy_is_kept() {
	local word
	for word in online_movable online_kernel online; do
		set_policy "$word"
		base_policy="$word"
		run daxhp online --movable "$device"
		exits 0 "online --movable under the policy $word"
		agrees "$device" online_movable "under the policy $word"
		run daxhp unplug "$device"
		exits 0 "unplug under the policy $word"
		agrees "$device" unplugged "unplugged under the policy $word"
		take_away "$device"
	done
	base_policy=offline
	set_policy offline
}

test_offline_to_unplugged() {
	offline
	run daxhp unplug --json "$device"
	exits 0 'unplug of an offline device'
	json_done 'unplug of an offline device' offline unplugged true
	agrees "$device" unplugged 'unplugged from offline'
}

test_block_offlined_behind_the_back() {
	local block
	for block in 1 8 15; do
		online_movable
		write_block "$(a_block "$block")" offline
		run daxhp status --json "$device"
		exits 0 "block $block offline: status"
		json_is '.[0] | "\(.hotplug_state) \(.online_memblocks) \(.total_memblocks)"' 'inconsistent 14 15' "block $block offline: exact counts"
		agrees "$device" inconsistent "block $block offline"
		run daxhp status "$device"
		like "$out$err" 'inconsistent' "block $block offline: the table says so"

		run daxhp online --movable --json "$device"
		exits 0 "block $block offline: online --movable repairs it"
		json_done "block $block repaired" inconsistent online_movable true
		agrees "$device" online_movable "block $block repaired"

		write_block "$(a_block "$block")" offline
		run daxhp unplug --json "$device"
		exits 0 "block $block offline: unplug"
		json_done "block $block offline: unplug" inconsistent unplugged true
		agrees "$device" unplugged "unplugged with block $block offline"
		take_away "$device"
	done
}

test_only_one_block_online() {
	offline
	write_block "$(a_block 8)" online_movable
	run daxhp status --json "$device"
	json_is '.[0] | "\(.hotplug_state) \(.online_memblocks) \(.total_memblocks)"' 'inconsistent 1 15' 'one block of 15'
	run daxhp online --movable "$device"
	exits 0 'online --movable brings the others'
	agrees "$device" online_movable 'all 15'
}

test_zones_mixed() {
	online_movable
	write_block "$(a_block 1)" offline
	write_block "$(a_block 1)" online_kernel
	if [ "$(raw_word "$device")" = inconsistent ]; then
		agrees "$device" inconsistent 'two zones'
		refused 'a zone that does not fit' 1 daxhp online --movable "$device"
		like "$err" 'daxhp reconfigure' 'points to reconfigure'
		run daxhp unplug --retry=5 "$device"
		exits 0 'unplug from two zones'
		agrees "$device" unplugged 'unplugged from two zones'
	else
		# The kernel may not allow two zones to overlap.
		skip 'two zones' "the kernel put the block into $(states "$device" | sed -n 1p)"
	fi
}

# error_is NAME ERRNO: the JSON of one failed action.
error_is() {
	json_is '.[0].error | "\(.errno) \(.undone)"' "$2 true" "$1: JSON names the errno, and that it was undone"
	json_is '.[0] | "\(.chardev) \(.changed) \(.error.stuck_blocks | length)"' "$device false 0" "$1: JSON says unchanged, none stuck"
	json_like '.[0].error.message' '[a-z]{4}' "$1: JSON has a message"
}

# The kernel fails the first block.
test_refused_going_offline() {
	online_movable
	fault MEM_GOING_OFFLINE -16
	refused 'EBUSY at the first block' 1 daxhp unplug "$device"
	like "$err" 'EBUSY|busy' 'EBUSY at the first block: the reason'
	if ! has_attribute; then
		like "$err" "memory[0-9]+" 'EBUSY at the first block: names the block'
	fi
	agrees "$device" online_movable 'EBUSY at the first block'
	run daxhp unplug --json "$device"
	exits 1 'EBUSY with --json'
	error_is 'EBUSY' EBUSY
	agrees "$device" online_movable 'EBUSY with --json'
	no_faults
	run daxhp unplug "$device"
	exits 0 'unplug once the kernel no longer refuses'
	agrees "$device" unplugged 'unplugged at the end'
}

# Runs a command under fault_after, again until the fault comes in time.
run_with_fault_after() {
	local number=$1 action=$2 errno=$3 try watcher
	shift 3
	fault "$action" 0
	for ((try = 1; try <= 10; try++)); do
		prepare
		snapshot
		before=$now_snapshot
		: >/run/watching
		fault_after "$number" "$action" "$errno" &
		watcher=$!
		sleep 0.1
		run "$@"
		rm -f /run/watching
		wait "$watcher"
		snapshot
		after=$now_snapshot
		no_faults
		[ "$rc" = 0 ] || return 0
		take_away "$device"
	done
	return 1
}

test_refused_going_offline_later() {
	prepare() { online_movable; }
	if run_with_fault_after 1 MEM_GOING_OFFLINE -16 daxhp unplug --json "$device"; then
		exits 1 'EBUSY at a later block'
		error_is 'EBUSY at a later block' EBUSY
		is "$after" "$before" 'EBUSY at a later block: as before'
		agrees "$device" online_movable 'EBUSY at a later block'
	else
		fail 'EBUSY at a later block' 'the fault never came in time'
	fi
}

test_refused_going_online() {
	offline
	fault MEM_GOING_ONLINE -12
	refused_online 'ENOMEM from offline' offline
	no_faults
	take_away "$device"
	fault MEM_GOING_ONLINE -12
	refused_online 'ENOMEM from unplugged' unplugged
	no_faults
	run daxhp online --movable "$device"
	exits 0 'online once the kernel no longer refuses'
	agrees "$device" online_movable 'online in the end'
}

# The kernel adds memory, but the blocks fail to come online. Linux 7.3 then reports
# success: the write to the attribute and the bind return no error. A kernel that is
# all or nothing returns the error, and adds no memory.
refused_online() {
	local name=$1 from=$2
	run daxhp online --movable --json "$device"
	exits 1 "$name"
	like "$err" "$device" "$name: names the device"
	json_is '.[0] | "\(.changed) \(.error.undone) \(.error.stuck_blocks | length)"' 'false true 0' "$name: JSON: undone"
	json_like '.[0].error.message' '[a-z]{4}' "$name: JSON has a message"
	if [ "$from" = offline ] && ! has_attribute; then
		json_is '.[0].error.errno' ENOMEM "$name: JSON names the errno"
		json_like '.[0].error.block' '[0-9]+' "$name: JSON names the block"
		like "$err" 'memory[0-9]+' "$name: names the block"
		agrees "$device" offline "$name"
	elif [ "$from" = offline ]; then
		# From offline, the attribute accepts only unplugged.
		is "$(count "$device" online)" 0 "$name: nothing is online"
		like "$(raw_word "$device")" '^(offline|unplugged)$' "$name: all blocks the same"
	else
		agrees "$device" unplugged "$name"
	fi
	run daxhp online --movable "$device"
	exits 1 "$name, for a person"
	one_sentence "$name, for a person: one sentence"
}

test_refused_going_online_later() {
	prepare() { offline; }
	if has_attribute; then
		prepare() { :; }
	fi
	if run_with_fault_after 1 MEM_GOING_ONLINE -12 daxhp online --movable --json "$device"; then
		exits 1 'ENOMEM at a later block'
		json_is '.[0] | "\(.changed) \(.error.undone) \(.error.stuck_blocks | length)"' 'false true 0' 'ENOMEM at a later block: JSON: undone'
		if has_attribute; then
			is "$(raw_word "$device")" unplugged 'ENOMEM at a later block: as before'
		else
			is "$after" "$before" 'ENOMEM at a later block: as before'
		fi
	else
		fail 'ENOMEM at a later block' 'the fault never came in time'
	fi
}

# Exactly the tenth block fails, in any order: strace makes the write fail.
test_one_block_refuses() {
	local block
	if has_attribute; then
		skip 'one block refuses' 'this kernel does the whole device in one write'
		return
	fi
	block=$(a_block 10)
	online_movable
	run strace --seccomp-bpf -f -o /run/strace.log -P "$memory/memory$block/state" -e trace=write,pwrite64 -e inject=write,pwrite64:error=EBUSY daxhp unplug --verbose --json "$device"
	exits 1 'going offline'
	like "$err" 'write offline to 15 memory blocks.*: [0-9.]+ s' 'going offline: --verbose tells the steps'
	unlike "$err" 'unbind' 'going offline: but not those that it never came to'
	error_is 'going offline' EBUSY
	json_like '.[0].error.block' "(^|memory)$block$" 'going offline: JSON names the block'
	like "$err" "memory$block" 'going offline: the message names the block'
	agrees "$device" online_movable 'going offline: undone'
	take_away "$device"

	offline
	run strace --seccomp-bpf -f -o /run/strace.log -P "$memory/memory$block/state" -e trace=write,pwrite64 -e inject=write,pwrite64:error=ENOMEM daxhp online --movable --json "$device"
	exits 1 'going online'
	error_is 'going online' ENOMEM
	like "$err" "memory$block" 'going online: the message names the block'
	agrees "$device" offline 'going online: undone'
}

# The program in libdaxhp(3).
test_example() {
	run example "$device"
	exits 0 'unplugged'
	is "$out" 'brought online' 'unplugged: says so'
	agrees "$device" online_movable 'brought online'
	run example "$device"
	exits 0 'again'
	is "$out" 'is online already' 'again: says so'
	take_away "$device"
	bind_kmem "$device" online_kernel || bail_out "cannot bind $device"
	run example "$device"
	exits 1 'online in another zone'
	is "$err" '15 of its 15 memory blocks are online, and not all of them in ZONE_MOVABLE (EBUSY)' \
		"online in another zone: the library's own sentence"
	is "$(raw_word "$device")" online_kernel 'online in another zone: left alone'
	run example dax7.0
	exits 1 'no such device'
}

test_bad_names() {
	local name
	offline
	for name in dax9.9 /dev/dax9.9 ../x ../../dax0.0 dax0 dax0.0x dax dax.0 dax0. '' ' ' . .. / dax-1.0 dax0.0/../dax0.0 \
		"$(printf 'x%.0s' {1..4096})" "dax$(printf '9%.0s' {1..40}).0" dax99999999999.0 $'dax0.0\n' '%s%n'; do
		refused "$(printf 'online %.20q' "$name")" '1|2' daxhp online "$name"
		refused "$(printf 'unplug %.20q' "$name")" '1|2' daxhp unplug "$name"
	done
	refused 'a good and a bad name' '1|2' daxhp online --movable "$device" dax9.9
	run daxhp status dax9.9
	is_not "$rc" 0 'status of an unknown device fails'
	like "$err" 'dax9\.9' 'status of an unknown device names it'
}

test_contradictions() {
	offline
	refused '--movable --kernel' 2 daxhp online --movable --kernel "$device"
	refused 'no device: online' 2 daxhp online
	refused 'no device: unplug' 2 daxhp unplug
	refused 'unknown option' 2 daxhp online --fast "$device"
	refused 'unknown command' 2 daxhp onlien "$device"
	refused 'bad time' 2 daxhp unplug --timeout=soon "$device"
	refused 'negative time' 2 daxhp unplug --timeout=-1 "$device"
	refused 'bad count' 2 daxhp unplug --retry=many "$device"
}

test_devdax() {
	bind_devdax "$device" || bail_out "cannot bind $device to device_dax"
	refused 'online of a devdax device' 1 daxhp online --movable "$device"
	like "$err" 'daxhp reconfigure --mode=system-ram' 'online of a devdax device: points to reconfigure'
	refused 'unplug of a devdax device' 1 daxhp unplug "$device"
	run daxhp status --json "$device"
	exits 0 'status of a devdax device'
	json_is '.[0] | "\(.mode) \(.driver) \(.hotplug_state) \(.hotplug_interface)"' 'devdax device_dax null null' 'a devdax device has no hotplug state'
}

test_unbound() {
	run daxhp status --json "$device"
	exits 0 'status of an unbound device'
	json_is '.[0] | "\(.mode) \(.driver) \(.hotplug_state)"' 'unbound null unplugged' 'an unbound device is unplugged'
	run daxhp online --movable "$device"
	exits 0 'online binds it'
	is "$(driver "$device")" kmem 'online binds it to kmem'
	agrees "$device" online_movable 'bound and online'
}

# /dev/dax0.0 is the same device.
test_path() {
	offline
	run daxhp status --json "/dev/$device"
	exits 0 'status by path'
	json_is '.[0].chardev' "$device" 'the same device by its path'
	run daxhp online --movable "/dev/$device"
	exits 0 'online by path'
	agrees "$device" online_movable 'online by path'
}

test_dry_run() {
	local before
	offline
	snapshot
	before=$now_snapshot
	run daxhp online --movable --dry-run "$device"
	exits 0 'online --dry-run'
	is_not "$out" '' 'online --dry-run prints the steps'
	unchanged "$before" 'online --dry-run changes nothing'
	run daxhp online --movable --dry-run --json "$device"
	exits 0 'online --dry-run --json'
	json_is 'length > 0' true 'online --dry-run --json prints an array'
	run daxhp unplug -n "$device"
	exits 0 'unplug --dry-run'
	unchanged "$before" 'unplug --dry-run changes nothing'
	take_away "$device"
	snapshot
	before=$now_snapshot
	run daxhp online -n --movable "$device"
	exits 0 'online --dry-run of an unbound device'
	unchanged "$before" 'online --dry-run binds nothing'
	refused 'a refusal in a dry run' 2 daxhp online --dry-run --movable --kernel "$device"
}

test_selection() {
	online_movable
	run daxhp status --json --region=0
	json_is 'map(.chardev) | join(" ")' "$device" '--region=0'
	run daxhp status --json --node=0
	json_is 'map(.chardev) | join(" ")' "$device" '--node=0'
	refused '--node=7 has none' 1 daxhp status --json --node=7
	like "$err" 'no dax device matches' '--node=7 has none: says so'
	run daxhp status --json all
	json_is 'map(.chardev) | join(" ")' "$device" 'all'
	run daxhp --json
	json_is 'map(.chardev) | join(" ")' "$device" 'no command means status'
	run daxhp unplug --node=0 all
	exits 0 'unplug --node=0 all'
	agrees "$device" unplugged 'unplugged by node'
}

test_status_table() {
	online_movable
	run daxhp
	exits 0 'no arguments'
	like "$out" "$device" 'the device is in the table'
	like "$out" 'online_movable' 'its state is in the table'
	like "$out" '15/15' 'its blocks are in the table'
	like "$out" 'Movable' 'its zones are in the table'
	unlike "$out" $'\033' 'no colour into a pipe'
	is "$err" '' 'nothing on stderr'
	run daxhp status -u
	like "$out" '[0-9.]+ ?[MG]i?B' 'human sizes'
	run daxhp status -M --json
	json_is '.[0].mappings | length' 1 'one mapping'
	json_is '.[0].mappings[0] | "\(.start) \(.end)"' "$(ranges "$device")" 'its range'
	daxctl list -M >/run/daxctl.json
	json_is '.[0] | [.chardev, .size, .target_node, .align, .mappings] | tojson' \
		"$(jq -c '.[0] | [.chardev, .size, .target_node, .align, .mappings]' /run/daxctl.json)" 'as daxctl has it'
}

# unheard WAY ARGUMENTS...: runs daxhp with a standard output that cannot be written.
unheard() {
	run bash -c "daxhp ${*:2} $1; exit \${PIPESTATUS[0]}"
}

# daxhp must report a write error. And a change that was made is not "failed", even if nobody reads the report.
test_stdout_takes_nothing() {
	local way json why
	for way in '>/dev/full' '>&-' '| true'; do
		case $way in
		*full) why='No space left on device' ;;
		*-) why='Bad file descriptor' ;;
		*) why='Broken pipe' ;;
		esac
		for json in '' --json; do
			take_away "$device"
			unheard "$way" online --movable ${json:+"$json"} "$device"
			exits 64 "online $json $way"
			one_sentence "online $json $way: one sentence"
			like "$err" "^daxhp: $device: is online_movable now, but .*standard output: $why\\.$" "online $json $way: says what is so"
			agrees "$device" online_movable "online $json $way"
		done
	done
	# When nothing changed, there is no other message.
	for json in '' --json; do
		unheard '>/dev/full' online ${json:+"$json"} "$device"
		exits 1 "nothing to do $json"
		is "$err" 'daxhp: cannot write to standard output: No space left on device.' "nothing to do $json: says so"
		unheard '>/dev/full' unplug -n ${json:+"$json"} "$device"
		exits 1 "a dry run $json"
		is "$err" 'daxhp: cannot write to standard output: No space left on device.' "a dry run $json: says so"
		unheard '>/dev/full' status ${json:+"$json"}
		exits 1 "status $json"
		is "$err" 'daxhp: cannot write to standard output: No space left on device.' "status $json: says so"
	done
	# The first name is a device and is done. The second is not a device.
	unheard '>/dev/full' unplug "$device" dax9.0
	exits 1 'with a name that is not a device'
	agrees "$device" online_movable 'with a name that is not a device'
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"
}

test_without_rights() {
	online_movable
	run as_nobody daxhp status --json -M
	exits 0 'status'
	json_is '.[0] | "\(.chardev) \(.mode) \(.driver)"' "$device system-ram kmem" 'readable values are shown'
	json_is '.[0] | "\(.online_memblocks) \(.total_memblocks) \(.hotplug_state == "unplugged")"' 'null null false' 'unreadable values are null'
	json_is '.[0].mappings' null 'the ranges are null'
	run as_nobody daxhp status
	exits 0 'the table'
	like "$out" "$device" 'the table has the device'
	refused 'online' 1 as_nobody daxhp online --movable "$device"
	like "$err" '[Rr]oot|CAP_SYS_ADMIN|permission' 'online: says that it needs root'
	refused 'unplug' 1 as_nobody daxhp unplug "$device"
	like "$err" '[Rr]oot|CAP_SYS_ADMIN|permission' 'unplug: says that it needs root'
}

hide_kmem() {
	rmmod kmem || return 1
	kmem_file=$(modinfo -n kmem)
	mv "$kmem_file" /run/kmem.ko
	depmod
}

show_kmem() {
	mv /run/kmem.ko "$kmem_file"
	depmod
}

test_kmem_missing() {
	hide_kmem || { skip 'kmem missing' 'kmem cannot be removed'; return; }
	refused 'kmem missing' 1 daxhp online --movable "$device"
	like "$err" 'kmem' 'kmem missing: names the module'
	run daxhp status --json "$device"
	exits 0 'status without kmem'
	show_kmem
	run daxhp online --movable "$device"
	exits 0 'online with kmem again, and not loaded'
	agrees "$device" online_movable 'kmem loaded by daxhp'
}

test_kmem_blacklisted() {
	rmmod kmem || { skip 'kmem blacklisted' 'kmem cannot be removed'; return; }
	echo 'blacklist kmem' >/etc/modprobe.d/test.conf
	snapshot
	before=$now_snapshot
	run daxhp online --movable "$device"
	if [ "$rc" = 0 ]; then
		agrees "$device" online_movable 'blacklisted, and loaded because it was asked for'
	else
		exits 1 'kmem blacklisted'
		one_sentence 'kmem blacklisted: one sentence'
		like "$err" 'kmem' 'kmem blacklisted: names the module'
		unchanged "$before" 'kmem blacklisted: nothing changed'
	fi
	rm -f /etc/modprobe.d/test.conf
}

# stand_in INJECTION: strace changes one write of a running unplug: that to the
# ninth block, or that to the attribute.
stand_in() {
	local file quick=(--seccomp-bpf)
	if has_attribute; then
		file=$(attribute_file "$device")
	else
		file=$memory/memory$(a_block 9)/state
	fi
	# With it, strace 6.1 sends no signal.
	[[ $1 != signal=* ]] || quick=()
	run strace "${quick[@]}" -f -o /run/strace.log -P "$file" -e trace=write,pwrite64 -e "inject=write,pwrite64:$1" "${@:2}"
}

test_interrupted() {
	local signal
	online_movable
	for signal in INT TERM; do
		stand_in "signal=$signal:when=1" daxhp unplug --json "$device"
		exits 1 "SIG$signal"
		is_not "$err" '' "SIG$signal: says so"
		json_is '.[0] | "\(.changed) \(.error.undone)"' 'false true' "SIG$signal: JSON: undone"
		agrees "$device" online_movable "SIG$signal: undone"
	done
}

test_timeout() {
	online_movable
	stand_in delay_enter=3000000:when=1 daxhp unplug --timeout=1 --json "$device"
	exits 1 'more than the second allowed'
	like "$err" 'time|second' 'says so'
	agrees "$device" online_movable 'undone'
}

test_retry() {
	online_movable
	stand_in error=EBUSY:when=1 daxhp unplug --retry=0 "$device"
	exits 1 'busy once, no second try'
	agrees "$device" online_movable 'busy once, no second try'
	stand_in error=EBUSY:when=1 daxhp unplug --retry=2 "$device"
	exits 0 'busy once, and tried again'
	agrees "$device" unplugged 'busy once, and tried again'
	take_away "$device"
	online_movable
	stand_in error=EINVAL:when=1 daxhp unplug --retry=9 "$device"
	exits 1 'an error that does not go away'
	agrees "$device" online_movable 'an error that does not go away'
}

# gone_by NAME, come_back NAME: take the device away meanwhile, and bring it back.
gone_by() {
	case $1 in
	driver) unbind "$device" ;;
	module) rmmod kmem ;;
	device) echo "$device" >/sys/bus/nd/drivers/dax_pmem/unbind ;;
	esac
}

come_back() {
	[ "$1" != device ] || echo "$device" >/sys/bus/nd/drivers/dax_pmem/bind
	take_away "$device"
	run daxhp online --movable "$device"
	exits 0 "the $1 is back"
	agrees "$device" online_movable "the $1 is back"
	take_away "$device"
}

# The device goes only when all its blocks are offline, so that no memory is wedged.
test_gone_before_online() {
	local what
	for what in driver module device; do
		offline
		held_up delay_enter=4000000:when=1 daxhp online --movable "$device"
		sleep 2
		gone_by "$what"
		let_go
		like "$rc" '^(1|64)$' "$what: fails in order"
		like "$err" '^daxhp: .*[a-z]' "$what: says why"
		come_back "$what"
	done
	never_wedged
}

# all_gone: looks at MemTotal, because the guard is up.
all_gone() {
	look_mem_total
	[ "$now_mem_total" = "$base_total" ]
}

# The last block has just gone offline, and somebody else already does daxhp's next step.
test_gone_after_offline() {
	local what last
	has_attribute && last=1 || last=$(blocks "$device" | wc -l)
	for what in driver module device; do
		online_movable
		held_up "delay_exit=3000000:when=$last" daxhp unplug "$device"
		wait_until all_gone
		gone_by "$what"
		let_go
		like "$rc" '^(0|1|64)$' "$what: ends in order"
		[ "$rc" = 0 ] || like "$err" '^daxhp: .*[a-z]' "$what: says why"
		come_back "$what"
	done
	never_wedged
}

run_tests
