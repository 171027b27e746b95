/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Precise stacks of stopped threads, by libdw from the .eh_frame of the files
 * that the process has mapped, and of containers.
 */
#ifndef ULP_TRIGGER_UNWIND_H
#define ULP_TRIGGER_UNWIND_H

#include "trigger/process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct unwinder; /* opaque */

struct unwound_stack {
	uint64_t *pcs; /* owned; [0] is where the thread is; the others return addresses - 1,
			* but the exact pc where a signal interrupted */
	size_t nr;
	uint64_t outermost; /* return address into the outermost frame, 0 for a single frame */
	/*
	 * All frames up to the outermost are known, each by unwind information
	 * of its own.  false: some are missing or guessed (code that no file is
	 * mapped for, no .eh_frame, a damaged stack).
	 */
	bool precise;
};

/*
 * NULL if libdw cannot look at the process at all.  All its threads must stay
 * stopped by us while it is used; it does not stop or resume any.
 */
struct unwinder *unwinder_create(const struct process *proc);
void unwinder_destroy(struct unwinder *u);

/*
 * Unwinds a thread.  Never fails: what cannot be unwound gives precise = false.
 */
void unwinder_stack(struct unwinder *u, pid_t tid, struct unwound_stack *stack);
void unwound_stack_free(struct unwound_stack *stack);

#endif
