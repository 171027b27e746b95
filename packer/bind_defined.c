/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a symbol that an object defines leads: what exists in the target is used there, what it
 * does not have comes along.
 */
#include "config.h"

#include "packer/bind_parts.h"

#include "i18n/i18n.h"

#include <string.h>

static void brought(struct object *object, size_t symbol)
{
	struct object_symbol *s = &object->symbols[symbol];

	s->bound = BOUND_BROUGHT;
	s->home = object;
	s->home_symbol = symbol;
}

/* Code and read-only data: a second copy does no harm but to be one. */
static void brought_harmless(struct selection *sel, struct object *object, size_t symbol)
{
	brought(object, symbol);
	if (sel->unknown_told || target_knows_private(sel->target))
		return;
	sel->unknown_told = true;
	report_add(sel->report, sel->pool, NOTE_WARNING,
		   "the private symbols of %s are not known (it is stripped and its debug file was "
		   "not found): functions and read-only data come along even if it has them",
		   sel->target->library.soname);
}

/* Writable data that the target was not found to have. */
static enum ulp_code brought_writable(struct selection *sel, struct object *object, size_t symbol,
				      struct ulp_err *err)
{
	const char *name = object->symbols[symbol].elf.name;
	const size_t len =
		name_is_numbered(name) ? (size_t)(strrchr(name, '.') - name) : strlen(name);

	if (!target_knows_private(sel->target))
		return ulp_fail(err, ULP_ESYMBOL,
				"cannot tell whether %s has its own '%.*s': it is stripped and its "
				"debug file was not found; give the unstripped library with -t, or "
				"install its debug file",
				sel->target->library.soname, (int)len, name);
	brought(object, symbol);
	return ULP_OK;
}

/* The source of what the object defines; a linked one may be of several. */
static const char *file_of(const struct object *object, const struct elf_symbol *s)
{
	return object->linked && *s->file ? s->file : object->source;
}

static size_t count_base(const struct object *object, const char *name)
{
	const size_t len = (size_t)(strrchr(name, '.') - name);
	size_t nr = 0;

	for (size_t i = 1; i < object->nr_symbols; i++) {
		const struct elf_symbol *s = &object->symbols[i].elf;

		nr += s->type == STT_OBJECT && name_is_numbered(s->name) &&
		      (size_t)(strrchr(s->name, '.') - s->name) == len &&
		      strncmp(s->name, name, len) == 0;
	}
	return nr;
}

/* A static variable of a function: its number may be another one in the target. */
static enum ulp_code bind_numbered(struct selection *sel, struct object *object, size_t symbol,
				   struct ulp_err *err)
{
	const char *name = object->symbols[symbol].elf.name;
	const struct match_query query = {name, MATCH_DATA, MATCH_STATIC_LOCAL,
					  file_of(object, &object->symbols[symbol].elf),
					  object->file_no};
	const struct match m = match_find(sel->pool, sel->target, &query);

	if (!m.nr_candidates)
		return brought_writable(sel, object, symbol, err);
	if (m.symbol && count_base(object, name) == 1)
		return bind_private(sel, object, symbol, m.symbol, err);
	return ulp_fail(err, ULP_EAMBIGUOUS,
			"%s: %s has %zu static variables of this name and the target %zu (%s), "
			"whose numbers need not agree",
			name, object->file.base_name, count_base(object, name), m.nr_candidates,
			match_list(sel->pool, &m));
}

static struct match_query query_of(const struct object *object, const struct elf_symbol *s,
				   enum match_want want)
{
	return (struct match_query){
		.name = s->name,
		.want = want,
		.scope = s->bind == STB_LOCAL ? MATCH_STATIC : MATCH_GLOBAL,
		.file = file_of(object, s),
		.file_no = object->file_no,
	};
}

static enum ulp_code bind_by_name(struct selection *sel, struct object *object, size_t symbol,
				  bool function, struct ulp_err *err)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct match_query query =
		query_of(object, s, function ? MATCH_FUNCTION : MATCH_DATA);
	enum ulp_code code = ULP_OK;
	struct match m;

	if (!function && s->bind == STB_LOCAL && name_is_numbered(s->name))
		return bind_numbered(sel, object, symbol, err);
	m = match_find(sel->pool, sel->target, &query);
	if (m.symbol)
		return bind_private(sel, object, symbol, m.symbol, err);
	if (m.nr_candidates)
		return bind_ambiguous(sel, s->name, &m, err);
	if (function)
		brought_harmless(sel, object, symbol);
	else
		code = brought_writable(sel, object, symbol, err);
	if (!code)
		report_add(sel->report, sel->pool, NOTE_DETAIL,
			   "%s: brought along, the target has none%s", s->name,
			   function ? _(" (new, or inlined away)") : "");
	return code;
}

/*
 * A type of internal linkage is known by the address of its type information:
 * what the fix throws would not be caught where the target's own is named.
 */
static enum ulp_code bind_type_info(struct selection *sel, struct object *object, size_t symbol,
				    struct ulp_err *err)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct match_query query = query_of(object, s, MATCH_DATA);
	struct match m = match_find(sel->pool, sel->target, &query);

	if (m.symbol)
		return bind_private(sel, object, symbol, m.symbol, err);
	if (m.nr_candidates)
		return bind_ambiguous(sel, s->name, &m, err);
	if (s->bind == STB_LOCAL)
		return brought_writable(sel, object, symbol, err);
	brought_harmless(sel, object, symbol);
	return ULP_OK;
}

static bool always_brought(const struct elf_symbol *s, enum section_class class)
{
	static const char unwind_pointer[] = "DW.ref."; /* to a personality routine */

	if (class == SECTION_CODE)
		return name_is_cold(s->name) || name_is_clone(s->name);
	return class == SECTION_OTHER || class == SECTION_UNWIND ||
	       strncmp(s->name, unwind_pointer, sizeof(unwind_pointer) - 1) == 0;
}

enum ulp_code bind_defined(struct selection *sel, struct object *object, size_t symbol,
			   struct ulp_err *err)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct object_section *section = object_symbol_section(object, symbol);
	const enum section_class class = section ? section->class : SECTION_WRITABLE;
	const struct elf_symbol *target = NULL;

	if (s->shndx == SHN_ABS || always_brought(s, class)) {
		brought(object, symbol);
		return ULP_OK;
	}
	if (s->bind != STB_LOCAL)
		target = library_export(&sel->target->library, s->name, NULL);
	if (target)
		return bind_exported(sel, object, symbol, target, err);
	if (s->type == STT_GNU_IFUNC)
		return ulp_fail(err, ULP_EUNSUP,
				"%s is an ifunc, which is not supported in a patch", s->name);
	if (class == SECTION_CODE || class == SECTION_WRITABLE)
		return bind_by_name(sel, object, symbol, class == SECTION_CODE, err);
	if (name_is_type_info(s->name))
		return bind_type_info(sel, object, symbol, err);
	brought_harmless(sel, object, symbol);
	return ULP_OK;
}
