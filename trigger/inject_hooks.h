/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unwinders ask _dl_find_object() and dl_iterate_phdr() for unwind tables.  The dynamic linker
 * binds them to the runtime if that is preloaded; to an injected one nobody has bound anything,
 * so the slots of libgcc_s and its like are rewritten.
 */
#ifndef ULP_TRIGGER_INJECT_HOOKS_H
#define ULP_TRIGGER_INJECT_HOOKS_H

#include "engine/objects.h"
#include "trigger/session.h"

/* Addresses of the runtime's functions; 0: it has no such one. */
struct hooks {
	uint64_t find_object;
	uint64_t iterate_phdr;
};

/*
 * Leads all slots for the two functions that the objects have to the runtime's.  Stops all
 * threads, if there is one that leads elsewhere.  A slot that the dynamic linker has not filled
 * yet is left out: it belongs to a library that is being loaded.  *written: set to true before
 * the first one is written; NULL is allowed.
 *
 * Errors: ULP_ESTOP (the slots change meanwhile: try again; those of session_stop_all()),
 * ULP_ENOMEM, those of reading and writing.
 */
ULP_MUST_CHECK enum ulp_code hooks_set(const struct hooks *hooks, struct session *session,
				       struct reader *r, const struct ulp_objects *objects,
				       bool *written, struct ulp_err *err);

/*
 * The same for the runtime among the objects, before code of it or of a container runs: for
 * libraries that were loaded since it was injected.  Does nothing if the dynamic linker has
 * loaded it.
 */
ULP_MUST_CHECK enum ulp_code hooks_renew(struct session *session, struct reader *r,
					 const struct ulp_objects *objects, struct ulp_err *err);

#endif
