/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

static enum ulp_code target_read(struct engine *e, uint64_t at_phdr, uint64_t at_phnum,
				 struct ulp_err *err)
{
	enum ulp_code code = objects_read(&e->reader, at_phdr, at_phnum, &e->objects, err);

	if (code)
		return code;
	code = registry_read(&e->reader, &e->objects, &e->registry, err);
	if (code)
		objects_deinit(&e->objects);
	return code;
}

enum ulp_code engine_open(struct engine *e, struct ulp_space *space, uint64_t at_phdr,
			  uint64_t at_phnum, struct ulp_err *err)
{
	enum ulp_code code;

	*e = (struct engine){.space = space};
	code = reader_init(&e->reader, space, err);
	if (code)
		return code;
	code = target_read(e, at_phdr, at_phnum, err);
	if (code)
		reader_deinit(&e->reader);
	return code;
}

enum ulp_code engine_refresh(struct engine *e, uint64_t at_phdr, uint64_t at_phnum,
			     struct ulp_err *err)
{
	registry_deinit(&e->registry);
	objects_deinit(&e->objects);
	reader_forget(&e->reader);
	return target_read(e, at_phdr, at_phnum, err);
}

void engine_close(struct engine *e)
{
	registry_deinit(&e->registry);
	objects_deinit(&e->objects);
	reader_deinit(&e->reader);
}

/* One of the copies of the container's target; a proxy is another name of one. */
static bool is_copy(const struct ulp_object *o, const struct ulp_container *c)
{
	return !o->is_proxy && o->build_id.len &&
	       ulp_build_id_equal(&o->build_id, &c->patch.build_id);
}

static const struct ulp_object *copy_find(const struct engine *e, const struct ulp_container *c)
{
	if (!e->copy)
		return objects_find_build_id(&e->objects, &c->patch.build_id);
	for (size_t i = 0; i < e->objects.nr; i++)
		if (is_copy(&e->objects.list[i], c) && e->objects.list[i].bias == e->copy)
			return &e->objects.list[i];
	return NULL;
}

enum ulp_code engine_copies(const struct engine *e, const struct ulp_container *c, uint64_t **ret,
			    size_t *nr, struct ulp_err *err)
{
	const struct ulp_object *first;
	enum ulp_code code = engine_target(e, c, &first, err);
	uint64_t *list;
	size_t count = 0;

	if (code)
		return code;
	list = calloc(e->objects.nr, sizeof(*list));
	if (!list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 0; i < e->objects.nr; i++)
		if (is_copy(&e->objects.list[i], c))
			list[count++] = e->objects.list[i].bias;
	*ret = list;
	*nr = count;
	return ULP_OK;
}

enum ulp_code engine_target(const struct engine *e, const struct ulp_container *c,
			    const struct ulp_object **ret, struct ulp_err *err)
{
	const struct ulp_object *o = copy_find(e, c);
	char has[2 * ULP_BUILD_ID_MAX + 1];
	char wants[2 * ULP_BUILD_ID_MAX + 1];

	if (o) {
		*ret = o;
		return ULP_OK;
	}
	if (e->copy)
		return ulp_fail(err, ULP_ENOTARGET, "the process has unloaded this copy of %s",
				c->patch.soname);
	o = objects_find_soname(&e->objects, c->patch.soname);
	if (!o)
		return ulp_fail(err, ULP_ENOTARGET, "the process does not have %s",
				c->patch.soname);
	return ulp_fail(err, ULP_EBUILDID,
			"the process has another build of %s: build ID %s, the container is for %s",
			c->patch.soname, ulp_build_id_format(&o->build_id, has, sizeof(has)),
			ulp_build_id_format(&c->patch.build_id, wants, sizeof(wants)));
}
