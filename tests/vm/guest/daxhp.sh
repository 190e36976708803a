# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What daxhp says, held against what /sys says.

# shellcheck source=tap.sh
. /vm/guest/tap.sh
# shellcheck source=dax.sh
. /vm/guest/dax.sh

command -v daxhp >/dev/null || bail_out "daxhp is not installed in the guest"

# Baselines, taken by a case while its devices are unplugged.
base_total=$(mem_total)
base_policy=$(policy)

# agrees DEVICE WORD NAME: the device's blocks amount to the word, and the
# kernel's attribute, MemTotal, the policy and daxhp all say the same. One test
# in the plan; every disagreement is named.
agrees() {
	local device=$1 want=$2 name=$3 wrong='' key got need
	local raw word online total size zones status driver interface delta
	raw=$(raw_word "$device")
	[ "$raw" = "$want" ] || wrong+="blocks amount to $raw, not $want"$'\n'

	online=$(count "$device" online)
	total=$(count "$device" '(online|offline)')
	size=$(block_size)
	delta=$(($(mem_total) - base_total))
	[ "$delta" = $((online * size / 1024 + others_kib)) ] ||
		wrong+="MemTotal grew by $delta KiB with $online blocks online"$'\n'
	[ "$(policy)" = "$base_policy" ] || wrong+="the policy is $(policy), it was $base_policy"$'\n'

	word=$(attribute_word "$device")
	case $word:$want in
	null:* | "$want:$want" | online:online_kernel | online:online_movable) ;;
	*) [ "$want" = inconsistent ] || wrong+="the attribute says $word"$'\n' ;;
	esac

	driver=$(driver "$device")
	interface="memory-blocks"
	! attribute_file "$device" >/run/attribute || interface=$(basename "$(</run/attribute)")
	zones=$(states "$device" | awk '$2 == "online" { zone[$3]++ } END { for (z in zone) print z, zone[z] }' | LC_ALL=C sort | paste -sd,)

	status=$(daxhp status --json "$device" 2>/run/status.err) || wrong+="status failed: $(</run/status.err)"$'\n'
	while IFS='=' read -r key need; do
		got=$(jq -r ".[0]$key" <<<"$status" 2>&1)
		[ "$got" = "$need" ] || wrong+="status: $key is $got, not $need"$'\n'
	done <<-EOF
		.chardev=$device
		.online_memblocks=$online
		.memblock_size=$size
		.attribute_state=$word
		.auto_online_blocks=$base_policy
		.zones | to_entries | map("\(.key) \(.value)") | sort | join(",")=$zones
		.size=$(<"$dax_bus/devices/$device/size")
		.target_node=$(<"$dax_bus/devices/$device/target_node")
	EOF
	got=$(jq -r '.[0].hotplug_state' <<<"$status" 2>&1)
	case $got:$want in
	"$want:$want" | online:online_kernel) ;;
	*) wrong+="status: hotplug_state is $got, not $want"$'\n' ;;
	esac
	if [ "$driver" = kmem ]; then
		for need in driver=kmem mode=system-ram hotplug_interface="$interface"; do
			got=$(jq -r ".[0].${need%%=*}" <<<"$status" 2>&1)
			[ "$got" = "${need#*=}" ] || wrong+="status: ${need%%=*} is $got, not ${need#*=}"$'\n'
		done
	fi
	if [ "$total" != 0 ]; then
		got=$(jq -r '.[0].total_memblocks' <<<"$status" 2>&1)
		[ "$got" = "$total" ] || wrong+="status: total_memblocks is $got, not $total"$'\n'
	fi

	if [ -z "$wrong" ]; then
		pass "$name: $want everywhere"
	else
		fail "$name: $want everywhere" "${wrong%$'\n'}" "status: $status"
	fi
}

# What other devices of the case have online meanwhile, for MemTotal.
others_kib=0

# snapshot: everything that a refused or failed command must leave alone.
snapshot() {
	local device
	all_blocks
	policy
	for device in "$dax_bus"/devices/dax*; do
		device=${device##*/}
		printf '%s %s %s %s\n' "$device" "$(driver "$device")" "$(attribute_word "$device")" \
			"$(<"$dax_bus/devices/$device/size")"
		states "$device"
	done
}

# refused NAME STATUS COMMAND...: the command ends with that status, says why
# in one sentence, and changes nothing.
refused() {
	local name=$1 status=$2 before after
	shift 2
	before=$(snapshot)
	run "$@"
	exits "$status" "$name: exit status"
	one_sentence "$name: one sentence"
	after=$(snapshot)
	if [ "$before" = "$after" ]; then
		pass "$name: nothing changed"
	else
		fail "$name: nothing changed" "$(diff <(echo "$before") <(echo "$after"))"
	fi
}
