#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# layers.sh TOOL MODEL.a LIBRARY.a: what calls what, by the compiled files. No calls
# between files go in a circle. The model calls only itself and pure functions of the
# C library. The kernel side calls only itself and the model, and the other files of
# the library reach it only through its table. The objects are beside each file, in a
# folder FILE.p.

. "$(dirname -- "$0")/tap.sh"
model=("$2.p"/*.o) library=("$3.p"/*.o "$2.p"/*.o) own=("$1.p"/*.o)
command -v nm >/dev/null || skip_all 'nm is not installed'
# With sanitizers each object has symbols of the compiler's.
! grep -q __asan_init "$1" || skip_all 'the objects are built with sanitizers'

# What the model may use of the C library. sysconf() is for the size of a page.
pure=(bsearch calloc free malloc qsort realloc reallocarray sysconf 'mem[a-z]*' '(__isoc[0-9]+_)?str[a-z]*' 'strerror(name|desc)_np'
	'v?snprintf' '(__isoc[0-9]+_)?sscanf' '__(mem|str|stp)[a-z]*_chk' '__v?snprintf_chk' __ctype_b_loc __ctype_tolower_loc __stack_chk_fail
	_GLOBAL_OFFSET_TABLE_)

# symbols OBJECT...: "FILE TYPE NAME", a line each
symbols() {
	nm -A "$@" | sed -E 's/^([^:]*\/)?([^:]*)\.c\.o:[0-9a-f ]*([A-Za-z]) /\2 \3 /'
}

# calls OBJECT...: "CALLER CALLED", both of them among the objects
calls() {
	symbols "$@" | awk '
		$2 ~ /[TDBRVW]/ { home[$3] = $1 }
		$2 == "U" { wants[$1, $3] }
		END {
			for (pair in wants) {
				split(pair, part, SUBSEP)
				if (part[2] in home && home[part[2]] != part[1])
					print part[1], home[part[2]]
			}
		}' | sort -u
}

circles() {
	{ calls "$@" | tsort >/dev/null; } 2>&1
}

model_wants() {
	symbols "${model[@]}" | awk '
		$2 == "U" { wants[$3]; next }
		{ own[$3] }
		END { for (name in wants) if (!(name in own)) print name }' | grep -vxE "$(IFS='|' && echo "${pure[*]}")" | sort
}

# wanted_of ONE TWO: the names that the part ONE wants and the part TWO has: kernel, model or top
wanted_of() {
	symbols "${library[@]}" | awk -v from="$1" -v to="$2" '
		function part(file) { return file ~ /^(kernel|model)_/ ? substr(file, 1, index(file, "_") - 1) : "top" }
		part($1) == to && $2 ~ /[TDBRVW]/ { has[$3] }
		part($1) == from && $2 == "U" { wants[$3] }
		END { for (name in wants) if (name in has) print name }' | sort
}

# includes PATTERN FILE...: the files that include what matches
includes() {
	local pattern=$1
	shift
	grep -lE "^#include \"[^\"]*$pattern\"" "$@" | sed 's/.*\/lib\///'
}

check 'the calls are seen' test "$(calls "${library[@]}" | wc -l)" -gt 50
is "$(circles "${library[@]}")" '' 'the library: no circle'
is "$(circles "${own[@]}")" '' 'the tool: no circle'
is "$(model_wants)" '' 'the model: nothing but itself and what is pure'
is "$(nm "$1.p/rule.c.o" | awk '$1 == "U" { print $2 }' | grep -vxE "$(IFS='|' && echo "${pure[*]}")|daxhp_provider_name|fnmatch")" '' \
	'the rules of policy files: nothing but what is pure'
is "$(wanted_of kernel top)" '' 'the kernel side: no call upwards'
# What has the prefix is the public interface. The log is for all.
is "$(wanted_of top kernel | grep -v ^daxhp_)" $'ctx_log\nkernel_linux' 'the kernel side is reached through its table'
lib=$(dirname -- "$0")/../../lib
is "$(
	for file in "$lib"/*.c "$lib"/*/*.c "$lib"/../daxhp/*.c; do
		case ${file##*/} in
		cmd_*) name='cmd_*.c' ;;
		report_*) name='report_*.c' ;;
		*) name=${file##*/} ;;
		esac
		grep -qF "\`$name\`" "$lib/../docs/architecture.md" || echo "${file##*/}"
	done
)" '' 'docs/architecture.md says what every file is for'
is "$(includes internal.h "$lib"/*.[ch] "$lib"/model/*.[ch])" '' 'what is private to the kernel side is included there only'
is "$(includes '(internal|kernel|libdaxhp-private).h' "$lib"/model/*.[ch])" '' 'the model includes nothing from above'
is "$(includes libdaxhp-private.h "$lib"/kernel/*.[ch])" '' 'the kernel side includes nothing from above'

finish
