#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Bash completion of ulp and ulp-packer: its table of options is that of --help, and it offers what
# fits the place.
. "${ULP_SRCDIR:?}/tests/lib/tap.sh"

ulp=$ULP_BUILDDIR/ulp
packer=$ULP_BUILDDIR/ulp-packer
runtime=$ULP_BUILDDIR/.libs/libpulp.so.0
completion=$ULP_SRCDIR/packaging/completion/ulp.bash
command -v bash >/dev/null || tap_skip_all 'there is no bash'
cd "$tap_dir" || exit 99
export LC_ALL=C

# in_bash COMMAND [ARG...]: after sourcing the completion; the arguments are "$@" there.
in_bash() {
	in_bash_command=$1
	shift
	bash --norc --noprofile -c "set -u; . '$completion' || exit; $in_bash_command" bash "$@"
}

# offers WORD...: what is offered for the last of the words, in one line.
offers() {
	# shellcheck disable=SC2016
	in_bash 'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=(); _ulp
		echo "${COMPREPLY[*]-}"' "$@" 2>&1
}

# offers_is NAME WANTED WORD...
offers_is() {
	offers_name=$1
	offers_wanted=$2
	shift 2
	tap_is "$offers_name" "$offers_wanted" "$(offers "$@")"
}

# The options of a --help, one a line: "  -p, --process=PID|NAME   text" gives -p and --process=.
help_options() {
	sed -n 's/^  \{1,6\}\(-[^ ].*\)/\1/p' | sed 's/  .*//; s/, /\n/g' | sed 's/\[=.*//; s/=.*/=/' |
		sort -u
}

# --- the table -------------------------------------------------------------------------

# options_are NAME COMMAND...: the table has the options of this command's help.
options_are() {
	options_name=$1
	shift
	"$@" --help | help_options >there
	# shellcheck disable=SC2016
	in_bash '_ulp_options "$1" | tr " " "\n"' "$options_name" | sort >here
	tap_ok "$options_name: has options" [ -s there ]
	run diff here there
	tap_is "$options_name: options as in its help" 0 "$status"
}

commands=$("$ulp" --help | sed -n 's/^  \([a-z_]\{1,\}\)  *[A-Z].*/\1/p' | sort | tr '\n' ' ')
# shellcheck disable=SC2016
tap_is 'commands as in the help' "${commands% }" "$(in_bash 'echo "$_ulp_commands"')"
options_are ulp "$ulp"
for command in $commands; do
	options_are "ulp $command" "$ulp" "$command"
done
options_are ulp-packer "$packer"
# shellcheck disable=SC2016
tap_is 'both programs are completed' 'complete -F _ulp ulp
complete -F _ulp ulp-packer' "$(in_bash 'complete -p' | sort)"

# --- what is offered -------------------------------------------------------------------

mkdir folder 'folder with space'
touch fix.so fix.yaml fix.o fix.c libx.so.1 'a b.so'
offers_is 'a command' 'trigger' ulp tr
offers_is 'all commands' "${commands% }" ulp ''
offers_is 'a command, for help' 'dump' ulp help d
offers_is 'an option' '--dry-run' ulp trigger --dr
offers_is 'an option with a value' '--timeout=' ulp trigger --ti
offers_is 'an option after an operand' '--json' ulp dump fix.so --js
offers_is 'options of the command only' '' ulp dump --rev
offers_is 'options of the program' '--usage' ulp --u
offers_is 'options of ulp-packer' '--explain' ulp-packer --ex
offers_is 'the program by its path' '--explain' /usr/bin/ulp-packer --ex
offers_is 'containers' 'a b.so fix.so folder folder with space' ulp trigger ''
offers_is 'containers that begin so' 'fix.so' ulp check 'fi'
offers_is 'libraries' 'libx.so.1' ulp livepatchable lib
offers_is 'nothing for a command that takes no file' '' ulp patches 'fi'
offers_is 'specs and objects' 'fix.o fix.yaml' ulp-packer 'fi'
offers_is 'a target' 'fix.c' ulp-packer -t fix.c
offers_is 'a folder' 'folder folder with space' ulp-packer -L fo
offers_is 'words of an option, all in one' '--color=auto --color=always' ulp trigger --color=a
offers_is 'words of an option, = parts them' 'auto always' ulp trigger --color = a
offers_is 'all words of an option' 'auto always never' ulp trigger --color =
offers_is 'words of an option, apart' 'never' ulp trigger --color n
offers_is 'an optional word' '--list=all' ulp livepatchable --list=
offers_is 'no word apart where it is optional' 'libx.so.1' ulp livepatchable --list lib
offers_is 'a setting' 'enable' ulp set_patchable -p 1 e
offers_is 'a library, or the word for it' 'target' ulp trigger --revert-all ta
offers_is 'nothing for a number' '' ulp trigger --timeout ''
offers_is 'a file, = parts it' 'fix.o' ulp livepatchable --debug-file = fix.o

# --- processes -------------------------------------------------------------------------

if [ -f "$runtime" ]; then
	cp "$(command -v sleep)" odd-name
	cp odd-name 'odd name'
	process_start ./odd-name 1000
	without=$process_pid
	process_start env LD_PRELOAD="$runtime" ./odd-name 1000
	with=$process_pid
	process_start env LD_PRELOAD="$runtime" './odd name' 1000
	spaced=$process_pid
	tap_ok 'the processes run' wait_for 30 process_maps "$with" /libpulp.so
	tap_ok 'the one with a space, too' wait_for 30 process_maps "$spaced" /libpulp.so
	# The shell that became the process may have been seen before its name was right.
	wait_for 30 grep -qx 'odd name' "/proc/$spaced/comm"
	wait_for 30 grep -qx odd-name "/proc/$with/comm"
	offers_is 'a process with the runtime, by its ID' "$with" ulp trigger -p "$with"
	offers_is 'a process with the runtime, by its name' odd-name ulp patches -p odd
	offers_is 'a process with the runtime, = parts it' "$with" ulp check --process = "$with"
	offers_is 'no process without the runtime' '' ulp messages -p "$without"
	offers_is 'the ID of one whose name the shell would part' "$spaced" ulp messages -p "$spaced"
else
	tap_skip 'processes' 'libpulp.so.0 was not built'
fi

tap_done
