/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that shall not be patched, by their environment:
 * LIBPULP_DISABLE_ON_PATH, LIBPULP_DISABLE_ON_USERS, LIBPULP_DISABLE_ON_GROUPS.
 */
#ifndef ULP_RUNTIME_OPT_OUT_H
#define ULP_RUNTIME_OPT_OUT_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether one of the wildcards of a list (parted by colons) matches the text:
 * fnmatch(3) without flags, so that '*' matches slashes as well.
 */
bool opt_out_matches(const char *list, const char *text);

/*
 * Whether one of them matches the number, or a name that the file gives to it.
 * file: of the form of /etc/passwd and /etc/group, where the first field is the
 * name and the third the number.  One that cannot be read has no names.
 */
bool opt_out_matches_account(const char *list, const char *file, unsigned long id);

/*
 * The name of the variable that keeps this process from being patched, NULL if
 * none does.  Not for a process that has more rights than who started it.
 */
const char *opt_out_variable(char *const *envp);

#endif
