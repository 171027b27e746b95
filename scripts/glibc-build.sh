#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds Debian's glibc and keeps it in _cache/.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/packages.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/glibc.sh"

usage() {
	cat <<END
Usage: scripts/glibc-build.sh [OPTION]...
Builds Debian's glibc and keeps it in _cache/.  The last line of its output is the folder of the
build.

  --plugin PLUGIN   build with this plugin
  --stock           build with -fpatchable-function-entry=16,14; without one of these two the
                    build is a plain one
  --fix NAME DIR    compile the fix specs/glibc/NAME.fix into DIR
  --help            show this help

ULP_SOURCES=DIR takes the source packages from DIR instead of the machine's mirror.
END
}

variant=plain plugin='' fix='' out=''
while [ $# -gt 0 ]; do
	case $1 in
	--plugin)
		[ $# -ge 2 ] || die "--plugin needs a path"
		plugin=$(realpath -e "$2") || die "no plugin $2"
		variant=plugin
		shift 2
		;;
	--stock)
		variant=stock
		shift
		;;
	--fix)
		[ $# -ge 3 ] || die "--fix needs a name and a folder"
		[ -f "$top/specs/glibc/$2.fix" ] || die "there is no specs/glibc/$2.fix"
		fix=$2 out=$(realpath -m "$3")
		shift 3
		;;
	--help)
		usage
		exit 0
		;;
	*)
		usage >&2
		exit 2
		;;
	esac
done

# shellcheck disable=SC2086
need_packages gcc g++ make $packages_glibc || die "packages are missing"
glibc_build "$variant" "$plugin" || die "glibc could not be built"
if [ -n "$fix" ]; then
	glibc_fix "$fix" "$out" || die "the fix could not be compiled"
	say "${fix_objects[@]}"
fi
say "$glibc_dir"
