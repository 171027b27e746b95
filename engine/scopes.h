/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * In which lookups the objects of a process take part: what the dynamic linker
 * knows of each (l_scope in glibc) is private to it, and follows from the rest.
 */
#ifndef ULP_ENGINE_SCOPES_H
#define ULP_ENGINE_SCOPES_H

#include "engine/objects.h"

/* Whether it is known by this name: its soname, or the name of its file. */
bool object_is_named(const struct ulp_object *o, const char *soname);

/* Marks the object and all that it needs in its namespace, at any depth. */
void scopes_add(struct ulp_objects *objects, struct ulp_object *o, enum object_scope scope);

/* Marks the global scope of the program's own namespace. */
void scopes_mark(struct ulp_objects *objects);

#endif
