# SPDX-License-Identifier: GPL-3.0-or-later
EXTRA_DIST += \
	bench/README.md bench/livepatchable-builds.sh \
	bench/lib/callgrind.pl bench/lib/entries.pl bench/lib/functions.sh \
	bench/lib/instructions.sh bench/lib/sizes.sh bench/lib/tables.pl \
	bench/workloads/glibc.c bench/workloads/main.c bench/workloads/openssl.c \
	bench/workloads/workload.h
dist_doc_DATA += docs/livepatchable-builds.md
