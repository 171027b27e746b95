/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The temporary folder of one packing.  Names in it are fixed and the linker
 * runs inside it, so that no name of this machine gets into the result.
 */
#ifndef ULP_PACKER_WORKDIR_H
#define ULP_PACKER_WORKDIR_H

#include "container/err.h"
#include "packer/pool.h"

struct workdir {
	const char *path; /* NULL: none */
};

/* Makes a folder in $TMPDIR or /tmp.  Error: ULP_ESYS. */
ULP_MUST_CHECK enum ulp_code workdir_init(struct pool *pool, struct workdir *dir,
					  struct ulp_err *err);

/* Removes the folder and the files in it; accepts a zeroed one. */
void workdir_deinit(struct workdir *dir);

/* Path of a file in it. */
const char *workdir_file(struct pool *pool, const struct workdir *dir, const char *name);

/* Writes a new file into it.  Error: ULP_ESYS. */
ULP_MUST_CHECK enum ulp_code workdir_write(struct pool *pool, const struct workdir *dir,
					   const char *name, const void *bytes, size_t len,
					   struct ulp_err *err);

/* Writes all bytes to fd; error: ULP_ESYS. */
ULP_MUST_CHECK enum ulp_code write_all(int fd, const void *bytes, size_t len, struct ulp_err *err);

#endif
