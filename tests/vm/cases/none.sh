#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# vm: --topology=none
#
# A machine without dax devices, and the files of the installation.

# shellcheck source=daxhp.sh
. /vm/guest/daxhp.sh

test_no_devices() {
	local command
	run daxhp status
	exits 0 'status'
	is "$(grep -c dax <<<"$out")" 0 'an empty table'
	run daxhp status --json
	exits 0 'status --json'
	is "$(jq -c . <<<"$out")" '[]' 'an empty array'
	run daxhp
	exits 0 'no command'
	for command in online unplug; do
		run daxhp "$command" dax0.0
		exits 1 "$command dax0.0"
		one_sentence "$command dax0.0: one sentence"
		like "$err" 'dax0\.0' "$command dax0.0: names it"
		run daxhp "$command" --json dax0.0
		exits 1 "$command --json dax0.0"
	done
	run daxhp status dax0.0
	exits 1 'status of an unknown device'
	run daxhp status --json dax0.0
	exits 1 'status --json of an unknown device'
}

test_all_of_nothing() {
	run daxhp status all
	exits 0 'status all'
	run daxhp unplug all
	like "$rc" '^[01]$' 'unplug all'
	[ "$rc" = 0 ] || one_sentence 'unplug all: one sentence'
}

# A kernel without dax has no such bus.
test_no_bus() {
	# shellcheck disable=SC2016 # the inner shell's
	run unshare --mount sh -c 'mount -t tmpfs none /sys/bus && daxhp status --json'
	exits 0 'status without a bus'
	is "$(jq -c . <<<"$out")" '[]' 'an empty array'
	run unshare --mount sh -c 'mount -t tmpfs none /sys/bus && daxhp online dax0.0'
	exits 1 'online without a bus'
	one_sentence 'online without a bus: one sentence'
}

# A kernel without memory hotplug has no such directory.
test_no_memory_hotplug() {
	run unshare --mount sh -c "mount -t tmpfs none $memory && daxhp status --json"
	exits 0 'status without memory blocks'
	is "$(jq -c . <<<"$out")" '[]' 'an empty array'
}

test_no_sys() {
	run unshare --mount sh -c 'umount -l /sys && daxhp status --json'
	like "$rc" '^[01]$' 'status without /sys ends in order'
	[ "$rc" = 0 ] || one_sentence 'status without /sys: one sentence'
}

test_without_rights() {
	run setpriv --reuid=65534 --regid=65534 --clear-groups daxhp status --json
	exits 0 'status'
	is "$(jq -c . <<<"$out")" '[]' 'an empty array'
}

test_installation() {
	local prefix file
	prefix=$(command -v daxhp)
	prefix=${prefix%/*bin/daxhp}
	run daxhp --version
	exits 0 '--version'
	like "$out" '[0-9]+' 'a version'
	run daxhp --help
	exits 0 '--help'
	like "$out" 'online' 'help names the commands'
	for file in include/daxhp/libdaxhp.h 'lib/*/pkgconfig/libdaxhp.pc' share/man/man8/daxhp.8 \
		share/bash-completion/completions/daxhp 'share/zsh/*/_daxhp' share/daxhp/schema/daxhp.json; do
		if compgen -G "$prefix/$file" >/dev/null || compgen -G "$prefix/${file/\/daxhp\//\/}" >/dev/null ||
			compgen -G "/usr/$file" >/dev/null; then
			pass "installed: $file"
		else
			fail "installed: $file" "$(find "$prefix" -name '*daxhp*' | head -n 20)"
		fi
	done
}

run_tests
