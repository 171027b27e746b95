/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The new functions in the objects, and both sides as a list of pairs. */
#include "config.h"

#include "packer/functions.h"

#include "i18n/i18n.h"
#include "packer/closure.h"
#include "packer/match.h"
#include "packer/users.h"

#include <string.h>

static const char *near_in_objects(const struct functions_input *in, const char *name)
{
	for (size_t i = 0; i < in->nr_objects; i++) {
		const struct object *o = &in->objects[i];
		struct elf_symbol *list = pool_alloc(in->pool, o->nr_symbols, sizeof(*list));
		const char *near;

		for (size_t k = 0; k < o->nr_symbols; k++)
			list[k] = o->symbols[k].elf;
		near = functions_near(in->pool, list, o->nr_symbols, name);
		if (*near)
			return near;
	}
	return _("; the compiler may have inlined it everywhere");
}

enum ulp_code functions_no_new(const struct functions_input *in, const struct replacement *r,
			       struct ulp_err *err)
{
	return spec_fail(in->spec, r->spec->place, ULP_ENOFUNC, err,
			 "no object defines the function %s%s", r->spec->with,
			 near_in_objects(in, r->spec->with));
}

/* How many objects define it; the last one goes into *r. */
static size_t count_new(const struct functions_input *in, const char *source, struct replacement *r)
{
	size_t nr = 0;

	for (size_t i = 0; i < in->nr_objects; i++) {
		struct object *o = &in->objects[i];
		const size_t symbol = object_find_function(o, r->spec->with);

		if (!symbol || (source && !object_has_source(o, source)))
			continue;
		r->object = o;
		r->symbol = symbol;
		nr++;
	}
	return nr;
}

enum ulp_code functions_find_new(const struct functions_input *in, struct replacement *r,
				 struct ulp_err *err)
{
	const struct spec_function *f = r->spec;
	size_t nr = f->source ? count_new(in, f->source, r) : 0;

	/* `source` tells namesakes apart; the fixed source may well have another name. */
	if (!nr)
		nr = count_new(in, NULL, r);
	if (nr > 1)
		return spec_fail(in->spec, f->place, ULP_EAMBIGUOUS, err,
				 "%s is defined in %zu of the objects; it must be in one", f->with,
				 nr);
	if (nr && object_count_functions(r->object, f->with) > 1)
		return spec_fail(in->spec, f->place, ULP_EAMBIGUOUS, err,
				 "%s is the name of %zu functions of %s; give the fix's another "
				 "one, and name it with 'with:'",
				 f->with, object_count_functions(r->object, f->with),
				 r->object->file.base_name);
	if (nr && r->object->symbols[r->symbol].elf.type == STT_GNU_IFUNC)
		return spec_fail(in->spec, f->place, ULP_EUNSUP, err,
				 "%s is an ifunc in %s, which cannot be a replacement", f->with,
				 r->object->file.base_name);
	return ULP_OK;
}

static bool is_global_name(const struct functions_input *in, const char *name)
{
	for (size_t i = 0; i < in->nr_objects; i++)
		if (object_find_global(&in->objects[i], name))
			return true;
	return false;
}

/* The new name becomes global: a static function must not capture others' references to it. */
static bool name_is_free(const struct functions_input *in, const struct functions *functions,
			 const struct replacement *r, const char *name)
{
	for (size_t i = 0; i < functions->nr; i++)
		if (strcmp(functions->list[i].new_name, name) == 0)
			return false;
	return r->object->symbols[r->symbol].elf.bind != STB_LOCAL || !is_global_name(in, name);
}

static void choose_new_name(const struct functions_input *in, const struct functions *functions,
			    struct replacement *r)
{
	struct object_symbol *symbol = &r->object->symbols[r->symbol];
	const char *name = r->spec->with;

	if (symbol->exported) { /* it replaces another one, too */
		r->new_name = symbol->exported;
		return;
	}
	for (size_t i = 1; !name_is_free(in, functions, r, name); i++)
		name = pool_printf(in->pool, "%s.ulp%zu", r->spec->with, i);
	r->new_name = name;
	symbol->exported = name;
}

/* Two names of the spec for one entry: the same replacement is fine, another one is not. */
static enum ulp_code check_same_entry(const struct functions_input *in,
				      const struct functions *functions,
				      const struct replacement *r, bool *same, struct ulp_err *err)
{
	*same = false;
	for (size_t i = 0; i < functions->nr; i++) {
		const struct replacement *other = &functions->list[i];
		const struct elf_symbol *a = &other->object->symbols[other->symbol].elf;
		const struct elf_symbol *b = &r->object->symbols[r->symbol].elf;

		if (other->entry_vaddr != r->entry_vaddr)
			continue;
		if (other->object != r->object || a->shndx != b->shndx || a->value != b->value)
			return spec_fail(in->spec, r->spec->place, ULP_EAMBIGUOUS, err,
					 "%s and %s are two names for one function of the target, "
					 "and would be replaced by different ones",
					 other->spec->replace, r->spec->replace);
		*same = true;
	}
	return ULP_OK;
}

enum ulp_code functions_add(const struct functions_input *in, struct functions *functions,
			    struct replacement *r, struct ulp_err *err)
{
	enum ulp_code code = functions_find_entry(in, r, err);
	bool same = false;

	if (!code)
		code = check_same_entry(in, functions, r, &same, err);
	if (code || same)
		return code;
	choose_new_name(in, functions, r);
	report_add(in->report, in->pool, NOTE_DETAIL, "%s: replaced by %s of %s", r->spec->replace,
		   r->spec->with, r->object->file.base_name);
	functions->list =
		pool_grow(in->pool, functions->list, functions->nr, &functions->cap, sizeof(*r));
	functions->list[functions->nr++] = *r;
	return ULP_OK;
}

void functions_guard(const struct functions_input *in, struct functions *functions,
		     const struct elf_symbol *symbol)
{
	for (size_t i = 0; i < functions->nr_guards; i++)
		if (functions->guards[i]->value == symbol->value)
			return;
	functions->guards = pool_grow(in->pool, functions->guards, functions->nr_guards,
				      &functions->guards_cap, sizeof(struct elf_symbol *));
	functions->guards[functions->nr_guards++] = symbol;
}

/* NAME.cold of this function, NULL for none. */
static const struct elf_symbol *cold_part(const struct target *target,
					  const struct elf_symbol *function)
{
	const size_t len = strlen(function->name);

	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (s->type == STT_FUNC && s->shndx != SHN_UNDEF && s->size &&
		    strncmp(s->name, function->name, len) == 0 &&
		    strncmp(s->name + len, ".cold", 5) == 0 && name_is_cold(s->name) &&
		    users_whole(target, s)->value == function->value)
			return s;
	}
	return NULL;
}

void functions_guard_cold(const struct functions_input *in, struct functions *functions)
{
	const size_t nr_left = functions->nr_guards;
	const struct elf_symbol *cold;

	for (size_t i = 0; i < functions->nr; i++) {
		cold = cold_part(in->target, functions->list[i].old);
		if (cold)
			functions_guard(in, functions, cold);
	}
	for (size_t i = 0; i < nr_left; i++) {
		cold = cold_part(in->target, functions->guards[i]);
		if (cold)
			functions_guard(in, functions, cold);
	}
}

static enum ulp_code find_both(const struct functions_input *in, struct replacement *r,
			       struct ulp_err *err)
{
	const char *source = r->spec->source;
	enum ulp_code code = functions_find_new(in, r, err);

	if (!code && !source && r->object)
		source = r->object->source;
	return code ? code : functions_find_old(in, source ? source : "", r, err);
}

/* Without the closure both sides must be there. */
static enum ulp_code add_as_named(const struct functions_input *in, struct functions *functions,
				  struct replacement *roots, struct ulp_err *err)
{
	for (size_t i = 0; i < in->spec->nr_functions; i++) {
		struct replacement *r = &roots[i];
		enum ulp_code code = ULP_OK;

		if (!r->object)
			code = functions_no_new(in, r, err);
		else if (!r->old)
			code = functions_no_old(in, r, err);
		if (!code)
			code = functions_add(in, functions, r, err);
		if (code)
			return code;
	}
	return ULP_OK;
}

enum ulp_code functions_find(const struct functions_input *in, struct functions *functions,
			     struct ulp_err *err)
{
	const size_t nr = in->spec->nr_functions;
	struct replacement *roots = pool_alloc(in->pool, nr, sizeof(*roots));
	struct functions found = {0};
	struct closure closure = {.in = in, .functions = &found};
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; !code && i < nr; i++) {
		roots[i].spec = &in->spec->functions[i];
		code = find_both(in, &roots[i], err);
	}
	if (!code && !in->closure_check)
		code = add_as_named(in, &found, roots, err);
	else if (!code)
		code = closure_run(&closure, roots, nr, err);
	if (closure.nr_nodes)
		in->report->explanation = closure_explain(in->pool, &closure);
	if (!code) {
		functions_guard_cold(in, &found);
		*functions = found;
	}
	return code;
}
