/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the programs of this folder share.  Each is one file and does one thing;
 * bench/live.sh compiles and runs them.
 */
#ifndef ULP_BENCH_LIVE_PROGRAM_H
#define ULP_BENCH_LIVE_PROGRAM_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Prints what failed, with errno's text, and ends the program. */
_Noreturn static inline void program_fail(const char *what)
{
	(void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

/* A number of the command line from 1 to max; anything else ends the program. */
static inline unsigned long program_number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || value < 1 || value > max) {
		(void)fprintf(stderr, "%s: %s: not a number from 1 to %lu\n",
			      program_invocation_short_name, text, max);
		exit(2);
	}
	return value;
}

/* In nanoseconds.  clock: CLOCK_MONOTONIC, or CLOCK_PROCESS_CPUTIME_ID. */
static inline uint64_t program_clock(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
