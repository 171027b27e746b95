/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One target process as the engine sees it: its objects and its registry.
 */
#ifndef ULP_ENGINE_ENGINE_H
#define ULP_ENGINE_ENGINE_H

#include "container/container.h"
#include "engine/objects.h"
#include "engine/registry.h"

struct engine {
	struct ulp_space *space; /* borrowed */
	struct reader reader;
	struct ulp_objects objects;
	struct registry registry;
	/*
	 * Where the process has several copies of one build: the bias of the one that
	 * engine_target() gives; 0: the first.  Set by the caller; engine_copies() has them.
	 */
	uint64_t copy;
};

/*
 * Reads objects and registry.  Errors: those of objects_read() and
 * registry_read().  A process without the runtime is ULP_ENORUNTIME.
 */
ULP_MUST_CHECK enum ulp_code engine_open(struct engine *e, struct ulp_space *space,
					 uint64_t at_phdr, uint64_t at_phnum, struct ulp_err *err);

/* Reads both anew, after the process had time to change them. */
ULP_MUST_CHECK enum ulp_code engine_refresh(struct engine *e, uint64_t at_phdr, uint64_t at_phnum,
					    struct ulp_err *err);

void engine_close(struct engine *e);

/*
 * The object that the container is for.
 * Errors (outcome SKIPPED): ULP_ENOTARGET, ULP_EBUILDID (says which one it has).
 */
ULP_MUST_CHECK enum ulp_code engine_target(const struct engine *e, const struct ulp_container *c,
					   const struct ulp_object **ret, struct ulp_err *err);

/*
 * The biases of all copies of that object's build, in the order of the link map:
 * *ret is malloc'ed, with *nr > 0 members, each different.  Errors: those of
 * engine_target(), ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code engine_copies(const struct engine *e, const struct ulp_container *c,
					   uint64_t **ret, size_t *nr, struct ulp_err *err);

/* Whether the registry was left in the middle of a commit by a tool that died. */
static inline bool engine_needs_recovery(const struct engine *e)
{
	return e->registry.head.commit == ULP_COMMIT_DECIDED;
}

#endif
