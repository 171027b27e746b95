#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the Debian packages, installs them in a throw-away copy of this machine's file system, and
# uses them there.  Speaks TAP.
#
#   test-debs.sh [FOLDER]    with the packages in FOLDER, which are not built then
set -u -o pipefail
top=$(cd "$(dirname "$0")/.." && pwd -P)
. "$top/packaging/lib/test.sh"
test_packages debs "$@"
