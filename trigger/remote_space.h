/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * struct ulp_space for another process: reads and writes through
 * process_vm_readv(2) and /proc/PID/mem, maps and unmaps by system calls of a
 * borrowed thread.
 */
#ifndef ULP_TRIGGER_REMOTE_SPACE_H
#define ULP_TRIGGER_REMOTE_SPACE_H

#include "engine/space.h"
#include "trigger/process.h"
#include "trigger/session.h"

struct remote_space {
	struct ulp_space space; /* first: the ops get its address */
	const struct process *proc;
	struct session *session; /* for map and unmap; NULL: they fail with ULP_ESYS (EBUSY) */
};

/* Borrows proc.  map and unmap work while rs->session is set and its thread is borrowed. */
void remote_space_init(struct remote_space *rs, const struct process *proc);

#endif
