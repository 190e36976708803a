# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For the cases of systems that boot: several boots in one case, and how the boot went.

# shellcheck source-path=SCRIPTDIR source=../../vm/guest/tap.sh
. /vm/guest/tap.sh
# shellcheck source-path=SCRIPTDIR source=../../vm/guest/dax.sh
. /vm/guest/dax.sh

case_dir=/var/lib/daxhp-case

# run_boots: runs the function boot_1 in the first boot, boot_2 in the second, and so on. After each
# but the last the machine reboots.
run_boots() {
	local n=1
	mkdir -p "$case_dir"
	[ ! -e "$case_dir/boot" ] || n=$(<"$case_dir/boot")
	[ ! -e "$case_dir/counts" ] || read -r tap_count tap_failures <"$case_dir/counts"
	printf '# boot %d: %s, up after %s s\n' "$n" "$(uname -r)" "$(multi_user_seconds)"
	tap_test="boot $n"
	"boot_$n"
	send_documents
	if declare -F "boot_$((n + 1))" >/dev/null; then
		echo $((n + 1)) >"$case_dir/boot"
		echo "$tap_count $tap_failures" >"$case_dir/counts"
		sync
		systemctl reboot --no-block
		exit 75
	fi
	printf '1..%d\n' "$tap_count"
	[ "$tap_failures" = 0 ]
	exit
}

# within SECONDS COMMAND...: tries the command until it succeeds.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

# When multi-user.target was reached, in seconds since the kernel started.
multi_user_seconds() {
	systemctl show -P ActiveEnterTimestampMonotonic multi-user.target | awk '{ printf "%.2f", $1 / 1000000 }'
}

# Seconds from the start of the kernel to a unit's change, such as ActiveEnter or InactiveEnter.
unit_seconds() {
	systemctl show -P "${2}TimestampMonotonic" "$1" | awk '{ printf "%.2f", $1 / 1000000 }'
}

# The journal's messages of units since the boot.
messages() {
	local unit units=()
	for unit; do
		units+=(-u "$unit")
	done
	journalctl -b -o cat --no-pager "${units[@]}"
}

# first_device: the name of the first device that has memory.
first_device() {
	local dir size
	for dir in "$dax_bus"/devices/dax*; do
		read -r size <"$dir/size" 2>/dev/null || continue
		if [ "$size" != 0 ]; then
			printf '%s' "${dir##*/}"
			return
		fi
	done
}

# device_of KIND: by the place in /sys, and not as daxhp finds it.
device_of() {
	local dir place
	for dir in "$dax_bus"/devices/dax*; do
		place=$(readlink -f "$dir")
		case $1:$place in
		hmem:*/hmem.* | pmem:*/ndbus*/dax* | cxl:*/dax_region*)
			[ "$(<"$dir/size")" = 0 ] || { printf '%s' "${dir##*/}"; return; }
			;;
		esac
	done
}

# The machine's one namespace of persistent memory. Its number can be any.
namespace() {
	ndctl list --namespaces --idle | jq -r 'if type == "array" then .[0] else . end | .dev'
}

make_devdax() {
	udevadm settle
	ndctl create-namespace --force --mode=devdax --map=mem --reconfig="$(namespace)" >/dev/null
}

autoprobe() {
	cat "$dax_bus/drivers_autoprobe"
}
