/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ULP_RUNTIME_ENVIRONMENT_H
#define ULP_RUNTIME_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The value of a variable, NULL if it is not set.  Borrowed from envp.  Not
 * getenv(): programs (bash) have one of their own, not ready before main().
 */
const char *environment_get(char *const *envp, const char *name);

/*
 * The next item of a list that is parted by colons: copied into item[0..size).
 * *list moves on, NULL after the last.  An item that is longer than size - 1 is
 * given as an empty one, so that those after it count.  false: the list has ended.
 */
bool environment_item(const char **list, char *item, size_t size);

/*
 * Removes the variables whose names begin with prefix, in place.  While no other
 * thread reads the environment.
 */
void environment_drop(char **envp, const char *prefix);

#endif
