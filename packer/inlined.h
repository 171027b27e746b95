/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies of a replaced function inside its callers, as the target's debug information tells. */
#ifndef ULP_PACKER_INLINED_H
#define ULP_PACKER_INLINED_H

#include "packer/functions.h"

/*
 * Refuses replacements that were inlined into functions which are not replaced
 * themselves: ULP_EMISMATCH at the function's place in the spec, with the
 * callers' names.  Adds a warning where there is no debug information.
 * Other errors: ULP_ESYS, ULP_EELF (it cannot be read).
 */
ULP_MUST_CHECK enum ulp_code inlined_check(struct pool *pool, const struct spec *spec,
					   const struct target *target,
					   const struct replacement *list, size_t nr,
					   struct report *report, struct ulp_err *err);

#endif
