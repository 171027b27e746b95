#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds Debian's OpenSSL with the plugin and keeps it in _cache/.
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/options.sh"
. "$top/scripts/lib/packages.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"

usage() {
	cat <<END
Usage: scripts/openssl-build.sh [OPTION]...
Builds Debian's libcrypto.so.3 and libssl.so.3 with the plugin and keeps them in _cache/.
The last line of its output is the folder of the libraries.

  --plugin PLUGIN   build with this plugin; without it the build is a plain one
  --fix NAME DIR    compile the fix specs/openssl/NAME.fix into DIR
  --help            show this help

ULP_SOURCES=DIR takes the source packages from DIR instead of the machine's mirror.
END
}

plugin='' fix='' out=''
option() {
	case $1 in
	--plugin) option_plugin "$@" ;;
	--fix) option_fix openssl "$@" ;;
	*) return 1 ;;
	esac
}
read_options "$@"

# shellcheck disable=SC2086
need_packages gcc make $packages_openssl || die "packages are missing"
openssl_build "$plugin" || die "OpenSSL could not be built"
if [ -n "$fix" ]; then
	openssl_fix "$fix" "$out" || die "the fix could not be compiled"
	say "${fix_objects[@]}"
fi
say "$openssl_dir"
