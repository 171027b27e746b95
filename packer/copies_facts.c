/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies by the plugin's facts. */
#include "config.h"

#include "packer/copies.h"

#include "container/facts_file.h"
#include "i18n/i18n.h"

#include <stdlib.h>
#include <string.h>

struct asking {
	struct pool *pool;
	const struct ulp_facts *facts;
	struct copies_query *query;
	size_t cap; /* of query->copies */
};

static const char *unit_of(const struct asking *a, const struct ulp_facts_function *f)
{
	const char *source = a->facts->units[f->unit].source;

	return *source ? source : f->file; /* an LTO partition has no source of its own */
}

static const char *no_entry(const struct ulp_facts_function *f)
{
	return f->entry == ULP_FACTS_ENTRY ? NULL : ulp_facts_entry_text(f->entry);
}

static enum copies_fit fit_of(const struct asking *a, const struct ulp_facts_function *f)
{
	const bool own = a->query->vaddr && f->vaddr == a->query->vaddr;

	return copies_fit(a->query, own, f->file, unit_of(a, f));
}

static enum copies_fit best_fit(const struct asking *a)
{
	enum copies_fit best = COPIES_FIT_NAME;

	for (uint32_t i = ulp_facts_find(a->facts, 0, a->query->name, NULL); i != ULP_FACTS_NONE;
	     i = ulp_facts_find(a->facts, i + 1, a->query->name, NULL)) {
		const enum copies_fit fit = fit_of(a, &a->facts->functions[i]);

		if (fit > best)
			best = fit;
	}
	return best;
}

/* Counts the functions that are meant; the first one is returned, ULP_FACTS_NONE for none. */
static uint32_t find_function(const struct asking *a)
{
	const enum copies_fit best = best_fit(a);
	struct copies_query *q = a->query;
	uint32_t first = ULP_FACTS_NONE;

	q->functions = "";
	for (uint32_t i = ulp_facts_find(a->facts, 0, q->name, NULL); i != ULP_FACTS_NONE;
	     i = ulp_facts_find(a->facts, i + 1, q->name, NULL)) {
		const struct ulp_facts_function *f = &a->facts->functions[i];

		if (fit_of(a, f) != best ||
		    (first != ULP_FACTS_NONE &&
		     ulp_facts_identity(a->facts, i) == ulp_facts_identity(a->facts, first)))
			continue;
		if (first == ULP_FACTS_NONE)
			first = i;
		if (q->nr_functions++ < 8)
			q->functions = pool_printf(a->pool, "%s%s%s:%u", q->functions,
						   *q->functions ? ", " : "", f->file, f->line);
	}
	return first;
}

/* The functions between the copy and the one that holds it, the outermost first. */
static const char *way_of(const struct asking *a, uint32_t inlined)
{
	const struct ulp_facts_inlined *list = a->facts->inlined;
	const char *way = "";

	if (inlined == ULP_FACTS_NONE)
		return "";
	for (uint32_t i = list[inlined].via; i != ULP_FACTS_NONE; i = list[i].via)
		way = copies_way_around(a->pool, way, a->facts->functions[list[i].function].name);
	return copies_way_end(a->pool, way);
}

static void add(struct asking *a, uint32_t function, uint32_t inlined)
{
	const struct ulp_facts_function *f = &a->facts->functions[function];
	const struct copy copy = {
		.name = pool_strdup(a->pool, f->name),
		.unit = pool_strdup(a->pool, unit_of(a, f)),
		.within = way_of(a, inlined),
		.no_entry = no_entry(f),
		.vaddr = f->vaddr,
	};

	copies_add(a->pool, a->query, &a->cap, &copy);
}

/* The bodies that a static function of a header has in several units. */
static void add_bodies(struct asking *a, uint32_t function)
{
	const uint32_t identity = ulp_facts_identity(a->facts, function);

	for (uint32_t i = ulp_facts_find(a->facts, 0, a->query->name, NULL); i != ULP_FACTS_NONE;
	     i = ulp_facts_find(a->facts, i + 1, a->query->name, NULL))
		if (ulp_facts_identity(a->facts, i) == identity && a->facts->functions[i].vaddr &&
		    a->facts->functions[i].kind != ULP_FACTS_ALIAS)
			add(a, i, ULP_FACTS_NONE);
}

static enum ulp_code answer(struct asking *a, struct ulp_err *err)
{
	struct ulp_facts_carrier *carriers;
	uint32_t function = find_function(a);
	enum ulp_code code;
	size_t nr;

	if (a->query->nr_functions != 1)
		return ULP_OK;
	a->query->unit = pool_strdup(a->pool, unit_of(a, &a->facts->functions[function]));
	a->query->no_entry = no_entry(&a->facts->functions[function]);
	code = ulp_facts_carriers(a->facts, function, &carriers, &nr, err);
	if (code)
		return code;
	for (size_t i = 0; i < nr; i++)
		add(a, carriers[i].function, carriers[i].inlined);
	free(carriers);
	add_bodies(a, function);
	return ULP_OK;
}

enum ulp_code copies_find_facts(struct pool *pool, const struct target *target,
				struct copies_query *queries, size_t nr, const char **told_by,
				struct ulp_err *err)
{
	const char *path = target->library.file.path;
	struct ulp_facts facts;
	enum ulp_code code = ulp_facts_open(path, target->debug_file, &facts, err);

	*told_by = NULL;
	if (code)
		return code == ULP_ENOFACTS ? ULP_OK : code;
	*told_by = pool_printf(pool, _("the plugin's facts of %s"), path);
	for (size_t i = 0; !code && i < nr; i++) {
		struct asking a = {.pool = pool, .facts = &facts, .query = &queries[i]};

		code = answer(&a, err);
	}
	ulp_facts_free(&facts);
	return code;
}
