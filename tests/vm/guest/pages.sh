# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Finds the samples in man pages and in Markdown: blocks of commands ("# ...") with
# what they print. The guest runs them, and tests/cli/samples.sh counts them.

# list_blocks FILE: prints for each block a line "block", its first line's number and the text
# before it; then its lines, as "command" or "output" and the text. There are tabs between them.
list_blocks() {
	local markup=markdown
	[[ $1 != *.adoc ]] || markup=asciidoc
	awk -v markup="$markup" '
		function begin() {
			print "block\t" NR "\t" before
			before = ""
			goes_on = 0
		}
		function line(text) {
			if (goes_on) {
				sub(/^ +/, "", text)
				command = command " " text
			}
			else if (text ~ /^# /)
				command = substr(text, 3)
			else {
				print "output\t" text
				return
			}
			goes_on = command ~ /[|\\]$/
			if (!goes_on)
				print "command\t" command
		}
		function prose(text) {
			gsub(/\*/, "", text)
			before = before (before == "" ? "" : " ") text
		}
		markup == "asciidoc" && /^----$/ {
			inside = !inside
			if (inside)
				begin()
			next
		}
		markup == "asciidoc" {
			if (inside)
				line($0)
			else if ($0 != "")
				prose($0)
			next
		}
		/^    / {
			if (!inside)
				begin()
			inside = 1
			for (; blank > 0; blank--)
				line("")
			line(substr($0, 5))
			next
		}
		# A blank line does not end a block: another part of it may follow.
		/^$/ {
			blank += inside
			next
		}
		{
			inside = blank = 0
			prose($0)
		}' "$1"
}

# page_file PAGE TOP: where the page is, below the folder TOP.
page_file() {
	case $1 in
	README) echo "$2/README.md" ;;
	runbook) echo "$2/docs/runbook.md" ;;
	*) echo "$2/man/$1.8.adoc" ;;
	esac
}

# find_block FILE COMMAND [WORDS]: the numbers of the first lines of the blocks that begin with this
# command, and have these words in the text before them.
find_block() {
	local kind text number='' before=''
	while IFS=$'\t' read -r kind text; do
		case $kind in
		block) number=${text%%$'\t'*} before=${text#*$'\t'} ;;
		command)
			[ -z "$number" ] || [ "$text" != "$2" ] || [[ $before != *"${3-}"* ]] || echo "$number"
			number=''
			;;
		esac
	done < <(list_blocks "$1")
}
