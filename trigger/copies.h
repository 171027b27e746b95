/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process can have several copies of one build of a library: dlmopen(3) makes
 * them, and so does a file that was loaded under two names.  Each has its own
 * data and its own entries; a change is done to all of them.
 */
#ifndef ULP_TRIGGER_COPIES_H
#define ULP_TRIGGER_COPIES_H

#include "trigger/target.h"

/* How one copy, which engine_target() gives meanwhile, is changed. */
struct copies_steps {
	/*
	 * change: also tells by `already` that there is nothing to do, for which it leaves
	 * the copy as it is.  back: takes it back.
	 */
	enum ulp_code (*change)(void *ctx, struct ulp_err *err);
	enum ulp_code (*back)(void *ctx, struct ulp_err *err);
	enum ulp_code already;
	void *ctx;
};

/*
 * Changes all copies of the container's target, or none: one after the other, each in
 * a commit of its own; where one fails, those that were changed before it are changed
 * back.  The text of the error says if that was not possible.
 *
 * Errors: those of the steps; `already` if no copy had to be changed; those of
 * engine_target() and target_refresh().
 */
ULP_MUST_CHECK enum ulp_code copies_change(struct target *t, const struct ulp_container *c,
					   uint64_t deadline_ns, const struct copies_steps *steps,
					   struct ulp_err *err);

#endif
