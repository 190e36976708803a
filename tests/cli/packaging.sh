#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# packaging.sh VERSION BUILD: what debian/ and the RPM spec say is true of what meson installs and
# the library exports. It builds no package; tests/packages does.

set -uo pipefail
# shellcheck disable=SC2034 # for tap.sh
version=$1 build=$(realpath -- "$2") tool=/bin/true
. "$(dirname -- "$0")/tap.sh"
cd -- "$(dirname -- "$0")/../.." || exit 1
command -v meson >/dev/null || skip_all 'meson is not in the path'

# What meson installs, as both kinds of packages name it: without the architecture's folder.
installed() {
	meson introspect --installed "$build" | jq -r '.[]' | sed -E 's,^/lib/,/usr/lib/,; s,/lib(64)?/[^/]+-linux-[^/]+/,/LIBDIR/,; s,^/usr/lib(64)?/(lib|pkgconfig),/usr/LIBDIR/\2,' | sort
}

# The lines of debian/*.install as patterns. Debian has its own folder for zsh.
debian_patterns() {
	sed -E '/^#/d; s,^,/,; s,/usr/lib/\*/,/usr/LIBDIR/,; s,zsh/vendor-completions,zsh/site-functions,' debian/*.install
}

# The lines below %files that name an installed file. rpm compresses the pages.
spec_patterns() {
	sed -n '/^%files/,/^%changelog/p' rpm/daxhp.spec | sed -E '/^%[{]/!d
		s,%[{]_bindir[}],/usr/bin,; s,%[{]_datadir[}],/usr/share,; s,%[{]_mandir[}],/usr/share/man,
		s,%[{]_includedir[}],/usr/include,; s,%[{]_libdir[}],/usr/LIBDIR,; s,%[{]_sysconfdir[}],/etc,
		s,%[{]_unitdir[}],/usr/lib/systemd/system,; s,%[{]_systemdgeneratordir[}],/usr/lib/systemd/system-generators,
		s,%[{]_libexecdir[}],/usr/libexec,; s,%[{]_udevrulesdir[}],/usr/lib/udev/rules.d,
		s,(/man[0-9]/.*)\*$,\1,'
}

# each_in_one FILES PATTERNS: each file matches one pattern, and each pattern a file.
each_in_one() {
	local file pattern found status=0
	while IFS= read -r file; do
		found=0
		while IFS= read -r pattern; do
			# shellcheck disable=SC2053 # a pattern
			[[ $file != $pattern ]] || found=$((found + 1))
		done <<<"$2"
		[ "$found" = 1 ] || { echo "$file is in $found packages"; status=1; }
	done <<<"$1"
	while IFS= read -r pattern; do
		found=0
		while IFS= read -r file; do
			# shellcheck disable=SC2053
			[[ $file != $pattern ]] || found=1
		done <<<"$1"
		[ "$found" = 1 ] || { echo "nothing is installed as $pattern"; status=1; }
	done <<<"$2"
	return "$status"
}

files=$(installed)
if ! grep -q /man8/ <<<"$files"; then
	skip 'debian/*.install has each installed file' 'this build has no man pages'
	skip 'the spec has each installed file' 'this build has no man pages'
elif ! grep -qx /usr/share/zsh/site-functions/_daxhp <<<"$files" || ! grep -qx /usr/bin/daxhp <<<"$files"; then
	skip 'debian/*.install has each installed file' 'this build installs to other folders'
	skip 'the spec has each installed file' 'this build installs to other folders'
else
	check 'debian/*.install has each installed file' each_in_one "$files" "$(debian_patterns)"
	check 'the spec has each installed file' each_in_one "$files" "$(spec_patterns)"
fi

check 'debian/libdaxhp1.symbols has each exported function' diff \
	<(sed -n 's/^ \(daxhp_.*\)@LIBDAXHP_1 .*/\1/p' debian/libdaxhp1.symbols | sort) \
	<(sed -n 's/^\t\(daxhp_.*\);$/\1/p' lib/libdaxhp.sym | sort)

is "$(sed -n '1s/^daxhp (\(.*\)-[^-]*) .*/\1/p' debian/changelog)" "$version" 'debian/changelog has the version'
is "$(sed -n 's/^Version: *//p' rpm/daxhp.spec)" "$version" 'the spec has the version'

# Reads "FILE:LINE", a line each. The last paragraph of debian/copyright whose patterns match says the
# licence of a file, and its own line must say the same.
licences_agree() {
	awk '
		function as_regex(pattern) {
			gsub(/[.+]/, "[&]", pattern)
			gsub(/[*]/, ".*", pattern)
			return "^" pattern "$"
		}
		FNR == NR && /^Files:/ { in_files = 1; first = count + 1; sub(/^Files:/, "") }
		FNR == NR && /^[A-Z]/ { in_files = 0 }
		FNR == NR && in_files { for (n = 1; n <= NF; n++) pattern[++count] = as_regex($n) }
		FNR == NR && /^License:/ { for (n = first; n <= count; n++) licence[n] = $2; first = count + 1 }
		FNR == NR { next }
		{
			file = $0; sub(/:.*/, "", file)
			own = $0; sub(/.*SPDX-License-Identifier: /, "", own); sub(/ .*/, "", own); sub(/^GPL-2.0$/, "GPL-2.0-only", own)
			said = ""
			for (n = 1; n <= count; n++)
				if (file ~ pattern[n])
					said = licence[n]
			if (said != own) {
				print file " has " own ", debian/copyright says " said
				status = 1
			}
		}
		END { exit status }' debian/copyright -
}
if git rev-parse --git-dir >/dev/null 2>&1; then
	check 'debian/copyright has the licence of each file' licences_agree \
		< <(git grep -m 1 -E '^[^A-Za-z]{0,5}SPDX-License-Identifier: ' -- ':!LICENSES' ':!debian')
else
	skip 'debian/copyright has the licence of each file' 'this is not a git clone'
fi

finish
