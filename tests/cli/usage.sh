#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# usage.sh TOOL: output that does not depend on the machine's devices.

. "$(dirname -- "$0")/tap.sh"

# ---- help and version ----

succeeds help help
check 'help: usage' matches "$out" '^Usage: daxhp '
help=$out
for word in --help -h; do
	succeeds "$word" "$word"
	is "$out" "$help" "$word is help"
done

for word in help --help -h; do
	succeeds "help $word" help "$word"
	is "$out" "$help" "help $word is help"
done
succeeds 'help version' help version
# What the help says of sizes is what is printed.
sizes=$(status_help=$("$tool" status --help) && grep -oE '[0-9.]+ [KMGT]iB \([0-9.]+ [kMGT]B\)' <<<"$status_help")
is "$sizes" '2.00 GiB (2.15 GB)' 'status --help: a size as it is printed'

succeeds list --list-commands
commands=$(grep -vxE 'help|version' <<<"$out")
is "$(grep -cxE 'status|online|unplug' <<<"$commands")" 3 'the three commands are there'
for command in $commands; do
	check "help names $command" matches "$help" $'\n  '"$command "
	succeeds "$command --help" "$command" --help
	check "$command: usage" matches "$out" "^Usage: daxhp $command "
	usage=$out
	succeeds "$command -h" "$command" -h
	is "$out" "$usage" "$command: -h is --help"
	succeeds "help $command" help "$command"
	is "$out" "$usage" "help $command is $command --help"
	# The tool ignores options after --help. It refuses a wrong option before --help.
	run "$command" --help --no-such-option
	is "$status" 0 "$command --help and a wrong option behind: exit status"
	is "$out" "$usage" "$command --help and a wrong option behind"
	fails "$command: a wrong option before --help" 2 no-such-option "$command" --no-such-option --help
done

succeeds version version
check 'version: name and number' matches "$out" '^daxhp [0-9]+\.[0-9]+'
version=$out
for word in --version -V; do
	succeeds "$word" "$word"
	is "$out" "$version" "$word is version"
done

# ---- wrong usage: status 2, one sentence ----

fails 'no such command' 2 "'nonsense'" nonsense
fails 'a mistyped command' 2 "'unplgu' is not a command; did you mean 'daxhp unplug'\\?" unplgu
fails 'a mistyped option' 2 "'--movabel' is not an option of 'daxhp online'; did you mean '--movable'\\?" online --movabel
fails 'a mistyped option with a value' 2 "did you mean '--node'\\?" status --nodee=1
# refers WORDS ADVICE: daxhp has no such command, and says what to type.
refers() {
	# shellcheck disable=SC2086
	fails "daxctl: $1" 2 "'${1%% *}' is not a command of daxhp: $2\.$" $1
}
for word in offline offline-memory; do
	refers "$word dax0.0" "'daxhp unplug dax0.0' takes the memory offline, and away"
done
refers 'online-memory --no-movable dax0.1' "'daxhp online dax0.1' does it"
refers 'reconfigure-device -s 1G dax0.0' "'daxhp reconfigure --mode=MODE dax0.0' changes the mode, 'daxctl reconfigure-device' the size"
refers 'enable-device dax0.0' "'daxhp reconfigure --mode=devdax dax0.0' does it"
refers 'disable-device dax0.0' "'daxhp unplug --unbind dax0.0' does it, and takes the memory away"
for word in create create-device; do
	refers $word "'daxctl create-device' makes a device from free memory"
done
for word in destroy destroy-device; do
	# Not "all": without its other options it can mean devices that the user did not mean.
	for words in $word "$word -r 0 all"; do
		refers "$words" "first 'daxhp unplug --unbind daxX\.Y', then 'daxctl destroy-device daxX\.Y'"
	done
	refers "$word -f dax0.1" "first 'daxhp unplug --unbind dax0\.1', then 'daxctl destroy-device dax0\.1'"
done
for word in split-acpi migrate-device-model; do
	refers $word "'daxctl $word' does it"
done
fails 'help on a command of daxctl' 2 "'daxctl create-device' makes" help create-device
run list -j
is "$out" "$("$tool" status -j)" 'list is status'
for words in '-m devdax' '-m system-ram -N' '-m system-ram -f' '-r 0 -m devdax' '--mode=devdax'; do
	# shellcheck disable=SC2086
	fails "daxctl's options: $words" 1 'no such dax device' reconfigure $words dax4000000000.0
done
fails "daxctl's options: --no-movable" 2 "did you mean '--kernel'\?" online --no-movable dax0.0
fails '-N alone' 2 '--no-online needs --mode=system-ram' reconfigure -N dax0.0
fails 'show' 2 "'daxhp status' does it" show
fails 'options before the command' 1 'no such dax device' -j --movable online dax4000000000.0
fails 'options before the command, with a value' 1 'no such dax device' --wait 3 unplug dax4000000000.0
fails 'an empty command' 2 "not a command" ''
fails 'a very long command' 2 'not a command' "$(printf '%04096d' 0)"
fails 'help on nonsense' 2 "'nonsense'" help nonsense
fails 'an option that is none' 2 "'--frobnicate'" status --frobnicate
fails 'an option that is none, without a command' 2 "'--frobnicate'" --frobnicate
fails 'a device where a command should be' 2 "'daxhp status dax0.0'" dax0.0
fails 'an option with an escape' 2 "'--fo\?\[2J'" status $'--fo\e[2J'
fails 'an option with an escape in two bytes' 2 "'--fo\?\?2J'" status $'--fo\xc2\x9b2J'
fails 'a short option that is none' 2 "'-x'" status -x
fails 'the second of two short options' 2 "'-x'" status -jx
fails 'another command'\''s option' 2 "'--movable'" unplug --movable all
fails 'an option with too much' 2 '--json takes no value' status --json=yes
fails 'a value missing' 2 '--node' status --node
fails 'a value missing for unplug' 2 '--timeout' unplug dax0.0 --timeout
for value in '' x -1 1x 0x1 ' 1' 99999999999999999999 65536 1.5; do
	fails "--node='$value'" 2 'not a NUMA node' status "--node=$value"
done
for value in '' x -1 0 1x 99999999999999999999; do
	fails "--timeout='$value'" 2 'not a time' unplug "--timeout=$value" all
done
for value in '' x -1 1001 1x; do
	fails "--retry='$value'" 2 'not a count' unplug "--retry=$value" all
done
fails 'both zones' 2 'contradict' online --movable --kernel all
fails 'both zones, whatever else' 2 'contradict' online --kernel -n -j --movable dax0.0
# refused KIND CHARDEV ACTION ARGUMENTS...: with -j, whatever kept the command from reaching a device.
refused() {
	local want="[\"$1\",$2,$3]"
	shift 3
	run "$@"
	json_is '.[0] | [.error.kind, .chardev, .action]' "$want" "$ran: kind of the error"
}
refused usage null null nonsense -j
refused usage null '"online"' online --nonsense -j
refused usage null '"online"' -j online --nonsense
refused usage null '"unplug"' unplug -j
refused usage null '"status"' status -j 'd?x'
refused usage null '"status"' status --node=x --json
refused no-such-device '"dax4000000000.0"' '"reconfigure"' reconfigure -j --movable dax4000000000.0
refused no-match null '"online"' online -j --node=65535
refused no-match null '"status"' status -j --memdev=mem65535
refused no-match null '"unplug"' unplug -j --memdev=mem65535
refused no-match null '"unplug"' unplug -nj --memdev=mem65535
run online -j --region=$'r\xe4'
check 'JSON: what is not UTF-8' jq -e '.[0].error.kind == "no-match"' <<<"$out"
for command in online unplug; do
	fails "$command without a device" 2 'name a device' "$command"
	fails "$command without a device, only dry" 2 'name a device' "$command" -n
	fails "$command --region without a device" 1 'no dax device matches' "$command" --region=nonsense
done

# ---- names ----

for command in status online unplug; do
	for name in ../x dax0 dax0. dax.0 dax0.0.0 'dax0.0 ' Dax0.0 DAX0.0 'dax 0.0' dax-1.0 dax0.-1 dax0.0/ /dax0.0 \
		/dev/../dax0.0 /dev//dax0.0 /sys/bus/dax/devices/dax0.0 /dev/ /dev ALL 'all ' pmem0 all,dax0.0 0 \
		dax99999999999.0 dax0.99999999999; do
		fails "$command '$name'" 2 'not the name of a dax device' "$command" "$name"
	done
	fails "$command with an empty name" 2 'not the name' "$command" ''
	fails "$command with 4 KiB" 2 'not the name' "$command" "dax0.$(printf '%04091d' 0)"
	fails "$command with an escape" 2 'not the name' "$command" $'dax0.0\e[2J'
	fails "$command with a newline" 2 'not the name' "$command" $'dax0.0\ndax1.0'
	fails "$command with umlauts" 2 'an argument is not the name' "$command" 'däx0.0'
	fails "$command with a format" 2 'not the name' "$command" '%s%n%x'
	# A wrong name is an error at any position. The tool does nothing before it.
	fails "$command all and a wrong one" 2 'not the name' "$command" all ../x
done

# ---- stdout that cannot be written ----

for arguments in help version --list-commands 'status --help' status 'status -j'; do
	ran="daxhp $arguments >/dev/full" out='' err='' status=''
	# shellcheck disable=SC2086
	err=$("$tool" $arguments 2>&1 >/dev/full)
	status=$?
	# A machine without devices has a note as well.
	err=$(grep -v '^daxhp: note: ' <<<"$err")
	is "$status" 1 "$ran: exit status"
	check "$ran: says so" matches "$err" 'standard output'
	check "$ran: one sentence" one_sentence "$err"
	ran="daxhp $arguments >&-"
	# shellcheck disable=SC2086
	err=$("$tool" $arguments 2>&1 >&-)
	status=$?
	err=$(grep -v '^daxhp: note: ' <<<"$err")
	is "$status" 1 "$ran: exit status"
	check "$ran: one sentence" one_sentence "$err"
	# The output must not go into a file that gets the number of the closed stdout.
	ran="daxhp $arguments, all closed"
	# shellcheck disable=SC2086
	"$tool" $arguments >&- 2>&- <&-
	status=$?
	is "$status" 1 "$ran: exit status"
done

finish
