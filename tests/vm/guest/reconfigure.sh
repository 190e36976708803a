# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# Moves a device from one use to another, for the cases about daxhp reconfigure.
# A case sets "device", and also sources daxhp.sh.
#
# A place is devdax, unplugged, offline, off (the result of --no-online, which is
# unplugged or offline), online (in any zone), kernel or movable.

# to PLACE: the options that lead there, if there are any.
to() {
	case $1 in
	devdax) echo --mode=devdax ;;
	off) echo '--mode=system-ram --no-online' ;;
	online) echo --mode=system-ram ;;
	*) echo "--mode=system-ram --$1" ;;
	esac
}

# The state of the blocks at that place.
word_of() {
	case $1 in
	devdax | unplugged) echo unplugged ;;
	off) if has_attribute; then echo unplugged; else echo offline; fi ;;
	offline) echo offline ;;
	online) raw_word "${device:?}" ;;
	*) echo "online_$1" ;;
	esac
}

reconfigure() {
	# shellcheck disable=SC2046 # words
	run daxhp reconfigure $(to "$1") "${@:2}" "$device"
}

# Programs can open the device's node only while it is bound to device_dax.
can_be_opened() {
	{ : <"/dev/$device"; } 2>/dev/null
}

# stands PLACE NAME: the device is at the place. Checks blocks, driver and node.
stands() {
	if [ "$1" = devdax ]; then
		run daxhp status --json "$device"
		look "$device"
		is "$(driver "$device") $now_word $(policy) $(json '.[0] | "\(.mode) \(.hotplug_state)"')" \
			"device_dax unplugged $base_policy devdax null" "$2: in devdax mode"
		ok "$2: its node can be opened" can_be_opened
	else
		is "$(driver "$device")" kmem "$2: bound to kmem"
		agrees "$device" "$(word_of "$1")" "$2"
		nok "$2: its node cannot be opened" can_be_opened
		[ "$1" != online ] || like "$now_word" '^online_' "$2: online"
	fi
}

here=''

# Call this when something else has moved the device.
forget_place() {
	here=''
}

# get_to PLACE: from any state. Goes there by hand when daxhp cannot.
get_to() {
	[ "$here" != "$1" ] || return 0
	here=$1
	case $1 in
	unplugged | offline | online)
		if ! daxhp reconfigure --mode=system-ram --no-online "$device" >/dev/null ||
			! daxhp unplug "$device" >/dev/null; then
			bail_out "cannot get to $1"
		fi
		[ "$1" != unplugged ] || return 0
		unbind "$device"
		bind_kmem "$device" "$1" || bail_out "cannot get to $1"
		;;
	*)
		reconfigure "$1"
		[ "$rc" = 0 ] || bail_out "cannot get to $1: $err"
		;;
	esac
}

# trip FROM GOAL: goes to GOAL and checks it. Then gives the same command again, which must do nothing.
trip() {
	local name="$base_policy: $1 to $2"
	get_to "$1"
	reconfigure "$2" --json
	exits 0 "$name: exit status"
	here=$2
	stands "$2" "$name"
	reconfigure "$2" --json
	is "$rc $(json '.[0].changed')" '0 false' "$name: again, unchanged"
}

# Each pair of the places that daxhp can reach, in an order in which each trip
# begins where the last one ended. Then the other pairs.
chain=(devdax:movable movable:kernel kernel:off off:devdax devdax:off off:kernel kernel:devdax devdax:kernel
	kernel:movable movable:off off:movable movable:devdax)
beside=(devdax:online online:movable online:kernel off:online offline:movable offline:kernel offline:devdax
	unplugged:movable unplugged:kernel unplugged:devdax unplugged:off offline:off online:off online:devdax)

set_base_policy() {
	base_policy=$1
	set_policy "$1"
}

# all_trips TRIP...: all of them under every policy. In a quick run, each of them
# under one policy.
all_trips() {
	local policies=(offline online online_kernel online_movable) policy trip i=0
	if is_full; then
		for policy in "${policies[@]}"; do
			set_base_policy "$policy"
			for trip; do
				trip "${trip%:*}" "${trip#*:}"
			done
		done
	else
		for trip; do
			set_base_policy "${policies[i++ % 4]}"
			trip "${trip%:*}" "${trip#*:}"
		done
	fi
	set_base_policy offline
}
