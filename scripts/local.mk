# SPDX-License-Identifier: GPL-3.0-or-later
EXTRA_DIST += \
	scripts/check-help.sh scripts/check-includes.sh scripts/check.sh scripts/cppcheck.suppress \
	scripts/demo.sh scripts/glibc-build.sh scripts/glibc-check.sh \
	scripts/openssl-build.sh scripts/openssl-check.sh scripts/openssl-graft.pl \
	scripts/lib/builds.sh scripts/lib/common.sh scripts/lib/fixes.sh scripts/lib/glibc.sh \
	scripts/lib/openssl.sh \
	scripts/lib/mapped-code.sh scripts/lib/openssl-server.sh \
	scripts/lib/options.sh scripts/lib/packages.sh scripts/lib/sources.sh \
	docs/example/calendar.c docs/example/calendar.h docs/example/calendar-fix.c \
	docs/example/calendar-fix.yaml docs/example/program.c
