/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The activeness check: is a stopped thread inside one of these functions?
 */
#ifndef ULP_TRIGGER_ACTIVE_H
#define ULP_TRIGGER_ACTIVE_H

#include "engine/space.h"
#include "trigger/session.h"

/* Code that must not be on any stack.  name borrows. */
struct code_range {
	uint64_t start;
	uint64_t end; /* first byte past it */
	const char *name;
	bool whole; /* not one function: at its start a thread is inside, too */
	bool exact; /* one instruction, without a call: no return address leads into it or past it
		     */
};

struct active; /* opaque */

/*
 * Makes all ready for looking while the process runs; borrows all but ret.  Errors: ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code active_open(const struct process *proc, struct ulp_space *space,
					 const struct code_range *ranges, size_t nr_ranges,
					 struct active **ret, struct ulp_err *err);

/* Accepts NULL. */
void active_close(struct active *active);

/*
 * A first look, for session_set_look(): marks those whose stack holds nothing that leads into a
 * range, so that active_check() need not look at them again.
 */
void active_look(struct active *active, struct stopped_thread *threads, size_t nr);

/*
 * Looks at the pc and all words of the stacks of all stopped threads
 * (conservative), and where one hits unwinds that thread precisely with libdw;
 * what libdw cannot unwind counts as a hit.  A pc at exactly `start` of a function is
 * not inside: the thread will execute the entry.
 *
 * Errors: ULP_EACTIVE (names thread, function and address), ULP_ESYS, ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code active_check(struct active *active, struct session *s,
					  struct ulp_err *err);

#endif
