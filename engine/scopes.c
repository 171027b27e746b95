/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/scopes.h"

#include <string.h>

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool object_is_named(const struct ulp_object *o, const char *soname)
{
	return strcmp(o->soname, soname) == 0 || strcmp(last_component(o->path), soname) == 0;
}

void scopes_add(struct ulp_objects *objs, struct ulp_object *o, enum object_scope scope)
{
	if (o->scope & scope)
		return;
	o->scope |= scope;
	for (size_t i = 0; i < o->nr_needed; i++)
		for (size_t k = 0; k < objs->nr; k++)
			if (objs->list[k].space == o->space &&
			    object_is_named(&objs->list[k], o->needed[i])) {
				scopes_add(objs, &objs->list[k], scope);
				break;
			}
}

void objects_set_local_scope(struct ulp_objects *objs, const struct ulp_object *from)
{
	for (size_t i = 0; i < objs->nr; i++)
		objs->list[i].scope &= ~(unsigned)OBJECT_SCOPE_LOCAL;
	scopes_add(objs, &objs->list[from - objs->list], OBJECT_SCOPE_LOCAL);
	objs->space = from->space;
}

/* Listed by its soname, without a path; nobody's scope (glibc, elf/setup-vdso.h). */
static bool is_vdso(const struct ulp_object *o)
{
	return !o->is_main && !strchr(o->path, '/');
}

/*
 * Which objects dlopen(RTLD_LOCAL) brought is private to the dynamic linker.
 * Those of the start-up are known: the executable, what it needs, and what
 * stands in the list before its first need, which are the preloads (ld.so maps
 * them first; elf/rtld.c, dl_main()).
 */
void scopes_mark(struct ulp_objects *objs)
{
	size_t first_need = objs->nr;
	const struct ulp_object *prog;

	if (!objs->nr)
		return;
	prog = &objs->list[0];
	for (size_t i = objs->nr; i-- > 1;)
		for (size_t k = 0; k < prog->nr_needed; k++)
			if (object_is_named(&objs->list[i], prog->needed[k]))
				first_need = i;
	scopes_add(objs, &objs->list[0], OBJECT_SCOPE_GLOBAL);
	for (size_t i = 1; i < first_need && prog->nr_needed; i++)
		if (!is_vdso(&objs->list[i]))
			scopes_add(objs, &objs->list[i], OBJECT_SCOPE_GLOBAL);
}
