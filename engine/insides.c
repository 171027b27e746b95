/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/insides.h"

#include <stdlib.h>

/* A byte of each run is none of it: so many are the runs in the eight bits of a word. */
#define RUNS_OF_WORD 4u

struct insides {
	struct inside *list;
	size_t nr;
};

/* Each run of bits is the rest of one instruction. */
static void insides_of_word(struct insides *found, const struct ulp_reg_function *f,
			    const char *name)
{
	for (uint64_t i = 0; i < sizeof(f->original); i++) {
		const uint64_t first = i;

		while (i < sizeof(f->original) && (f->inside >> i & 1u))
			i++;
		if (i == first)
			continue;
		found->list[found->nr++] = (struct inside){
			.start = f->word_addr + first - 1,
			.end = f->word_addr + i,
			.name = name,
		};
	}
}

static void insides_of_record(struct insides *found, const struct registry *reg,
			      const struct registry_patch *p)
{
	for (uint32_t i = 0; i < p->head.nr_functions; i++) {
		const struct ulp_reg_function *f = &p->functions[i];

		if (f->inside && registry_word_changes(reg, f->word_addr))
			insides_of_word(found, f, registry_string(p, f->name));
	}
}

enum ulp_code insides_find(const struct registry *reg, struct inside **list, size_t *nr,
			   struct ulp_err *err)
{
	struct insides found = {0};
	size_t max = 0;

	for (size_t i = 0; i < reg->nr; i++)
		if (registry_patch_changes(&reg->patches[i]))
			max += (size_t)reg->patches[i].head.nr_functions * RUNS_OF_WORD;
	*list = NULL;
	*nr = 0;
	if (!max)
		return ULP_OK;
	found.list = calloc(max, sizeof(*found.list));
	if (!found.list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 0; i < reg->nr; i++)
		if (registry_patch_changes(&reg->patches[i]))
			insides_of_record(&found, reg, &reg->patches[i]);
	*list = found.list;
	*nr = found.nr;
	return ULP_OK;
}
