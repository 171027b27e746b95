/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The objects' functions that exist in the target are taken from there, so a fix in one
 * of them that the spec does not name would be lost without a word.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "packer/disassemble.h"
#include "packer/match.h"
#include "packer/select.h"

#include <string.h>

static void tell(struct selection *sel, const struct object *object, size_t symbol,
		 const struct elf_symbol *target)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct object_section *section = object_symbol_section(object, symbol);
	uint64_t old_sum, new_sum;

	if (!section || section->class != SECTION_CODE || target->type != STT_FUNC)
		return;
	if (!sel->disassembler)
		sel->disassembler = disassembler_create(sel->pool, sel->target);
	if (!sel->disassembler || !disassembler_sum_target(sel->disassembler, target, &old_sum) ||
	    !disassembler_sum_object(sel->disassembler, object, symbol, &new_sum) ||
	    old_sum == new_sum)
		return;
	report_add(sel->report, sel->pool, NOTE_WARNING,
		   object->linked ? N_("%s of %s is not what the target has, and the target keeps "
				       "its own: name it under 'functions:' if the fix changes it")
				  : N_("%s of %s is not what the target has, and the target's is "
				       "used: name it under 'functions:' if the fix changes it"),
		   s->name, object->file.base_name);
}

void selection_tell_changed(struct selection *sel, const struct object *object, size_t symbol,
			    const struct elf_symbol *target)
{
	if (!object->linked)
		tell(sel, object, symbol, target);
}

static bool is_replacement(const struct selection *sel, const struct object *object,
			   const struct elf_symbol *s)
{
	for (size_t i = 0; i < sel->nr_functions; i++) {
		const struct replacement *r = &sel->functions[i];
		const struct elf_symbol *own = &r->object->symbols[r->symbol].elf;

		if (r->object == object && own->shndx == s->shndx && own->value == s->value)
			return true;
	}
	return false;
}

void selection_tell_copy(struct selection *sel, const struct object *object, size_t symbol)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct match_query query = {
		.name = s->name,
		.want = MATCH_FUNCTION,
		.scope = s->bind == STB_LOCAL ? MATCH_STATIC : MATCH_GLOBAL,
		.file = *s->file ? s->file : object->source,
		.file_no = object->file_no,
	};
	const struct elf_symbol *target = NULL;

	if (is_replacement(sel, object, s))
		return;
	if (s->bind != STB_LOCAL)
		target = library_export(&sel->target->library, s->name, NULL);
	if (!target)
		target = match_find(sel->pool, sel->target, &query).symbol;
	if (!target)
		return;
	report_add(sel->report, sel->pool, NOTE_DETAIL,
		   "%s: a second copy comes along; the target has it, too", s->name);
	tell(sel, object, symbol, target);
}
