/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a thread can be borrowed in a process that does not have the runtime yet, for which
 * session_borrow() needs instructions and memory for a signal frame.
 *
 * The instructions, eleven bytes, go into the padding behind the code of a library: from the
 * end of its executable segment to the end of the page.  They hold nothing of one thread, so
 * that a killed tool's thread can go on in them whatever comes later, and they stay if one was.
 *
 * The frame goes to the lower end of the first thread's stack, which the kernel makes larger
 * than most programs ever need: memory that was never used, or that is far below what is in
 * use.  Right below the stack pointer, where the kernel puts signal frames, would be wrong for
 * a thread on an alternate stack or on that of a coroutine, which may be small.
 */
#ifndef ULP_TRIGGER_INJECT_PLACE_H
#define ULP_TRIGGER_INJECT_PLACE_H

#include "engine/objects.h"
#include "trigger/process.h"

struct place {
	uint64_t code;
	bool code_is_new; /* it was not there before */
	uint64_t frame;
	uint64_t frame_len;	 /* bytes */
	unsigned char *original; /* what was at the frame; owned */
};

/*
 * Finds both for thread tid, which is the first of the session and stopped, and writes the
 * instructions.
 *
 * Errors: ULP_ESTOP (the stack is too full just now; try again), ULP_EUNSUP (no library has
 * padding), ULP_ENOMEM, those of reading and writing.
 */
ULP_MUST_CHECK enum ulp_code place_take(const struct process *proc, pid_t tid,
					struct ulp_space *space, const struct ulp_objects *objects,
					struct place *ret, struct ulp_err *err);

/*
 * Puts back what was there.  The thread must be itself again, and still be stopped.  Errors:
 * those of writing.
 */
ULP_MUST_CHECK enum ulp_code place_give_back(struct place *place, struct ulp_space *space,
					     struct ulp_err *err);

/* Leaves it as it is, for a thread that may still be in it. */
void place_abandon(struct place *place);

#endif
