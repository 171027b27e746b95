#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Compares the options of each command's --help with its man page, in both directions.
# scripts/check-help.sh BUILD-FOLDER.  Prints each difference; status 1 if there is one.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit
[ $# -eq 1 ] || {
	echo "usage: scripts/check-help.sh BUILD-FOLDER" >&2
	exit 2
}
build=$1
bad=0

complain() {
	printf '%s\n' "$*"
	bad=1
}

# The options at the head of the entries of a help text: "  -p, --process=PID   ...".
help_options() {
	sed -n 's/^  \{1,6\}\(-[^ ].*\)/\1/p' | sed 's/\([^,]\)  .*/\1/' | options_of
}

# Every option in a line of "-p, --process=PID".
options_of() {
	grep -oE '(^|[][ ,|])--?[A-Za-z?][A-Za-z0-9-]*' | grep -oE -- '--?[A-Za-z?].*' | sort -u
}

# man_options PAGE [SECTION]: the options that have an entry of their own (the line after .TP) in
# the page, or in the part of it that begins with ".SS SECTION" or ".SH SECTION".
man_options() {
	awk -v section="${2-}" '
		BEGIN { here = section == "" }
		/^\.S[SH]/ && section != "" {
			title = $0
			sub(/^\.S[SH] */, "", title)
			gsub(/\\f[A-Z]|"/, "", title)
			gsub(/\\-/, "-", title)
			here = title == section || index(title, section " ") == 1
			found = found || here
		}
		here && (entry || /^\.TQ/) && !/^\.TQ/ { print }
		{ entry = /^\.T[PQ]/ }
		END { if (section != "" && !found) exit 3 }' "$1" | {
		sed -e 's/\\f\(\[[A-Z]*\]\|[A-Z]\)//g' -e 's/^\.[A-Z]* *//' -e 's/\\-/-/g' -e 's/"//g' \
			-e 's/ *\([=,|]\) */\1 /g' | options_of
		true # a command may have no options
	}
}

# not_in A B: the lines of A that B does not have.
not_in() {
	comm -23 <(sort -u <<<"$1") <(sort -u <<<"$2") | grep .
}

# compare NAME PAGE SECTION COMMON COMMAND...: the command's help against that part of the page.
# The options in COMMON have their place elsewhere in the page.
compare() {
	local name=$1 page=$2 section=$3 common=$4 help here there option
	shift 4
	help=$("$@" --help) || complain "$name --help fails"
	here=$(help_options <<<"$help")
	there=$(man_options "$page" "$section")
	[ $? -ne 3 ] || complain "$page: there is no section \"$section\""
	for option in $(not_in "$here" "$there"$'\n'"$common"); do
		complain "$page: $option of $name --help is missing"
	done
	for option in $(not_in "$there" "$here"); do
		complain "$page: $name --help does not have $option"
	done
}

# Each command of ulp has its section; the list comes from the program itself.
commands=$("$build/ulp" --help | sed -n 's/^  \([a-z]\{1,\}\)  *[A-Z].*/\1/p')
[ -n "$commands" ] || complain "ulp --help lists no commands"
common=$(man_options man/ulp.1 "OPTIONS OF ALL COMMANDS")
for command in $commands; do
	compare "ulp $command" man/ulp.1 "ulp $command" "$common" "$build/ulp" "$command"
done
compare ulp-packer man/ulp-packer.1 OPTIONS '' "$build/ulp-packer"
compare ulp-cflags man/ulp-cflags.1 OPTIONS '' "$build/packaging/ulp-cflags"

exit "$bad"
