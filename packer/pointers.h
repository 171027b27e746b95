/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pointers of the fix that the spec lets lead to symbols of the target. */
#ifndef ULP_PACKER_POINTERS_H
#define ULP_PACKER_POINTERS_H

#include "packer/select.h"
#include "packer/spec.h"

/* A section of zeroes that gets bytes in the file for a pointer in it is not larger. */
#define POINTERS_MAX_FILL (1u << 20) /* bytes */

/*
 * Adds a reference for each item of the spec's `references`; after selection_run(), so that what
 * comes along is known.
 *
 * Errors (where: the item's place in the spec): ULP_ESYMBOL (no such pointer, or not used; the
 * target has no such symbol), ULP_EAMBIGUOUS, ULP_EMISMATCH (the pointer is the target's),
 * ULP_ETLS, ULP_EUNSUP (it is no pointer that begins as NULL; an ifunc; an exported variable).
 */
ULP_MUST_CHECK enum ulp_code selection_pointers(struct selection *sel, const struct spec *spec,
						struct ulp_err *err);

#endif
