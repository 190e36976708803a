# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For the cases that test the kernel's attribute itself, without daxhp.

# shellcheck source=tap.sh
. /vm/guest/tap.sh
# shellcheck source=dax.sh
. /vm/guest/dax.sh

set_policy offline

# stay_bound DEVICE: binds the device to kmem with all blocks offline. Later it
# can be unbound and bound again. (After bind_kmem, kmem forgets the device.)
stay_bound() {
	load_kmem
	unbind "$1"
	echo "$1" >"$dax_bus/drivers/kmem/new_id"
	[ -e "$dax_bus/drivers/kmem/$1" ] || echo "$1" >"$dax_bus/drivers/kmem/bind"
	look_attribute "$1"
	[ -n "$now_attribute" ] || bail_out "this kernel gives $1 no attribute"
}

# allocations_may_fail: for fail-nth. False if this kernel cannot make them fail.
allocations_may_fail() {
	local one
	[ -e /sys/kernel/debug/failslab ] || return
	for one in /sys/kernel/debug/fail{slab,_page_alloc}; do
		echo N >"$one/ignore-gfp-wait"
		echo 0 >"$one/verbose"
	done
	echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
}

# take_range ADDRESS: another driver has the memory there, until rmmod ramoops.
take_range() {
	modprobe ramoops mem_address="$1" mem_size=65536 record_size=16384
}

# needs PROGRAM...: programs of the tests that --file puts into the guest.
needs() {
	local program
	for program; do
		command -v "$program" >/dev/null ||
			bail_out "$program is missing in the guest: --file=build/tests/vm/$program:/usr/local/bin/$program"
	done
}

# put WORD FILE: writes the word. Sets refused_with to the error, "" when there is none.
put() {
	refused_with=''
	{ echo "$1" >"$2"; } 2>/run/put.err && return
	refused_with=$(</run/put.err)
	refused_with=${refused_with##*: }
	return 1
}

# tried NAME COMMAND...: one test. The command checks everything itself, and prints what it saw.
tried() {
	local name=$1 start=$SECONDS
	shift
	if "$@" >/run/tried.out 2>&1; then
		pass "$name"
	else
		fail "$name"
	fi
	diag "$(</run/tried.out), $((SECONDS - start)) s"
}

# ktap NAME COMMAND...: runs a kernel selftest. Each of its result lines is one test here.
# Sets ktap_skipped to the first words of those that are skipped.
ktap() {
	local name=$1 line one
	shift
	ktap_skipped=
	while IFS= read -r line; do
		case $line in
		'ok '*'# SKIP'*)
			line=${line#ok * } one=${line%%[: ]*}
			ktap_skipped+=${ktap_skipped:+ }$one
			skip "$name: $one" "${line#"$one"}"
			;;
		'ok '*) pass "$name: ${line#ok * }" ;;
		'not ok '*) fail "$name: ${line#not ok * }" ;;
		1..[0-9]*'# SKIP'*) fail "$name" "skipped: ${line##*SKIP}" ;;
		1..[0-9]*) ;;
		*) diag "$line" ;;
		esac
	done < <("$@" 2>&1; echo "exit status $?")
}

# Lines that the kernel logs when it has found a mistake in itself.
no_splat() {
	local splat
	splat=$(dmesg | grep -E 'WARNING:|BUG:|BUG |KASAN|UBSAN|INFO: task|INFO: possible|Oops|general protection|DEBUG_OBJECTS|ODEBUG' | head -n 5)
	is "$splat" '' 'the kernel has not complained'
}

# Only a kernel with kmemleak can see leaks. It reports a leak of the last seconds
# only at the second scan.
no_leak() {
	local file=/sys/kernel/debug/kmemleak
	if ! [ -e $file ] || ! echo scan >$file 2>/dev/null; then
		skip 'no leak' 'this kernel does not look for leaks'
		return
	fi
	sleep 6
	echo scan >$file
	is "$(head -n 40 $file)" '' 'no leak'
}
