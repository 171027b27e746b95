# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the tests on real libraries share; source it instead of tap.sh.  The libraries are those
# that scripts/check.sh builds: a test asks for them (openssl_is_built, glibc_is_built) and is
# skipped without.  Afterwards the programs under test are first in PATH, $plugin is the plugin,
# $top the source tree, $build the build folder and $work a folder of the test's own.
. "${ULP_SRCDIR:?}/tests/lib/tap.sh"
# Without "..", as the kernel shows paths.
top=$(cd "$ULP_SRCDIR" && pwd -P)
build=$(cd "$ULP_BUILDDIR" && pwd -P)
# shellcheck disable=SC2034
work=$tap_dir
. "$top/scripts/lib/common.sh"
. "$top/scripts/lib/sources.sh"
. "$top/scripts/lib/openssl.sh"
. "$top/scripts/lib/glibc.sh"
. "$top/scripts/lib/mapped-code.sh"

plugin=$(find_plugin "$build" 2>/dev/null) || tap_skip_all "the plugin is not built"
PATH=$build:$PATH

need_openssl() {
	openssl_is_built "$plugin" ||
		tap_skip_all "OpenSSL is not built: scripts/openssl-build.sh --plugin $plugin"
}

need_glibc() {
	glibc_is_built plugin "$plugin" ||
		tap_skip_all "glibc is not built: scripts/glibc-build.sh --plugin $plugin"
}
