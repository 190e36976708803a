# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What kernel/build and kernel/check have in common: where the sources come
# from, how the series is applied and how a configuration is made.

kernel_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
set_dir=$kernel_dir/linux-6.12
package=linux-source-6.12
cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/daxhp/kernel

# A build says nothing about who built it, or where.
export KBUILD_BUILD_USER=daxhp KBUILD_BUILD_HOST=daxhp

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

note() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

need() {
	local program
	for program; do
		command -v "$program" >/dev/null || die "$program is missing; scripts/install-deps installs it"
	done
}

# The version of Debian's package: the newest that apt knows of, or without
# apt's lists the one that is installed, or the newest that is in the cache.
source_version() {
	local version
	version=$(apt-cache policy "$package" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }')
	[ -n "$version" ] ||
		version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) ||
		version=$(find "$cache_dir" -maxdepth 1 -name "${package}_*.tar.xz" -printf '%f\n' 2>/dev/null |
			sed "s/^${package}_//; s/\.tar\.xz\$//" | sort -V | tail -n 1)
	[ -n "$version" ] || die "apt knows no $package; is it told about Debian's updates, and has apt-get update been run?"
	printf '%s\n' "$version"
}

# Prints the path of the sources' archive: the installed package's, or one that
# is fetched from Debian and kept in the cache.
source_archive() {
	local version=$1 installed=/usr/src/$package.tar.xz archive stage
	archive=$cache_dir/${package}_$version.tar.xz
	if [ -e "$installed" ] && [ "$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null)" = "$version" ]; then
		printf '%s\n' "$installed"
		return
	fi
	if ! [ -e "$archive" ]; then
		note "fetching $package $version"
		mkdir -p "$cache_dir"
		stage=$(mktemp -d "$cache_dir/fetch.XXXXXX")
		# apt drops its privileges where it can, and writes here.
		chmod 0777 "$stage"
		(cd "$stage" && apt-get -q download "$package=$version" && dpkg-deb -x ./*.deb .) >&2 ||
			die "cannot fetch $package $version"
		mv "$stage/usr/src/$package.tar.xz" "$archive"
		rm -rf "$stage"
	fi
	printf '%s\n' "$archive"
}

# The patches' names in their order. With an argument, those before the mark
# "#:NAME" of the series, or with "--after NAME" those behind it.
series() {
	local after=''
	[ "${1:-}" != --after ] || { after=1; shift; }
	awk -v mark="#:${1:-}" -v after="$after" '
		$1 == mark { if (!after) exit; on = 1; next }
		/^#/ || !NF { next }
		!after || on { print $1 }' "$set_dir/series"
}

# apply DIR PATCH...: without fuzz, and all of them or die.
apply() {
	local dir=$1 one
	shift
	for one; do
		patch -d "$dir" -p1 --fuzz=0 --no-backup-if-mismatch --quiet <"$set_dir/patches/$one" >&2 ||
			die "$one does not apply"
	done
}

# configure SOURCE BUILD FRAGMENT...: tinyconfig and what the fragments ask
# for, all of which must have come true.
configure() {
	local source=$1 build=$2 want name
	shift 2
	mkdir -p "$build"
	make -s -C "$source" O="$build" tinyconfig >&2
	"$source/scripts/kconfig/merge_config.sh" -m -O "$build" "$build/.config" "$@" >/dev/null 2>&1
	make -s -C "$source" O="$build" olddefconfig >&2
	# The last word on an option counts.
	cat "$@" | awk -F= '/^CONFIG_/ { value[$1] = $0 } END { for (name in value) print value[name] }' |
		while IFS= read -r want; do
			name=${want%%=*}
			case $want in
			*=n) ! grep -q "^$name=" "$build/.config" ;;
			*) grep -qxF "$want" "$build/.config" ;;
			esac || { note "the configuration has no $want: $(grep -w "$name" "$build/.config")"; exit 1; }
		done || die 'the configuration is not what was asked for'
}
