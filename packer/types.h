/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fix and the target must agree on what both touch: the layout of types, the
 * prototypes of functions, the initial values of variables.  See types.c.
 */
#ifndef ULP_PACKER_TYPES_H
#define ULP_PACKER_TYPES_H

#include "packer/select.h"

/*
 * Compares types at the patch's edge; see types.c for what the edge is.  Needs sel after
 * selection_run().  What the spec accepts becomes a warning; so does missing debug
 * information, without which layouts and prototypes cannot be compared.
 *
 * Errors: ULP_EMISMATCH (where: source line of the fix's declaration and the object);
 * ULP_EELF and ULP_ESYS (debug information that cannot be read).
 */
ULP_MUST_CHECK enum ulp_code types_check(struct pool *pool, const struct spec *spec,
					 const struct selection *sel, const struct target *target,
					 struct report *report, struct ulp_err *err);

#endif
