#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=pmem:640M --cpus=1
#
# Memory runs out at each allocation of daxhp, once or from there on. Its message
# about the device and its exit status must be true. The device is as small as in
# sweep.sh.

# shellcheck source=trials.sh
. /vm/guest/trials.sh

device=dax0.0
set_policy offline
base_policy=offline
# A prime, as in the other sweeps.
short_step=$(step 61)
bind_kmem "$device" offline || bail_out "cannot bind $device"
take_away "$device"
mapfile -t ids < <(blocks "$device")

reset() {
	take_away "$device"
}

# short NAME TRIPS
short() {
	tried "$1: once" short "$device" "$short_step" "$2" one "${ids[@]}"
	tried "$1: for good" short "$device" "$short_step" "$2" all "${ids[@]}"
	never_wedged
}

test_topology() {
	is "${#ids[@]}" 4 'four blocks'
}

test_unplug_and_online() {
	short 'there and back' online:unplugged,unplugged:online
	short 'from offline' offline:online,offline:unplugged
}

test_reconfigure() {
	short 'devdax and movable' devdax:movable,movable:devdax
}

# Only a full run has time for these.
test_others() {
	is_full || return 0
	short 'the zones' movable:kernel,kernel:movable
	short 'off' devdax:off,off:kernel,kernel:off,off:devdax
}

run_tests
