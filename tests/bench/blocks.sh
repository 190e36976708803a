#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm-pair --timeout=1700
#
# Compares daxctl with daxhp on a device of 33 GiB and one of 129 GiB in the same
# boot: list, online, offline. The rounds alternate, so that a busy host disturbs
# both programs.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh
# shellcheck source=bench.sh
. /vm/guest/bench.sh

rounds=2
find_pair
set_policy offline
declare -A opens

# The time of the steps that write to the blocks, from the output of --verbose.
steps_took() {
	remember "$1" "$(sed -nE 's/.*memory( block|[0-9]).*: ([0-9.]+) s$/\2/p' /run/bench.err | awk '{ sum += $1 } END { printf "%.3f", sum }')"
}

opened() {
	local key=$1
	shift
	strace -f -e trace=open,openat,openat2 -o /run/strace.log "$@" >/dev/null 2>&1 || bail_out "failed under strace: $*"
	opens[$key]=$(grep -c ' = [0-9]' /run/strace.log)
}

attribute_write() {
	look_attribute "$1"
	echo "$2" >"$now_attribute"
}

# All measurements for one device. Before them it is bound and offline, after
# them it is unbound.
measure() {
	local device=$1 round
	printf '# %s, %d blocks\n' "$device" "$(blocks "$device" | wc -l)"
	bind_kmem "$device" offline || bail_out "cannot bind $device"
	# The first access to memory costs more than all later ones.
	took warm daxctl online-memory "$device"
	took warm daxctl offline-memory "$device"
	expect "$device" offline

	opened "$device daxctl list" daxctl list
	opened "$device daxhp status" daxhp status
	# Under strace the large device takes many minutes, and gives no other result.
	if [ "$device" = "$small" ]; then
		opened "$device daxctl online" daxctl online-memory "$device"
		opened "$device daxctl offline" daxctl offline-memory "$device"
	fi

	for ((round = 1; round <= rounds; round++)); do
		took "$device daxctl list" daxctl list
		took "$device daxhp status" daxhp status

		took "$device daxctl online" daxctl online-memory "$device"
		expect "$device" online_movable
		took "$device daxctl offline" daxctl offline-memory "$device"
		expect "$device" offline

		took "$device daxhp online" daxhp online --movable --verbose "$device"
		steps_took "$device daxhp online, blocks"
		expect "$device" online_movable
		took "$device daxhp unplug" daxhp unplug --verbose "$device"
		steps_took "$device daxhp unplug, blocks"
		expect "$device" unplugged

		if has_attribute; then
			took "$device attribute online" attribute_write "$device" online_movable
			expect "$device" online_movable
			took "$device attribute unplugged" attribute_write "$device" unplugged
			expect "$device" unplugged
		fi
		unbind "$device"
		bind_kmem "$device" offline || bail_out "cannot bind $device"
	done
	if [ "$device" = "$small" ]; then
		opened "$device daxhp online" daxhp online --movable "$device"
		opened "$device daxhp unplug" daxhp unplug "$device"
	fi
	take_away "$device" || bail_out "cannot take $device away"
}

ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b > 0) ? a / b : 0 }'
}

# row TITLE OURS THEIRS: seconds and file opens of both, for both sizes.
row() {
	local device ours=$2 theirs=$3 line
	printf -v line '%-26s' "$1"
	for device in "$small" "$large"; do
		printf -v line '%s %9.3f %9.3f %7s' "$line" "${least["$device $theirs"]}" "${least["$device $ours"]}" \
			"$(ratio "${least["$device $theirs"]}" "${least["$device $ours"]}")"
	done
	printf '# %s %7s %7s\n' "$line" "$(ratio "${least["$large $theirs"]}" "${least["$small $theirs"]}")" \
		"$(ratio "${least["$large $ours"]}" "${least["$small $ours"]}")"
}

opens_row() {
	local device ours=$2 theirs=$3 line
	printf -v line '%-26s' "$1"
	for device in "$small" "$large"; do
		[ -n "${opens["$device $ours"]:-}" ] || continue
		printf -v line '%s %9d %9d %7s' "$line" "${opens["$device $theirs"]}" "${opens["$device $ours"]}" \
			"$(ratio "${opens["$device $theirs"]}" "${opens["$device $ours"]}")"
	done
	printf '# %s\n' "$line"
}

table() {
	printf '#\n# Linux %s. Seconds, least of %d; the ratio is theirs to ours, growth is 129 GiB to 33 GiB.\n' "$(uname -r)" "$rounds"
	printf '# %-26s %27s %27s %15s\n' '' '33 GiB' '129 GiB' 'growth'
	printf '# %-26s %9s %9s %7s %9s %9s %7s %7s %7s\n' 'theirs and ours' theirs ours ratio theirs ours ratio theirs ours
	row 'list | status' 'daxhp status' 'daxctl list'
	row 'online-memory | online' 'daxhp online' 'daxctl online'
	row 'same | its blocks' 'daxhp online, blocks' 'daxctl online'
	row 'offline-memory | unplug' 'daxhp unplug' 'daxctl offline'
	row 'same | its blocks' 'daxhp unplug, blocks' 'daxctl offline'
	if has_attribute; then
		row 'attribute online | online' 'daxhp online' 'attribute online'
		row 'attribute unplugged|unplug' 'daxhp unplug' 'attribute unplugged'
	fi
	printf '# Files opened\n'
	opens_row 'list | status' 'daxhp status' 'daxctl list'
	opens_row 'online-memory | online' 'daxhp online' 'daxctl online'
	opens_row 'offline-memory | unplug' 'daxhp unplug' 'daxctl offline'
	printf '#\n'
}

test_ratios() {
	measure "$small"
	measure "$large"
	table
	if has_attribute; then
		at_least "$(ratio "${least["$large attribute unplugged"]}" "${least["$large daxhp unplug"]}")" 5 \
			'129 GiB: unplug is five times faster than writing unplugged'
		return
	fi
	at_least "$(ratio "${least["$large daxctl offline"]}" "${least["$large daxhp unplug, blocks"]}")" 4 \
		'129 GiB: blocks go offline four times faster than by daxctl'
	# Equal times still differ a little.
	at_least "$(ratio "${least["$large daxctl online"]}" "${least["$large daxhp online, blocks"]}")" 0.95 \
		'129 GiB: blocks go online no slower than by daxctl'
	at_most "$(ratio "${least["$large daxhp online, blocks"]}" "${least["$small daxhp online, blocks"]}")" 5 \
		'going online grows at most five-fold from 33 to 129 GiB'
	at_most "$(ratio "${least["$large daxhp unplug, blocks"]}" "${least["$small daxhp unplug, blocks"]}")" 5 \
		'going offline grows at most five-fold from 33 to 129 GiB'
}

run_tests
