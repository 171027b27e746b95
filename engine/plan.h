/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One change of a process: one container comes, or patches leave, or both.  Everything that
 * can fail is in the steps that run while the target runs; the commit writes.
 *
 *   plan_apply(), plan_revert(),    checks, imports bound     target runs
 *   plan_exchange(), plan_revert_all()
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
#include "engine/snapshot.h"
#include "engine/word_edits.h"

/* Code in which no thread may stand at the commit.  Borrows its name, from the plan's engine too.
 */
struct plan_guard {
	uint64_t start;
	uint64_t end; /* first byte past it */
	const char *name;
	bool whole; /* not one function: at its start a thread is inside, too */
};

/* A word as it must be when the commit begins. */
struct plan_word {
	uint64_t at;
	uint8_t want[8];
};

/* Nothing is applied, or what is applied has no record there yet. */
#define PLAN_NO_INDEX SIZE_MAX

struct plan {
	struct engine *engine;		       /* borrowed */
	const struct ulp_container *container; /* borrowed; NULL with plan_revert_all() */
	const struct ulp_object *target;       /* of it; borrowed from the engine; NULL likewise */
	bool applies;			       /* the commit applies the container */
	bool fresh;			       /* the container is not mapped in the process yet */
	struct load load;		       /* only if fresh */
	uint8_t *record; /* the new record, before the registry takes it; owned */
	uint32_t record_len;
	size_t index;	   /* of what is applied in registry.patches, or PLAN_NO_INDEX */
	uint64_t *leaving; /* addresses of the records that the commit reverts; owned */
	size_t nr_leaving;
	bool committed;
	/* For the stop; made by plan_write(). */
	struct word_edits edits;
	struct plan_word *words; /* of all patches that change; owned */
	size_t nr_words;
	struct snapshot snapshot;  /* of all that the commit reads */
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

/*
 * As plan_apply(), but all other applied patches of the target leave with the same commit.
 * A container that is applied already stays as it is, and only the others leave; where
 * there are none the plan is empty.  Errors: those of plan_apply() but ULP_EAPPLIED.
 */
ULP_MUST_CHECK enum ulp_code plan_exchange(struct plan *plan, struct engine *e,
					   const struct ulp_container *c, struct ulp_err *err);

/* A library, and whose business it is not. */
struct plan_library {
	const char *name; /* see plan_library_is() */
	/* Copies of the library that one of these is for, or is for another build of, are not
	 * meant; borrowed. */
	const struct ulp_container *except;
	size_t nr_except;
};

/*
 * All patches leave that are applied to the library, to each copy of it that the process
 * has.  Where there are none the plan is empty.  No container is needed: the
 * registry has all that is to be written.
 *
 * Errors: ULP_ENOTARGET (the process does not have the library), ULP_EENTRY,
 * ULP_EREGISTRY, ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code plan_revert_all(struct plan *plan, struct engine *e,
					     const struct plan_library *lib, struct ulp_err *err);

/*
 * Whether the name means this object: its soname, its path as the dynamic linker has it, the
 * last part of that, or the name by which a patch that is applied to it calls it.
 */
bool plan_library_is(const struct engine *e, const struct ulp_object *o, const char *name);

/* Whether the process has a library that is meant. */
bool plan_library_has(const struct engine *e, const struct plan_library *lib);

/* Whether the commit reverts the record's patch. */
bool plan_leaves(const struct plan *plan, const struct registry_patch *p);

/* The object that the record's patch is for, NULL if it is not loaded there any more. */
const struct ulp_object *plan_library_of(const struct plan *plan, const struct registry_patch *p);

/* Whether there is nothing to commit. */
static inline bool plan_is_empty(const struct plan *plan)
{
	return !plan->applies && !plan->nr_leaving;
}

/* Whether plan_map() has system calls to make. */
static inline bool plan_needs_map(const struct plan *plan)
{
	return plan->fresh;
}

ULP_MUST_CHECK enum ulp_code plan_map(struct plan *plan, struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code plan_write(struct plan *plan, struct ulp_err *err);

/*
 * What plan_commit() looks at, in vain: what is executed and read for the first time costs much
 * more than later, and then threads would wait for it.  To be called shortly before, while the
 * busy ones run.  Does nothing without plan_write().
 */
void plan_rehearse(struct plan *plan);

/*
 * Looks again at what may have changed (the target is still loaded, each word
 * is what it was, no other patch has come or gone) and commits.  All threads must be stopped and
 * outside of the guards.  On failure every byte is as before.
 */
ULP_MUST_CHECK enum ulp_code plan_commit(struct plan *plan, struct ulp_err *err);

/* Unmaps what plan_map() mapped, also where it failed, unless it was committed. */
ULP_MUST_CHECK enum ulp_code plan_undo(struct plan *plan, struct ulp_err *err);

/*
 * Unmaps what an earlier tool has mapped and did not live to use (engine/pending.h); of
 * the plan only the engine is needed.  One thread borrowed.
 */
ULP_MUST_CHECK enum ulp_code plan_clean(struct plan *plan, struct ulp_err *err);

void plan_deinit(struct plan *plan);

#endif
