# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For the lines "# root:" of a case. They run on the host, in a folder that is copied over the root
# of the system before it boots.

# policy NAME LINE...: a policy file of the administrator. The lines of [Match] come first, then --, then
# those of [Device]. With $root it is below that folder.
policy() {
	local file=${root-.}/etc/daxhp/policy.d/$1.policy line
	mkdir -p "${file%/*}"
	shift
	{
		echo '[Match]'
		for line; do
			if [ "$line" = -- ]; then echo '[Device]'; else printf '%s\n' "$line"; fi
		done
	} >"$file"
}
