# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Functions for the programs of the VM tests that run on the host.

vm_dir=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # for those who read this file
top_dir=$(cd -- "$vm_dir/../.." && pwd)
# shellcheck disable=SC2034
cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/daxhp

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
		command -v "$program" >/dev/null ||
			die "$program is missing; scripts/install-deps installs it"
	done
}

# A line of a table, comments and blank lines left out, by its first word.
# A word may carry a default after a colon: "nvdimm:5G".
table_line() {
	local table=$1 name=$2
	awk -v name="$name" '!/^#/ && NF { split($1, word, ":") } !/^#/ && NF && word[1] == name { print; exit }' "$table"
}

table_names() {
	awk '!/^#/ && NF { split($1, word, ":"); print word[1] }' "$1"
}

# Copies a program and its libraries into a root folder, to the same paths as
# here. Follows links. In the root folder, /lib and /bin are links into /usr.
copy_program() {
	local root=$1 program=$2 to=${3:-$2}
	mkdir -p "$root/usr${to%/*}"
	cp -L -- "$program" "$root$(usr_path "$to")"
	copy_libraries "$root" "$program"
}

usr_path() {
	case $1 in
	/usr/*) printf '%s' "$1" ;;
	*) printf '/usr%s' "$1" ;;
	esac
}

copy_libraries() {
	local root=$1 file=$2 library to
	{ ldd "$file" 2>/dev/null || true; } |
		awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' |
		while IFS= read -r library; do
			# The root folder's own libraries must not be replaced by the host's.
			case $library in "$root"/*) continue ;; esac
			to=$root$(usr_path "$library")
			[ -e "$to" ] && continue
			mkdir -p "${to%/*}"
			cp -L -- "$library" "$to"
		done
}

# Makes a folder with the links of a merged /usr. So a file that is copied below
# /lib or /bin is where the guest looks for it.
make_root() {
	local root=$1 dir
	mkdir -p "$root/usr"
	for dir in bin sbin lib lib64; do
		mkdir -p "$root/usr/$dir"
		ln -sfn "usr/$dir" "$root/$dir"
	done
}

# The kernel unpacks archives one after another, each padded to 4 bytes.
pack() {
	local root=$1 to=$2
	(cd "$root" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio --null --quiet --create --format=newc --owner=0:0) >"$to.part"
	mv -- "$to.part" "$to"
}
