# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For the cases that run daxhp very often while something goes wrong. Two small
# programs do the work, trials and rival. The build makes them, and --file puts
# them into the guest.
#
# With the kernel parameter daxhp.full (--append=daxhp.full) a case does
# everything; without it, only a part that takes a minute. daxhp.step=N is in
# between: a sweep does every N-th run.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

for program in trials rival; do
	command -v $program >/dev/null ||
		bail_out "$program is missing in the guest: --file=build/tests/vm/$program:/usr/local/bin/$program"
done

is_full() {
	[[ " $(</proc/cmdline) " == *' daxhp.full '* ]]
}

# quick_or_full QUICK FULL
quick_or_full() {
	if is_full; then echo "$2"; else echo "$1"; fi
}

# step QUICK: a sweep tries one call of so many.
step() {
	if [[ " $(</proc/cmdline) " =~ ' daxhp.step='([0-9]+)' ' ]]; then
		echo "${BASH_REMATCH[1]}"
	else
		quick_or_full "$1" 1
	fi
}

# planned ARGUMENTS...: what daxhp would do with $device, as a list of the step types.
planned() {
	local out
	out=$(daxhp "$@" --dry-run --json "$device")
	keep_document "daxhp $* --dry-run --json" "$out"
	jq -r '[.[0].steps[].step] | join(" ")' <<<"$out"
}

# tried NAME TRIALS-ARGUMENTS...: one test. It always prints its figures.
tried() {
	local name=$1 start=$SECONDS
	shift
	if trials "$@" >/run/trials.out 2>&1; then
		pass "$name"
		diag "$(</run/trials.out), $((SECONDS - start)) s"
	else
		fail "$name" "$(</run/trials.out), $((SECONDS - start)) s"
	fi
}

# Errors from /proc that do not mean that the process is gone.
blind_errnos=(EACCES EPERM EMFILE ENOMEM EIO)

# fails_everywhere DEVICE STEP TRIPS BLOCK...: with every errno that may come from /sys, and every
# errno that may come from /proc. A quick run takes one of each kind: an error, "is gone", "cannot look".
fails_everywhere() {
	local errno errnos=(EIO ENOENT /proc:EACCES /proc:ESRCH)
	! is_full || errnos=(EIO EBUSY ENOMEM EINTR ENOENT "${blind_errnos[@]/#//proc:}" /proc:ESRCH /proc:ENOENT)
	for errno in "${errnos[@]}"; do
		tried "$errno" fail "$1" "$2" "$3" "$errno" "${@:4}"
	done
	never_wedged
}

# sees_holder NAME DEVICE TRIPS PID BLOCK...: any one call on the files of the holder PID fails. daxhp
# must not overlook the holder. In a full run, any one call on /proc fails.
sees_holder() {
	local errno errnos=(EACCES EMFILE) where=/proc/$4
	! is_full || { where=/proc; errnos=("${blind_errnos[@]}"); }
	for errno in "${errnos[@]}"; do
		tried "$1, $errno" blind "$2" 1 "$3" "$where:$errno" "${@:5}"
	done
	never_wedged
}

# The process ids of the background jobs of a test.
rival_pids=()

start_rival() {
	# In a process group of its own, so that the programs that it runs end with it.
	set -m
	"$@" >/dev/null 2>&1 &
	set +m
	rival_pids+=($!)
}

# start_holder WORD COMMAND...: starts a rival, and waits until it prints WORD: it holds its files, or is at work.
start_holder() {
	rm -f /run/holder.out
	set -m
	"${@:2}" >/run/holder.out 2>&1 &
	set +m
	rival_pids+=($!)
	wait_until grep -qs "$1" /run/holder.out
}

# elsewhere COMMAND...: with a sysfs of another network namespace, whose files have other inodes.
elsewhere() {
	exec unshare --net --mount sh -c 'mount -t sysfs sysfs /sys && exec "$@"' sh "$@"
}

group_is_gone() {
	! kill -0 -- "-$1" 2>/dev/null
}

stop_rivals() {
	local pid
	for pid in "${rival_pids[@]}"; do
		kill -- "-$pid" 2>/dev/null
	done
	for pid in "${rival_pids[@]}"; do
		wait "$pid" 2>/dev/null
		wait_until group_is_gone "$pid"
	done
	rival_pids=()
}
