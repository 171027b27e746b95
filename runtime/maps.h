/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process's own mappings and threads, from /proc/self.
 */
#ifndef ULP_RUNTIME_MAPS_H
#define ULP_RUNTIME_MAPS_H

#include "engine/space.h"

/*
 * /proc/self/maps as the engine wants it: sorted, one malloc'ed array that the
 * caller frees.  Errors: ULP_ESYS, ULP_EELF (a line that cannot be read),
 * ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code maps_read(struct ulp_region **regions, size_t *nr,
				       struct ulp_err *err);

/* The same from text that ends with a NUL.  Exported for tests. */
ULP_MUST_CHECK enum ulp_code maps_parse(const char *text, struct ulp_region **regions, size_t *nr,
					struct ulp_err *err);

#endif
