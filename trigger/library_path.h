/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A library that somebody names by a path.
 */
#ifndef ULP_TRIGGER_LIBRARY_PATH_H
#define ULP_TRIGGER_LIBRARY_PATH_H

#include "trigger/target.h"

/*
 * The name by which plan_library_is() knows the object that `name` means.  Where that has a slash
 * it may also be the path that the kernel has for the object's file, as `ulp patches` shows it of
 * programs, or any other one that leads there; a file that was deleted meanwhile still has its
 * name.  All other names, and those of no object, stay as they are.  malloc'ed; NULL: out of
 * memory.
 */
char *library_path_resolve(const struct target *t, const char *name);

#endif
