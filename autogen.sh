#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes configure from a git checkout; needs autoconf, automake and libtool.
set -eu
cd "$(dirname "$0")"
mkdir -p m4
exec autoreconf --install --warnings=all,no-obsolete
