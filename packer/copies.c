/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The choice between the two ways of knowing, and what both share. */
#include "config.h"

#include "packer/copies.h"

#include "i18n/i18n.h"

#include <stdlib.h>
#include <string.h>

bool copies_same_source(const char *path, const char *source)
{
	const size_t path_len = strlen(path), len = strlen(source);

	if (!len || len > path_len || strcmp(path + path_len - len, source) != 0)
		return false;
	return len == path_len || source[0] == '/' || path[path_len - len - 1] == '/';
}

enum copies_fit copies_fit(const struct copies_query *query, bool own, const char *file,
			   const char *unit)
{
	const char *source = query->source;

	if (own)
		return COPIES_FIT_ADDRESS;
	if (source && (copies_same_source(file, source) || copies_same_source(unit, source)))
		return COPIES_FIT_SOURCE;
	return COPIES_FIT_NAME;
}

const char *copies_way_around(struct pool *pool, const char *way, const char *function)
{
	return pool_printf(pool, "%s%s%s", function, *way ? ", " : "", way);
}

const char *copies_way_end(struct pool *pool, const char *way)
{
	return *way ? pool_printf(pool, _(" by way of %s"), way) : "";
}

void copies_add(struct pool *pool, struct copies_query *query, size_t *cap, const struct copy *copy)
{
	if (copy->vaddr == query->vaddr)
		return;
	for (size_t i = 0; i < query->nr_copies; i++)
		if (query->copies[i].vaddr == copy->vaddr)
			return;
	query->copies = pool_grow(pool, query->copies, query->nr_copies, cap, sizeof(*copy));
	query->copies[query->nr_copies++] = *copy;
}

/* Debug information has the source's name for clones, too. */
static const char *symbol_name(const struct target *target, const struct copy *copy)
{
	const char *name = copy->name;

	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (s->value != copy->vaddr || s->type != STT_FUNC || s->shndx == SHN_UNDEF)
			continue;
		if (strcmp(s->name, copy->name) == 0)
			return s->name;
		name = s->name;
	}
	return name;
}

static int compare_vaddr(const void *a, const void *b)
{
	const struct copy *x = a, *y = b;

	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

enum ulp_code copies_find(struct pool *pool, const struct target *target,
			  struct copies_query *queries, size_t nr, const char **told_by,
			  struct ulp_err *err)
{
	enum ulp_code code = copies_find_facts(pool, target, queries, nr, told_by, err);

	if (!code && !*told_by)
		code = copies_find_dwarf(pool, target, queries, nr, told_by, err);
	for (size_t i = 0; !code && *told_by && i < nr; i++) {
		struct copies_query *q = &queries[i];

		for (size_t k = 0; k < q->nr_copies; k++)
			q->copies[k].name = symbol_name(target, &q->copies[k]);
		if (q->nr_copies)
			qsort(q->copies, q->nr_copies, sizeof(*q->copies), compare_vaddr);
	}
	return code;
}
