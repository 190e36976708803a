#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# options.sh TOOL: the usage, the man pages and the completions have the same
# commands and options. The pages have the same JSON keys, exit statuses and
# functions as the code. The JSON schema has the same keys and words as the code.

set -uo pipefail
tool=$(realpath -- "$1")
cd -- "$(dirname -- "$0")/../.." || exit 1
. completion/daxhp.bash

count=0 failures=0

# same NAME GOT WANT: two lists have the same lines, in any order.
same() {
	local difference
	count=$((count + 1))
	if difference=$(diff <(sort -u <<<"$2") <(sort -u <<<"$3")); then
		echo "ok $count - $1"
		return
	fi
	echo "not ok $count - $1"
	echo "# ${difference//$'\n'/$'\n'# }"
	failures=$((failures + 1))
}

# ---- the usage ----

# Options in the form "-j, --json" and "--node=NODE", one per line.
help_options() {
	"$tool" "$@" --help | grep -oE '^  (-.,|   ) --[a-z-]+(=[A-Z]+)?' | sed 's/^ *//'
}

just_options() {
	grep -oE -- '(^| )-(-[a-z-]+=?|[[:alnum:]])' | tr -d ' '
}

real_commands() {
	"$tool" --list-commands | grep -vxE 'help|version'
}

# ---- the man pages ----

# page FILE SECTION: a section of a page, with its includes.
page() {
	local line
	while IFS= read -r line; do
		case $line in
		include::*.adoc\[\]) line=${line#include::} && cat "man/${line%\[\]}" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$1" | sed -n "/^== $2\$/,/^== /p"
}

plain() {
	sed -E 's/(^|[^a-z])_([A-Z]+)_/\1\2/g; s/\*//g'
}

page_options() {
	page "$1" OPTIONS | grep -E '^\*-.*::$' | sed 's/::$//' | plain
}

# ---- the completion ----

complete_line() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_daxhp "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
}

# ---- commands ----

same 'usage lists the commands' \
	"$("$tool" --help | grep -oE '^  [a-z]+ ' | tr -d ' ')" "$("$tool" --list-commands)"
same 'daxhp(8) lists the commands' \
	"$(page man/daxhp.8.adoc COMMANDS | grep -oE '^\*[a-z]+\*.*::$' | grep -oE '^\*[a-z]+' | plain)" \
	"$("$tool" --list-commands)"
same 'every command has a page, every page a command' \
	"$(printf '%s\n' man/daxhp-*.8.adoc | sed -E 's/.*daxhp-(.*)\.8\.adoc/\1/')" "$(real_commands)"
same 'daxhp(8) points to the pages' \
	"$(page man/daxhp.8.adoc 'SEE ALSO' | grep -oE 'daxhp-[a-z]+\*\(8\)' | plain)" \
	"$(real_commands | sed 's/.*/daxhp-&(8)/')"
same 'completion of the command' "$(complete_line "$tool" '')" "$("$tool" --list-commands)"
same 'completion of help' "$(complete_line "$tool" help '')" "$(real_commands)"

# ---- options ----

# The options that every command has, and those that stand instead of a command.
common=
for command in $(real_commands); do
	options=$(help_options "$command")
	common=$(if [ -n "$common" ]; then grep -xFf <(echo "$options") <<<"$common"; else echo "$options"; fi)
done
same 'daxhp(8): options' "$(page_options man/daxhp.8.adoc)" "$(help_options; echo "$common")"
same 'completion without a command' "$(complete_line "$tool" -)" \
	"$({ help_options; help_options status; } | just_options)"

for command in $(real_commands); do
	source=man/daxhp-$command.8.adoc
	same "daxhp-$command(8): options" "$(page_options "$source")" "$(help_options "$command")"
	same "daxhp-$command(8): synopsis" \
		"$(page "$source" SYNOPSIS | grep '^\*daxhp\*' | plain)" \
		"$("$tool" "$command" --help | sed -n 's/^Usage: //p')"
	same "$command has options" "$(help_options "$command" | grep -c -- --help)" 1
	same "completion of $command: options" "$(complete_line "$tool" "$command" -)" \
		"$(help_options "$command" | just_options)"
	same "help $command and $command --help" "$("$tool" help "$command")" "$("$tool" "$command" --help)"

	# The device does not exist, so the command changes nothing. One waits until it does.
	takes() {
		[[ $(timeout 2 "$tool" "$command" "$1" dax4000000000.0 2>&1 >/dev/null) == *'is not an option'* ]] || printf '%s\n' "$1"
	}
	same "$command refuses what it does not have" "$(takes --no-such-option)" ''
	while read -r option; do
		case $option in
		*--help) continue ;;
		*,*=*) option=${option%=*} words=("${option%,*}1" "${option#*, }=1") ;;
		*=*) words=("${option%=*}=1") ;;
		*,*) words=("${option%,*}" "${option#*, }") ;;
		*) words=("$option") ;;
		esac
		for word in "${words[@]}"; do
			same "$command takes $word" "$(takes "$word")" "$word"
		done
	done < <(help_options "$command")
done

# ---- values, on a made-up bus ----

_daxhp_bus=$(mktemp -d)
trap 'rm -rf "$_daxhp_bus"' EXIT
for device in dax0.0 dax0.1 dax12.0; do
	mkdir "$_daxhp_bus/$device"
	echo "${device#*.}" >"$_daxhp_bus/$device/target_node"
done
same 'completion: devices' "$(complete_line "$tool" online '')" $'dax0.0\ndax0.1\ndax12.0\nall'
same 'completion: devices that are not named yet' "$(complete_line "$tool" online dax0.0 dax0)" dax0.1
same 'completion: paths' "$(complete_line "$tool" status /dev/dax1)" /dev/dax12.0
same 'completion: a value that is anything' "$(complete_line "$tool" unplug --wait '')" ''
same 'completion: nodes' "$(complete_line "$tool" status --node '')" $'0\n1'
same 'completion: nodes, behind "="' "$(complete_line "$tool" status --node = '')" $'0\n1'
same 'completion: nodes, in one word' "$(complete_line "$tool" status --node=)" $'--node=0\n--node=1'
same 'completion: what policy does' "$(complete_line "$tool" policy '')" $'list\nmatch\nsave\nshow'
same 'completion: devices of policy' "$(complete_line "$tool" policy match dax1)" dax12.0
same 'completion: policy list takes none' "$(complete_line "$tool" policy list '')" ''
same 'completion: regions' "$(complete_line "$tool" unplug --region = 1)" 12
_daxhp_cxl=$_daxhp_bus/cxl
mkdir -p "$_daxhp_cxl"/region7 "$_daxhp_bus"/0000:0d:00.0/mem0
ln -s ../0000:0d:00.0/mem0 "$_daxhp_cxl/mem0"
echo 0x1000 >"$_daxhp_cxl/mem0/serial"
echo namespace0.1 >"$_daxhp_bus/namespace"
same 'completion: CXL regions' "$(complete_line "$tool" unplug --region '')" $'0\n12\nregion7'
same 'completion: cards' "$(complete_line "$tool" unplug --memdev '')" mem0
same 'completion: serial numbers' "$(complete_line "$tool" unplug --serial '')" 0x1000
same 'completion: addresses' "$(complete_line "$tool" unplug --pci 0000)" 0000:0d:00.0
same 'completion: namespaces' "$(complete_line "$tool" unplug --namespace '')" namespace0.1

count=$((count + 1))
if ! command -v zsh >/dev/null; then
	echo "ok $count - zsh can read its completion # SKIP there is no zsh"
elif zsh -n completion/_daxhp; then
	echo "ok $count - zsh can read its completion"
else
	echo "not ok $count - zsh can read its completion"
	failures=$((failures + 1))
fi

# ---- code and pages ----

code_keys=$(tr -d '\n\t' <daxhp/report_json.c |
	grep -oE '(\badd\([a-z]+, *|ADD_STRING\()"[a-z_]+"' | grep -oE '"[a-z_]+"' | tr -d '"')
page_keys=$(page man/daxhp.8.adoc JSON | grep -E '^\*.*\)::$' | grep -oE '\*[a-z_]+\*' | tr -d '*')
page_words=$(page man/daxhp.8.adoc JSON | grep -oE '\*[a-z_]+\*' | tr -d '*')
same 'daxhp(8) has every JSON key' "$(grep -xFf <(echo "$page_words") <<<"$code_keys")" "$code_keys"
same 'every JSON key of daxhp(8) is in the code' "$(grep -xFf <(echo "$code_keys") <<<"$page_keys")" "$page_keys"

# words_of FILE ARRAY: the strings in an array of names.
words_of() {
	sed -n "/ $2\[\] = {/,/};/p" "$1" | grep -oE '"[^"]+"' | tr -d '"'
}

# has_words NAME PLACE WORDS: the enum at a place below $defs has these words; it can also have null.
has_words() {
	same "the schema: $1" "$(jq -r ".\"\$defs\".$2.enum[] | strings" "$schema")" "$3"
}

schema=docs/schema/daxhp.json
if ! command -v jq >/dev/null; then
	count=$((count + 1))
	echo "ok $count - the schema and the code # SKIP jq is not installed"
else
	same 'the schema and the code have the same JSON keys' \
		"$(jq -r '.. | objects | .properties | objects | keys[]' "$schema")" "$code_keys"
	same 'the schema: a key that need not be there is one of these' \
		"$(jq -r '.. | objects | select(.properties and .required) | (.properties | keys) - .required | .[]' "$schema")" \
		$'blocks\ndriver\nerror\nmappings\nsteps\ntaken_back'
	same 'the schema: no object may have other keys' \
		"$(jq -c '.. | objects | select(.properties and .type and (has("additionalProperties") | not)) | .properties' "$schema")" ''
	has_words failures error.properties.kind "$(words_of lib/model/failure.c names)"
	has_words steps step.properties.step "$(words_of lib/model/step.c names)"
	has_words states state_or_null "$(words_of lib/model/names.c state_names)"
	has_words modes mode_or_null "$(words_of lib/model/names.c mode_names)"
	has_words interfaces interface_or_null "$(words_of lib/model/names.c interface_names)"
	has_words zones device.properties.zones.propertyNames "$(words_of lib/model/names.c zone_names)"
	has_words providers device.properties.provider "$(words_of lib/model/names.c provider_names)"
	has_words 'errors before a device' early_error.properties.error.properties.kind \
		"$(sed -n '/^static const char \*refusal_name/,/^}/p' daxhp/report_json.c | grep -oE '"[^"]+"' | tr -d '"')"
	has_words obstacles obstacle.properties.kind "$(words_of lib/model/obstacle.c obstacle_names)"
	has_words evidence obstacle.properties.evidence "$(words_of lib/model/obstacle.c evidence_names)"
	has_words uses explanation.properties.classes.propertyNames "$(words_of lib/model/pages.c use_names)"
	has_words verdicts room.properties.verdict "$(words_of lib/model/room.c names)"
fi
same 'daxhp(8): exit status' "$(page man/daxhp.8.adoc 'EXIT STATUS' | grep -oE '^\*[0-9]+\*::' | tr -dc '0-9\n')" \
	"$(grep -oE 'EXIT_[A-Z]+ = [0-9]+' daxhp/daxhp.h | grep -oE '[0-9]+')"
# The VM test coming-from-daxctl runs the lines of the docs. So the page may only have pairs that are there.
# shellcheck disable=SC2016 # backticks
pairs=$(page man/daxhp.8.adoc 'COMING FROM DAXCTL' | sed -nE '/^\*daxctl .*::$/{N; s/::\n/ | /; s/\*/`/g; p}')
same 'daxhp(8): daxctl and daxhp as in the docs' "$(grep -oFf <(echo "$pairs") docs/coming-from-daxctl.md)" "$pairs"
same 'libdaxhp(3) has every function' \
	"$(page man/libdaxhp.3.adoc SYNOPSIS | grep -oE '\<daxhp_[a-z_]+\(' | tr -d '(' | grep -vx daxhp_device_foreach)" \
	"$(grep -oE '\<daxhp_[a-z_]+;' lib/libdaxhp.sym | tr -d ';')"

echo "1..$count"
[ $failures = 0 ]
