# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bash completion for daxhp(8). It gets the words from the tool itself, by the
# name that was typed, and from /sys.

_daxhp_bus=/sys/bus/dax/devices
_daxhp_cxl=/sys/bus/cxl/devices

# Prints the options of a command's help, one per line, with "=" after those that
# take a value.
_daxhp_options() {
	local tool=$1 line
	shift
	"$tool" "$@" --help 2>/dev/null | while IFS= read -r line; do
		[[ $line =~ ^\ \ (-[[:alnum:]],|\ \ \ )\ (--[[:alnum:]-]+)(=?) ]] || continue
		printf '%s\n' "${BASH_REMATCH[2]}${BASH_REMATCH[3]}"
		[[ ${BASH_REMATCH[1]} != -* ]] || printf '%s\n' "${BASH_REMATCH[1]%,}"
	done
}

_daxhp_devices() {
	local prefix=$1 device
	for device in "$_daxhp_bus"/dax*; do
		[[ ! -e $device ]] || printf '%s\n' "$prefix${device##*/}"
	done
}

# Prints the values for an option: the nodes or regions of this machine's devices,
# or the words that the usage has for it, as in --option=this|that.
_daxhp_values() {
	local tool=$1 command=$2 option=$3 usage device value
	usage=$("$tool" "$command" --help 2>/dev/null)
	if [[ $usage =~ $option=([a-z_-]+(\|[a-z_-]+)+) ]]; then
		printf '%s\n' "${BASH_REMATCH[1]//|/ }"
		return
	fi
	_daxhp_sources "$option"
	for device in "$_daxhp_bus"/dax*; do
		[[ -e $device ]] || continue
		case $option in
		--node) read -r value 2>/dev/null <"$device/target_node" || continue ;;
		--region) value=${device##*/dax} value=${value%.*} ;;
		*) break ;;
		esac
		printf '%s\n' "$value"
	done | sort -u
}

# The cards, or the namespaces of devices.
_daxhp_sources() {
	local path value
	case $1 in
	--memdev) for path in "$_daxhp_cxl"/mem*; do [[ ! -e $path ]] || printf '%s\n' "${path##*/}"; done ;;
	--serial) cat "$_daxhp_cxl"/mem*/serial 2>/dev/null ;;
	--pci)
		for path in "$_daxhp_cxl"/mem*; do
			value=$(readlink "$path") && value=${value%/*} && printf '%s\n' "${value##*/}"
		done
		;;
	--region) for path in "$_daxhp_cxl"/region*; do [[ ! -e $path ]] || printf '%s\n' "${path##*/}"; done ;;
	--namespace) cat "$_daxhp_bus"/dax*/../namespace 2>/dev/null ;;
	esac
}

# Prints the devices that are not on the line yet.
_daxhp_arguments() {
	local prefix='' word words
	[[ ${COMP_WORDS[COMP_CWORD]} != /* ]] || prefix=/dev/
	words=" ${COMP_WORDS[*]} "
	{
		_daxhp_devices "$prefix"
		[[ -n $prefix ]] || echo all
	} | while IFS= read -r word; do
		[[ $words == *" $word "* && $word != "${COMP_WORDS[COMP_CWORD]}" ]] || printf '%s\n' "$word"
	done
}

# The word after "policy", and then its devices.
_daxhp_policy() {
	if [[ $COMP_CWORD == 2 ]]; then
		printf '%s\n' list match show save
	elif [[ ${COMP_WORDS[2]} != list ]]; then
		_daxhp_arguments
	fi
}

_daxhp() {
	local tool=${1/#\~/$HOME} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' prefix='' words

	# "--node=1" is one word or three; this depends on COMP_WORDBREAKS.
	if [[ $cur == = ]]; then
		cur=''
	elif [[ $prev == = && $COMP_CWORD -ge 3 ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $cur == --*=* ]]; then
		prev=${cur%%=*} prefix=$prev= cur=${cur#*=}
	fi
	# Options without a command are the options of status.
	[[ $COMP_CWORD == 1 ]] || command=${COMP_WORDS[1]}
	[[ $command != -* ]] || command='status'

	case $command in
	version) words='' ;;
	help) words=$("$tool" --list-commands 2>/dev/null | grep -vxE 'help|version') ;;
	'')
		case $cur in
		-*) words="$(_daxhp_options "$tool") $(_daxhp_options "$tool" status)" ;;
		*) words=$("$tool" --list-commands 2>/dev/null) ;;
		esac
		;;
	*)
		words=$(_daxhp_options "$tool" "$command")
		if [[ $prev == --* ]] && grep -qxF -e "$prev=" <<<"$words"; then
			words=$(_daxhp_values "$tool" "$command" "$prev")
		elif [[ $cur != -* && $command == policy ]]; then
			words=$(_daxhp_policy)
		elif [[ $cur != -* ]]; then
			words=$(_daxhp_arguments)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$words" -- "$cur" | sort -u)
	# A value follows.
	if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

complete -F _daxhp daxhp
