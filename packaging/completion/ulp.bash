# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Completion of ulp and ulp-packer for bash.  It needs nothing of the package bash-completion.

# The options of a command: "ulp" alone, "ulp COMMAND", or "ulp-packer".  Behind a long option that
# takes a value there is "=".  tests/e2e/completion.sh compares this table with --help.
_ulp_options() {
	case $1 in
	ulp | "ulp help") echo "-? --help --usage -V --version" ;;
	"ulp check" | "ulp messages")
		echo "-? --help --json -p --process= -q --quiet --usage -v --verbose -V --version"
		;;
	"ulp dump") echo "-? --help --json -q --quiet --usage -v --verbose -V --version" ;;
	"ulp extract")
		echo "--debug-file= -? --help -o --output= -q --quiet --usage -v --verbose -V --version"
		;;
	"ulp livepatchable")
		echo "--debug-file= --facts -? --help --json --list --min= -q --quiet --source= --usage"
		echo "-v --verbose -V --version"
		;;
	"ulp patches")
		echo "-? --help --json -p --perf-map --process= -q --quiet --usage -v --verbose"
		echo "-V --version"
		;;
	"ulp set_patchable")
		echo "--color= -? --help --json -p --process= -q --quiet --usage -v --verbose"
		echo "-V --version"
		;;
	"ulp trigger")
		echo "--color= --dry-run --force -? --help --inject -j --jobs= --json -p --process="
		echo "-q --quiet -r --recursive --revert --revert-all= --runtime= --timeout= --usage"
		echo "-v --verbose -V --version"
		;;
	ulp-packer)
		echo "--check --debug-file= --explain -? --help -L --library-dir= --no-closure-check"
		echo "-o --output= -t --target= --template= --usage -v --verbose -V --version"
		;;
	esac
}

_ulp_commands="check dump extract help livepatchable messages patches set_patchable trigger"

# Takes the lines of stdin as the answer.
_ulp_reply() {
	local line
	while IFS= read -r line; do
		COMPREPLY+=("$line")
	done
}

# _ulp_files WORD PATTERN...: folders, and files that match one of the patterns.
_ulp_files() {
	local word=$1 pattern
	shift
	compopt -o filenames 2>/dev/null
	_ulp_reply < <({
		compgen -d -- "$word"
		for pattern; do
			compgen -f -X "!$pattern" -- "$word"
		done
	} | sort -u)
}

# _ulp_processes WORD: IDs and names of the processes that have the runtime, as far as one may look.
_ulp_processes() {
	local maps pid name
	_ulp_reply < <(compgen -W "$(
		# shellcheck disable=SC2013
		for maps in $(grep -ls '/libpulp\.so' /proc/[0-9]*/maps 2>/dev/null); do
			pid=${maps#/proc/}
			pid=${pid%/maps}
			echo "$pid"
			# Not every name is one that the shell would leave alone.
			read -r name 2>/dev/null <"/proc/$pid/comm" || continue
			[[ $name == *[!A-Za-z0-9_.+-]* || $name == -* ]] || echo "$name"
		done
	)" -- "$1" | sort -u)
}

# _ulp_value OPTION WORD: what the option may be given.  False if it takes no value.
_ulp_value() {
	case $1 in
	-p | --process) _ulp_processes "$2" ;;
	--color) _ulp_reply < <(compgen -W "auto always never" -- "$2") ;;
	--list) _ulp_reply < <(compgen -W "all" -- "$2") ;;
	-t | --target | -o | --output | --debug-file | --runtime | --source) _ulp_files "$2" '*' ;;
	-L | --library-dir) _ulp_files "$2" ;;
	--revert-all)
		_ulp_reply < <(compgen -W "target" -- "$2")
		_ulp_files "$2" '*'
		;;
	-j | --jobs | --timeout | --min | --template) ;;
	*) return 1 ;;
	esac
}

# _ulp_operand COMMAND WORD
_ulp_operand() {
	case $1 in
	ulp | "ulp help") _ulp_reply < <(compgen -W "$_ulp_commands" -- "$2") ;;
	"ulp set_patchable") _ulp_reply < <(compgen -W "enable disable" -- "$2") ;;
	"ulp trigger" | "ulp check" | "ulp dump") _ulp_files "$2" '*.so' ;;
	"ulp livepatchable" | "ulp extract") _ulp_files "$2" '*' ;;
	ulp-packer) _ulp_files "$2" '*.yaml' '*.yml' '*.o' ;;
	esac
}

# The command among the words before the one to complete.
_ulp_command() {
	local i
	[ "${COMP_WORDS[0]##*/}" != ulp-packer ] || {
		echo ulp-packer
		return
	}
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		*)
			echo "ulp ${COMP_WORDS[i]}"
			return
			;;
		esac
	done
	echo ulp
}

# Where "=" parts words (COMP_WORDBREAKS), "--color=al" comes as three of them.
_ulp() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command
	command=$(_ulp_command)
	COMPREPLY=()
	if [ "$word" = = ]; then
		_ulp_value "$before" ""
	elif [ "$before" = = ]; then
		_ulp_value "${COMP_WORDS[COMP_CWORD - 2]}" "$word"
	elif [[ $word == --*=* ]]; then
		_ulp_value "${word%%=*}" "${word#*=}"
		COMPREPLY=("${COMPREPLY[@]/#/${word%%=*}=}")
	elif [ "$before" != --list ] && _ulp_value "$before" "$word"; then
		:
	elif [[ $word == -* ]]; then
		_ulp_reply < <(compgen -W "$(_ulp_options "$command")" -- "$word")
		[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
	else
		_ulp_operand "$command" "$word"
	fi
}

complete -F _ulp ulp ulp-packer
