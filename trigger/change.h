/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One change of a process: the engine's plan and the session that stops the process,
 * brought together.
 */
#ifndef ULP_TRIGGER_CHANGE_H
#define ULP_TRIGGER_CHANGE_H

#include "container/container.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum change_kind {
	CHANGE_APPLY,	   /* the container comes */
	CHANGE_REVERT,	   /* the container leaves */
	CHANGE_EXCHANGE,   /* it comes, or stays, and all others of its target leave */
	CHANGE_REVERT_ALL, /* all of a library leave */
};

struct change {
	enum change_kind kind;
	const struct ulp_container *container; /* borrowed; NULL with CHANGE_REVERT_ALL */
	/*
	 * The library as library_path_resolve() wants it; borrowed.  CHANGE_EXCHANGE: a container
	 * for another one is only applied; NULL: whatever its target is.
	 */
	const char *library;
	/* CHANGE_REVERT_ALL: the libraries that these are for are not meant; borrowed. */
	const struct ulp_container *except;
	size_t nr_except;
	bool dry_run;	     /* plan only: check everything, change nothing */
	bool force;	     /* no activeness check */
	const char *runtime; /* to be injected where it is missing; NULL: it is not.  Borrowed */
	uint64_t timeout_ns; /* for the whole change of one process */
};

/* What came of it; without pointers, for it goes through a pipe. */
struct change_outcome {
	char process[64]; /* its name, "" if unknown */
	bool idle;	  /* a success, and there was nothing to do */
	/* code ULP_OK: success; the text is then what is to be told besides, or "". */
	struct ulp_err err;
};

/* Whether nothing of it brings code into the process. */
static inline bool change_only_reverts(const struct change *change)
{
	return change->kind == CHANGE_REVERT || change->kind == CHANGE_REVERT_ALL;
}

/*
 * Carries out the change here, in a process of its own (trigger/worker.h): if that ends,
 * the kernel detaches every thread.  Gives up, where that is clean, when it is abandoned().
 *
 * Errors in out->err: all of process.h, session.h, active.h, inject.h, engine.h and plan.h.
 */
void change_carry_out(pid_t pid, const struct change *change, struct change_outcome *out);

#endif
