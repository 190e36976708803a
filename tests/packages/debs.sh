#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# debs.sh SUITE: builds the Debian packages of the last commit twice, in clean roots of the suite. They
# are the same both times, lintian finds nothing, and they can be installed, upgraded, removed
# and purged.

set -uo pipefail
suite=${1:?usage: $0 SUITE}
top=$(realpath -- "$(dirname -- "$0")/../..")
# shellcheck source=/dev/null
. "$(dirname -- "$0")/../cli/tap.sh" /bin/true
[ "$(id -u)" = 0 ] || skip_all 'only root can make a root folder of Debian'
# shellcheck source-path=SCRIPTDIR source=../../scripts/debian-root.sh
. "$top/scripts/debian-root.sh"

work=${work:?}

# ---- build ----

if ! check 'the packages can be built' "$top/scripts/build-debs" --to="$work/one" "$suite"; then
	finish
fi
debs=("$work/one/$suite"/*.deb)
check 'and once more, in another place' "$top/scripts/build-debs" --to="$work/two" --no-tests \
	--from=/var/lib/a-place-with-a-longer-name "$suite"

same_debs() {
	local deb status=0
	for deb in "${debs[@]}"; do
		cmp "$deb" "$work/two/$suite/${deb##*/}" || status=1
	done
	return "$status"
}
check 'both times they are the same, byte by byte' same_debs

tests_ran() {
	grep -E '^(Ok|Expected Fail|Fail|Unexpected Pass|Skipped|Timeout):' "$work/one/$suite/build.log"
}
check 'the tests ran in the build' matches "$(tests_ran)" 'Ok: +[1-9][0-9]+'
check 'and none failed' matches "$(tests_ran)" 'Fail: +0'

# ---- lintian, in the root of the suite: each has its own, and an override is for one or the other ----

build_root=$work/build
unpack_root "$suite" build "$build_root"
cp -r "$work/one/$suite" "$build_root/debs"
lintian_is_silent() {
	local said
	said=$(in_root "$build_root" sh -c 'lintian --allow-root --suppress-tags unused-override --pedantic --display-info --tag-display-limit 0 /debs/*.changes' 2>&1)
	[ -z "$said" ] || { echo "$said"; return 1; }
}
check 'lintian finds no error, warning, information or pedantry' lintian_is_silent
remove_root "$build_root"

# ---- older packages, to upgrade from ----

# The same files with a lower version.
make_older() {
	local deb folder=$work/older-tree now
	mkdir -p "$work/older"
	for deb in "${debs[@]}"; do
		rm -rf "$folder"
		dpkg-deb -R "$deb" "$folder" || return 1
		now=$(dpkg-deb -f "$deb" Version)
		sed -i "s/^Version: .*/Version: 0.0.9-1/; s/(= $now)/(= 0.0.9-1)/; s/ libdaxhp1 (>= [^)]*)/ libdaxhp1/" "$folder/DEBIAN/control"
		dpkg-deb --root-owner-group -b "$folder" "$work/older" >/dev/null || return 1
	done
}
check 'older packages' make_older

# ---- install, upgrade, remove, purge ----

root=$work/root
unpack_root "$suite" plain "$root"
mkdir "$root/debs" "$root/older"
cp "${debs[@]}" "$root/debs/"
cp "$work/older"/*.deb "$root/older/"
# Policies are nobody's but the administrator's.
mine=/etc/daxhp/policy.d/10-mine.policy

with_apt() {
	in_root_network=yes in_root "$root" sh -euc "apt-get -q -y --no-install-recommends $*"
}

# Every file but those that apt and dpkg keep for themselves.
all_files() {
	in_root "$root" find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o \
		-path /var/log -o -path /debs -o -path /older -o -path /run -o -path /tmp \) -prune -o -print | grep -vxE '/etc/ld\.so\.cache|/var/cache.*' | sort
}

installed_version() {
	# shellcheck disable=SC2016 # dpkg-query expands it
	in_root "$root" dpkg-query -W -f '${Version}\n' daxhp libdaxhp1 libdaxhp-dev | sort -u
}

new_version=$(dpkg-deb -f "${debs[0]}" Version)
check 'the lists of apt' with_apt update
all_files >"$work/before"
check 'the older packages can be installed' with_apt install '/older/*.deb'
is "$(installed_version)" 0.0.9-1 'the older ones are there'
mkdir -p "$root${mine%/*}"
echo '# mine' >"$root$mine"
check 'they can be upgraded' with_apt install '/debs/*.deb'
is "$(installed_version)" "$new_version" 'the new ones are there'
is "$(in_root "$root" dpkg --verify daxhp libdaxhp1 libdaxhp-dev)" '' 'each file is as it was packed'
is "$(in_root "$root" dpkg --audit)" '' 'nothing is half done'

check 'what the tests need' with_apt install jq gcc libc6-dev pkgconf
for name in smoke link; do
	cp "$top/debian/tests/$name" "$root/tmp/$name"
	check "debian/tests/$name" in_root "$root" env AUTOPKGTEST_TMP=/tmp "/tmp/$name"
done
check 'the pages are there' in_root "$root" sh -c 'dpkg -L daxhp | grep -q /man8/daxhp.8.gz'

check 'they can be removed' with_apt remove daxhp libdaxhp1 libdaxhp-dev
check 'and installed again' with_apt install '/debs/*.deb'
check 'and purged' with_apt purge daxhp libdaxhp1 libdaxhp-dev
is "$(cat "$root$mine")" '# mine' 'the policy of the administrator is still there'
rm -r "$root/etc/daxhp"
check 'and what came with them' with_apt autoremove --purge jq gcc libc6-dev pkgconf
is "$(all_files | diff "$work/before" -)" '' 'no file is left, and none is missing'
check 'a first installation' with_apt install '/debs/*.deb'
is "$(installed_version)" "$new_version" 'the first one is there'

finish
