/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a container's imports are bound to.  As ld.so would do it, but without
 * executing anything: an IFUNC, whose resolver may not run in a borrowed
 * thread, is taken from where the process has bound it already.
 */
#ifndef ULP_ENGINE_BINDINGS_H
#define ULP_ENGINE_BINDINGS_H

#include "engine/symbols.h"

/*
 * Address for the import, as seen from `target`, whose scope must be the local one.  A weak import
 * that nobody defines gives 0.
 *
 * Errors: ULP_ESYMBOL (nobody defines it; an IFUNC that nothing in the process
 * has bound), ULP_ETLS (a thread-local variable).
 */
ULP_MUST_CHECK enum ulp_code binding_find(struct reader *r, const struct ulp_objects *objects,
					  const struct ulp_object *target,
					  const struct ulp_import *import, uint64_t *ret,
					  struct ulp_err *err);

#endif
