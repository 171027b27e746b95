/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A change in a process of its own: whatever happens to that, the kernel detaches every
 * thread that it had stopped, and the tool goes on.
 */
#ifndef ULP_TRIGGER_WORKER_H
#define ULP_TRIGGER_WORKER_H

#include "trigger/change.h"

struct worker {
	pid_t pid;
	int fd; /* can be read when the outcome is there */
};

/* Begins the change; it, and what it borrows, must stay until now only.  Error: ULP_ESYS. */
ULP_MUST_CHECK enum ulp_code worker_start(pid_t target, const struct change *change,
					  struct worker *ret, struct ulp_err *err);

/* Waits for the outcome and for the worker's end.  A worker without a result: ULP_ESYS. */
void worker_finish(struct worker *worker, struct change_outcome *out);

#endif
