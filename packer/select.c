/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the functions of the spec to everything that has to come along. */
#include "config.h"

#include "packer/select.h"

#include "i18n/i18n.h"

#include <string.h>

void selection_keep(struct object *object, size_t symbol)
{
	struct object_section *section = object_symbol_section(object, symbol);

	if (section)
		section->kept = true;
}

static enum ulp_code visit(struct selection *sel, struct object *object, size_t i,
			   struct ulp_err *err)
{
	struct object_section *section = &object->sections[i];

	section->visited = true;
	for (size_t k = 0; k < section->nr_relocs; k++) {
		enum ulp_code code = selection_relocate(sel, object, i, &section->relocs[k], err);

		if (code)
			return code;
	}
	return ULP_OK;
}

static enum ulp_code visit_all(struct selection *sel, struct ulp_err *err)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < sel->nr_objects; i++) {
			struct object *o = &sel->objects[i];

			for (size_t k = 1; k < o->nr_sections; k++) {
				enum ulp_code code;

				if (!o->sections[k].kept || o->sections[k].visited ||
				    o->sections[k].class == SECTION_UNWIND)
					continue;
				more = true;
				code = visit(sel, o, k, err);
				if (code)
					return code;
			}
		}
	}
	return ULP_OK;
}

static bool is_constructor_list(const struct object_section *s)
{
	static const char *const names[] = {".ctors", ".dtors", ".init_array", ".fini_array",
					    ".preinit_array"};

	if (!(s->shdr.sh_flags & SHF_ALLOC))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(s->name, names[i], strlen(names[i])) == 0)
			return true;
	return s->shdr.sh_type == SHT_INIT_ARRAY || s->shdr.sh_type == SHT_FINI_ARRAY ||
	       s->shdr.sh_type == SHT_PREINIT_ARRAY;
}

static bool target_has_function(const struct target *target, const char *name)
{
	for (size_t i = 1; i < target->nr_symbols; i++)
		if (target->symbols[i].type == STT_FUNC &&
		    strcmp(target->symbols[i].name, name) == 0)
			return true;
	return library_export(&target->library, name, NULL) != NULL;
}

/*
 * A constructor that the target has too has run long ago, and a destructor is
 * registered; one that is new would never be called.
 */
static enum ulp_code check_constructor(struct selection *sel, const struct object *object,
				       size_t section, const struct object_reloc *r,
				       struct ulp_err *err)
{
	size_t symbol = r->symbol;
	const char *name;

	if (object->symbols[symbol].elf.type == STT_SECTION &&
	    selection_map_section(object, object->symbols[symbol].elf.shndx, r->addend, NULL,
				  &symbol, err) != ULP_OK)
		symbol = 0;
	name = object->symbols[symbol].elf.name;
	if (*name && target_has_function(sel->target, name))
		return ULP_OK;
	ulp_fail(err, ULP_EUNSUP,
		 "%s is a constructor or destructor that the target does not have; a container "
		 "cannot have one",
		 *name ? name : _("(unnamed)"));
	ulp_err_at(err, "%s", object_place(sel->pool, object, section, r->off));
	return ULP_EUNSUP;
}

static enum ulp_code check_constructors(struct selection *sel, const struct object *object,
					struct ulp_err *err)
{
	for (size_t i = 1; i < object->nr_sections; i++) {
		const struct object_section *s = &object->sections[i];

		for (size_t k = 0; is_constructor_list(s) && k < s->nr_relocs; k++) {
			enum ulp_code code = check_constructor(sel, object, i, &s->relocs[k], err);

			if (code)
				return code;
		}
	}
	return ULP_OK;
}

enum ulp_code selection_run(struct selection *sel, struct ulp_err *err)
{
	enum ulp_code code;
	bool more = true;

	for (size_t i = 0; i < sel->nr_objects; i++) {
		code = check_constructors(sel, &sel->objects[i], err);
		if (code)
			return code;
	}
	for (size_t i = 0; i < sel->nr_functions; i++) {
		struct object *object = sel->functions[i].object;

		selection_keep(object, sel->functions[i].symbol);
		code = selection_bind(sel, object, sel->functions[i].symbol, err);
		if (code)
			return code;
	}
	while (more) {
		more = false;
		code = visit_all(sel, err);
		for (size_t i = 0; !code && i < sel->nr_objects; i++)
			code = selection_unwind(sel, &sel->objects[i], &more, err);
		if (code)
			return code;
	}
	selection_drop_unused_imports(sel);
	return ULP_OK;
}
