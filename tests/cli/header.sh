#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# header.sh TOOL: a public struct can get more fields at its end, and programs that were compiled before
# still work. So programs have pointers to it only: they never have one of their own, and never an array
# of them. Opaque structs are not asked about.

. "$(dirname -- "$0")/tap.sh"
top=$(dirname -- "$0")/../..
header=$top/lib/libdaxhp.h

# declarations: the header of standard input, a declaration a line
declarations() {
	sed -zE 's@/\*([^*]|\*+[^*/])*\*+/@@g; s@\\\n@ @g' | sed -E '/^(#|extern "C"|}$)/d' | tr -s '\n\t ' ' ' | awk -v RS=';' '
		{ text = text $0 ";" }
		gsub(/{/, "{", text) == gsub(/}/, "}", text) { sub(/^ /, "", text); print text; text = "" }'
}

# visible_structs: the structs whose fields are in the header
visible_structs() {
	declarations | sed -nE 's/^struct (daxhp_[a-z_]+) \{.*/\1/p'
}

# offences: what in the header of standard input keeps a struct from getting more fields
offences() {
	declarations | awk '
		/^enum / { next }
		/^struct daxhp_[a-z_]+ {/ { visible[$2] }
		{ list[NR] = $0 }
		function check(text, name) {
			gsub("const struct " name " [*]", "@", text)
			if (text ~ "struct " name "[^a-z_]")
				return "a program has or fills one"
			if (text ~ /@(const )?[*]/ && text ~ /size_t/ || text ~ /@/ && text ~ /size_t [*]/)
				return "a program gets an array"
		}
		END {
			for (i = 1; i <= NR; i++) {
				text = list[i]
				own = text ~ /^struct [a-z_]+ {/ ? text : ""
				if (own ~ /\[[A-Z_]+\]/)
					print "an array in it can grow: " text
				sub(/^struct [a-z_]+ {/, "", text)
				for (name in visible) {
					why = own != "" && text ~ "struct " name "[^a-z_]" ? "a struct has another" : check(text, name)
					if (why)
						print name ": " why ": " list[i]
				}
			}
		}'
}

# with_line LINE: the header, with one more declaration
with_line() {
	cat -- "$header"
	echo "$1"
}

check 'structs with fields are seen' matches " $(visible_structs <"$header" | tr '\n' ' ')" \
	' daxhp_range daxhp_memdev .* daxhp_obstacle .* daxhp_wait '
check 'functions are seen' matches "$(declarations <"$header")" $'\n''struct daxhp_session \*daxhp_end\(struct daxhp_session \*session\);'$'\n'
is "$(offences <"$header")" '' 'each struct can get more fields'

finds() {
	check "$1 would be found" matches "$(with_line "$2" | offences)" "$3"
}
finds 'an array' 'size_t f(const struct daxhp_ctx *ctx, const struct daxhp_user **ret_users);' 'daxhp_user: a program gets an array'
finds 'an array with its size apart' 'int f(const struct daxhp_user **ret_users, size_t *ret_count);' 'gets an array'
finds 'an array that is returned' 'const struct daxhp_user *f(struct daxhp_ctx *ctx, size_t *ret_count);' 'gets an array'
finds 'an array of pointers' 'size_t f(const struct daxhp_user *const *ret_users);' 'gets an array'
finds 'what the caller frees' 'int f(struct daxhp_orphan **ret_orphan);' 'has or fills one'
finds 'what the caller has' 'int f(struct daxhp_worker *ret_worker);' 'has or fills one'
finds 'a parameter' 'void f(struct daxhp_worker worker);' 'has or fills one'
finds 'a result' 'struct daxhp_worker f(void);' 'has or fills one'
finds 'a parameter of a callback' 'typedef void (*f)(struct daxhp_wait *wait);' 'has or fills one'
finds 'a struct in a struct' 'struct daxhp_new { struct daxhp_memdev memdev; int slot; };' 'has another'
finds 'an array of structs in a struct' 'struct daxhp_new { const struct daxhp_memdev *memdevs; };' 'has another'
finds 'an array that grows with an enum' 'struct daxhp_new { int bytes[DAXHP_USE_MAX]; int used; };' 'can grow'

# ---- the tool, and the examples ----

own_structs() {
	grep -nE "struct ($(visible_structs <"$header" | paste -sd'|'))(\)| +[^* ])" -- "$@" | sed -E 's/.*\/(daxhp|man)\//\1\//'
}
check 'a program that has one would be found' matches "$(own_structs - <<<'	struct daxhp_worker worker;')" worker
check 'its size would be found' matches "$(own_structs - <<<'	calloc(n, sizeof(struct daxhp_range));')" range
is "$(own_structs "$top"/daxhp/*.[ch] "$top"/man/*.c)" '' 'the tool and the examples have pointers only'

finish
