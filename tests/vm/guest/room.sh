# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# Unplugs a device with used memory, for the cases about room. A case sets
# "device" and "elsewhere". The latter is an awk condition on a zone's node and
# name. It is true for the zones to which the device's memory can go.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

set_policy offline
base_policy=offline
# The OOM killer may end a program while this shell writes to it.
trap '' PIPE

is_full() {
	[[ " $(</proc/cmdline) " == *' daxhp.full '* ]]
}

# ---- disks: files are on persistent memory, swap on another disk, as on most machines ----

make_disks() {
	local disks
	modprobe -q -a nd_e820 nd_pmem ext4 virtio_pci virtio_blk
	wait_until compgen -G '/dev/pmem*' >/dev/null || bail_out 'there is no disk for files'
	wait_until test -b "$swap_disk" || bail_out 'there is no disk for swap'
	mkswap "$swap_disk" >/dev/null
	disks=(/dev/pmem*)
	mke2fs -b 4096 "${disks[0]}" >/dev/null 2>&1
	mkdir -p /mnt/disk
	mount -t ext4 "${disks[0]}" /mnt/disk || bail_out 'there is no file system'
}
swap_disk=/dev/vda

# ---- programs that use memory ----

# start_fill NAME KIND NODE MIB: starts a program that uses the memory. It has the
# memory when this returns, and then takes commands from tell.
start_fill() {
	local name=$1 fd
	mkfifo "/run/$name.in"
	: >"/run/$name.out"
	fill "${@:2}" /mnt/disk/"$name" <"/run/$name.in" >>"/run/$name.out" 2>&1 &
	fill_pid[$name]=$!
	exec {fd}>"/run/$name.in"
	fill_fd[$name]=$fd
	wait_until has_said "$name" filled
}
declare -A fill_pid=() fill_fd=()

has_said() {
	[ "$(tail -n 1 "/run/$1.out")" = "$2" ] || ! kill -0 "${fill_pid[$1]}" 2>/dev/null
}

has_answered() {
	[ -s "/run/$1.out" ] || ! kill -0 "${fill_pid[$1]}" 2>/dev/null
}

# tell NAME COMMAND: sends the command, and sets now_answer to the answer. This is
# "gone" when the program has ended, and "nothing" when no answer comes. With swap
# an answer may take minutes.
tell() {
	local try
	now_answer=gone
	[ -n "${fill_pid[$1]:-}" ] || return 0
	: >"/run/$1.out"
	kill -0 "${fill_pid[$1]}" 2>/dev/null || return 0
	{ echo "$2" >&"${fill_fd[$1]}"; } 2>/dev/null
	for try in {1..5}; do
		! wait_until has_answered "$1" 2>/dev/null || break
	done
	if [ -s "/run/$1.out" ]; then
		now_answer=$(<"/run/$1.out")
	elif kill -0 "${fill_pid[$1]}" 2>/dev/null; then
		now_answer=nothing
	fi
}

end_fill() {
	local name=$1 fd
	[ -n "${fill_pid[$name]:-}" ] || return 0
	fd=${fill_fd[$name]}
	exec {fd}>&-
	wait "${fill_pid[$name]}" 2>/dev/null
	rm -f "/run/$name.in" "/run/$name.out" "/mnt/disk/$name"
	unset "fill_pid[$name]" "fill_fd[$name]"
}

oom_kills() {
	awk '$1 == "oom_kill" { print $2 }' /proc/vmstat
}

# nobody_harmed: true if no program was harmed. Otherwise now_harm says what happened.
nobody_harmed() {
	local name
	now_harm=''
	[ "$(oom_kills)" = "$base_kills" ] || now_harm="$(dmesg | grep 'Killed process' | tail -n 1)"$'\n'
	for name in "${!fill_pid[@]}"; do
		tell "$name" check
		[ "$now_answer" = right ] || now_harm+="the memory of $name: $now_answer"$'\n'
	done
	[ -z "$now_harm" ]
}

# ---- how much ----

# Prints the free memory elsewhere in MiB, above the lowest watermarks and the
# reserve that each zone keeps from ZONE_MOVABLE (the fourth kind); plus swap, which
# does not help when "elsewhere" is the same node.
fits_elsewhere() {
	awk "
		/^Node/ { node = \$2 + 0; name = \$4; pages = 0 }
		\$1 == \"pages\" { pages = \$3 }
		\$1 == \"min\" || \$1 == \"boost\" { pages -= \$2 }
		\$1 == \"protection:\" && pages > \$5 + 0 && ($elsewhere) { sum += pages - \$5 }
		/^SwapFree:/ { sum += \$2 / 4 * $swap_helps }
		END { printf \"%d\", sum / 256 }" /proc/zoneinfo /proc/meminfo
}

huge_pages() {
	echo "$2" >"/sys/devices/system/node/node$1/hugepages/hugepages-2048kB/nr_hugepages"
}

# There must be less room elsewhere than memory in the device. So a bystander uses
# the rest. If it is harmed, another one replaces it.
start_bystander() {
	local mib
	end_fill bystander
	mib=$(($(fits_elsewhere) - room_left))
	[ $mib -lt 10 ] || start_fill bystander anon -1 $mib
}
room_left=200

# prepare KIND PERCENT: brings the device online, and uses PERCENT of the memory
# that fits elsewhere.
prepare() {
	local mib
	reset || bail_out "$device cannot be taken away"
	tell bystander check
	[ "$now_answer" = right ] || start_bystander
	sync
	echo 3 >/proc/sys/vm/drop_caches
	bind_kmem "$device" online_movable || bail_out "cannot bind $device"
	mib=$(($(fits_elsewhere) * $2 / 100 & ~1))
	base_kills=$(oom_kills)
	[ "$1" != huge ] || huge_pages "$node" $((mib / 2))
	start_fill user "$1" "$node" "$mib"
	[ "$(tail -n 1 /run/user.out)" = filled ]
}

reset() {
	local other
	end_fill user
	for other in /sys/devices/system/node/node[0-9]*; do
		huge_pages "${other##*node}" 0
	done
	take_away "$device"
}

unplug() {
	local start=${EPOCHREALTIME/./}
	run timeout -s KILL 200 daxhp unplug --json --timeout=100 "$device"
	now_seconds=$(((${EPOCHREALTIME/./} - start) / 1000000))
	# Only SIGKILL could end it, so it printed no JSON.
	if [ "$rc" = 137 ]; then
		now_room='- - - - - - -' now_verdict=-
		return
	fi
	now_room=$(json '.[0].room | "\(.verdict) \(.to_move / 1048576 | ceil) \(.free / 1048576 | floor) \(.reclaimable / 1048576 | floor) \(.swap / 1048576 | floor) \(.missing / 1048576 | ceil) \(.huge_pages_missing)"')
	read -r now_verdict _ _ _ _ now_missing now_huge_missing <<<"$now_room"
	now_missing=$((now_missing + 2 * now_huge_missing))
}

# combination KIND PERCENT: unplugs while PERCENT of the memory that fits elsewhere
# is used. Prints a line for the table.
combination() {
	local kind=$1 percent=$2 harm='' then=- name
	name="$kind, $percent %, $swap"
	prepare "$kind" "$percent" || { fail "$name: memory is filled" "$(</run/user.out)"; return; }
	unplug
	look "$device"
	if [ "$rc" = 0 ]; then
		now_result="done"
		[ "$now_absent" = ${#now_blocks[@]} ] || harm+="memory blocks are still there"$'\n'
	elif [ "$rc" = 137 ]; then
		# The kernel waits until fewer pages are isolated, but it holds them itself (docs/room.md).
		now_result=hung
		[[ $err == *'(reclaim_throttle)'* ]] || harm+="it does not end: $err"$'\n'
	else
		[ "$now_word" = online_movable ] || harm+="$now_word now: $err"$'\n'
		case $now_verdict in
		no) now_result=refused ;;
		maybe) now_result='given up' ;;
		*) now_result='given up' harm+="it should have gone: $err"$'\n' ;;
		esac
	fi
	printf '# room | %s | %s | %s | %s | %s | %s | %s | %s s' "$vm_kernel" "${vm_topology%%:*}" "$kind" "$swap" "$percent" \
		"${now_room// / | }" "$now_result" "$now_seconds"
	# No unplug was tried. And a check of the memory would move it.
	[ "$now_result" != refused ] || then_it_goes "$now_missing"
	nobody_harmed || harm+=$now_harm
	printf ' | %s\n' "$then"
	if [ -z "$harm" ]; then
		pass "$name: $now_result"
	else
		fail "$name: $now_result" "${harm%$'\n'}"
	fi
}

# Frees 15 % more than the shortfall that daxhp printed.
then_it_goes() {
	local pool=/sys/devices/system/node/node$node/hugepages/hugepages-2048kB
	tell user "free $((($1 * 115 / 100 + 2) / 2 * 2))"
	# Huge pages are free for other programs only when the pool is made smaller.
	[ "$kind" != huge ] || huge_pages "$node" $(($(<"$pool/nr_hugepages") - $(<"$pool/free_hugepages")))
	unplug
	then="$now_verdict, $now_seconds s"
	[ "$rc" = 0 ] || harm+="with 15 % more free: $err"$'\n'
}

kinds=(anon shared file huge)
percents=(10 30 50 70 80 90 95 100 110 120)

# all_combinations KIND:PERCENT...: all of them; in a quick run only those given.
all_combinations() {
	local kind percent
	if ! is_full; then
		for kind; do
			combination "${kind%:*}" "${kind#*:}"
		done
		return
	fi
	for kind in "${kinds[@]}"; do
		for percent in "${percents[@]}"; do
			combination "$kind" "$percent"
		done
	done
}

# ---- how good the estimate is ----

# judged KIND PERCENT: tries the unplug, also what daxhp would refuse. After yes and likely it must succeed, and
# harm nobody. Prints a line with the verdict and what came of it. Counts the refusals in n_refused, and in
# n_mistaken those that would have worked.
judged() {
	local name="$1, $2 %, $swap" percent went=yes seconds=100
	prepare "$1" "$2" || { fail "$name: memory is filled" "$(</run/user.out)"; return; }
	run daxhp unplug --json --dry-run --force "$device"
	read -r now_verdict percent < <(json '.[0].room | "\(.verdict) \(if .to_move > 0 then (.missing + .huge_pages_missing * 2097152) * 100 / .to_move | ceil else 0 end)"')
	[ "$now_verdict" != no ] || seconds=30
	run timeout -s KILL 200 daxhp unplug --force --timeout=$seconds "$device"
	if [ "$rc" != 0 ]; then
		went="no ($err)"
	elif ! nobody_harmed; then
		went="no ($now_harm)"
	fi
	printf '# estimate | %s | %s | %s | %s | %s %% missing | went: %s\n' "${vm_topology%%:*}" "$1" "$swap" "$now_verdict" "$percent" "${went%%[$'\n'(]*}"
	case $now_verdict in
	yes | likely) is "$went" yes "$name: $now_verdict" ;;
	maybe) pass "$name: maybe" ;;
	no)
		n_refused=$((n_refused + 1))
		[ "$went" != yes ] || n_mistaken=$((n_mistaken + 1))
		ok "$name: refused, and by how much" test "$went" != yes -o "$percent" -lt 10
		;;
	*) fail "$name: a verdict" "$now_verdict" ;;
	esac
}
n_refused=0 n_mistaken=0

all_judged() {
	local kind percent
	room_left=700
	for kind in "${kinds[@]}"; do
		for percent in 40 80 95 105 120 150; do
			judged "$kind" "$percent"
		done
	done
}

# At most one refusal in ten may be a mistake.
refused_rightly() {
	ok "$n_mistaken of $n_refused refusals would have worked" test "$n_refused" -gt 0 -a $((n_mistaken * 10)) -le "$n_refused"
}

with_swap() {
	swapon "$swap_disk" || bail_out 'there is no swap'
	swap="swap"
	"$@"
	reset
	swapoff "$swap_disk"
	swap='no swap'
}
swap='no swap'
swap_helps=1
