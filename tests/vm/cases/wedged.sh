#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem:640M --cpus=1
#
# Tests the checks of the other cases: in this guest they must find something. Here
# no process can be traced, and memory is wedged on purpose. Nothing can undo
# either of them, so the order of the tests matters.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
bind_kmem "$device" offline || bail_out "cannot bind $device"
take_away "$device"
mapfile -t ids < <(blocks "$device")

# said COMMAND...: prints the TAP lines of tests in a subshell, so that the case does not count them.
said() {
	(tap_test='' && "$@")
}

wedge() {
	bind_kmem "$device" offline || bail_out "cannot bind $device"
	echo online_movable >"$memory/memory${ids[0]}/state"
	unbind "$device"
}

# The kernel's log drops older lines for newer ones, until its own message is gone.
overflow_dmesg() {
	local lines n
	echo on >/proc/sys/kernel/printk_devkmsg
	printf -v lines '<7>%0800d' 0
	for ((n = 0; n < 4000; n++)); do
		echo "$lines" >/dev/kmsg
	done
}

test_before() {
	like "$(said never_wedged)" '^ok ' 'never_wedged passes'
	run trials fail "$device" 1000 unplugged:online EIO "${ids[@]}"
	exits 0 'trials can trace, to refuse'
	like "$out" 'EIO.* 1 runs' 'and says how many runs there were'
	run trials kill "$device" 1000 unplugged:online "${ids[@]}"
	exits 0 'trials can trace, to kill'
}

# A process that cannot be traced runs undisturbed. It would look as if it passed every trial.
test_nothing_can_be_traced() {
	local scope=/proc/sys/kernel/yama/ptrace_scope how errno=()
	if [ ! -e "$scope" ]; then
		skip 'no tracing' 'this kernel has no yama'
		return
	fi
	echo 3 >"$scope"
	for how in kill fail; do
		[ "$how" = kill ] || errno=(EIO)
		run trials "$how" "$device" 1000 unplugged:online "${errno[@]}" "${ids[@]}"
		exits 1 "$how"
		like "$err" 'cannot trace' "$how: says why"
		like "$(said tried "$how" "$how" "$device" 1000 unplugged:online "${errno[@]}" "${ids[@]}")" '^not ok ' "$how: fails"
	done
}

test_wedged() {
	take_away "$device"
	wedge
	is "$(count "$device" online)" 1 'one block is online'
	is "$(driver "$device")" none 'of a device without a driver'
	like "$(said never_wedged)" '^not ok ' 'never_wedged fails'
	like "$(wedge_signs)" 'until (the next )?reboot' 'by the words of the kernel'
	like "$(wedge_signs)" "$device, driver none, has blocks: ${ids[0]} online" 'by the blocks'
	like "$(wedge_signs_in_iomem)" 'no device with kmem' 'by /proc/iomem'
}

test_daxhp_says_so() {
	run daxhp status --json "$device"
	exits 0 'status'
	json_is '.[0].wedged' true 'in JSON'
	run daxhp status "$device"
	like "$err" "$device: wedged" 'in the note'
	refused 'unplug' 1 daxhp unplug "$device"
	like "$err" 'reboot' 'unplug: names the way out'
}

test_trials_say_so() {
	run trials cycle "$device" 1 unplugged "${ids[@]}"
	exits 1 'trials'
	like "$out" 'the memory is wedged' 'says why'
}

test_dmesg_is_full() {
	overflow_dmesg
	nok 'the kernel log has forgotten it' grep -q 'reboot' <(dmesg)
	like "$(said never_wedged)" '^not ok ' 'never_wedged fails'
	like "$(wedge_signs)" "$device, driver none" 'by the blocks'
}

run_tests
