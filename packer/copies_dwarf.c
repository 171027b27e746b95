/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies by debug information: below each function that has code stand the
 * DW_TAG_inlined_subroutine entries of what was inlined into it, over all levels
 * (DWARF 5, 3.3.8.2); clones and parts are concrete out-of-line instances of the
 * function, so they have its name (3.3.8.3).
 */
#include "config.h"

#include "packer/copies.h"

#include "i18n/i18n.h"
#include "packer/dwarf_file.h"

#include <dwarf.h>
#include <string.h>

/* Deeper nesting of scopes is not followed; compilers stay far below. */
#define MAX_DEPTH 200u

/* A function with code, and the scopes from it down to the current entry. */
struct scope {
	const struct scope *parent; /* NULL: the function itself */
	const char *name;
	uint64_t vaddr;
};

/*
 * One place with a queried function's code, or a mention of it.  Namesakes are told
 * apart by `key`: where the function was declared.
 */
struct hit {
	const char *key;  /* "file:line"; "" for a function that others can refer to */
	const char *file; /* of the declaration */
	struct copy copy; /* vaddr 0: no code, the entry only says that there is such a function */
};

struct hits {
	struct hit *list;
	size_t nr;
	size_t cap;
};

struct walk {
	struct pool *pool;
	struct copies_query *queries;
	struct hits *hits; /* one for each query */
	size_t nr;
	const char *unit; /* of the current unit: path of its source */
};

static const char *declared_at(const struct walk *w, Dwarf_Die *die, const char **file)
{
	Dwarf_Attribute attr;
	const char *path = dwarf_decl_file(die);
	bool external = false;
	int line = 0;

	*file = path ? pool_strdup(w->pool, path) : w->unit;
	if (dwarf_attr_integrate(die, DW_AT_external, &attr))
		(void)dwarf_formflag(&attr, &external);
	if (external)
		return "";
	(void)dwarf_decl_line(die, &line);
	return pool_printf(w->pool, "%s:%d", *file, line);
}

static const char *way_of(const struct walk *w, const struct scope *scope)
{
	const char *way = "";

	for (; scope->parent; scope = scope->parent)
		way = copies_way_around(w->pool, way, scope->name);
	return copies_way_end(w->pool, way);
}

static void add_hit(struct walk *w, size_t query, Dwarf_Die *die, const struct scope *scope)
{
	struct hits *hits = &w->hits[query];
	const struct scope *outer = scope;
	struct hit *hit;

	hits->list = pool_grow(w->pool, hits->list, hits->nr, &hits->cap, sizeof(*hits->list));
	hit = &hits->list[hits->nr++];
	hit->key = declared_at(w, die, &hit->file);
	hit->copy.unit = w->unit;
	if (!scope)
		return;
	while (outer->parent)
		outer = outer->parent;
	hit->copy.name = pool_strdup(w->pool, outer->name);
	hit->copy.vaddr = outer->vaddr;
	hit->copy.within = way_of(w, scope);
}

static void see(struct walk *w, Dwarf_Die *die, const char *name, const struct scope *scope)
{
	for (size_t i = 0; i < w->nr; i++)
		if (strcmp(w->queries[i].name, name) == 0)
			add_hit(w, i, die, scope);
}

static void walk_children(struct walk *w, Dwarf_Die *parent, const struct scope *scope,
			  unsigned depth);

static void walk_entry(struct walk *w, Dwarf_Die *die, const struct scope *scope, unsigned depth)
{
	struct scope own = {.parent = scope};
	const struct scope *inner = scope;
	const int tag = dwarf_tag(die);

	if (tag == DW_TAG_subprogram) {
		own = (struct scope){.name = dwarf_file_symbol_name(die)};
		inner = own.name && dwarf_file_code_start(die, &own.vaddr) ? &own : NULL;
		if (own.name)
			see(w, die, own.name, inner);
	} else if (tag == DW_TAG_inlined_subroutine && scope) {
		own.name = dwarf_file_symbol_name(die);
		if (own.name) {
			see(w, die, own.name, scope);
			inner = &own;
		}
	}
	if (dwarf_haschildren(die) > 0)
		walk_children(w, die, inner, depth);
}

static void walk_children(struct walk *w, Dwarf_Die *parent, const struct scope *scope,
			  unsigned depth)
{
	Dwarf_Die die;

	if (depth == MAX_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		walk_entry(w, &die, scope, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void walk_units(struct walk *w, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
		const char *name = dwarf_diename(&die);

		if (type != DW_UT_compile)
			continue;
		w->unit = name ? pool_strdup(w->pool, name) : "";
		walk_children(w, &die, NULL, 0);
	}
}

/* --- the answer out of the hits --------------------------------------------------- */

static enum copies_fit fit_of(const struct copies_query *q, const struct hit *hit)
{
	/* Only the body itself has the function's own address and nothing around it. */
	const bool own = q->vaddr && hit->copy.vaddr == q->vaddr && !*hit->copy.within;

	return copies_fit(q, own, hit->file, hit->copy.unit);
}

/* Index of the first hit of the function that is meant. */
static size_t choose(struct pool *pool, struct copies_query *q, const struct hits *hits)
{
	enum copies_fit best = COPIES_FIT_NAME;
	size_t first = 0;

	for (size_t i = 0; i < hits->nr; i++)
		if (fit_of(q, &hits->list[i]) > best)
			best = fit_of(q, &hits->list[i]);
	q->functions = "";
	for (size_t i = 0; i < hits->nr; i++) {
		const struct hit *hit = &hits->list[i];

		if (fit_of(q, hit) != best ||
		    (q->nr_functions && strcmp(hit->key, hits->list[first].key) == 0))
			continue;
		if (!q->nr_functions)
			first = i;
		if (q->nr_functions++ < 8)
			q->functions =
				pool_printf(pool, "%s%s%s", q->functions, *q->functions ? ", " : "",
					    *hit->key ? hit->key : hit->file);
	}
	return first;
}

static void answer(struct pool *pool, struct copies_query *q, const struct hits *hits)
{
	const size_t first = choose(pool, q, hits);
	size_t cap = 0;

	if (q->nr_functions != 1)
		return;
	q->unit = hits->list[first].copy.unit;
	for (size_t i = 0; i < hits->nr; i++)
		if (hits->list[i].copy.vaddr &&
		    strcmp(hits->list[i].key, hits->list[first].key) == 0)
			copies_add(pool, q, &cap, &hits->list[i].copy);
}

enum ulp_code copies_find_dwarf(struct pool *pool, const struct target *target,
				struct copies_query *queries, size_t nr, const char **told_by,
				struct ulp_err *err)
{
	struct walk w = {.pool = pool, .queries = queries, .nr = nr};
	struct dwarf_file file;
	enum ulp_code code;

	*told_by = NULL;
	code = dwarf_file_open(target, &file, err);
	if (!code && file.dwarf) {
		w.hits = pool_alloc(pool, nr, sizeof(*w.hits));
		walk_units(&w, file.dwarf);
		for (size_t i = 0; i < nr; i++)
			answer(pool, &queries[i], &w.hits[i]);
		*told_by = pool_printf(pool, _("the debug information of %s"), file.path);
	}
	dwarf_file_close(&file);
	return code;
}
