/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process opened for the engine, without being stopped: /proc, the remote
 * address space, objects and registry.
 */
#ifndef ULP_TRIGGER_TARGET_H
#define ULP_TRIGGER_TARGET_H

#include "engine/engine.h"
#include "trigger/process.h"
#include "trigger/remote_space.h"

#include <argp.h>

struct target {
	struct process proc;
	struct remote_space rs;
	struct engine engine; /* borrows rs */
};

/* Waits a little before the n-th try (from 0): 1 ms, doubling up to 50 ms. */
void wait_for_try(unsigned n);

/*
 * Opens the process, and tries again until deadline_ns (CLOCK_MONOTONIC) where
 * its dynamic linker is just changing the list of objects.  *t must not move
 * afterwards.
 *
 * Errors: those of process_open() and engine_open(); ULP_EUNSUP for a process
 * without an auxiliary vector.
 */
ULP_MUST_CHECK enum ulp_code target_open(pid_t pid, uint64_t deadline_ns, struct target *t,
					 struct ulp_err *err);

/* Reads objects and registry anew, with the same patience. */
ULP_MUST_CHECK enum ulp_code target_refresh(struct target *t, uint64_t deadline_ns,
					    struct ulp_err *err);

void target_close(struct target *t);

/* What to do with the processes that a selector names. */
struct visitor {
	void (*visit)(struct target *t, void *ctx);
	/* A process that cannot be opened.  NULL: "ulp: pid 12: reason" as an error. */
	void (*failed)(pid_t pid, const struct ulp_err *err, void *ctx);
	void *ctx;
};

/* How targets_each() went. */
struct visits {
	size_t nr_matched; /* processes that the selector names */
	size_t nr_seen;	   /* processes with the runtime */
	size_t nr_denied;  /* that could not be looked at for lack of permission */
};

struct report;

/*
 * The option -p, --process, to be put into a command's argp as a child, as
 * report_argp is.  Its input is the const char * that becomes the selector.  The second one is for
 * commands that do not take all processes where it is not given; that is theirs to check.
 */
extern const struct argp selector_argp;
extern const struct argp needed_selector_argp;

/*
 * Visits every process that the selector names (see process_list()); NULL: all
 * that have the runtime, and no others.  Of those that nobody named and that we
 * may not look at only the number is told, in a remark.  Errors, already
 * reported: those of process_list().
 */
ULP_MUST_CHECK enum ulp_code targets_each(const char *selector, struct report *report,
					  const struct visitor *visitor, struct visits *visits);

/* Says that nothing was visited, and nothing failed either. */
void targets_say_none(const char *selector, const struct report *report,
		      const struct visits *visits);

#endif
