# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What kernel/build, kernel/check and the tests share: the patch sets, where their
# sources come from, how a series is applied and how a configuration is made.

kernel_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../tests/vm/host/common.sh
. "$kernel_dir/../tests/vm/host/common.sh"
# shellcheck source-path=SCRIPTDIR source=../tests/vm/host/apt.sh
. "$kernel_dir/../tests/vm/host/apt.sh"
kernel_cache=$cache_dir/kernel

# Where the sources are, where they are compiled, and arguments of make. Those who
# read this file set them.
source='' tree='' make=()

# A build says nothing about who built it, or where.
export KBUILD_BUILD_USER=daxhp KBUILD_BUILD_HOST=daxhp

# choose_set NAME: sets set_dir to the patch set's folder, package to Debian's
# package of its sources, and suites to the suites that have it.
choose_set() {
	case $1 in
	linux-6.12) suites=bookworm,bookworm-security ;;
	linux-7.3) suites=trixie-backports,sid,experimental ;;
	*) note "there is no patch set $1, only linux-6.12 and linux-7.3"; exit 2 ;;
	esac
	set_dir=$kernel_dir/$1
	package=linux-source-${1#linux-}
}

# Prints the version of Debian's package: the newest that apt knows of. Without
# the network it is the newest in the cache.
source_version() {
	local version
	recent_lists "$suites" || note "cannot look for a newer $package"
	version=$(private_apt apt-cache policy "$package" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }')
	[ -n "$version" ] ||
		version=$(find "$kernel_cache" -maxdepth 1 -name "${package}_*.tar.xz" -printf '%f\n' 2>/dev/null |
			sed "s/^${package}_//; s/\.tar\.xz\$//" | sort -V | tail -n 1)
	[ -n "$version" ] || die "apt knows no $package, and none is in the cache"
	printf '%s\n' "$version"
}

# Prints the path of the sources' archive in the cache. Fetches it if it is not there.
source_archive() {
	local version=$1 stage archive
	archive=$kernel_cache/${package}_$version.tar.xz
	mkdir -p "$kernel_cache"
	(
		flock 8
		[ -e "$archive" ] && exit
		use_suites "$suites"
		note "fetching $package $version"
		stage=$(mktemp -d "$kernel_cache/fetch.XXXXXX")
		(cd "$stage" && private_apt apt-get download "$package=$version" && dpkg-deb -x ./*.deb .) >&2 ||
			{ rm -rf "$stage"; die "cannot fetch $package $version"; }
		mv "$stage/usr/src/$package.tar.xz" "$archive"
		rm -rf "$stage"
	) 8>"$kernel_cache/lock-$package" || exit
	printf '%s\n' "$archive"
}

# The variants of a set, in the order of the series. A line "#:NAME" in the series
# ends the variant NAME. The last variant is "state", and has all patches.
variants() {
	sed -n 's/^#:\([a-z0-9]*\)$/\1/p' "$set_dir/series"
	echo state
}

# patches_of VARIANT: the names of the patches in their order that the variant has in
# addition to the variant before it. With "" all patches of the set.
patches_of() {
	awk -v want="$1" '
		function finish(name) { if (want == "" || want == name) printf "%s", list; list = "" }
		/^#:/ { finish(substr($1, 3)) }
		/^#/ || !NF { next }
		{ list = list $1 "\n" }
		END { finish("state") }' "$set_dir/series"
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

# unpack_source VERSION DIR
unpack_source() {
	local archive
	archive=$(source_archive "$1")
	mkdir "$2"
	tar -C "$2" --strip-components=1 -xf "$archive"
}

kernel_make() {
	nice make "${make[@]}" -s -C "$source" O="$tree" -j"$(nproc)" "$@"
}

# make_config FRAGMENT...: tinyconfig with the fragments.
make_config() {
	mkdir -p "$tree"
	kernel_make tinyconfig >&2
	"$source/scripts/kconfig/merge_config.sh" -m -O "$tree" "$tree/.config" "$@" >/dev/null 2>&1
	kernel_make olddefconfig >&2
}

# require FRAGMENT...: everything that the fragments ask for must have come true.
require() {
	local want name
	# The last word on an option counts.
	cat "$@" | awk -F= '/^CONFIG_/ { value[$1] = $0 } END { for (name in value) print value[name] }' |
		while IFS= read -r want; do
			name=${want%%=*}
			case $want in
			*=n) ! grep -q "^$name=" "$tree/.config" ;;
			*) grep -qxF "$want" "$tree/.config" ;;
			esac || { note "the configuration has no $want: $(grep -w "$name" "$tree/.config")"; exit 1; }
		done || die 'the configuration is not what was asked for'
}
