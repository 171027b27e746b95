/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binding a symbol of an object to what the target has, or to what a library provides. */
#include "config.h"

#include "packer/bind_parts.h"

#include "i18n/i18n.h"

#include <string.h>

enum ulp_code bind_import(struct selection *sel, struct object_symbol *s,
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
			   wanted->name, *wanted->version ? _(" with version ") : "",
			   wanted->version,
			   *wanted->provider ? wanted->provider : _("whoever has it"));
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
	return bind_import(sel, s, &import, err);
}

enum ulp_code bind_private(struct selection *sel, struct object *object, size_t symbol,
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
		   s->elf.name, target->name, *target->file ? _(" in ") : "", target->file);
	return ULP_OK;
}

enum ulp_code bind_exported(struct selection *sel, struct object *object, size_t symbol,
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
	return code ? code : bind_import(sel, s, &import, err);
}

enum ulp_code bind_ambiguous(struct selection *sel, const char *name, const struct match *m,
			     struct ulp_err *err)
{
	return ulp_fail(err, ULP_EAMBIGUOUS, "%s may mean %zu symbols of the target: %s", name,
			m->nr_candidates, match_list(sel->pool, m));
}
