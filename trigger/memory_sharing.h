/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds processes that share the memory of the one that is being stopped, as between vfork(2)
 * and exec(2): they would run the same code and not be stopped.
 */
#ifndef ULP_TRIGGER_MEMORY_SHARING_H
#define ULP_TRIGGER_MEMORY_SHARING_H

#include "trigger/process.h"

/*
 * What a first look, while the threads run, leaves for the second one, while they are stopped.
 * All zero before the first use.
 */
struct memory_sharing {
	const struct process *proc; /* borrowed; NULL: there was no look, or it is out of date */
	int newest_fd;		    /* tells the newest process id; -1: it cannot be told */
	pid_t first, last;	    /* the newest id: before the first look, and when last asked */
	uint64_t at_ns;		    /* CLOCK_MONOTONIC, when it was last asked */
	bool can_compare;	    /* the kernel tells who shares */
	bool known;		    /* what came in between has an id above first, up to last */
	struct sharing_thread *threads; /* owned; nr of them, by ascending tid */
	size_t nr;
};

/*
 * The first look.  ULP_OK if no other process shares the memory.  For a further stop of the same
 * process only what is new is looked at, where the earlier look was followed.
 *
 * Errors: ULP_ESTOP (names the other process), ULP_EGONE, ULP_ENOMEM, ULP_ESYS; then nothing is to
 * be freed.
 */
ULP_MUST_CHECK enum ulp_code memory_sharing_begin(struct memory_sharing *m,
						  const struct process *proc, struct ulp_err *err);

/*
 * To be called after the first look now and then, at least every 0.1 s.  Where it is not, all
 * processes are asked again, by the second look or by the next first one.
 */
void memory_sharing_follow(struct memory_sharing *m);

/*
 * The second look: whether it still is so, now that all threads are stopped, which are these.
 * Cheap where they slept at the first look: only processes that are younger than that are asked.
 *
 * Errors: those of the first look.
 */
ULP_MUST_CHECK enum ulp_code memory_sharing_again(struct memory_sharing *m, const pid_t *tids,
						  size_t nr, struct ulp_err *err);

/* Frees what the looks have left, if there were any. */
void memory_sharing_end(struct memory_sharing *m);

#endif
