# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The command line of a script, which has two functions of its own: usage prints the help, and
# option "$@" does what the first argument says, sets $taken where it has used more than that one,
# and fails if it does not know it.  Needs common.sh.
#
#   read_options "$@"                  all of them; --help, and what the script does not know,
#                                      end it with the help
#   option_plugin "$@"                 --plugin PLUGIN: sets plugin
#   option_fix LIBRARY "$@"            --fix NAME DIR, of specs/LIBRARY: sets fix and out
#   option_build "$@"                  --build DIR: sets build
#   option_output --output=FOLDER      sets out

read_options() {
	local taken
	while [ $# -gt 0 ]; do
		if [ "$1" = --help ]; then
			usage
			exit 0
		fi
		taken=1
		option "$@" || {
			usage >&2
			exit 2
		}
		shift "$taken"
	done
}

option_plugin() {
	[ $# -ge 2 ] || die "--plugin needs a path"
	plugin=$(realpath -e "$2") || die "no plugin $2"
	taken=2
}

option_fix() {
	[ $# -ge 4 ] || die "--fix needs a name and a folder"
	[ -f "$top/specs/$1/$3.fix" ] || die "there is no specs/$1/$3.fix"
	fix=$3
	out=$(realpath -m "$4") || die "no folder $4"
	taken=3
}

option_build() {
	[ $# -ge 2 ] || die "--build needs a folder"
	build=$(realpath -e "$2") || die "no folder $2"
	taken=2
}

option_output() {
	out=$(realpath -m "${1#*=}") || die "no folder ${1#*=}"
}
