# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A small library for the Test Anything Protocol, for the guest. A case is a file
# with functions test_*(). run_tests runs them in the order of the file. Before
# each it calls reset(), if the case has one. Only TAP goes to standard output.

tap_count=0
tap_failures=0

diag() {
	local line
	while IFS= read -r line; do
		printf '#   %s\n' "$line"
	done <<<"$*"
}

pass() {
	tap_name "$1"
	printf 'ok %d - %s\n' $((++tap_count)) "$tap_line"
}

fail() {
	tap_name "$1"
	printf 'not ok %d - %s\n' $((++tap_count)) "$tap_line"
	tap_failures=$((tap_failures + 1))
	shift
	local text
	for text; do
		diag "$text"
	done
}

# In TAP, a "#" begins a directive.
tap_name() {
	tap_line=${1//#/}
	tap_line=${tap_test:+$tap_test: }${tap_line//[^[:print:]]/?}
}

skip() {
	tap_name "$1"
	printf 'ok %d - %s # SKIP %s\n' $((++tap_count)) "$tap_line" "$2"
}

bail_out() {
	printf 'Bail out! %s\n' "$*"
	exit 1
}

# ok NAME COMMAND...: the command succeeds.
ok() {
	local name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name" "status $? of: $*"; fi
}

# nok NAME COMMAND...: the command fails.
nok() {
	local name=$1
	shift
	if "$@"; then fail "$name" "unexpected success of: $*"; else pass "$name"; fi
}

# is GOT WANT NAME
is() {
	if [ "$1" = "$2" ]; then pass "$3"; else fail "$3" "got:  $1" "want: $2"; fi
}

is_not() {
	if [ "$1" != "$2" ]; then pass "$3"; else fail "$3" "got what it must not be: $1"; fi
}

# like GOT REGEX NAME
like() {
	if [[ $1 =~ $2 ]]; then pass "$3"; else fail "$3" "got:  $1" "want: $2"; fi
}

unlike() {
	if [[ $1 =~ $2 ]]; then fail "$3" "got:  $1" "does match: $2"; else pass "$3"; fi
}

# at_most GOT LIMIT NAME: numbers, with fractions or not.
at_most() {
	if awk -v a="$1" -v b="$2" 'BEGIN { exit !(a ~ /^-?[0-9.]+$/ && a + 0 <= b + 0) }'; then
		pass "$3 ($1, at most $2)"
	else
		fail "$3" "got:     $1" "at most: $2"
	fi
}

# at_least GOT LIMIT NAME
at_least() {
	if awk -v a="$1" -v b="$2" 'BEGIN { exit !(a ~ /^-?[0-9.]+$/ && a + 0 >= b + 0) }'; then
		pass "$3 ($1, at least $2)"
	else
		fail "$3" "got:      $1" "at least: $2"
	fi
}

# run COMMAND...: sets rc to the exit status, and out and err to the two streams.
run() {
	ran=$*
	rc=0
	"$@" >/run/tap.out 2>/run/tap.err </dev/null || rc=$?
	hear
}

# hear: sets out and err to what the command that "ran" names has printed.
hear() {
	{ out=$(</run/tap.out) err=$(</run/tap.err); } 2>/dev/null
	keep_document "$ran" "$out"
}

# keep_document COMMAND OUTPUT: if it is JSON of daxhp, the host will look whether it is as docs/schema says.
keep_document() {
	[[ $1 == *daxhp* ]] || return 0
	[[ $2 != '['* && $2 != '{'* ]] || printf '%s\t%s\n' "${1//[[:cntrl:]]/?}" "${2//$'\n'/ }" >>/run/documents
}

# Each document once. The host takes the lines with this mark out of the TAP.
send_documents() {
	[ ! -e /run/documents ] || awk -F '\t' '!sent[$2]++ { print "\001json " $0 }' /run/documents
}

# wait_until COMMAND...: tries the command every 0.1 s for a minute at most.
wait_until() {
	local tries_left=600
	until "$@"; do
		if [ $((--tries_left)) = 0 ]; then
			echo "# waited in vain until: $*" >&2
			return 1
		fi
		sleep 0.1
	done
}

# exits STATUS NAME: the last run has this exit status. STATUS is a regular expression.
exits() {
	if [[ $rc =~ ^($1)$ ]]; then
		pass "$2"
	else
		fail "$2" "exit status $rc, not $1, of: $ran" "stdout: $out" "stderr: $err"
	fi
}

# One sentence for a person: a single line with a full stop, without internals.
one_sentence() {
	local text
	# On a busy machine, daxhp says after two seconds what it waits for.
	text=$(grep -v '^daxhp: still waiting: ' <<<"$err")
	if [[ $text =~ ^daxhp:\ .+[^[:space:]]$ || $text =~ ^[^[:space:]].+[.]$ ]] && [[ $text != *$'\n'* ]]; then
		pass "$1"
	else
		fail "$1" "stderr: $err"
	fi
}

# json FILTER: jq over the last run's standard output.
json() {
	jq -r "$1" /run/tap.out 2>/run/jq.err || { printf 'not what jq can read: %s' "$(</run/jq.err)"; return 0; }
}

# json_is FILTER WANT NAME
json_is() {
	local got
	got=$(json "$1")
	if [ "$got" = "$2" ]; then
		pass "$3"
	else
		fail "$3" "got:  $got" "want: $2" "of $1 in: $out"
	fi
}

json_like() {
	local got
	got=$(json "$1")
	if [[ $got =~ $2 ]]; then
		pass "$3"
	else
		fail "$3" "got:  $got" "want: $2" "of $1 in: $out"
	fi
}

run_tests() {
	local name
	while IFS= read -r name; do
		name=${name%%(*}
		if [ -n "${vm_only:-}" ] && ! [[ $name =~ $vm_only ]]; then
			continue
		fi
		tap_test=
		if declare -F reset >/dev/null; then
			reset || bail_out "the guest cannot be reset before $name"
		fi
		tap_test=${name#test_}
		tap_test=${tap_test//_/ }
		printf '# %s, %s s after boot\n' "$tap_test" "$(cut -d' ' -f1 /proc/uptime)"
		"$name"
	done < <(grep -oE '^test_[a-zA-Z0-9_]+\(' "${BASH_SOURCE[1]}")
	[ "$tap_count" != 0 ] || bail_out 'no test was run'
	send_documents
	printf '1..%d\n' "$tap_count"
	[ "$tap_failures" = 0 ]
	exit
}
