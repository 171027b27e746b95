/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/plan_leaving.h"

#include <stdlib.h>
#include <string.h>

struct relations_leaving plan_leaving(const struct plan *plan)
{
	return (struct relations_leaving){plan->leaving, plan->nr_leaving};
}

/* Room for all records; none where there are none. */
static enum ulp_code room_make(struct plan *plan, struct ulp_err *err)
{
	if (!plan->engine->registry.nr)
		return ULP_OK;
	plan->leaving = calloc(plan->engine->registry.nr, sizeof(*plan->leaving));
	return plan->leaving ? ULP_OK : ulp_fail(err, ULP_ENOMEM, "out of memory");
}

enum ulp_code leaving_one(struct plan *plan, const struct registry_patch *p, struct ulp_err *err)
{
	enum ulp_code code = room_make(plan, err);

	if (!code)
		plan->leaving[plan->nr_leaving++] = p->at;
	return code;
}

enum ulp_code leaving_superseded(struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	enum ulp_code code = room_make(plan, err);

	for (size_t i = 0; i < reg->nr && !code; i++)
		if (relations_superseded(reg, plan->target, &plan->container->patch,
					 &reg->patches[i]))
			plan->leaving[plan->nr_leaving++] = reg->patches[i].at;
	return code;
}

enum ulp_code leaving_others(struct plan *plan, long index, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	enum ulp_code code = room_make(plan, err);

	for (size_t i = 0; i < reg->nr && !code; i++)
		if ((long)i != index && relations_applied(reg, plan->target, &reg->patches[i]))
			plan->leaving[plan->nr_leaving++] = reg->patches[i].at;
	return code;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* By what the patches of the object say: the only name that an executable has for us. */
static bool is_called(const struct registry *reg, const struct ulp_object *o, const char *name)
{
	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];

		if (relations_applied(reg, o, p) &&
		    strcmp(registry_string(p, p->head.soname), name) == 0)
			return true;
	}
	return false;
}

bool plan_library_is(const struct engine *e, const struct ulp_object *o, const char *name)
{
	return strcmp(o->soname, name) == 0 || strcmp(o->path, name) == 0 ||
	       strcmp(base_name(o->path), name) == 0 || is_called(&e->registry, o, name);
}

/* Whether a container is for it, or for another build of it. */
static bool is_excepted(const struct plan_library *lib, const struct ulp_object *o)
{
	for (size_t i = 0; i < lib->nr_except; i++)
		if (ulp_build_id_equal(&lib->except[i].patch.build_id, &o->build_id) ||
		    strcmp(lib->except[i].patch.soname, o->soname) == 0)
			return true;
	return false;
}

bool plan_library_has(const struct engine *e, const struct plan_library *lib)
{
	for (size_t i = 0; i < e->objects.nr; i++)
		if (plan_library_is(e, &e->objects.list[i], lib->name) &&
		    !is_excepted(lib, &e->objects.list[i]))
			return true;
	return false;
}

static void object_leaves(struct plan *plan, const struct ulp_object *o)
{
	const struct registry *reg = &plan->engine->registry;

	for (size_t i = 0; i < reg->nr; i++)
		/* Each is applied to one object; twice in the list would be one too many. */
		if (relations_applied(reg, o, &reg->patches[i]) &&
		    !plan_leaves(plan, &reg->patches[i]))
			plan->leaving[plan->nr_leaving++] = reg->patches[i].at;
}

enum ulp_code leaving_of_library(struct plan *plan, const struct plan_library *lib,
				 struct ulp_err *err)
{
	const struct ulp_objects *objects = &plan->engine->objects;
	enum ulp_code code;

	if (!plan_library_has(plan->engine, lib))
		return ulp_fail(err, ULP_ENOTARGET, "the process does not have %s", lib->name);
	code = room_make(plan, err);
	for (size_t i = 0; i < objects->nr && !code; i++)
		if (plan_library_is(plan->engine, &objects->list[i], lib->name) &&
		    !is_excepted(lib, &objects->list[i]))
			object_leaves(plan, &objects->list[i]);
	return code;
}

const struct ulp_object *plan_library_of(const struct plan *plan, const struct registry_patch *p)
{
	const struct ulp_objects *objects = &plan->engine->objects;
	const struct ulp_reg_patch *h = &p->head;

	for (size_t i = 0; i < objects->nr; i++) {
		const struct ulp_object *o = &objects->list[i];

		if (h->target_bias == o->bias && h->target_build_id_len == o->build_id.len &&
		    memcmp(h->target_build_id, o->build_id.bytes, o->build_id.len) == 0)
			return o;
	}
	return NULL;
}
