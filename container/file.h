/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole file as one block of memory.
 */
#ifndef ULP_CONTAINER_FILE_H
#define ULP_CONTAINER_FILE_H

#include "container/err.h"

#include <stdint.h>

/*
 * Reads a regular file of at most max bytes into *bytes (malloc'ed, the caller
 * frees; never NULL) and *len.  A copy and not a mapping: the file may change
 * or shrink meanwhile.  err->where stays empty: the caller knows the path.
 *
 * Errors: ULP_EPERM (open: EACCES, EPERM), ULP_ESYS (open, read), ULP_EELF (a
 * directory or another thing that is no regular file; longer than max),
 * ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code ulp_file_read(const char *path, uint64_t max, unsigned char **bytes,
					   size_t *len, struct ulp_err *err);

#endif
