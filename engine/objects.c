/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The way to the list: AT_PHDR -> the executable's PT_DYNAMIC -> DT_DEBUG ->
 * struct r_debug -> struct link_map.  Not by a symbol: an executable that
 * refers to _r_debug has a copy of it that is never updated.  Where the
 * executable is ld.so itself: linker_program.h.
 */
#include "config.h"

#include "engine/injected.h"
#include "engine/link_list.h"
#include "engine/linker_program.h"
#include "engine/object_headers.h"
#include "engine/objects.h"
#include "engine/registry_format.h"
#include "engine/scopes.h"
#include "engine/symbols.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

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

/* Takes what *o owns, also on failure. */
static enum ulp_code object_append(struct ulp_objects *objs, struct ulp_object *o,
				   struct ulp_err *err)
{
	struct ulp_object *list = reallocarray(objs->list, objs->nr + 1, sizeof(*list));

	if (!list) {
		object_deinit(o);
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	}
	objs->list = list;
	list[objs->nr++] = *o;
	return ULP_OK;
}

/*
 * Objects that cannot be understood (the vDSO of some kernels, an object whose
 * headers the application has unmapped) are left out: they are neither targets
 * nor providers.  The executable must be understood.
 */
/* prog: NULL in a namespace of dlmopen(3), which has none. */
static enum ulp_code list_read(struct reader *r, const struct link_list *links,
			       const struct main_program *prog, unsigned space,
			       struct ulp_objects *objs, struct ulp_err *err)
{
	for (size_t i = 0; i < links->nr; i++) {
		const struct link_node *node = &links->nodes[i];
		const bool is_program = prog && i == 0;
		struct ulp_object o;
		enum ulp_code code = object_read(r, node->at, &node->map, &o, err);

		if (!code)
			code = is_program ? main_program_headers(prog, &o, err)
					  : object_read_headers(r, &o, err);
		if (code == ULP_ENOMEM || (code && is_program)) {
			object_deinit(&o);
			return code;
		}
		if (code) {
			object_deinit(&o);
			continue;
		}
		o.is_main = objs->nr == 0;
		o.space = space;
		code = object_append(objs, &o, err);
		if (code)
			return code;
	}
	if (links->end.code && err)
		*err = links->end;
	return links->end.code;
}

static enum ulp_code r_debug_find(struct reader *r, const struct main_program *prog, uint64_t *ret,
				  struct ulp_err *err)
{
	enum ulp_code code = prog->has_linker ? main_program_r_debug(r, prog, ret, err)
					      : linker_program_r_debug(r, prog, ret, err);

	if (code)
		return code;
	return *ret ? ULP_OK
		    : ulp_fail(err, ULP_ESTOP,
			       "the dynamic linker has not started the program yet");
}

/* Where the list begins; only while it is not being changed. */
static enum ulp_code first_link(struct reader *r, uint64_t r_debug, uint64_t *ret,
				struct ulp_err *err)
{
	struct r_debug debug;
	enum ulp_code code = reader_read(r, r_debug, &debug, sizeof(debug), err);

	if (code)
		return code;
	if (debug.r_state != RT_CONSISTENT)
		return ulp_fail(err, ULP_ESTOP,
				"the dynamic linker is loading or unloading a library");
	*ret = (uint64_t)(uintptr_t)debug.r_map;
	return ULP_OK;
}

/*
 * A list in the middle of a change may lead anywhere, and r_state may be that
 * of before or after: only what is found twice is taken.  The two walks take
 * microseconds, so that this soon succeeds also where libraries come and go
 * all the time.
 */
#define MAX_WALKS 20

static enum ulp_code links_read(struct reader *r, uint64_t r_debug, struct link_list *ret,
				struct ulp_err *err)
{
	struct link_list before = {0};

	for (unsigned n = 0; n < MAX_WALKS; n++) {
		struct link_list now;
		uint64_t first = 0;
		bool same;
		enum ulp_code code;

		reader_look_again(r);
		code = first_link(r, r_debug, &first, err);
		if (!code)
			code = link_list_read(r, first, &now, err);
		if (code) {
			link_list_deinit(&before);
			return code;
		}
		same = n > 0 && link_list_same(&before, &now);
		link_list_deinit(&before);
		if (same) {
			*ret = now;
			return ULP_OK;
		}
		before = now;
	}
	link_list_deinit(&before);
	return ulp_fail(err, ULP_ESTOP,
			"the list of loaded objects changes while it is being read");
}

/*
 * What was read of an object that has left the list meanwhile may be anything.
 * One that came is not known, as if it came a moment later.  first: of those that
 * were read from this list.
 */
static void gone_drop(struct ulp_objects *objs, size_t first, const struct link_list *links)
{
	size_t kept = first;

	for (size_t i = first; i < objs->nr; i++) {
		struct ulp_object *o = &objs->list[i];

		if (link_list_has(links, o->link_map, o->bias, o->dynamic_at))
			objs->list[kept++] = *o;
		else
			object_deinit(o);
	}
	objs->nr = kept;
}

/* What was being written when its tool was killed has no magic number yet. */
static bool is_runtime(struct reader *r, const struct ulp_object *o)
{
	uint8_t magic[sizeof(ULP_REGISTRY_MAGIC)];
	struct ulp_symbol sym;

	return strcmp(o->soname, ULP_RUNTIME_SONAME) == 0 &&
	       symbol_in_object(r, o, ULP_REGISTRY_SYMBOL, "", &sym) &&
	       !reader_read(r, sym.addr, magic, sizeof(magic), NULL) &&
	       memcmp(magic, ULP_REGISTRY_MAGIC, sizeof(magic)) == 0;
}

static enum ulp_code injected_read(struct reader *r, const struct injected_image *image,
				   struct ulp_object *o, struct ulp_err *err)
{
	const struct link_map map = {
		.l_addr = image->bias,
		.l_ld = (ElfW(Dyn) *)(uintptr_t)image->dynamic_at,
	};
	enum ulp_code code = object_read(r, 0, &map, o, err);

	if (!code)
		code = object_read_headers(r, o, err);
	if (code)
		return code;
	free(o->path);
	o->path = strdup(OBJECTS_INJECTED_PATH);
	return o->path ? ULP_OK : ulp_fail(err, ULP_ENOMEM, "out of memory");
}

/* The runtime, where `ulp trigger --inject` has brought it: in nobody's scope. */
static enum ulp_code injected_add(struct reader *r, struct ulp_objects *objs, struct ulp_err *err)
{
	struct injected_image *images;
	enum ulp_code code;
	size_t nr;

	if (objects_find_soname(objs, ULP_RUNTIME_SONAME))
		return ULP_OK;
	code = injected_images(r, &images, &nr, err);
	if (code)
		return code;
	for (size_t i = 0; i < nr; i++) {
		struct ulp_object o;

		code = injected_read(r, &images[i], &o, err);
		if (!code && is_runtime(r, &o)) {
			code = object_append(objs, &o, err);
			break;
		}
		object_deinit(&o);
		if (code == ULP_ENOMEM)
			break;
		code = ULP_OK;
	}
	free(images);
	return code;
}

static enum ulp_code linked_objects_read(struct reader *r, struct main_program *prog,
					 struct ulp_objects *objs, struct ulp_err *err)
{
	struct link_list links = {0}, later = {0};
	uint64_t r_debug = 0;
	enum ulp_code code = r_debug_find(r, prog, &r_debug, err);

	if (!code)
		code = links_read(r, r_debug, &links, err);
	if (!code && !prog->has_linker && links.nr)
		code = linker_program_find(r, links.nodes[0].at, prog, err);
	if (!code)
		code = list_read(r, &links, prog, 0, objs, err);
	if (!code)
		code = links_read(r, r_debug, &later, err);
	if (!code)
		gone_drop(objs, 0, &later);
	objs->r_debug = r_debug;
	link_list_deinit(&links);
	link_list_deinit(&later);
	return code;
}

/* --- namespaces of dlmopen(3) ------------------------------------------------------ */

/* r_next of struct r_debug_extended (glibc 2.35, <link.h>), which begins with a struct r_debug. */
#define R_NEXT sizeof(struct r_debug)

/* The r_version from which on there may be an r_next. */
#define R_VERSION_EXTENDED 2

/* glibc has 16 (DL_NNS in sysdeps/generic/ldsodefs.h), and the runtime one; bounds a list that
 * loops. */
#define MAX_SPACES 32u

/* The node that shows containers to debuggers is the registry's (engine/debug_list.h). */
static bool is_of_runtime(const struct ulp_objects *objs, uint64_t node)
{
	const struct ulp_object *runtime = objects_find_soname(objs, ULP_RUNTIME_SONAME);

	return runtime && node >= runtime->start && node < runtime->end;
}

/* The dynamic linker is there once, and listed in each namespace. */
static void proxies_mark(struct ulp_objects *objs, size_t first)
{
	for (size_t i = first; i < objs->nr; i++)
		for (size_t k = 0; k < first; k++)
			if (objs->list[k].bias == objs->list[i].bias &&
			    objs->list[k].dynamic_at == objs->list[i].dynamic_at)
				objs->list[i].is_proxy = true;
}

/* The objects of one namespace.  What its first library and that one's needs have is global. */
static enum ulp_code space_read_objects(struct reader *r, uint64_t node, unsigned space,
					struct ulp_objects *objs, struct ulp_err *err)
{
	struct link_list links = {0}, later = {0};
	const size_t first = objs->nr;
	enum ulp_code code = links_read(r, node, &links, err);

	if (!code)
		code = list_read(r, &links, NULL, space, objs, err);
	if (!code)
		code = links_read(r, node, &later, err);
	if (!code)
		gone_drop(objs, first, &later);
	link_list_deinit(&links);
	link_list_deinit(&later);
	if (code)
		return code;
	proxies_mark(objs, first);
	if (objs->nr > first)
		scopes_add(objs, &objs->list[first], OBJECT_SCOPE_GLOBAL);
	return ULP_OK;
}

static enum ulp_code spaces_read(struct reader *r, struct ulp_objects *objs, struct ulp_err *err)
{
	struct r_debug debug;
	uint64_t node = objs->r_debug;
	enum ulp_code code = reader_read(r, node, &debug, sizeof(debug), err);

	if (code || debug.r_version < R_VERSION_EXTENDED)
		return code;
	for (unsigned space = 1; !code && space < MAX_SPACES; space++) {
		code = reader_read(r, node + R_NEXT, &node, sizeof(node), err);
		if (code || !node)
			return code;
		if (!is_of_runtime(objs, node))
			code = space_read_objects(r, node, space, objs, err);
	}
	return code ? code : ulp_fail(err, ULP_EELF, "the list of namespaces does not end");
}

enum ulp_code objects_read(struct reader *r, uint64_t at_phdr, uint64_t at_phnum,
			   struct ulp_objects *ret, struct ulp_err *err)
{
	struct ulp_objects objs = {0};
	struct main_program prog;
	enum ulp_code code = main_program_read(r, at_phdr, at_phnum, &prog, err);

	if (!code)
		code = linked_objects_read(r, &prog, &objs, err);
	if (!code && !objs.nr)
		code = ulp_fail(err, ULP_ESTOP,
				"the dynamic linker has not started the program yet");
	if (!code) {
		scopes_mark(&objs);
		code = injected_add(r, &objs, err);
	}
	if (!code)
		code = spaces_read(r, &objs, err);
	if (code) {
		objects_deinit(&objs);
		return code;
	}
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
		if (object_is_named(&objs->list[i], soname))
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

	/* Nobody unloads what the dynamic linker does not know. */
	if (!o->link_map)
		return true;
	return !space_read(space, o->link_map, &map, sizeof(map), NULL) && map.l_addr == o->bias &&
	       (uint64_t)(uintptr_t)map.l_ld == o->dynamic_at;
}
