/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way to the list: AT_PHDR -> the executable's PT_DYNAMIC -> DT_DEBUG ->
 * struct r_debug -> struct link_map.  Not by a symbol: an executable that
 * refers to _r_debug has a copy of it that is never updated.  Where the
 * executable is ld.so itself: linker_program.h.
 */
#include "config.h"

#include "engine/linker_program.h"
#include "engine/object_headers.h"
#include "engine/objects.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

/* More than any real process has; bounds the walk through a list that loops. */
#define MAX_OBJECTS 4096u

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum ulp_code names_read(struct reader *r, struct ulp_object *o,
				const struct object_dyn_names *names, struct ulp_err *err)
{
	if (names->soname) {
		enum ulp_code code =
			reader_strdup(r, o->dyn.strtab + names->soname_off, &o->soname, err);
		if (code)
			return code;
	} else {
		o->soname = strdup(last_component(o->path));
		if (!o->soname)
			return ulp_fail(err, ULP_ENOMEM, "out of memory");
	}
	o->needed = calloc(names->nr_needed + 1, sizeof(*o->needed));
	if (!o->needed)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (; o->nr_needed < names->nr_needed; o->nr_needed++) {
		enum ulp_code code =
			reader_strdup(r, o->dyn.strtab + names->needed_off[o->nr_needed],
				      &o->needed[o->nr_needed], err);
		if (code)
			return code;
	}
	return ULP_OK;
}

static void object_deinit(struct ulp_object *o)
{
	for (size_t i = 0; i < o->nr_needed; i++)
		free(o->needed[i]);
	free(o->needed);
	free(o->soname);
	free(o->path);
}

static enum ulp_code object_read(struct reader *r, uint64_t map_at, const struct link_map *map,
				 struct ulp_object *o, struct ulp_err *err)
{
	struct object_dyn_names names;
	enum ulp_code code = ULP_OK;

	memset(o, 0, sizeof(*o));
	if (map->l_name)
		code = reader_strdup(r, (uint64_t)(uintptr_t)map->l_name, &o->path, err);
	else if (!(o->path = strdup("")))
		code = ulp_fail(err, ULP_ENOMEM, "out of memory");
	if (code)
		return code;
	o->bias = map->l_addr;
	o->dynamic_at = (uint64_t)(uintptr_t)map->l_ld;
	o->link_map = map_at;
	code = object_read_dynamic(r, o, &names, err);
	if (!code)
		code = names_read(r, o, &names, err);
	free(names.needed_off);
	return code;
}

/*
 * Objects that cannot be understood (the vDSO of some kernels, an object whose
 * headers the application has unmapped) are left out: they are neither targets
 * nor providers.  The executable must be understood.
 */
static enum ulp_code list_read(struct reader *r, uint64_t first, const struct main_program *prog,
			       struct ulp_objects *objs, struct ulp_err *err)
{
	size_t seen = 0;

	for (uint64_t at = first; at;) {
		struct link_map map;
		struct ulp_object o;
		struct ulp_object *list;
		enum ulp_code code = reader_read(r, at, &map, sizeof(map), err);

		if (code)
			return code;
		if (++seen > MAX_OBJECTS)
			return ulp_fail(err, ULP_EELF, "the list of loaded objects does not end");
		code = object_read(r, at, &map, &o, err);
		if (!code)
			code = at == first ? main_program_headers(prog, &o, err)
					   : object_read_headers(r, &o, err);
		if (code == ULP_ENOMEM || (code && at == first)) {
			object_deinit(&o);
			return code;
		}
		at = (uint64_t)(uintptr_t)map.l_next;
		if (code) {
			object_deinit(&o);
			continue;
		}
		o.is_main = objs->nr == 0;
		list = reallocarray(objs->list, objs->nr + 1, sizeof(*list));
		if (!list) {
			object_deinit(&o);
			return ulp_fail(err, ULP_ENOMEM, "out of memory");
		}
		objs->list = list;
		list[objs->nr++] = o;
	}
	return ULP_OK;
}

static enum ulp_code r_debug_read(struct reader *r, const struct main_program *prog,
				  struct r_debug *debug, struct ulp_err *err)
{
	uint64_t at;
	enum ulp_code code = prog->has_linker ? main_program_r_debug(r, prog, &at, err)
					      : linker_program_r_debug(r, prog, &at, err);

	if (code)
		return code;
	if (!at)
		return ulp_fail(err, ULP_ESTOP,
				"the dynamic linker has not started the program yet");
	code = reader_read(r, at, debug, sizeof(*debug), err);
	if (code)
		return code;
	if (debug->r_state != RT_CONSISTENT)
		return ulp_fail(err, ULP_ESTOP,
				"the dynamic linker is loading or unloading a library");
	return ULP_OK;
}

static bool named(const struct ulp_object *o, const char *soname)
{
	return strcmp(o->soname, soname) == 0 || strcmp(last_component(o->path), soname) == 0;
}

/* Marks the object and all that it needs, at any depth. */
static void scope_add(struct ulp_objects *objs, struct ulp_object *o, enum object_scope scope)
{
	if (o->scope & scope)
		return;
	o->scope |= scope;
	for (size_t i = 0; i < o->nr_needed; i++)
		for (size_t k = 0; k < objs->nr; k++)
			if (named(&objs->list[k], o->needed[i])) {
				scope_add(objs, &objs->list[k], scope);
				break;
			}
}

void objects_set_local_scope(struct ulp_objects *objs, const struct ulp_object *from)
{
	for (size_t i = 0; i < objs->nr; i++)
		objs->list[i].scope &= ~(unsigned)OBJECT_SCOPE_LOCAL;
	scope_add(objs, &objs->list[from - objs->list], OBJECT_SCOPE_LOCAL);
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
static void scope_mark(struct ulp_objects *objs)
{
	size_t first_need = objs->nr;
	const struct ulp_object *prog;

	if (!objs->nr)
		return;
	prog = &objs->list[0];
	for (size_t i = objs->nr; i-- > 1;)
		for (size_t k = 0; k < prog->nr_needed; k++)
			if (named(&objs->list[i], prog->needed[k]))
				first_need = i;
	scope_add(objs, &objs->list[0], OBJECT_SCOPE_GLOBAL);
	for (size_t i = 1; i < first_need && prog->nr_needed; i++)
		if (!is_vdso(&objs->list[i]))
			scope_add(objs, &objs->list[i], OBJECT_SCOPE_GLOBAL);
}

enum ulp_code objects_read(struct reader *r, uint64_t at_phdr, uint64_t at_phnum,
			   struct ulp_objects *ret, struct ulp_err *err)
{
	struct ulp_objects objs = {0};
	struct main_program prog;
	struct r_debug debug;
	enum ulp_code code = main_program_read(r, at_phdr, at_phnum, &prog, err);

	if (!code)
		code = r_debug_read(r, &prog, &debug, err);
	if (!code && !prog.has_linker && debug.r_map)
		code = linker_program_find(r, (uint64_t)(uintptr_t)debug.r_map, &prog, err);
	if (!code)
		code = list_read(r, (uint64_t)(uintptr_t)debug.r_map, &prog, &objs, err);
	if (!code && !objs.nr)
		code = ulp_fail(err, ULP_ESTOP,
				"the dynamic linker has not started the program yet");
	if (code) {
		objects_deinit(&objs);
		return code;
	}
	scope_mark(&objs);
	*ret = objs;
	return ULP_OK;
}

void objects_deinit(struct ulp_objects *objs)
{
	for (size_t i = 0; i < objs->nr; i++)
		object_deinit(&objs->list[i]);
	free(objs->list);
	*objs = (struct ulp_objects){0};
}

const struct ulp_object *objects_find_soname(const struct ulp_objects *objs, const char *soname)
{
	for (size_t i = 0; i < objs->nr; i++)
		if (named(&objs->list[i], soname))
			return &objs->list[i];
	return NULL;
}

const struct ulp_object *objects_find_build_id(const struct ulp_objects *objs,
					       const struct ulp_build_id *id)
{
	for (size_t i = 0; i < objs->nr; i++)
		if (objs->list[i].build_id.len && ulp_build_id_equal(&objs->list[i].build_id, id))
			return &objs->list[i];
	return NULL;
}

bool object_still_loaded(struct ulp_space *space, const struct ulp_object *o)
{
	struct link_map map;

	return !space_read(space, o->link_map, &map, sizeof(map), NULL) && map.l_addr == o->bias &&
	       (uint64_t)(uintptr_t)map.l_ld == o->dynamic_at;
}
