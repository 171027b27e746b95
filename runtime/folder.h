/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folders of live patches: what is in them, and whether it may be trusted.
 */
#ifndef ULP_RUNTIME_FOLDER_H
#define ULP_RUNTIME_FOLDER_H

#include "container/err.h"

#include <sys/stat.h>
#include <sys/types.h>

/* Names in a folder, without those that begin with a dot, sorted by their bytes. */
struct folder_names {
	char **list; /* each owned */
	size_t nr;
};

/*
 * Reads the names from an open folder.  Errors: ULP_ESYS, ULP_ENOMEM, ULP_EELF
 * (more names than a folder of live patches can have).  *ret must be freed with
 * folder_names_deinit().
 */
ULP_MUST_CHECK enum ulp_code folder_names(int fd, struct folder_names *ret, struct ulp_err *err);
void folder_names_deinit(struct folder_names *names);

/*
 * Why a file or folder must not be used, NULL if it may: its code would run with
 * the rights of this process, so nobody else may be able to write it.  st: of
 * what was opened, not of a name.  owner: who may own it besides root.
 */
const char *folder_distrust(const struct stat *st, uid_t owner);

/* How many entries /proc/self/task has; 0 if it cannot be read. */
size_t folder_count_threads(void);

#endif
