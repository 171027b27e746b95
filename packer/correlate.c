/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "packer/correlate.h"

#include "packer/disassemble.h"
#include "packer/match.h"

#include <string.h>

struct correlation {
	const struct object *object;
	struct disassembler *disassembler;
	size_t file_no; /* of the votes so far; 0: none */
	bool split;	/* the votes are not for one file */
};

static size_t count_files(const struct target *target, const char *name)
{
	size_t nr = 0;

	for (size_t i = 1; i < target->nr_symbols; i++)
		nr += target->symbols[i].type == STT_FILE &&
		      strcmp(path_base_name(target->symbols[i].name), name) == 0;
	return nr;
}

/* The candidate with the same instructions; NULL for none or several. */
static const struct elf_symbol *same_code(const struct correlation *c, size_t symbol,
					  const struct match *m)
{
	const struct elf_symbol *same = NULL;
	uint64_t wanted, sum;

	if (!disassembler_sum_object(c->disassembler, c->object, symbol, &wanted))
		return NULL;
	for (size_t i = 0; i < m->nr_candidates; i++) {
		if (!disassembler_sum_target(c->disassembler, m->candidates[i], &sum) ||
		    sum != wanted)
			continue;
		if (same)
			return NULL;
		same = m->candidates[i];
	}
	return same;
}

static void vote(struct correlation *c, const struct elf_symbol *s)
{
	if (c->file_no && c->file_no != s->file_no)
		c->split = true;
	c->file_no = s->file_no;
}

static bool is_own_function(const struct object *object, size_t symbol)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct object_section *section = object_symbol_section(object, symbol);

	return section && section->class == SECTION_CODE && s->type == STT_FUNC &&
	       s->bind == STB_LOCAL;
}

void object_correlate(struct pool *pool, const struct target *target, struct object *object)
{
	struct correlation c = {.object = object};

	if (!*object->source || count_files(target, object->source) < 2)
		return;
	c.disassembler = disassembler_create(pool, target);
	for (size_t i = 1; c.disassembler && i < object->nr_symbols; i++) {
		struct match all, m;
		const struct elf_symbol *found;

		if (!is_own_function(object, i))
			continue;
		all = match_all(pool, target, object->symbols[i].elf.name, MATCH_FUNCTION);
		m = match_in_file(pool, &all, object->source, 0);
		found = m.nr_candidates > 1 ? same_code(&c, i, &m) : m.symbol;
		if (found)
			vote(&c, found);
	}
	if (!c.split)
		object->file_no = c.file_no;
}
