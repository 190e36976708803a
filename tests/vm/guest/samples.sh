# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Holds the samples of the pages against what daxhp prints. A test makes the
# situation by hand, names the sample with "block", and runs its commands with
# "follow".

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh
# shellcheck source=pages.sh
. /vm/guest/pages.sh

modprobe -q device_dax
set_policy offline

# shellcheck disable=SC2034 # for agrees
base_policy=offline

# is_for KERNELS: this kernel is one of them.
is_for() {
	case $1 in
	any) ;;
	blocks) ! has_attribute ;;
	attribute) has_attribute ;;
	*) [[ " $1 " == *" ${vm_kernel:?} "* ]] ;;
	esac
}

# block KERNELS PAGE COMMAND [WORDS]: takes the block of the page that begins with this command, and
# has these words in the text before it. KERNELS are names of tests/vm/kernels; "blocks" or
# "attribute", for those that have no attribute or one; or "any". Fails on another kernel.
# tests/cli/samples.sh reads the calls, one per line.
block() {
	local file kind text number
	file=$(page_file "$2" /vm)
	number=$(find_block "$file" "${@:3}")
	now_sample="$2${4:+, \"$4\"}"
	if ! [[ $number =~ ^[0-9]+$ ]]; then
		fail "$now_sample: one block begins with $3" "lines: ${number//$'\n'/ }"
		return 1
	fi
	if ! is_for "$1"; then
		skip "$now_sample: $3" "the sample is not for this kernel, but for: $1"
		return 1
	fi
	now_commands=() now_outputs=() now_next=0 rc=0
	while IFS=$'\t' read -r kind text; do
		case $kind in
		command) now_commands+=("$text") now_outputs+=('') ;;
		output) now_outputs[-1]+=$text$'\n' ;;
		esac
	done < <(list_blocks "$file" | awk -F '\t' -v number="$number" '$1 == "block" { here = $2 == number; next } here')
}
now_commands=() now_next=0

# What differs from run to run gets a placeholder.
without_figures() {
	sed -E 's/[0-9]+\.[0-9]+ s\>/N s/
		s/("seconds"|"to_move"|"free"|"reclaimable"): [0-9.]+/\1: N/
		s/[0-9]+ MiB (to move|free|too much)/N MiB \1/g
		s/\(pid [0-9]+\)/(pid N)/
		s/memory blocks [0-9]+ times/memory blocks N times/
		s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/
		s/root +[0-9]+, +([0-9]+ )/root N, \1/
		s/[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2} /DATE /
		s/ +$//'
}

# same_lines GOT WANT: a page may fold a long line, but nothing else may differ.
same_lines() {
	local got want=() lines=() line i=0
	mapfile -t got <<<"$1"
	mapfile -t want <<<"$2"
	for line in "${got[@]}"; do
		lines=("${want[i++]-}")
		while [ "$line" != "${lines[*]}" ] && [[ $line == "${lines[*]} "* ]] && [ $i -lt ${#want[@]} ]; do
			lines+=("${want[i++]}")
		done
		[ "$line" = "${lines[*]}" ] || return 1
	done
	[ $i -ge ${#want[@]} ]
}

# follow [N]: runs the next N commands of the block, or the rest of it, and compares what they print.
follow() {
	local command got want n=${1:-${#now_commands[@]}}
	for (( ; n > 0 && now_next < ${#now_commands[@]}; n--, now_next++)); do
		command=${now_commands[now_next]}
		run_as_typed "$command"
		got=$(without_figures <<<"$out")
		want=$(without_figures <<<"${now_outputs[now_next]}")
		if same_lines "$got" "$want"; then
			pass "$now_sample: $command"
		else
			fail "$now_sample: $command" "got:" "$got" "want:" "$want"
		fi
	done
}

# On a terminal, both streams go to one place. The next command may ask for the exit status.
run_as_typed() {
	ran=$1
	bash -c "(exit $rc); $1" >/run/tap.out 2>&1 </dev/null
	rc=$?
	: >/run/tap.err
	hear
}

# all_followed: no command of the last block is left.
all_followed() {
	[ "$now_next" -ge ${#now_commands[@]} ] || fail "$now_sample: all commands are run" "left: ${now_commands[*]:now_next}"
	now_commands=()
}

# put WORD: brings the device there, by hand.
put() {
	take_away "${device:?}" || bail_out "$device cannot be taken away"
	case $1 in
	unbound) load_kmem ;;
	devdax) bind_devdax "$device" ;;
	offline | online | online_*) bind_kmem "$device" "$1" ;;
	esac
}

# killed_at FILE COMMAND...: daxhp is killed when it writes to the file.
killed_at() {
	strace -f -qq -o /dev/null -P "$1" -e inject=write,pwrite64:signal=KILL:when=1 "${@:2}" >/dev/null 2>&1
}

# start COMMAND...: runs it in the background, until stop.
start() {
	"$@" >/run/started.out 2>&1 &
	started+=($!)
}

stop() {
	local pid
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	started=()
}
started=()

reset() {
	all_followed
	stop
	no_faults
	set_policy offline
	[ -z "${device:-}" ] || take_away "$device"
}
