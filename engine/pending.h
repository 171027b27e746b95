/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory for a container that is mapped, or about to be, before its record is in
 * the registry's list.  A tool that is killed in between leaves it behind; the
 * registry's `pending` tells the next one where to look.
 *
 *   announce -> map -> mark -> (record written) -> list_grow() -> clear
 *                 \--> unmap -> clear
 *
 * What is found there later is unmapped only if it is certainly ours: it holds
 * the mark, the head of a record that names this very mapping; or, if the tool was
 * killed before it could write that, it is anonymous memory of exactly this place and
 * length in which nobody has ever written, and whose first page can be read and not written.
 */
#ifndef ULP_ENGINE_PENDING_H
#define ULP_ENGINE_PENDING_H

#include "engine/registry.h"

/*
 * registry_at: address of the registry.  p->len: whole pages, not 0.
 * Errors: those of writing.
 */
ULP_MUST_CHECK enum ulp_code pending_announce(struct ulp_space *space, uint64_t registry_at,
					      const struct ulp_reg_pending *p, struct ulp_err *err);

/* Writes the mark into memory that was mapped as announced.  Errors: those of writing. */
ULP_MUST_CHECK enum ulp_code pending_mark(struct ulp_space *space, const struct ulp_reg_pending *p,
					  struct ulp_err *err);

/* There is none any more.  Errors: those of writing. */
ULP_MUST_CHECK enum ulp_code pending_clear(struct ulp_space *space, uint64_t registry_at,
					   struct ulp_err *err);

/* Whether the registry names memory that no record of its list has. */
bool pending_is_left(const struct registry *reg);

/*
 * Whether that memory is mapped and certainly ours.  The caller has the
 * process's lock, so that no other tool is using it.
 */
bool pending_is_ours(const struct registry *reg, struct ulp_space *space);

/* Forgets it, where it is not ours or there is none.  Errors: those of writing. */
ULP_MUST_CHECK enum ulp_code pending_forget(struct registry *reg, struct ulp_space *space,
					    struct ulp_err *err);

/*
 * Unmaps it and forgets it.  Takes a borrowed thread.  Errors: those of unmapping
 * and writing.
 */
ULP_MUST_CHECK enum ulp_code pending_unmap(struct registry *reg, struct ulp_space *space,
					   struct ulp_err *err);

#endif
