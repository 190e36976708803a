#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# samples.sh: a VM case runs each sample of the man pages, the README and the runbook. The cases are
# tests/vm/cases/samples*.sh.

set -uo pipefail
cd -- "$(dirname -- "$0")/../.." || exit 1
. tests/vm/guest/pages.sh

count=0 failures=0

# none NAME LIST: the list is empty.
none() {
	count=$((count + 1))
	if [ -z "$2" ]; then
		echo "ok $count - $1"
		return
	fi
	echo "not ok $count - $1"
	echo "# ${2//$'\n'/$'\n'# }"
	failures=$((failures + 1))
}

# all_blocks FILE: the numbers of the first lines of all blocks with commands.
all_blocks() {
	list_blocks "$1" | awk -F '\t' '$1 == "block" { n = $2 } $1 == "command" { print n }' | uniq
}

# without_command FILE: what looks like output of daxhp, before the first command of its block.
without_command() {
	list_blocks "$1" | awk -F '\t' '
		$1 == "block" { n = $2; silent = 1 }
		$1 == "command" { silent = 0 }
		$1 == "output" && silent && $2 ~ /^(daxhp:|dax[0-9]|DEVICE |mem[0-9]|\[$)/ { print n ": " $2 }'
}

# block KERNELS PAGE COMMAND [WORDS]: as in the guest, but it only remembers the place.
block() {
	local file line
	file=$(page_file "$2" .)
	line=$(find_block "$file" "${@:3}")
	if [[ $line =~ ^[0-9]+$ ]]; then
		covered+="$file:$line"$'\n'
	else
		strays+="$*: in $file, line ${line//$'\n'/ }"$'\n'
	fi
}
covered='' strays=''

# Each call is on a line of its own, with "|| return" or "&& follow" after it.
while IFS= read -r call; do
	eval "$call"
done < <(sed -nE 's/^\t(block .*) (\|\| return|&& follow)$/\1/p' tests/vm/cases/samples*.sh)

none 'each call names one block' "${strays%$'\n'}"
for file in man/daxhp*.8.adoc README.md docs/runbook.md; do
	none "$file: a case runs each sample" "$(comm -23 <(all_blocks "$file" | sed "s,^,./$file:," | sort) <(sort <<<"$covered"))"
	none "$file: each output has its command" "$(without_command "$file")"
done

echo "1..$count"
[ $failures = 0 ]
