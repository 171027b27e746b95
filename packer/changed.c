/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The objects' functions that exist in the target are taken from there, so a fix in one
 * of them that the spec does not name would be lost without a word.
 */
#include "config.h"

#include "packer/disassemble.h"
#include "packer/select.h"

void selection_tell_changed(struct selection *sel, const struct object *object, size_t symbol,
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
		   "%s of %s is not what the target has, and the target's is used: name it under "
		   "'functions:' if the fix changes it",
		   s->name, object->file.base_name);
}
