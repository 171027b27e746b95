/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Applying a container to a process, or reverting it: the engine's plan and
 * the session that stops the process, brought together.
 */
#ifndef ULP_TRIGGER_CHANGE_H
#define ULP_TRIGGER_CHANGE_H

#include "container/container.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct change {
	const struct ulp_container *container; /* borrowed */
	bool revert;
	bool dry_run;	     /* plan only: check everything, change nothing */
	bool force;	     /* no activeness check */
	uint64_t timeout_ns; /* for the whole change of one process */
};

/*
 * Carries out the change in a child process of its own, so that whatever
 * happens to it the kernel detaches every thread.  process: buffer for the
 * process's name ("" if unknown).
 *
 * Errors: all of process.h, session.h, active.h, engine.h and plan.h.
 */
ULP_MUST_CHECK enum ulp_code change_process(pid_t pid, const struct change *change,
					    char process[64], struct ulp_err *err);

#endif
