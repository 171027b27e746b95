/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where each symbol of the objects leads.  The rule: what exists in the target
 * is used there, writable data always (a second copy of a variable would be a
 * silent fault); code and read-only data that the target does not have, or
 * only under a compiler-made name, come along.  Where the target's private
 * symbols are not known, "does not have" cannot be known of writable data.
 */
#include "config.h"

#include "packer/bind_parts.h"

#include "i18n/i18n.h"

#include <string.h>

/* --- symbols that the object refers to --------------------------------------------- */

/* What the target itself imports, with the version it wants. */
static bool find_imported(const struct selection *sel, const struct elf_symbol *s,
			  struct import *import)
{
	const struct elf_symbol *have = library_import(&sel->target->library, s->name);
	const struct elf_symbol *definition;
	const struct library *provider;

	if (!have || (*s->version && strcmp(s->version, have->version) != 0))
		return false;
	import->version = have->version;
	import->provider = have->from;
	if (!*have->from) {
		provider = providers_find(sel->providers, s->name, NULL, &definition);
		import->provider = provider ? provider->soname : "";
	}
	return true;
}

static bool find_provided(const struct selection *sel, const struct elf_symbol *s,
			  struct import *import)
{
	const struct elf_symbol *definition;
	const struct library *provider = providers_find(
		sel->providers, s->name, *s->version ? s->version : NULL, &definition);

	if (!provider)
		return false;
	import->version = definition->version;
	import->provider = provider->soname;
	return true;
}

static enum ulp_code undefined(struct selection *sel, const struct elf_symbol *s,
			       struct ulp_err *err)
{
	const char *missing = "";

	for (size_t i = 0; i < sel->providers->nr_missing; i++)
		missing = pool_printf(sel->pool, "%s%s%s", missing,
				      i ? ", " : _("; not found, give their folder with -L: "),
				      sel->providers->missing[i]);
	return ulp_fail(
		err, ULP_ESYMBOL,
		"neither the objects, %s nor the libraries it needs have %s%s%s%s%s",
		sel->target->library.soname, s->name, *s->version ? "@" : "", s->version,
		sel->target->nr_symbols
			? ""
			: _("; the target's private symbols are not known: it has no .symtab "
			    "and no debug file was found"),
		missing);
}

static enum ulp_code bind_undefined(struct selection *sel, struct object *object, size_t symbol,
				    struct ulp_err *err)
{
	struct object_symbol *os = &object->symbols[symbol];
	const struct elf_symbol *s = &os->elf;
	const struct match_query query = {s->name, MATCH_ANY, MATCH_ELSEWHERE, object->source,
					  object->file_no};
	struct import import = {.name = s->name, .weak = s->bind == STB_WEAK, .version = ""};
	const struct elf_symbol *target =
		library_export(&sel->target->library, s->name, *s->version ? s->version : NULL);
	struct match m;

	if (target)
		return bind_exported(sel, object, symbol, target, err);
	m = match_find(sel->pool, sel->target, &query);
	/* Its own file's and hidden symbols come first, other files' static ones last. */
	if (m.symbol && (m.symbol->bind != STB_LOCAL || !*m.symbol->file ||
			 strcmp(m.symbol->file, object->source) == 0))
		return bind_private(sel, object, symbol, m.symbol, err);
	if (find_imported(sel, s, &import) || find_provided(sel, s, &import))
		return bind_import(sel, os, &import, err);
	if (m.symbol)
		return bind_private(sel, object, symbol, m.symbol, err);
	if (m.nr_candidates)
		return bind_ambiguous(sel, s->name, &m, err);
	if (!import.weak)
		return undefined(sel, s, err);
	import.provider = "";
	return bind_import(sel, os, &import, err);
}

/* --- both -------------------------------------------------------------------------- */

static const struct replacement *find_replaced(const struct selection *sel,
					       const struct object *object, size_t symbol)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;

	for (size_t i = 0; i < sel->nr_functions; i++) {
		const struct replacement *r = &sel->functions[i];
		const struct elf_symbol *own = &object->symbols[r->symbol].elf;

		if (r->object == object && own->shndx == s->shndx && own->value == s->value)
			return r;
	}
	return NULL;
}

static bool is_weak(const struct elf_symbol *s)
{
	return s->bind == STB_WEAK || s->bind == STB_GNU_UNIQUE;
}

/*
 * Whether another object's definition is taken.  Of several weak ones (COMDAT groups, mostly) the
 * linker keeps a strong or the first one, and drops the others with all references in them: so do
 * we, before there are any.  A common symbol gives way to a real one.
 */
static bool gives_way(const struct object *object, const struct elf_symbol *s,
		      const struct object *other, const struct elf_symbol *definition)
{
	if (s->shndx == SHN_UNDEF)
		return true;
	if (s->shndx == SHN_COMMON)
		return definition->shndx != SHN_COMMON;
	return is_weak(s) && (other < object || !is_weak(definition));
}

static struct object *find_elsewhere(struct selection *sel, const struct object *object,
				     const struct elf_symbol *s, size_t *symbol)
{
	for (size_t i = 0; s->bind != STB_LOCAL && i < sel->nr_objects; i++) {
		struct object *other = &sel->objects[i];

		*symbol = other == object ? 0 : object_find_global(other, s->name);
		if (*symbol && gives_way(object, s, other, &other->symbols[*symbol].elf))
			return other;
	}
	return NULL;
}

static enum ulp_code bind_elsewhere(struct selection *sel, struct object_symbol *s,
				    struct object *other, size_t symbol, struct ulp_err *err)
{
	const struct object_symbol *o = &other->symbols[symbol];
	enum ulp_code code = selection_bind(sel, other, symbol, err);

	if (code)
		return code;
	s->bound = o->bound;
	s->import = o->import;
	s->target = o->target;
	s->target_name = o->target_name;
	s->home = o->home;
	s->home_symbol = o->home_symbol;
	return ULP_OK;
}

enum ulp_code selection_bind(struct selection *sel, struct object *object, size_t symbol,
			     struct ulp_err *err)
{
	struct object_symbol *s = &object->symbols[symbol];
	const struct object_section *section = object_symbol_section(object, symbol);
	const struct replacement *r;
	struct object *other;
	size_t found;

	if (s->bound)
		return ULP_OK;
	if (s->elf.type == STT_TLS || (section && section->class == SECTION_THREAD))
		return ulp_fail(
			err, ULP_ETLS,
			"%s is thread-local, and its address is wanted in a way that is not "
			"supported",
			s->elf.name);
	r = section ? find_replaced(sel, object, symbol) : NULL;
	if (r) {
		s->bound = BOUND_REPLACED;
		s->home = object;
		s->home_symbol = symbol;
		return ULP_OK;
	}
	other = find_elsewhere(sel, object, &s->elf, &found);
	if (other)
		return bind_elsewhere(sel, s, other, found, err);
	return s->elf.shndx == SHN_UNDEF ? bind_undefined(sel, object, symbol, err)
					 : bind_defined(sel, object, symbol, err);
}
