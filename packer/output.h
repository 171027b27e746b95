/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing the container, whole or not at all. */
#ifndef ULP_PACKER_OUTPUT_H
#define ULP_PACKER_OUTPUT_H

#include "container/err.h"
#include "packer/pool.h"

/*
 * ULP_EUSAGE (where: path) if `path` is one of these files, under whatever name.
 * Inputs that are NULL or cannot be examined are passed over.
 */
ULP_MUST_CHECK enum ulp_code output_check_inputs(const char *path, const char *const *inputs,
						 size_t nr, struct ulp_err *err);

/*
 * Writes a temporary file beside `path` and renames it: path has the old
 * content or all of the new one.
 *
 * Errors, where: path: ULP_EUSAGE (there is something else than a regular file),
 * ULP_ESYS.
 */
ULP_MUST_CHECK enum ulp_code output_write(struct pool *pool, const char *path, const void *bytes,
					  size_t len, struct ulp_err *err);

#endif
