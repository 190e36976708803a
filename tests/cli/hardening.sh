#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# hardening.sh TOOL LIBRARY IS-FORTIFIED OPTION...: the tool and the library are built as
# distributions require it for a program that runs as root. The options are those that this
# compiler knows. The compiler records its options in the files; each option must be there.

library=${2:?} is_fortified=${3:?}
options=("${@:4}")
. "$(dirname -- "$0")/tap.sh"
command -v readelf >/dev/null || skip_all 'readelf is not installed'

flags() {
	readelf --dynamic --wide "$1" | grep FLAGS
}

# Each unit of the file was compiled with the option.
compiled_with() {
	local file=$1 producers
	producers=$(readelf --debug-dump=info "$file" 2>/dev/null | sed -n 's/.*DW_AT_producer.*: \(GNU C[0-9]\|clang\)/\1/p' | sort -u)
	[ -n "$producers" ] && ! grep -vE -- " $2(=[^ ]*)?( |\$)" <<<"$producers"
}

has_debug_info() {
	readelf --sections --wide "$1" | grep -q ' \.debug_info '
}

for file in "$tool" "$library"; do
	name=${file##*/}
	check "$name: nothing is bound late" matches "$(flags "$file")" '(BIND_| )NOW'
	check "$name: what was relocated is read-only" matches "$(readelf --program-headers --wide "$file")" 'GNU_RELRO'
	check "$name: the stack is not executable" matches "$(readelf --program-headers --wide "$file")" 'GNU_STACK.* RW '
	check "$name: at any address" matches "$(readelf --file-header "$file")" 'Type: +DYN'
	if [ "$is_fortified" = yes ]; then
		check "$name: calls are fortified" matches "$(readelf --dyn-syms --wide "$file")" '__[a-z]+_chk(@| )'
	else
		skip "$name: calls are fortified" 'not in a build without optimization, or with sanitizers'
	fi
	for option in "${options[@]}"; do
		if has_debug_info "$file"; then
			check "$name: $option" compiled_with "$file" "$option"
		else
			skip "$name: $option" 'built without debugging information'
		fi
	done
done
check 'daxhp is a position-independent executable' matches "$(flags "$tool")" 'Flags:.* PIE'

finish
