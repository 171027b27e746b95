/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A first look at all stacks of a stopped process, by few system calls: which of them certainly
 * hold no word that leads into the code in question?  Nearly all, nearly always.
 */
#ifndef ULP_TRIGGER_QUICK_SCAN_H
#define ULP_TRIGGER_QUICK_SCAN_H

#include "engine/space.h"
#include "trigger/process.h"
#include "trigger/session.h"

struct code_range;

struct code_span {
	uint64_t start;
	uint64_t end; /* inclusive */
};

struct quick_scan {
	struct ulp_space *space; /* borrowed */
	pid_t pid;
	int maps;		 /* process_maps_open(), -1 */
	struct code_span *spans; /* owned; all ranges, ascending and apart */
	size_t nr_spans;
	unsigned char *bytes; /* owned; of the stacks that are read together */
};

/* While the process runs.  Errors: ULP_ENOMEM; then nothing is to be freed. */
ULP_MUST_CHECK enum ulp_code quick_scan_init(struct quick_scan *q, const struct process *proc,
					     struct ulp_space *space,
					     const struct code_range *ranges, size_t nr,
					     struct ulp_err *err);
void quick_scan_deinit(struct quick_scan *q);

/* false: addr is in no range, nor the first address past one. */
bool quick_scan_may_lead(const struct quick_scan *q, uint64_t addr);

/*
 * Sets `clean` of those threads of which neither the pc nor a word of what may be the stack may
 * lead into a range; not where it could not be told so easily.  Those that have it already are not
 * looked at.  All of them are stopped.
 */
void quick_scan_threads(const struct quick_scan *q, struct stopped_thread *threads, size_t nr);

#endif
