#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=soft-reserved:1G
#
# Runs every line of docs/coming-from-daxctl.md, and what the messages about daxctl
# tell the user to type. The device is half of a node: on a node without other memory,
# the kernel would put its own data into a kernel zone, and would not give it back.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

page=/vm/docs/coming-from-daxctl.md
device=dax0.0
modprobe -q device_dax
set_policy offline
base_policy=offline
# Call this here. A subshell would forget the result.
has_attribute

reset() {
	set_policy offline
	base_policy=offline
	take_away "$device"
}

# ---- the page ----

# table HEADING: the rows of the table that begins with this row, without blanks around the cells.
table() {
	sed -n "/^| $1 |\$/,/^\$/p" "$page" | sed 1,2d | grep '^|' | sed -E 's/^\| *//; s/ *\|$//; s/ *\| */|/g'
}

# look_words CELL: sets now_words to what stands in backticks.
look_words() {
	# shellcheck disable=SC2016 # backticks
	mapfile -t now_words < <(grep -oE '`[^`]+`' <<<"$1" | tr -d '`')
}

# put WORD: to the state, by hand.
put() {
	take_away "$device" || return 1
	case $1 in
	unbound) ;;
	devdax) bind_devdax "$device" ;;
	unplugged)
		! has_attribute || { bind_kmem "$device" offline && echo unplugged >"$(attribute_file "$device")"; }
		;;
	offline | online_*) bind_kmem "$device" "$1" ;;
	*) return 1 ;;
	esac
}

# Sets now_place to the word for the device, or to what does not fit together.
look_place() {
	look "$device"
	look_driver "$device"
	case $now_driver:$now_word in
	kmem:*) now_place=$now_word ;;
	none:unplugged) now_place=unbound ;;
	device_dax:unplugged) now_place=devdax ;;
	*) now_place="$now_word with the driver $now_driver" ;;
	esac
}

# stands WORD NAME: without the attribute, an unplugged device has no driver.
stands() {
	local want=$1
	if [ "$want" = unplugged ] && ! has_attribute; then
		want=unbound
	fi
	look_place
	is "$now_place $(policy)" "$want $base_policy" "$2: $1"
}

# try FROM POLICY COMMAND STATUS TO: one command of the page, from a known state.
try() {
	set_policy offline
	put "$1" || { fail "$1, $3: the device gets there" "$(states "$device")"; return; }
	base_policy=$2
	set_policy "$2"
	# shellcheck disable=SC2086 # words
	run $3
	exits "$4" "$1, $3: ends with $4"
	stands "$5" "$1, $3"
}

test_commands() {
	local from theirs ours after n=0
	while IFS='|' read -r from theirs ours after; do
		n=$((n + 1))
		look_words "$after"
		after=("${now_words[@]}")
		try "${from//\`/}" offline "${theirs//\`/}" 0 "${after[0]}"
		# One word for both; one for each; or two for daxhp, the second with the attribute.
		if [ ${#after[@]} = 3 ] && ! has_attribute; then
			after=("${after[@]:0:2}")
		fi
		try "${from//\`/}" offline "${ours//\`/}" 0 "${after[-1]}"
	done < <(table 'the device is | daxctl | daxhp | the device is then')
	ok 'the page has the table' [ "$n" -gt 10 ]
}

test_surprises() {
	local from command status after start='' n=0
	while IFS='|' read -r from command status after; do
		n=$((n + 1))
		start=${from:-$start}
		look_words "$start"
		if [[ $start == *'on 7.3'* ]] && ! has_attribute; then
			continue
		fi
		try "${now_words[0]}" "${now_words[1]:-offline}" "${command//\`/}" "$status" "${after//\`/}"
	done < <(table 'the device is | command | it ends with | the device is then')
	ok 'the page has the table' [ "$n" -gt 20 ]
}

devices_in() {
	grep -oE 'dax[0-9]+\.[0-9]+' <<<"$1" | sort -u
}

test_to_look() {
	local theirs ours names n=0
	bind_kmem "$device" online_movable
	while IFS='|' read -r theirs ours _; do
		n=$((n + 1))
		# shellcheck disable=SC2086 # words
		run ${theirs//\`/}
		exits 0 "$theirs"
		names=$(devices_in "$out")
		# It lists regions.
		[[ $theirs != *-R* ]] || names=$device
		# shellcheck disable=SC2086 # words
		run ${ours//\`/}
		exits 0 "$ours"
		is "$(devices_in "$out")" "$names" "$theirs, $ours: the same devices"
	done < <(table 'daxctl | daxhp | what differs')
	ok 'the page has the table' [ "$n" -gt 5 ]
	is "$(daxctl list -u | jq -r type) $(daxhp status -j -u | jq -r type)" 'object array' '-u: one device'
	is "$(daxctl list -r 0 | jq -r '.[0] | has("chardev")')" false 'daxctl list -r 0 lists regions'
	run daxhp status 0.0
	exits 2 'daxhp does not take 0.0'
}

# The seconds differ each time. And the two streams of a program go to one terminal in any order.
comparable() {
	sed -E 's/[0-9]+\.[0-9]+ s$/N s/' | grep . | sort
}

# The indented commands of the page. Each block of them begins with a device without a driver.
test_transcripts() {
	local line last='' command='' want='' n=0
	check_last() {
		if [ -n "$command" ]; then
			n=$((n + 1))
			run bash -c "$command"
			is "$(comparable <<<"$out"$'\n'"$err")" "$(comparable <<<"$want")" "$command"
		fi
		command='' want=''
	}
	while IFS= read -r line; do
		case $line in
		'    # '*)
			check_last
			if [[ $last == *'On Linux 7.3:' ]] && ! has_attribute; then
				continue
			fi
			command=${line#    # }
			;;
		'    '*) want+=${line#    }$'\n' ;;
		'') ;;
		*)
			check_last
			take_away "$device"
			last=$line
			;;
		esac
	done <"$page"
	check_last
	ok 'the page has transcripts' [ "$n" -gt 6 ]
	is "$(<"$dax_bus/devices/$device/size")" $((1 << 30)) 'the device is as it was'
}

# ---- the messages ----

# Each word of daxctl is one of daxhp's, too, or daxhp says what to type; and the page has it.
test_every_word() {
	local word
	for word in $(daxctl --list-cmds | grep -vxE 'version|help'); do
		ok "$word: on the page" grep -qE "(daxctl |\`)$word\b" "$page"
		[ "$word" != list ] || continue
		run daxhp "$word"
		exits 2 "$word: exit status"
		one_sentence "$word: one sentence"
		like "$err" "'$word' is not a command of daxhp: .*'dax(hp|ctl) " "$word: names a command"
	done
}

# follow WORDS...: gives these words to daxhp, which refuses, and types the commands that the message names.
follow() {
	local advice
	run daxhp "$@"
	exits '[12]' "$*: refused"
	mapfile -t advice < <(grep -oE "'dax(hp|ctl) [^']*'" <<<"$err" | tr -d "'")
	ok "$*: has advice" [ ${#advice[@]} -gt 0 ]
	for command in "${advice[@]}"; do
		# shellcheck disable=SC2086 # words
		run $command
		exits 0 "$*: $command"
	done
}

test_advice() {
	local command
	put offline
	follow online-memory "$device"
	stands online_movable 'online-memory'
	follow offline-memory "$device"
	stands unplugged 'offline-memory'
	follow enable-device "$device"
	stands devdax 'enable-device'
	follow disable-device "$device"
	stands unbound 'disable-device'
	daxctl reconfigure-device -s 512M "$device" 2>/dev/null
	follow create-device -r 0
	is "$(<"$dax_bus/devices/dax0.1/size")" $((512 << 20)) 'create-device'
	daxhp reconfigure -m system-ram dax0.1 >/dev/null
	follow destroy-device dax0.1
	nok 'destroy-device: it is gone' [ -e "$dax_bus/devices/dax0.1" ]
	# daxctl create-device may have bound it.
	unbind "$device"
	set_size "$device" 0
	follow online "$device"
	is "$(<"$dax_bus/devices/dax0.1/size")" $((1 << 30)) 'a device of size 0: another one has all memory'
	is "$(<"$dax_bus/devices/$device/size")" 0 'a device of size 0: it stays so'
	follow destroy dax0.1
	daxctl reconfigure-device -s 1G "$device" 2>/dev/null
	follow migrate-device-model
}

# The page says that the first device stays.
test_first_device() {
	run daxctl destroy-device "$device"
	exits 240 'its exit status'
	is "$(<"$dax_bus/devices/$device/size")" 0 'its size'
	daxctl reconfigure-device -s 1G "$device" 2>/dev/null
}

# refuses_fourth COMMAND...: the kernel does not take the fourth block offline that the command tries.
refuses_fourth() {
	local id paths=()
	put online_movable
	for id in $(blocks "$device"); do
		paths+=(-P "$memory/memory$id/state")
	done
	run strace --seccomp-bpf -f -qq -o /dev/null "${paths[@]}" -e trace=write,pwrite64 -e inject=write,pwrite64:error=EBUSY:when=4 "$@"
}

test_all_or_nothing() {
	refuses_fourth daxctl offline-memory "$device"
	exits 240 'daxctl: exit status'
	look "$device"
	is "$now_offline $now_online" '3 5' 'daxctl: the blocks before it stay offline'
	if has_attribute; then
		skip 'daxhp' 'this kernel does the whole device in one write'
		return
	fi
	refuses_fourth daxhp unplug "$device"
	exits 1 'daxhp: exit status'
	like "$err" 'would not go offline' 'daxhp: why'
	stands online_movable 'daxhp: all are online'
}

# The last test: it makes memory that only a reboot takes away.
test_what_may_stay() {
	local before
	daxctl reconfigure-device -s 512M "$device" 2>/dev/null
	daxctl create-device -r 0 >/dev/null 2>&1
	daxhp reconfigure -m system-ram dax0.1 >/dev/null
	before=$(mem_total)
	run daxctl destroy-device -f dax0.1
	exits 0 'destroy-device -f'
	nok 'the device is gone' [ -e "$dax_bus/devices/dax0.1" ]
	is "$(mem_total)" "$before" 'the kernel goes on using the memory'
}

run_tests
