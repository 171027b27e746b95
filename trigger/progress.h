/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "12 of 340 processes..." on a terminal, when it takes longer than a second; it goes when
 * anything else is printed, and at the end.
 */
#ifndef ULP_TRIGGER_PROGRESS_H
#define ULP_TRIGGER_PROGRESS_H

#include "trigger/report.h"

#include <stdint.h>

struct progress {
	FILE *out;	   /* the terminal, NULL: nobody to tell; borrowed */
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
	int width;	   /* columns that are filled now */
	size_t nr_shown;   /* the number in them */
};

/* Now it begins.  Nobody is told with -q and --json, or where stderr is no terminal. */
void progress_begin(struct progress *p, const struct report *report);

/* So many are through, out of so many. */
void progress_show(struct progress *p, size_t nr_done, size_t nr);

/* Takes the line away; to be called before anything is printed. */
void progress_hide(struct progress *p);

/* For poll(2): milliseconds until the line is due, -1 if it is there or never will be. */
int progress_wait_ms(const struct progress *p);

#endif
