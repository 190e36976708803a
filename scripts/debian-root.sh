# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Sourced: clean roots of Debian's suites, and commands in them.

# shellcheck source-path=SCRIPTDIR source=../tests/vm/host/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../tests/vm/host/common.sh"

# For dpkg-buildpackage, and to look at what it made. What debian/control wants comes with it.
build_packages=(debhelper lintian)

[ "$(id -u)" = 0 ] || die 'only root can make a root folder of Debian and work in it; try sudo'

# What a root of this kind depends on, besides the suite.
contents_of() {
	case $1 in
	build) printf '%s\n' "${build_packages[@]}" && sed -n '/^Build-Depends/,/^[^ ]*: /p' "$top_dir/debian/control" ;;
	plain) ;;
	esac
}

# root_archive SUITE KIND: prints the archive of the root, and makes it if it is not there. Kind:
# build, with what the packages need to be built; plain, with nothing but apt.
root_archive() {
	local suite=$1 kind=$2 archive
	archive=$cache_dir/roots/$suite-$kind-$(contents_of "$kind" | sha256sum | head -c 12).tar
	mkdir -p "${archive%/*}"
	(
		flock 8
		[ -s "$archive" ] || make_root_archive "$suite" "$kind" "$archive"
	) 8>"$cache_dir/roots/lock-$suite" >&2 || return 1
	printf '%s\n' "$archive"
}

# In a mount namespace of its own, so that no mount is left when it is killed.
make_root_archive() {
	local suite=$1 kind=$2 archive=$3 arguments=(--variant=minbase)
	note "making a root of $suite ($kind)"
	if [ "$kind" = build ]; then
		# The root's own apt: the one of this machine would install into this machine.
		# shellcheck disable=SC2016 # $1 is the hook's
		arguments=(--variant=buildd --include="$(IFS=, && echo "${build_packages[*]}")"
			--customize-hook='mkdir -p "$1/tmp/source/debian"'
			--customize-hook="cp $(printf '%q' "$top_dir/debian/control") \"\$1/tmp/source/debian/\""
			--customize-hook='chroot "$1" apt-get --yes build-dep /tmp/source'
			--customize-hook='rm -r "$1/tmp/source"')
	fi
	rm -f "$cache_dir/roots/$suite-$kind-"*.tar
	unshare --mount mmdebstrap --quiet --mode=root --format=tar "${arguments[@]}" --dpkgopt=force-unsafe-io \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		"$suite" "$archive.part" >"$archive.log" 2>&1 || { tail -n 20 "$archive.log" >&2; return 1; }
	mv -- "$archive.part" "$archive"
}

# unpack_root SUITE KIND DIR
unpack_root() {
	local archive
	archive=$(root_archive "$1" "$2") || return 1
	mkdir -p "$3"
	tar -x -f "$archive" -C "$3" --numeric-owner
}

# in_root DIR COMMAND...: with its own /proc, and processes that end with it. Without network,
# unless in_root_network is set.
in_root_network=
in_root() {
	local root=$1 separate=(--mount --pid --ipc --uts --fork --kill-child)
	shift
	[ -n "$in_root_network" ] || separate+=(--net)
	# shellcheck disable=SC2016 # for the inner shell
	unshare "${separate[@]}" sh -euc '
		root=$1
		shift
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/dev/shm"
		mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root \
			DEBIAN_FRONTEND=noninteractive "$@"
	' sh "$root" "$@"
}

remove_root() {
	[ ! -e "$1" ] || rm -rf --one-file-system -- "$1"
}
