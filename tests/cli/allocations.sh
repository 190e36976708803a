#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# allocations.sh TOOL: lets memory run out at each allocation of the tool. With exit status 0 the output is complete, and
# every failure has a message. DAXHP_FAILALLOC is the library that makes memory run out; DAXHP_TEST_STEP=1 tries every
# allocation.

. "$(dirname -- "$0")/tap.sh"
. "$(dirname -- "$0")/tree.sh"
failalloc=$(realpath -- "${DAXHP_FAILALLOC:?}")
! grep -q __asan_init "$tool" || skip_all 'the tool is built with sanitizers'
in_namespace

start_tree
pmem=platform/ndbus0/region0/dax0
hmem=platform/hmem_platform.0/hmem.1
make_device dax0.0 $pmem kmem 2 0x280000000-0x28fffffff 0x200000000-0x20fffffff
make_blocks online Movable 64 65 80 81
make_device dax0.1 $pmem device_dax 2 0x300000000-0x30fffffff
make_device dax1.0 $hmem '' 3 0x800000000-0x80fffffff
make_device dax1.1 $hmem kmem 1 0x600000000-0x61fffffff
echo online_movable >"$dir/state"
make_blocks online Movable 192 193 194 195

# runs_short AT AFTER ARGUMENTS...: like run, but the AT-th allocation fails. True if there was such an allocation.
runs_short() {
	ran="daxhp ${*:3}, allocation $1${2:+ and all after it}"
	rm -f "$work/told"
	out=$(FAILALLOC_AT=$1 FAILALLOC_AFTER=$2 FAILALLOC_FILE=$work/told LD_PRELOAD=$failalloc exec "$tool" "${@:3}" \
		2>"$work/err" </dev/null)
	status=$?
	err=$(<"$work/err")
	[ -e "$work/told" ]
}

# All keys of the output, in the order of the devices.
shape() {
	jq -c 'map(keys_unsorted - ["error"])' 2>&1
}

# The tool is done and its output is complete, or it failed and said so. It never crashes. libkmod may print a line, too.
is_true() {
	local message='^daxhp: [^[:cntrl:]]+[.?]$' line
	err=$(grep -v '^libkmod: ERROR ' <<<"$err")
	case $status in
	0) is_whole ;;
	1 | 64)
		[ -n "$err" ] || { echo 'it failed and said nothing'; return 1; }
		while IFS= read -r line; do
			matches "$line" "$message" || return
		done <<<"$err"
		[ -z "$out" ] || is_honest
		;;
	*) echo "exit status $status"; return 1 ;;
	esac
}

is_whole() {
	[ "$out" == "$whole" ] && return
	# A missing blank between two keys does no harm.
	[ -n "$whole_shape" ] && equal "$(jq -c . <<<"$out" 2>&1)" "$(jq -c . <<<"$whole" 2>&1)"
}

# Every failure has a message. The output still has every key and every device, or the lines of the devices that are done;
# or the metrics that could be seen; or it is the error of a run that reached no device.
is_honest() {
	if [ -n "$whole_shape" ]; then
		jq -e 'length == 1 and .[0].chardev == null and .[0].error.message != null' <<<"$out" >/dev/null 2>&1 && return
		equal "$(shape <<<"$out")" "$whole_shape"
	elif [[ $ran == 'daxhp metrics'* ]]; then
		# The exporter knows by the last line that nothing is missing behind it.
		equal "$(tail -n 1 <<<"$out")" '# EOF'
	elif [[ $ran == 'daxhp status'* ]]; then
		equal "$(wc -l <<<"$out")" "$(wc -l <<<"$whole")"
	else
		equal "$(grep -vxFf <(echo "$whole") <<<"$out")" ''
	fi
}

# sweep STEP ARGUMENTS...: each STEP-th allocation fails once. For each third of them, all later ones fail, too.
sweep() {
	local step at after n wrong once=$1
	shift
	run "$@"
	is "$status" 0 "$*: with memory"
	whole=$out whole_shape=''
	[[ " $* " != *' -j '* ]] || whole_shape=$(shape <<<"$out")
	for after in '' 1; do
		n=0 wrong='' step=${DAXHP_TEST_STEP:-$((after ? once * 3 : once))}
		for ((at = 1; ; at += step)); do
			runs_short $at "$after" "$@" || break
			n=$((n + 1))
			wrong+=$(is_true || echo "$ran: $(<"$work/told"): ${err:-nothing said}")
			[ ${#wrong} -lt 4000 ] || break
		done
		check "$*: $n allocations${after:+, and all after each}" test $n -ge 5 -a -z "$wrong" ||
			echo "# ${wrong//$'\n'/$'\n'# }"
	done
}

before=$(fingerprint)
sweep 1 status
sweep 5 status -j -M
sweep 13 status -M -u
sweep 13 unplug -n -j dax0.0
sweep 13 unplug -n all
sweep 13 online -n -j --movable dax1.0 dax1.1
sweep 13 reconfigure -n -j --mode=system-ram --kernel dax0.1 dax0.0
sweep 13 reconfigure -n --mode=devdax dax1.1
sweep 7 metrics
sweep 7 status --check
sweep 7 explain --all dax1.1
sweep 7 policy show dax0.0
sweep 7 policy list -j
sweep 7 apply -n
is "$(fingerprint)" "$before" 'nothing of all this has changed anything'

finish
