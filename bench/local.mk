# SPDX-License-Identifier: GPL-3.0-or-later
EXTRA_DIST += \
	bench/README.md bench/live.sh bench/livepatchable-builds.sh \
	bench/lib/callgrind.pl bench/lib/entries.pl bench/lib/functions.pl bench/lib/functions.sh \
	bench/lib/instructions.sh bench/lib/live.pl bench/lib/live.sh bench/lib/live_rows.pm \
	bench/lib/plot.pl bench/lib/report.sh bench/lib/sizes.sh bench/lib/tables.pl \
	bench/live/bare.c bench/live/busy.c bench/live/calls.c bench/live/calls_functions.c \
	bench/live/empty.c bench/live/herd.c bench/live/malloc.c bench/live/program.h \
	bench/live/sleeper.c bench/live/starts.c \
	bench/workloads/glibc.c bench/workloads/main.c bench/workloads/openssl.c \
	bench/workloads/workload.h
dist_doc_DATA += docs/livepatchable-builds.md docs/benchmarks.md \
	docs/benchmarks-calls.svg docs/benchmarks-malloc.svg docs/benchmarks-pause-functions.svg \
	docs/benchmarks-pause-threads.svg docs/benchmarks-start.svg
