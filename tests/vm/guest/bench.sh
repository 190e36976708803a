# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Sourced: what commands take. The seconds of an emulated machine are not real; only ratios within one boot
# have a meaning, unless the guest's clock counts instructions. A figure is the smallest of some rounds.

declare -A least=()

# took KEY COMMAND...: sets now_us to the microseconds of the command, and keeps the smallest under the key.
# What it printed is in /run/bench.out and /run/bench.err.
took() {
	local key=$1 start=${EPOCHREALTIME/./}
	"${@:2}" >/run/bench.out 2>/run/bench.err || { tail -n 5 /run/bench.err | sed 's/^/# /'; bail_out "failed: ${*:2}"; }
	now_us=$((${EPOCHREALTIME/./} - start))
	remember "$key" "$(awk -v us="$now_us" 'BEGIN { printf "%.3f", us / 1e6 }')"
}

# remember KEY SECONDS
remember() {
	printf '# %-44s %8.3f s\n' "$1" "$2"
	if [ -z "${least[$1]:-}" ] || awk -v a="$2" -v b="${least[$1]}" 'BEGIN { exit !(a < b) }'; then
		least[$1]=$2
	fi
}

expect() {
	look "$1"
	# shellcheck disable=SC2154 # look() sets it
	[ "$now_word" = "$2" ] || bail_out "$1 is $now_word, not $2"
}

# find_pair: sets small and large to the two devices.
find_pair() {
	small=dax0.0 large=dax1.0
	# shellcheck disable=SC2154 # from dax.sh
	[ "$(<"$dax_bus/devices/$small/size")" -lt "$(<"$dax_bus/devices/$large/size")" ] || small=dax1.0 large=dax0.0
}
