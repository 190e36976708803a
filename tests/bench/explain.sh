#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=nvdimm:33G --icount --timeout=1700
#
# What 'daxhp explain' costs on a device of 33 GiB: without a look at pages and processes, and with it; and
# beside it the unplug. The guest's clock counts instructions: one is a nanosecond.

# shellcheck source=trials.sh
. /vm/guest/trials.sh
# shellcheck source=bench.sh
. /vm/guest/bench.sh

device=dax0.0
set_policy offline

# It may look at neither: what is left is what anybody may see.
blindly() {
	unshare --mount bash -c ': >/run/empty; mount --bind /run/empty /proc/kpageflags && exec "$@"' bash \
		setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace "$@"
}

# peak COMMAND...: the most memory that the command had, in KiB.
peak() {
	local pid kib most=0
	"$@" >/run/bench.out 2>/run/bench.err &
	pid=$!
	while kib=$(awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$kib" ]; do
		most=$kib
	done
	wait "$pid" || bail_out "failed: $*"
	echo "$most"
}

# bench WHAT PERCENT: the memory that is in use, and how much of the unplug's time explain may take.
bench() {
	local start blind scan
	took "$1: the start of a program in that place" blindly daxhp --version
	start=$now_us
	took "$1: explain, without pages and processes" blindly daxhp explain "$device"
	blind=$((now_us - start))
	took "$1: explain" daxhp explain "$device"
	scan=$now_us
	at_most "$(peak daxhp explain --json "$device")" 20480 "$1: peak memory in KiB"
	took "$1: unplug" daxhp unplug "$device"
	at_most "$blind" 20000 "$1: microseconds without pages and processes, and without the start"
	at_most $((scan * 100 / now_us)) "$2" "$1: explain, in percent of the unplug"
	daxhp online --movable "$device" >/dev/null
}

test_times() {
	take_away "$device"
	daxhp online --movable "$device" >/dev/null
	bench 'nothing in use' 20
	# The kernel takes memory from ZONE_MOVABLE first.
	start_holder there obstruct anon 0 2048
	bench '2 GiB in use' 20
	stop_rivals
	# Now a processor keeps single pages of the device for itself. It is node 0, so they stay there, and explain
	# has to look at every page.
	start_holder there obstruct anon 0 2048
	stop_rivals
	bench 'used, and free again' 500
}

run_tests
