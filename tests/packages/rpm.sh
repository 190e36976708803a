#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# rpm.sh: rpm takes the spec, and makes of the last commit the packages that it names. Fedora and SUSE
# have the macros for meson; a Debian has not, so they are given here.

set -uo pipefail
top=$(realpath -- "$(dirname -- "$0")/../..")
# shellcheck source=/dev/null
. "$(dirname -- "$0")/../cli/tap.sh" /bin/true
cd "$top" || exit 1
command -v rpmbuild >/dev/null || skip_all 'rpmbuild is not installed; scripts/install-deps installs it'

version=$(sed -n 's/^Version: *//p' rpm/daxhp.spec)
mkdir -p "${work:?}/SOURCES"
git archive --prefix="daxhp-$version/" HEAD | gzip -9n >"$work/SOURCES/daxhp-$version.tar.gz"
git show HEAD:rpm/daxhp.spec >"$work/daxhp.spec"

# debugedit is another package there.
macros=(--define '_unitdir /usr/lib/systemd/system' --define '_systemdgeneratordir /usr/lib/systemd/system-generators'
	--define '_udevrulesdir /usr/lib/udev/rules.d' --define "_topdir $work" --define 'debug_package %{nil}'
	--define 'meson meson setup --buildtype=plain --prefix=%{_prefix} --libdir=%{_libdir} --mandir=%{_mandir} build'
	--define 'meson_build meson compile -C build' --define 'meson_test meson test -C build --suite unit'
	--define 'meson_install DESTDIR=%{buildroot} meson install -C build --no-rebuild')

packages_of() {
	rpmspec --query --queryformat '%{NAME}\n' "$@" "$work/daxhp.spec" | sort | tr '\n' ' '
}

check 'rpmspec takes the spec' rpmspec -P "$work/daxhp.spec"
is "$(packages_of)" 'daxhp libdaxhp libdaxhp-devel ' 'the packages of Fedora'
is "$(packages_of --define 'suse_version 1600')" 'daxhp libdaxhp-devel libdaxhp1 ' 'the packages of SUSE'
check 'a source package can be built' rpmbuild --quiet -bs --nodeps "${macros[@]}" "$work/daxhp.spec"

# build NAME OPTION...: rpmbuild fails if a file is in no package, or is named and not there.
build() {
	check "the packages of $1 can be built" rpmbuild --quiet -bb --nodeps "${macros[@]}" "${@:2}" "$work/daxhp.spec" || finish
	mkdir "$work/$1"
	find "$work/RPMS" -name '*.rpm' -exec mv -t "$work/$1" {} +
}

files_of() {
	rpm --query --list --package "$work/$1/$2"-[0-9]*.rpm | grep -vE '^/usr/(share/(doc|licenses)|lib/[.]build-id)/'
}

build Fedora
build SUSE --define 'suse_version 1600' --nocheck
check 'the tool is in one' matches "$(files_of Fedora daxhp)" '/usr/bin/daxhp'
is "$(files_of Fedora libdaxhp | sed 's,.*/,,' | tr '\n' ' ')" 'libdaxhp.so.1 libdaxhp.so.1.0.0 ' 'the library is in another'
is "$(files_of SUSE libdaxhp1)" "$(files_of Fedora libdaxhp)" 'SUSE has the same in it'
check 'SUSE runs ldconfig' matches "$(rpm --query --scripts --package "$work"/SUSE/libdaxhp1-*.rpm)" ldconfig
check 'the tool wants the library' matches "$(rpm --query --requires --package "$work"/Fedora/daxhp-*.rpm)" 'libdaxhp\.so\.1\(LIBDAXHP_1\)'

finish
