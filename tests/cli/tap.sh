# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Sourced: TAP, and the tool with its two outputs apart.

count=0 failures=0

# Where a command follows, the name comes first; else last. So does tests/vm/guest/tap.sh.

# check NAME COMMAND...: passes if the command succeeds; what it printed is shown if not.
check() {
	local name=$1 printed
	shift
	count=$((count + 1))
	if printed=$("$@" 2>&1); then
		echo "ok $count - $name"
		return 0
	fi
	echo "not ok $count - $name"
	[ -z "$printed" ] || echo "# ${printed//$'\n'/$'\n'# }"
	[ -z "${ran-}" ] || echo "# after: $ran: exit status $status"
	[ -z "${out-}" ] || head -n 40 <<<"$out" | sed 's/^/# out: /'
	[ -z "${err-}" ] || head -n 40 <<<"$err" | sed 's/^/# err: /'
	failures=$((failures + 1))
	return 1
}

equal() {
	[ "$1" == "$2" ] || { printf 'got:  %s\nwant: %s\n' "$1" "$2"; return 1; }
}

# is GOT WANT NAME
is() {
	check "$3" equal "$1" "$2"
}

matches() {
	[[ $1 =~ $2 ]] || { printf 'got:  %s\nwant: %s\n' "$1" "$2"; return 1; }
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

finish() {
	check_documents
	echo "1..$count"
	[ $failures = 0 ]
	exit
}

# ---- the tool ----

# run ARGUMENTS...: sets ran, status, out, err. Words in as_user come before the tool.
as_user=()
run() {
	ran="daxhp $*"
	[ ${#ran} -lt 300 ] || ran="${ran:0:300}..."
	out=$("${as_user[@]}" timeout --foreground 60 "$tool" "$@" 2>"$work/err" </dev/null)
	status=$?
	err=$(<"$work/err")
	keep_document
}

# Keeps what the tool printed, if that is JSON: a line with the command, a tab and the document.
keep_document() {
	[[ $out != '['* && $out != '{'* ]] || printf '%s\t%s\n' "${ran//[[:cntrl:]]/?}" "${out//$'\n'/ }" >>"$work/documents"
}

# All at once, because python takes long to start.
check_documents() {
	local name='every JSON document is as docs/schema/daxhp.json says' wrong rc=0
	[ -s "$work/documents" ] || return 0
	wrong=$("${BASH_SOURCE[0]%/*}/../validate-json" "$work/documents" 2>&1) || rc=$?
	if [ $rc = 77 ]; then
		skip "$name" "$wrong"
	else
		is "$wrong" '' "$name"
	fi
}

# One line, with the program's name before it and a full stop at its end.
one_sentence() {
	local lines
	lines=$(grep -c '' <<<"$1")
	[ "$lines" = 1 ] || { printf '%s lines on stderr\n' "$lines"; return 1; }
	matches "$1" '^daxhp: [^[:cntrl:]]*[.?]$'
}

# fails NAME STATUS REGEX ARGUMENTS...: fails with that status and one sentence. There is no data, but for the
# sentence once more when it is to be JSON.
fails() {
	local name=$1 want=$2 regex=$3
	shift 3
	run "$@"
	is "$status" "$want" "$name: exit status"
	check "$name: one sentence" one_sentence "$err"
	check "$name: says why" matches "$err" "$regex"
	case " $* " in
	*' -j'* | *' --json '*)
		json_is '[length, (.[0] | keys_unsorted)] | tostring' '"[1,[\"chardev\",\"action\",\"error\"]]"' "$name: one object"
		json_is '.[0].error.message' "$(jq -Rc 'sub("^daxhp: "; "")' <<<"$err")" "$name: JSON has the sentence"
		;;
	*) is "$out" '' "$name: no data" ;;
	esac
}

# succeeds NAME ARGUMENTS...: exit status 0, nothing on stderr.
succeeds() {
	local name=$1
	shift
	run "$@"
	is "$status" 0 "$name: exit status"
	is "$err" '' "$name: no talk"
}

# json_is FILTER WANT NAME: what jq makes of out.
json_is() {
	is "$(jq -c "$1" <<<"$out" 2>&1)" "$2" "$3"
}

# ---- start ----

set -uo pipefail
tool=$(realpath -- "${1:?usage: $0 TOOL}")
if [ -z "${DAXHP_TEST_WORK-}" ]; then
	work=$(mktemp -d) || exit 1
	trap 'rm -rf "$work"' EXIT
else
	work=$DAXHP_TEST_WORK
fi
command -v jq >/dev/null || skip_all 'jq is not installed'
