/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where each symbol of the objects leads.  The rule: what exists in the target
 * is used there, writable data always (a second copy of a variable would be a
 * silent fault); code and read-only data that the target does not have, or
 * only under a compiler-made name, come along.  Where the target's private
 * symbols are not known, "does not have" cannot be known of writable data.
 */
#include "config.h"

#include "packer/select.h"

#include "packer/match.h"

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

static enum ulp_code add_import(struct selection *sel, struct object_symbol *s,
				const struct import *wanted, struct ulp_err *err)
{
	struct import *import = NULL;

	for (size_t i = 0; i < sel->nr_imports; i++)
		if (strcmp(sel->imports[i].name, wanted->name) == 0)
			import = &sel->imports[i];
	if (!import) {
		sel->imports = pool_grow(sel->pool, sel->imports, sel->nr_imports,
					 &sel->imports_cap, sizeof(*sel->imports));
		import = &sel->imports[sel->nr_imports++];
		*import = *wanted;
		report_add(sel->report, sel->pool, NOTE_DETAIL, "%s: imported%s%s from %s",
			   wanted->name, *wanted->version ? " with version " : "", wanted->version,
			   *wanted->provider ? wanted->provider : "whoever has it");
	}
	if (strcmp(import->version, wanted->version) != 0)
		return ulp_fail(err, ULP_EAMBIGUOUS,
				"the objects want %s in two versions, '%s' and '%s'", wanted->name,
				import->version, wanted->version);
	import->weak = import->weak && wanted->weak;
	s->bound = BOUND_IMPORT;
	s->import = (size_t)(import - sel->imports);
	return ULP_OK;
}

static enum ulp_code check_target_type(const struct elf_symbol *target, struct ulp_err *err)
{
	if (target->type == STT_TLS)
		return ulp_fail(err, ULP_ETLS,
				"%s is a thread-local variable of the target, but not declared as "
				"one in the object",
				target->name);
	return ULP_OK;
}

/* Data that both sides define must be the same data. */
static enum ulp_code check_size(const struct object *object, size_t symbol,
				const struct elf_symbol *target, struct ulp_err *err)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct object_section *section = object_symbol_section(object, symbol);

	if (s->shndx == SHN_UNDEF || (section && section->class == SECTION_CODE) ||
	    target->type == STT_NOTYPE || s->type == STT_NOTYPE || s->size == target->size)
		return ULP_OK;
	return ulp_fail(err, ULP_EMISMATCH,
			"%s has %llu bytes in %s and %llu bytes in the target: a changed layout of "
			"existing data cannot be patched",
			s->name, (unsigned long long)s->size, object->file.base_name,
			(unsigned long long)target->size);
}

/*
 * A private name of an ifunc (libc's __GI_memcpy): what its resolver chose is
 * found by the name under which the target exports the same resolver.
 */
static enum ulp_code bind_private_ifunc(struct selection *sel, struct object_symbol *s,
					const struct elf_symbol *target, struct ulp_err *err)
{
	const struct library *library = &sel->target->library;
	const struct elf_symbol *alias = NULL;
	struct import import;

	for (size_t i = 1; i < library->nr_dynsyms; i++) {
		const struct elf_symbol *e = &library->dynsyms[i];

		if (e->type == STT_GNU_IFUNC && e->shndx != SHN_UNDEF &&
		    e->value == target->value && (!alias || alias->version_hidden))
			alias = e;
	}
	if (!alias)
		return ulp_fail(err, ULP_EUNSUP,
				"%s is an ifunc that the target does not export, which is not "
				"supported",
				target->name);
	import = (struct import){
		.name = alias->name,
		.version = alias->version,
		.provider = library->soname,
	};
	return add_import(sel, s, &import, err);
}

static enum ulp_code bind_private(struct selection *sel, struct object *object, size_t symbol,
				  const struct elf_symbol *target, struct ulp_err *err)
{
	struct object_symbol *s = &object->symbols[symbol];
	enum ulp_code code = check_target_type(target, err);

	if (!code && target->type == STT_GNU_IFUNC)
		return bind_private_ifunc(sel, s, target, err);
	if (!code)
		code = check_size(object, symbol, target, err);
	if (code)
		return code;
	selection_tell_changed(sel, object, symbol, target);
	s->bound = BOUND_PRIVATE;
	s->target = target;
	s->target_name = target->name;
	report_add(sel->report, sel->pool, NOTE_DETAIL, "%s: bound to %s%s%s of the target",
		   s->elf.name, target->name, *target->file ? " in " : "", target->file);
	return ULP_OK;
}

/* An exported symbol: by lookup, unless the object was compiled to see only the target's own. */
static enum ulp_code bind_exported(struct selection *sel, struct object *object, size_t symbol,
				   const struct elf_symbol *target, struct ulp_err *err)
{
	struct object_symbol *s = &object->symbols[symbol];
	const struct import import = {
		.name = s->elf.name,
		.version = target->version,
		.provider = sel->target->library.soname,
		.weak = s->elf.bind == STB_WEAK && s->elf.shndx == SHN_UNDEF,
	};
	enum ulp_code code;

	if (s->elf.visible == STV_HIDDEN || s->elf.visible == STV_INTERNAL)
		return bind_private(sel, object, symbol, target, err);
	code = check_target_type(target, err);
	if (!code)
		code = check_size(object, symbol, target, err);
	if (!code)
		selection_tell_changed(sel, object, symbol, target);
	return code ? code : add_import(sel, s, &import, err);
}

static enum ulp_code ambiguous(struct selection *sel, const char *name, const struct match *m,
			       struct ulp_err *err)
{
	return ulp_fail(err, ULP_EAMBIGUOUS, "%s may mean %zu symbols of the target: %s", name,
			m->nr_candidates, match_list(sel->pool, m));
}

/* The source of what the object defines; a linked one may be of several. */
static const char *file_of(const struct object *object, const struct elf_symbol *s)
{
	return object->linked && *s->file ? s->file : object->source;
}

/* --- symbols that the object defines --------------------------------------------- */

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

static enum ulp_code bind_by_name(struct selection *sel, struct object *object, size_t symbol,
				  bool function, struct ulp_err *err)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct match_query query = {
		.name = s->name,
		.want = function ? MATCH_FUNCTION : MATCH_DATA,
		.scope = s->bind == STB_LOCAL ? MATCH_STATIC : MATCH_GLOBAL,
		.file = file_of(object, s),
		.file_no = object->file_no,
	};
	enum ulp_code code = ULP_OK;
	struct match m;

	if (!function && s->bind == STB_LOCAL && name_is_numbered(s->name))
		return bind_numbered(sel, object, symbol, err);
	m = match_find(sel->pool, sel->target, &query);
	if (m.symbol)
		return bind_private(sel, object, symbol, m.symbol, err);
	if (m.nr_candidates)
		return ambiguous(sel, s->name, &m, err);
	if (function)
		brought_harmless(sel, object, symbol);
	else
		code = brought_writable(sel, object, symbol, err);
	if (!code)
		report_add(sel->report, sel->pool, NOTE_DETAIL,
			   "%s: brought along, the target has none%s", s->name,
			   function ? " (new, or inlined away)" : "");
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
	const struct match_query query = {
		.name = s->name,
		.want = MATCH_DATA,
		.scope = s->bind == STB_LOCAL ? MATCH_STATIC : MATCH_GLOBAL,
		.file = file_of(object, s),
		.file_no = object->file_no,
	};
	struct match m = match_find(sel->pool, sel->target, &query);

	if (m.symbol)
		return bind_private(sel, object, symbol, m.symbol, err);
	if (m.nr_candidates)
		return ambiguous(sel, s->name, &m, err);
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

static enum ulp_code bind_defined(struct selection *sel, struct object *object, size_t symbol,
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
				      i ? ", " : "; not found, give their folder with -L: ",
				      sel->providers->missing[i]);
	return ulp_fail(err, ULP_ESYMBOL,
			"neither the objects, %s nor the libraries it needs have %s%s%s%s%s",
			sel->target->library.soname, s->name, *s->version ? "@" : "", s->version,
			sel->target->nr_symbols
				? ""
				: "; the target's private symbols are not known: it has no .symtab "
				  "and no debug file was found",
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
		return add_import(sel, os, &import, err);
	if (m.symbol)
		return bind_private(sel, object, symbol, m.symbol, err);
	if (m.nr_candidates)
		return ambiguous(sel, s->name, &m, err);
	if (!import.weak)
		return undefined(sel, s, err);
	import.provider = "";
	return add_import(sel, os, &import, err);
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
