/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A workload: something that programs do with a library, small enough to be
 * counted under valgrind.  Nothing in it may depend on the time of day, on random
 * numbers or on the process ID, so that two runs take the same instructions.
 */
#ifndef ULP_BENCH_WORKLOAD_H
#define ULP_BENCH_WORKLOAD_H

#include <stddef.h>

struct workload {
	const char *name;      /* as on the command line: no spaces */
	unsigned int nr;       /* iterations that suffice for a steady count */
	void (*prepare)(void); /* once, before the iterations; may be NULL */
	void (*once)(void);    /* one iteration */
};

/* Ends with a row without a name. */
extern const struct workload workloads[];

/*
 * Ends the program with a message if what a library answered is wrong.  Costs a
 * comparison where it is right, for all that is not the library's dilutes the ratios.
 */
#define expect(condition) ((condition) ? (void)0 : workload_fail(#condition, __FILE__, __LINE__))
_Noreturn void workload_fail(const char *condition, const char *file, int line);

#endif
