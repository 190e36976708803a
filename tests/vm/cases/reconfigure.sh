#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# daxhp reconfigure: from each mode and zone to each other, under each policy. Also
# tests the reasons to refuse, and the undo when half of the work is done.
#
# vm: --topology=pmem

# shellcheck source=trials.sh
. /vm/guest/trials.sh
# shellcheck source=reconfigure.sh
. /vm/guest/reconfigure.sh

device=dax0.0
set_base_policy offline
# Call this here. A subshell would forget the result.
has_attribute
bind_kmem "$device" offline || bail_out "cannot bind $device"
mapfile -t ids < <(blocks "$device")

reset() {
	stop_rivals
	no_faults
	rm -f /etc/modprobe.d/test.conf
	set_base_policy offline
	forget_place
	daxhp reconfigure --mode=devdax --force "$device" >/dev/null
}

test_every_pair() {
	# shellcheck disable=SC2154 # from reconfigure.sh
	all_trips "${chain[@]}"
}

test_from_what_daxhp_does_not_leave() {
	local trips=("${beside[@]}")
	is_full || trips=(devdax:online online:kernel offline:movable unplugged:devdax)
	all_trips "${trips[@]}"
}

# The two programs differ here: daxctl says that a device without a driver is devdax.
daxctl_agrees() {
	local differ
	daxctl list -M -d "$device" >/run/theirs.json 2>/run/theirs.err || { fail "$1" "$(</run/theirs.err)"; return; }
	daxhp status -j -M "$device" >/run/ours.json 2>/run/ours.err || { fail "$1" "$(</run/ours.err)"; return; }
	keep_document 'daxhp status -j -M' "$(</run/ours.json)"
	differ=$(jq -rn --slurpfile theirs /run/theirs.json --slurpfile ours /run/ours.json '
		$ours[0][0] as $o | $theirs[0][0] as $t | $t | keys_unsorted[] | select(in($o)) |
		select($o[.] != $t[.] and ($o.mode != "unbound" or . != "mode")) |
		"\(.): daxctl \($t[.] | tojson), daxhp \($o[.] | tojson)"')
	is "$differ" '' "$1"
	shared+=$(jq -rn --slurpfile theirs /run/theirs.json --slurpfile ours /run/ours.json \
		'$theirs[0][0] | keys_unsorted[] | select(in($ours[0][0]))')$'\n'
}

test_daxctl_agrees() {
	local place shared=
	for place in $(quick_or_full 'devdax offline movable' 'devdax unplugged offline online kernel movable'); do
		get_to "$place"
		daxctl_agrees "$place"
	done
	echo offline >"$memory/memory${ids[3]}/state"
	daxctl_agrees 'one block offline'
	daxhp unplug "$device" >/dev/null
	unbind "$device"
	forget_place
	daxctl_agrees 'unbound'
	is "$(sort -u <<<"$shared" | grep . | paste -sd' ')" \
		'align chardev mappings mode movable online_memblocks size target_node total_memblocks' 'the keys they share'
}

test_other_zone() {
	refused 'devdax is not moved' 1 daxhp reconfigure --movable "$device"
	reconfigure movable
	run daxhp reconfigure --kernel "$device"
	exits 0 'movable to kernel'
	stands kernel 'movable to kernel'
}

test_bad_words() {
	refused 'nothing asked' 2 daxhp reconfigure "$device"
	refused 'no such mode' 2 daxhp reconfigure --mode=ram "$device"
	refused 'devdax has no zone' 2 daxhp reconfigure --mode=devdax --movable "$device"
	refused 'no zone offline' 2 daxhp reconfigure --mode=system-ram --no-online --kernel "$device"
	refused 'asks before all' 2 daxhp reconfigure --mode=system-ram all
	run daxhp reconfigure --mode=system-ram --movable --yes all
	exits 0 'all, with --yes'
	stands movable 'all'
}

test_json_modes() {
	reconfigure movable --json
	json_is '.[0] | "\(.from) \(.to) \(.from_mode) \(.to_mode)"' 'null online_movable devdax system-ram' 'to system RAM'
	reconfigure devdax --json
	json_is '.[0] | "\(.from) \(.to) \(.from_mode) \(.to_mode)"' 'online_movable null system-ram devdax' 'and back'
}

# ---- processes that use the device ----

# is_held NAME COMMAND...: the command uses the device in some way, and then prints
# "held". While it does, daxhp must refuse.
is_held() {
	local name=$1 before
	start_holder held "${@:2}" || { fail "$name: holds it" "$(</run/holder.out)"; return; }
	snapshot
	before=$now_snapshot
	reconfigure movable --json
	exits 1 "$name: exit status"
	like "$err" "hold \(pid $!\) has the device open" "$name: names it"
	is "$(json '.[0].error | "\(.errno) \(.rivals[0] | "\(.pid) \(.comm)")"')" "EBUSY $! hold" "$name: JSON"
	unchanged "$before" "$name: nothing changed"
}

# The same device by another name, in a mount namespace that no other process sees.
hidden() {
	local numbers
	numbers=$(stat -c '%t %T' "/dev/$device")
	# shellcheck disable=SC2016 # for the other shell
	exec unshare --mount --propagation private sh -c 'mount -t tmpfs none /mnt && mknod /mnt/x c $1 $2 && exec hold map /mnt/x' \
		- $((16#${numbers% *})) $((16#${numbers#* }))
}

test_in_use() {
	is_held 'open' hold open "/dev/$device"
	reconfigure movable --force
	exits 0 '--force'
	agrees "$device" online_movable '--force'
	stop_rivals
	reset
	is_held 'mapped' hold map "/dev/$device"
	stop_rivals
	is_held 'mapped in another mount namespace' hidden
	stop_rivals
	reconfigure movable
	exits 0 'when no process holds it'
}

# ---- failures ----

# went_back NAME PLACE: the command failed, and everything is as before.
went_back() {
	exits 1 "$1: exit status"
	one_sentence "$1: one sentence"
	is "$(json '.[0].error.undone')" true "$1: undone"
	stands "$2" "$1"
	nok "$1: no journal is left" compgen -G '/run/daxhp/*.journal'
}

# without_module NAME COMMAND...: runs it while the module is not loaded and its file is missing.
without_module() {
	local name=$1 file
	shift
	file=$(find /lib/modules -name "$name.ko*")
	[ -n "$file" ] || { skip "$name" 'it is built in'; return; }
	rmmod "$name" || { fail "$name is removed"; return; }
	mv "$file" /run/
	"$@"
	mv "/run/${file##*/}" "$file"
	modprobe device_dax
}

unloaded() {
	[ -n "$(find /lib/modules -name "$1.ko*")" ] || return 1
	[ ! -e "/sys/module/$1" ] || rmmod "$1"
}

devdax_fails() {
	reconfigure devdax --json
	like "$err" device_dax "$1 to devdax, no module: says so"
	went_back "$1 to devdax, no module" "$1"
}

ram_fails() {
	reconfigure movable --json
	like "$err" "$1" "to system RAM, $2: says so"
	went_back "to system RAM, $2" devdax
}

test_module_missing() {
	local from
	for from in $(quick_or_full movable 'kernel movable off'); do
		get_to "$from"
		without_module device_dax devdax_fails "$from"
	done
	reset
	without_module kmem ram_fails 'kmem is not there' 'no module'
	if unloaded kmem; then
		echo 'blacklist kmem' >/etc/modprobe.d/test.conf
		ram_fails 'kmem is blacklisted' 'blacklisted'
		echo 'install kmem /bin/false' >/etc/modprobe.d/test.conf
		ram_fails 'kmem is blacklisted' 'with a command in place of it'
		rm /etc/modprobe.d/test.conf
		reconfigure movable
		exits 0 'once it is there'
	fi
}

# daxhp turns drivers_autoprobe off while kmem loads. Here it cannot write that file, before or after the load.
test_autoprobe_refuses() {
	local file=/sys/bus/dax/drivers_autoprobe
	unloaded kmem || { skip 'drivers_autoprobe refuses' 'kmem is built in'; return; }
	mount --bind "$file" "$file"
	mount -o remount,ro,bind "$file"
	ram_fails "did not take '0' in $file \(EROFS" 'drivers_autoprobe is read-only'
	reconfigure movable --json
	is "$(json '.[0].error | "\(.kind) \(.file) \(.wrote)"')" "write-refused $file 0" 'drivers_autoprobe is read-only: JSON'
	umount "$file"
	run strace --seccomp-bpf -f -qq -o /dev/null -P "$file" -e trace=write -e inject=write:error=EIO:when=2+ \
		daxhp reconfigure --json --mode=system-ram --movable "$device"
	exits 1 'drivers_autoprobe cannot be restored'
	like "$err" "did not take '1' in $file \(EIO" 'drivers_autoprobe cannot be restored: says so'
	reconfigure movable
	exits 0 'the next one'
	like "$err" "restored drivers_autoprobe to '1'" 'the next one restores it'
	is "$(<"$file")" 1 'it is restored'
}

# The first half fails: the memory does not go offline.
test_first_half_fails() {
	local trip
	for trip in $(quick_or_full 'movable:kernel movable:devdax' 'movable:kernel kernel:movable movable:devdax movable:off'); do
		get_to "${trip%:*}"
		fault MEM_GOING_OFFLINE -16
		reconfigure "${trip#*:}" --json
		went_back "$trip, no block goes offline" "${trip%:*}"
		no_faults
	done
}

# The second half fails: the memory does not come online. From devdax there is a way
# back. From the other zone there is none, until memory can come online again.
test_second_half_fails() {
	local way
	get_to devdax
	fault MEM_GOING_ONLINE -12
	reconfigure movable --json
	went_back 'devdax to movable, no block comes online' devdax
	no_faults
	get_to kernel
	fault MEM_GOING_ONLINE -12
	reconfigure movable --json
	exits 64 'kernel to movable, no block comes online: exit status'
	look "$device"
	is "$(json '.[0] | "\(.error.undone) \(.error.stuck_blocks | length) \(.to)"')" \
		"false ${#ids[@]} $(daxhp status -j "$device" | jq -r '.[0].hotplug_state')" 'the same: JSON has the truth'
	is "$now_online" 0 'the same: none is online'
	one_sentence 'the same: one sentence'
	like "$err" 'is (offline|unplugged|inconsistent) now' 'the same: says the state'
	nok 'the same: no journal, because a message has said it' compgen -G '/run/daxhp/*.journal'
	no_faults
	way=$(grep -oE "'daxhp [^']*'" <<<"$err" | tr -d "'")
	is "$way" "daxhp reconfigure --mode=system-ram --kernel $device" 'the same: says what to type'
	run bash -c "$way"
	exits 0 'what it says: exit status'
	stands kernel 'what it says'
}

# Sets the fault when four blocks have come online in the other zone. Turns it off as soon as one
# block goes offline, because then the undo is at work.
fault_halfway() {
	local top
	look_block_size
	while [ -e /run/watching ] && look_mem_total && [ "$now_mem_total" != "$base_total" ]; do :; done
	while [ -e /run/watching ] && look_mem_total &&
		[ $((now_mem_total - base_total)) -lt $((4 * now_block_size / 1024)) ]; do :; done
	echo -12 >"$faults/MEM_GOING_ONLINE/error"
	top=$now_mem_total
	while [ -e /run/watching ] && look_mem_total && [ "$now_mem_total" -ge "$top" ]; do
		top=$now_mem_total
	done
	echo 0 >"$faults/MEM_GOING_ONLINE/error"
}

# Blocks that were added again have new files. Descriptors of the old files are useless.
test_second_half_fails_halfway() {
	local try watcher
	fault MEM_GOING_ONLINE 0
	for ((try = 0; try < 10; try++)); do
		get_to movable
		: >/run/watching
		fault_halfway &
		watcher=$!
		reconfigure kernel --json
		rm /run/watching
		wait "$watcher"
		no_faults
		# The fault came too late, or was turned off too late.
		[ "$rc" != 1 ] || break
		forget_place
	done
	went_back 'movable to kernel, not all blocks come online' movable
}

# While another daxhp binds a device, this one waits, halfway through its own work.
wait_for_policy() {
	exec 9>/run/daxhp/policy.lock
	flock 9
	daxhp reconfigure "${@:2}" "$device" >/run/tap.out 2>/run/tap.err 9>&- &
	waiting=$! ran="daxhp reconfigure ${*:2}"
	wait_until is_without_driver || fail "$1: waits for the lock" "$(</run/tap.err)"
}

is_without_driver() {
	[ "$(driver "$device")" = none ]
}

its_turn() {
	exec 9>&-
	rc=0
	wait "$waiting" || rc=$?
	hear
}

test_other_is_killed_meanwhile() {
	get_to devdax
	wait_for_policy 'killed meanwhile' --mode=system-ram --movable
	echo "$(</proc/sys/kernel/random/boot_id) offline online_kernel 99999" >/run/daxhp/policy.journal
	set_policy online_kernel
	its_turn
	exits 0 'killed meanwhile: exit status'
	like "$err" "restored auto_online_blocks to 'offline'.*pid 99999.*'online_kernel'" 'killed meanwhile: says so'
	stands movable 'killed meanwhile'
}

test_signal_while_waiting() {
	get_to devdax
	wait_for_policy 'from devdax' --json --mode=system-ram --movable
	kill -TERM "$waiting"
	its_turn
	like "$err" 'SIGTERM' 'from devdax: says why'
	went_back 'from devdax' devdax
	if has_attribute; then
		skip 'from the other zone' 'it does not bind the device for that'
		return
	fi
	get_to movable
	wait_for_policy 'from the other zone' --json --kernel
	kill -TERM "$waiting"
	sleep 0.5
	ok 'from the other zone: cannot go back yet' is_without_driver
	its_turn
	like "$err" 'SIGTERM' 'from the other zone: says why'
	went_back 'from the other zone' movable
}

# Makes /proc/meminfo say that so many bytes are available.
with_memory() {
	sed "s/^MemAvailable:.*/MemAvailable: $1 kB/" /proc/meminfo >/run/meminfo
	# shellcheck disable=SC2016 # for the other shell
	run unshare --mount --propagation private bash -c 'mount --bind /run/meminfo /proc/meminfo && exec "$@"' - "${@:2}"
}

test_no_room() {
	local before
	snapshot
	before=$now_snapshot
	with_memory 20480 daxhp reconfigure --json --mode=system-ram --movable "$device"
	exits 1 'exit status'
	one_sentence 'one sentence'
	like "$err" '31 MiB.* 20 MiB.*--force' 'the figures, and the way out'
	is "$(json '.[0].error.errno')" ENOMEM 'JSON'
	unchanged "$before" 'nothing changed'
	with_memory 20480 daxhp reconfigure --mode=system-ram --movable --force "$device"
	exits 0 '--force'
	stands movable '--force'
	daxhp unplug "$device" >/dev/null
	unbind "$device"
	with_memory 20480 daxhp online --movable "$device"
	exits 1 'online, too'
	with_memory 40960 daxhp online --movable "$device"
	exits 0 'room enough'
}

test_signals() {
	tried 'SIGINT, devdax and movable' signal "$device" "$(quick_or_full 5 100)" devdax,movable 2 11 "${ids[@]}"
	tried 'SIGTERM, the zones' signal "$device" "$(quick_or_full 5 100)" kernel,movable 15 12 "${ids[@]}"
	! is_full || tried 'SIGKILL, devdax and movable' signal "$device" 100 devdax,movable 9 13 "${ids[@]}"
	never_wedged
}

# Rivals bring memory online that daxhp left offline on purpose. So only with the attribute there is "off".
test_two_rivals() {
	local us places=devdax,movable,kernel
	! has_attribute || places=devdax,movable,off,kernel
	# shellcheck disable=SC2046 # words
	for us in $(quick_or_full 100 '100 1000 10000'); do
		start_holder running rival "$us" "${ids[@]}"
		start_holder running rival "$us" "${ids[@]}"
		tried "every $us us" cycle "$device" "$(quick_or_full 2 34)" "$places" "${ids[@]}"
		stop_rivals
	done
	never_wedged
}

test_dry_run() {
	local before goal
	for goal in devdax off kernel movable; do
		snapshot
		before=$now_snapshot
		reconfigure "$goal" --dry-run
		exits 0 "$goal: exit status"
		unchanged "$before" "$goal: nothing changed"
	done
	never_wedged
}

run_tests
