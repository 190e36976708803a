# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Compares the output of daxhp with /sys.

# shellcheck source=tap.sh
. /vm/guest/tap.sh
# shellcheck source=dax.sh
. /vm/guest/dax.sh

command -v daxhp >/dev/null || bail_out "daxhp is not installed in the guest"

# Base values. A case takes them while its devices are unplugged.
base_total=$(mem_total)
base_policy=$(policy)

# agrees DEVICE WORD NAME: the state of the device's blocks is WORD, and it
# agrees with the kernel's attribute, MemTotal, the policy and daxhp. This is one
# test in the plan; it names everything that does not agree.
agrees() {
	local device=$1 want=$2 name=$3 wrong='' key got delta interface size node
	local filter='.[0] | {
		chardev, driver, mode, size, target_node, hotplug_state, hotplug_interface, attribute_state,
		online_memblocks, total_memblocks, memblock_size, auto_online_blocks,
		zones: (.zones // {} | to_entries | map("\(.key) \(.value)") | sort | join(","))
	} | to_entries[] | "\(.key)=\(.value)"'
	look "$device"
	look_attribute "$device"
	look_driver "$device"
	look_policy
	look_mem_total
	[ "$now_word" = "$want" ] || wrong+="blocks amount to $now_word, not $want"$'\n'
	delta=$((now_mem_total - base_total))
	[ "$delta" = $((now_online * now_block_size / 1024 + others_kib)) ] ||
		wrong+="MemTotal grew by $delta KiB with $now_online blocks online"$'\n'
	[ "$now_policy" = "$base_policy" ] || wrong+="the policy is $now_policy, it was $base_policy"$'\n'
	case $now_attribute_word:$want in
	null:* | "$want:$want" | online:online_kernel | online:online_movable | *:inconsistent) ;;
	*) wrong+="the attribute says $now_attribute_word"$'\n' ;;
	esac

	interface="memory-blocks"
	[ -z "$now_attribute" ] || interface=${now_attribute##*/}
	read -r size <"$dax_bus/devices/$device/size"
	read -r node <"$dax_bus/devices/$device/target_node"
	local -A said=()
	if daxhp status --json "$device" >/run/status.json 2>/run/status.err; then
		while IFS='=' read -r key got; do
			said[$key]=$got
		done < <(jq -r "$filter" /run/status.json 2>&1)
		keep_document "daxhp status --json $device" "$(</run/status.json)"
	else
		wrong+="status failed: $(</run/status.err)"$'\n'
	fi
	local -A due=(
		[chardev]=$device [size]=$size [target_node]=$node [online_memblocks]=$now_online
		[memblock_size]=$now_block_size [attribute_state]=$now_attribute_word
		[auto_online_blocks]=$base_policy [zones]=$now_zones
	)
	if [ "$now_driver" = kmem ]; then
		due+=([driver]=kmem [mode]=system-ram [hotplug_interface]=$interface)
	fi
	[ "$now_absent" != 0 ] || due[total_memblocks]=${#now_blocks[@]}
	for key in "${!due[@]}"; do
		[ "${said[$key]:-}" = "${due[$key]}" ] || wrong+="status: $key is ${said[$key]:-}, not ${due[$key]}"$'\n'
	done
	# Without the attribute, "online" and "online_kernel" look the same.
	case ${said[hotplug_state]:-}:$want in
	"$want:$want" | online:online_kernel) ;;
	*) wrong+="status: hotplug_state is ${said[hotplug_state]:-}, not $want"$'\n' ;;
	esac

	if [ -z "$wrong" ]; then
		pass "$name: $want everywhere"
	else
		fail "$name: $want everywhere" "${wrong%$'\n'}" "blocks: ${now_states//$'\n'/; }" "status: $(jq -c . /run/status.json 2>&1)"
	fi
}

# The online memory of the case's other devices, for MemTotal.
others_kib=0

# snapshot: sets now_snapshot to everything that a refused or failed command must
# not change.
snapshot() {
	local device block state size
	look_policy
	now_snapshot="policy $now_policy"$'\n'
	for block in "$memory"/memory[0-9]*; do
		read -r state <"$block/state"
		now_snapshot+="${block##*/} $state"$'\n'
	done
	for device in "$dax_bus"/devices/dax*; do
		device=${device##*/}
		read -r size <"$dax_bus/devices/$device/size"
		look "$device"
		look_driver "$device"
		look_attribute "$device"
		now_snapshot+="$device $now_driver $now_attribute_word $size"$'\n'"$now_states"
	done
}

# unchanged BEFORE NAME: the machine is as the snapshot says.
unchanged() {
	snapshot
	if [ "$1" = "$now_snapshot" ]; then
		pass "$2"
	else
		fail "$2" "$(diff <(echo "$1") <(echo "$now_snapshot"))"
	fi
}

# refused NAME STATUS COMMAND...: the command ends with that status, says why
# in one sentence, and changes nothing.
refused() {
	local name=$1 status=$2 before
	shift 2
	snapshot
	before=$now_snapshot
	run "$@"
	exits "$status" "$name: exit status"
	# After wrong usage, a second sentence may name the help.
	if [ "$rc" = 2 ]; then
		err=${err%%$'\n'"Try '"*}
	fi
	# A note may come first, when daxhp was not sure that the memory fits elsewhere.
	[[ $err != 'daxhp: note: '* ]] || err=${err#*$'\n'}
	one_sentence "$name: one sentence"
	unchanged "$before" "$name: nothing changed"
}

# is_locked: a daxhp has the lock of $device.
is_locked() {
	[ -s "/run/daxhp/$device.lock" ]
}

# held_up INJECTION COMMAND...: runs daxhp on $device in the background, under strace. strace
# delays its writes to the blocks or the attribute. Returns when daxhp has the lock.
held_up() {
	local n paths=()
	if has_attribute; then
		paths=(-P "$(readlink -f "$(attribute_file "$device")")")
	else
		for n in $(blocks "$device"); do
			paths+=(-P "$memory/memory$n/state")
		done
	fi
	rm -f "/run/daxhp/$device.lock"
	timeout 60 strace --seccomp-bpf -f -o /run/strace.log "${paths[@]}" -e trace=write,pwrite64 -e "inject=write,pwrite64:$1" "${@:2}" >/run/tap.out 2>/run/tap.err &
	held_pid=$! ran="${*:2}"
	wait_until is_locked
}

# let_go: waits until that daxhp ends, and sets the same variables as run.
let_go() {
	rc=0
	wait "$held_pid" || rc=$?
	hear
	printf '# exit %s: %s\n' "$rc" "${err//$'\n'/ }"
}

# fault_after N ACTION ERRNO: sets the fault as soon as N blocks have come or
# gone, so that the kernel refuses a later one. It looks at MemTotal, because
# daxhp does not let other programs open the blocks' files.
fault_after() {
	local kib start
	look_block_size
	kib=$(($1 * now_block_size / 1024))
	look_mem_total
	start=$now_mem_total
	while [ -e /run/watching ]; do
		look_mem_total
		if [ $((now_mem_total - start)) -ge "$kib" ] || [ $((start - now_mem_total)) -ge "$kib" ]; then
			echo "$3" >"$faults/$2/error"
			return
		fi
	done
}
