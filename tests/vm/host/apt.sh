# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Gets Debian packages of suites that this machine may not have configured, and
# installs nothing. Source common.sh first.

# After this time the tests look again whether Debian has something newer.
max_age_days=7

# Base addresses of the Debian archives that this machine uses: one for the
# suites, one for their security updates. They come from apt, which reads both
# forms of sources files. Only the cache stores them.
archive_of() {
	local suite=$1 pattern
	case $suite in
	*-security) pattern='-security$' ;;
	*) pattern='^(bookworm|trixie|forky|sid|stable|testing|unstable|oldstable)$' ;;
	esac
	# shellcheck disable=SC2016 # the names are apt's
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v pattern="$pattern" '$2 ~ pattern { print $1; exit }'
}

private_apt() {
	local tool=$1
	shift
	"$tool" -q -o "Dir::Etc::sourcelist=$apt_root/sources.list" -o Dir::Etc::sourceparts=- \
		-o "Dir::State::Lists=$apt_root/lists" -o "Dir::Cache=$apt_root/cache" \
		-o APT::Sandbox::User=root -o APT::Architecture=amd64 "$@"
}

# use_suites SUITES [TYPE]: private_apt works with these suites from now on. TYPE is
# deb-src for the packages of sources.
use_suites() {
	apt_root=${cache_dir:?}/apt/${1//,/+}${2:+-$2}
	mkdir -p "$apt_root/lists/partial" "$apt_root/cache/archives/partial"
}

# update_lists SUITES [TYPE]: fetches the lists of these suites, and uses them.
update_lists() {
	use_suites "$@"
	# Two tests may start at the same time.
	(
		flock 8
		fetch_lists "$@"
	) 8>"$apt_root/lock"
}

fetch_lists() {
	local suites=$1 type=${2:-deb} suite archive keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	local signed=
	[ -e "$keyring" ] && signed="[signed-by=$keyring] "
	# apt knows its sources only after it has fetched the package lists once.
	if [ -z "$(archive_of "${suites%%,*}")" ] && [ "$(id -u)" = 0 ]; then
		apt-get -q update >&2 || true
	fi
	for suite in ${suites//,/ }; do
		archive=$(archive_of "$suite")
		[ -n "$archive" ] || { note "no Debian archive is set up for $suite"; return 1; }
		printf '%s %s%s %s main\n' "$type" "$signed" "$archive" "$suite"
	done >"$apt_root/sources.list"
	private_apt apt-get update >"$apt_root/log" 2>&1 || { tail -n 5 "$apt_root/log" >&2; return 1; }
	# When apt cannot fetch a list, it only prints a warning.
	! grep -qE '^(Err:|W: Failed)' "$apt_root/log" || { grep -E '^(Err:|W: Failed)' "$apt_root/log" >&2; return 1; }
	touch "$apt_root/updated"
}

# recent_lists SUITES: as update_lists, but lists that are not old are good enough.
recent_lists() {
	use_suites "$@"
	[ -n "$(find "$apt_root/updated" -mtime "-$max_age_days" 2>/dev/null)" ] || update_lists "$@"
}

newest_package() {
	private_apt apt-cache pkgnames linux- | grep -xE "$1" | sort -V | tail -n 1
}

# with_dependencies PACKAGE: prints the package and all that it needs, for a machine
# on which nothing is installed.
with_dependencies() {
	private_apt apt-get install --simulate --no-install-recommends -o Dir::State::status=/dev/null "$1" |
		awk '$1 == "Inst" { print $2 }'
}

# fetch_packages DIR PACKAGE...: unpacks them into the folder. apt checks what it
# downloads against the signed lists.
fetch_packages() {
	local to=$1 deb
	shift
	mkdir -p "$to"
	# shellcheck disable=SC2068 # one word may have the names of several packages
	(cd "$to" && private_apt apt-get download $@ >>"$apt_root/log" 2>&1) ||
		{ tail -n 3 "$apt_root/log" >&2; return 1; }
	for deb in "$to"/*.deb; do
		dpkg-deb -x "$deb" "$to" || return 1
		rm -f "$deb"
	done
}
