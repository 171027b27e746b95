/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One change of a process: apply or revert one container.  Everything that can
 * fail is in the steps that run while the target runs; the commit writes.
 *
 *   plan_apply() or plan_revert()   checks, imports bound     target runs
 *   plan_map()                      memory near the target    one thread borrowed
 *   plan_write()                    image and record written  target runs
 *   plan_commit()                   entries, registry         all threads stopped
 *   plan_undo()                     after a failure           one thread borrowed
 *   plan_deinit()
 */
#ifndef ULP_ENGINE_PLAN_H
#define ULP_ENGINE_PLAN_H

#include "engine/engine.h"
#include "engine/load.h"

/* Code in which no thread may stand at the commit.  Borrows its name, from the plan's engine too.
 */
struct plan_guard {
	uint64_t start;
	uint64_t end; /* first byte past it */
	const char *name;
	bool whole; /* not one function: at its start a thread is inside, too */
};

struct plan {
	struct engine *engine;		       /* borrowed */
	const struct ulp_container *container; /* borrowed */
	const struct ulp_object *target;       /* borrowed from the engine */
	bool fresh;			       /* the container is not mapped in the process yet */
	struct load load;		       /* only if fresh */
	uint8_t *record; /* the new record, before the registry takes it; owned */
	uint32_t record_len;
	size_t index;	      /* of the patch in registry.patches, once it is there */
	uint64_t *superseded; /* addresses of the records that the commit reverts; owned */
	size_t nr_superseded;
	bool committed;
	struct plan_guard *guards; /* empty with consistency "none"; owned */
	size_t nr_guards;
};

/*
 * Checks that the container fits and makes the plan to apply it.
 *
 * The patches that it supersedes leave with the same commit.
 *
 * Errors: ULP_ENOTARGET, ULP_EBUILDID, ULP_EAPPLIED, ULP_EENTRY (names the
 * function and the bytes), ULP_EREGISTRY, those of relations_check_apply(),
 * load_init() and load_resolve().
 */
ULP_MUST_CHECK enum ulp_code plan_apply(struct plan *plan, struct engine *e,
					const struct ulp_container *c, struct ulp_err *err);

/*
 * The same for taking it out.  Errors: ULP_ENOTARGET, ULP_EBUILDID,
 * ULP_ENOTAPPLIED, ULP_EENTRY, ULP_EREGISTRY (the original bytes that the
 * registry keeps are not those of .ulp.rev), ULP_EREQUIRED.
 */
ULP_MUST_CHECK enum ulp_code plan_revert(struct plan *plan, struct engine *e,
					 const struct ulp_container *c, struct ulp_err *err);

/* Whether the commit reverts the record's patch, because the container supersedes it. */
bool plan_supersedes(const struct plan *plan, const struct registry_patch *p);

/* Whether plan_map() has system calls to make. */
static inline bool plan_needs_map(const struct plan *plan)
{
	return plan->fresh;
}

ULP_MUST_CHECK enum ulp_code plan_map(struct plan *plan, struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code plan_write(struct plan *plan, struct ulp_err *err);

/*
 * Looks again at what may have changed (the target is still loaded, each word
 * is what it was, no other patch has come or gone) and commits.  All threads must be stopped and
 * outside of the guards.  On failure every byte is as before.
 */
ULP_MUST_CHECK enum ulp_code plan_commit(struct plan *plan, struct ulp_err *err);

/* Unmaps what plan_map() mapped, unless it was committed. */
ULP_MUST_CHECK enum ulp_code plan_undo(struct plan *plan, struct ulp_err *err);

void plan_deinit(struct plan *plan);

#endif
