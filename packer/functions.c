/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of the spec: the new one in the objects, and both as a list of pairs. */
#include "config.h"

#include "packer/functions.h"

#include "packer/match.h"

#include <assert.h>
#include <string.h>

static const char *near_in_objects(struct pool *pool, const struct object *objects,
				   size_t nr_objects, const char *name)
{
	for (size_t i = 0; i < nr_objects; i++) {
		const struct object *o = &objects[i];
		struct elf_symbol *list = pool_alloc(pool, o->nr_symbols, sizeof(*list));
		const char *near;

		for (size_t k = 0; k < o->nr_symbols; k++)
			list[k] = o->symbols[k].elf;
		near = functions_near(pool, list, o->nr_symbols, name);
		if (*near)
			return near;
	}
	return "; the compiler may have inlined it everywhere";
}

/* How many objects define it; the last one goes into *r. */
static size_t count_new(struct object *objects, size_t nr_objects, const char *source,
			struct replacement *r)
{
	size_t nr = 0;

	for (size_t i = 0; i < nr_objects; i++) {
		const size_t symbol = object_find_function(&objects[i], r->spec->with);

		if (!symbol || (source && strcmp(objects[i].source, path_base_name(source)) != 0))
			continue;
		r->object = &objects[i];
		r->symbol = symbol;
		nr++;
	}
	return nr;
}

/* `source` tells namesakes apart; the fixed source may well have another name. */
static enum ulp_code find_new(struct pool *pool, const struct spec *spec, struct object *objects,
			      size_t nr_objects, struct replacement *r, struct ulp_err *err)
{
	const struct spec_function *f = r->spec;
	size_t nr = f->source ? count_new(objects, nr_objects, f->source, r) : 0;

	if (!nr)
		nr = count_new(objects, nr_objects, NULL, r);
	if (nr > 1)
		return spec_fail(spec, f->place, ULP_EAMBIGUOUS, err,
				 "%s is defined in %zu of the objects; it must be in one", f->with,
				 nr);
	if (!nr)
		return spec_fail(spec, f->place, ULP_ENOFUNC, err,
				 "no object defines the function %s%s", f->with,
				 near_in_objects(pool, objects, nr_objects, f->with));
	if (r->object->symbols[r->symbol].elf.type == STT_GNU_IFUNC)
		return spec_fail(spec, f->place, ULP_EUNSUP, err,
				 "%s is an ifunc in %s, which cannot be a replacement", f->with,
				 r->object->file.base_name);
	return ULP_OK;
}

static bool is_global_name(const struct object *objects, size_t nr_objects, const char *name)
{
	for (size_t i = 0; i < nr_objects; i++)
		for (size_t k = 1; k < objects[i].nr_symbols; k++)
			if (objects[i].symbols[k].elf.bind != STB_LOCAL &&
			    strcmp(objects[i].symbols[k].elf.name, name) == 0)
				return true;
	return false;
}

/* The new name becomes global: a static function must not capture others' references to it. */
static bool name_is_free(const struct replacement *list, size_t nr, const struct object *objects,
			 size_t nr_objects, const struct replacement *r, const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(list[i].new_name, name) == 0)
			return false;
	return r->object->symbols[r->symbol].elf.bind != STB_LOCAL ||
	       !is_global_name(objects, nr_objects, name);
}

static void choose_new_name(struct pool *pool, const struct replacement *list, size_t nr,
			    const struct object *objects, size_t nr_objects, struct replacement *r)
{
	const char *name = r->spec->with;

	for (size_t i = 1; !name_is_free(list, nr, objects, nr_objects, r, name); i++)
		name = pool_printf(pool, "%s.ulp%zu", r->spec->with, i);
	r->new_name = name;
	r->object->symbols[r->symbol].exported = name;
}

/* Two names of the spec for one entry: the same replacement is fine, another one is not. */
static enum ulp_code check_same_entry(const struct spec *spec, const struct replacement *list,
				      size_t nr, const struct replacement *r, bool *same,
				      struct ulp_err *err)
{
	*same = false;
	for (size_t i = 0; i < nr; i++) {
		const struct elf_symbol *a = &list[i].object->symbols[list[i].symbol].elf;
		const struct elf_symbol *b = &r->object->symbols[r->symbol].elf;

		if (list[i].entry_vaddr != r->entry_vaddr)
			continue;
		if (list[i].object != r->object || a->shndx != b->shndx || a->value != b->value)
			return spec_fail(spec, r->spec->place, ULP_EAMBIGUOUS, err,
					 "%s and %s are two names for one function of the target, "
					 "and would be replaced by different ones",
					 list[i].spec->replace, r->spec->replace);
		*same = true;
	}
	return ULP_OK;
}

static enum ulp_code find_one(struct pool *pool, const struct spec *spec,
			      const struct target *target, struct object *objects,
			      size_t nr_objects, bool closure_check, struct replacement *r,
			      struct ulp_err *err)
{
	enum ulp_code code = find_new(pool, spec, objects, nr_objects, r, err);
	const char *source;

	if (code)
		return code;
	assert(r->object);
	source = r->spec->source ? r->spec->source : r->object->source;
	code = functions_find_old(pool, spec, target, source, r, err);
	if (!code)
		code = functions_find_entry(spec, target, r, err);
	if (!code && closure_check)
		code = functions_check_clones(pool, spec, target, r, err);
	return code;
}

enum ulp_code functions_find(struct pool *pool, const struct spec *spec,
			     const struct target *target, struct object *objects, size_t nr_objects,
			     bool closure_check, struct report *report, struct replacement **list,
			     size_t *nr, struct ulp_err *err)
{
	struct replacement *found = pool_alloc(pool, spec->nr_functions, sizeof(*found));
	size_t nr_found = 0;

	for (size_t i = 0; i < spec->nr_functions; i++) {
		struct replacement r = {.spec = &spec->functions[i]};
		enum ulp_code code;
		bool same;

		code = find_one(pool, spec, target, objects, nr_objects, closure_check, &r, err);
		if (!code)
			code = check_same_entry(spec, found, nr_found, &r, &same, err);
		if (code)
			return code;
		if (same)
			continue;
		choose_new_name(pool, found, nr_found, objects, nr_objects, &r);
		report_add(report, pool, NOTE_DETAIL, "%s: replaced by %s of %s", r.spec->replace,
			   r.spec->with, r.object->file.base_name);
		found[nr_found++] = r;
	}
	*list = found;
	*nr = nr_found;
	return ULP_OK;
}
