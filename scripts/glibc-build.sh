#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds Debian's glibc and keeps it in _cache/.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/options.sh"
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
option() {
	case $1 in
	--plugin)
		option_plugin "$@"
		variant=plugin
		;;
	--stock) variant=stock ;;
	--fix) option_fix glibc "$@" ;;
	*) return 1 ;;
	esac
}
read_options "$@"

# shellcheck disable=SC2086
need_packages gcc g++ make $packages_glibc || die "packages are missing"
glibc_build "$variant" "$plugin" || die "glibc could not be built"
if [ -n "$fix" ]; then
	glibc_fix "$fix" "$out" || die "the fix could not be compiled"
	say "${fix_objects[@]}"
fi
say "$glibc_dir"
