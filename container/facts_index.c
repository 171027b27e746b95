/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which records are of one function, and the facts the other way round: from a
 * function to its clones and copies.
 */
#include "config.h"

#include "container/facts_path.h"
#include "container/facts_store.h"

#include <stdlib.h>
#include <string.h>

/* What LTO appends to static functions that it moves to another partition: .lto_priv.NUMBER */
#define LTO_SUFFIX ".lto_priv."

#define LTO_FLAGS (ULP_FACTS_UNIT_BEFORE_LTO | ULP_FACTS_UNIT_PARTITION)

/* What two records of a function are compared by. */
struct key {
	const char *name; /* without LTO_SUFFIX */
	const char *base; /* of the file's name */
	uint64_t path;	  /* hash of the whole */
	uint32_t line;
	uint32_t function;
	bool global;
	bool lto;
};

static enum ulp_code no_memory(struct ulp_err *err)
{
	return ulp_fail(err, ULP_ENOMEM, "no memory for an index of the facts");
}

/* --- identity ---------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct key *x = a;
	const struct key *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	if (order == 0)
		order = strcmp(x->base, y->base);
	if (order == 0)
		order = (x->path > y->path) - (x->path < y->path);
	if (order == 0)
		order = (x->function > y->function) - (x->function < y->function);
	return order;
}

static bool same_place(const struct key *a, const struct key *b)
{
	return a->line == b->line && strcmp(a->name, b->name) == 0 && strcmp(a->base, b->base) == 0;
}

/* Sets of functions as trees: the root is the least index. */
static uint32_t root(uint32_t *parents, uint32_t i)
{
	while (parents[i] != i) {
		parents[i] = parents[parents[i]];
		i = parents[i];
	}
	return i;
}

static void join(uint32_t *parents, uint32_t a, uint32_t b)
{
	a = root(parents, a);
	b = root(parents, b);
	if (a < b)
		parents[b] = a;
	else
		parents[a] = b;
}

/*
 * keys[0..nr) are of one name, file name and line.  LTO may give a function another
 * linkage and its file another spelling.
 */
static void join_place(uint32_t *parents, const struct key *keys, size_t nr)
{
	bool lto = false;

	for (size_t i = 0; i < nr; i++)
		lto = lto || keys[i].lto;
	for (size_t i = 1; i < nr; i++) {
		const struct key *a = &keys[i - 1];
		const struct key *b = &keys[i];

		if (lto || (a->path == b->path && *a->base != '\0'))
			join(parents, a->function, b->function);
	}
}

/* keys[0..nr) are of one name: the global ones are one function, wherever they stand. */
static void join_global(uint32_t *parents, const struct key *keys, size_t nr)
{
	const struct key *first = NULL;

	for (size_t i = 0; i < nr; i++) {
		if (!keys[i].global)
			continue;
		if (first != NULL)
			join(parents, first->function, keys[i].function);
		else
			first = &keys[i];
	}
}

static void join_all(uint32_t *parents, const struct key *keys, size_t nr)
{
	size_t name = 0;
	size_t place = 0;

	for (size_t i = 1; i <= nr; i++) {
		if (i == nr || !same_place(&keys[place], &keys[i])) {
			join_place(parents, keys + place, i - place);
			place = i;
		}
		if (i == nr || strcmp(keys[name].name, keys[i].name) != 0) {
			join_global(parents, keys + name, i - name);
			name = i;
		}
	}
}

/* The name without LTO_SUFFIX: itself, or written to *room, which moves on. */
static const char *plain_name(const char *name, char **room)
{
	const char *suffix = strstr(name, LTO_SUFFIX);
	const char *rest;
	char *plain = *room;

	if (suffix == NULL)
		return name;
	rest = suffix + strlen(LTO_SUFFIX);
	rest += strspn(rest, "0123456789");
	*room = mempcpy(*room, name, (size_t)(suffix - name));
	*room = stpcpy(*room, rest) + 1;
	return plain;
}

static struct key key_of(const struct facts_store *store, const struct ulp_facts *facts,
			 uint32_t function, char **room)
{
	const struct ulp_facts_function *f = &facts->functions[function];

	return (struct key){
		.name = plain_name(f->name, room),
		.base = facts_path_base(f->file),
		.path = store->paths[function],
		.line = f->line,
		.function = function,
		.global = f->linkage != ULP_FACTS_LOCAL,
		.lto = (facts->units[f->unit].flags & LTO_FLAGS) != 0,
	};
}

/* Bytes that the plain names need. */
static size_t plain_names_len(const struct ulp_facts *facts)
{
	size_t len = 0;

	for (uint32_t i = 0; i < facts->nr_functions; i++)
		if (strstr(facts->functions[i].name, LTO_SUFFIX) != NULL)
			len += strlen(facts->functions[i].name) + 1;
	return len;
}

static enum ulp_code find_identities(struct facts_store *store, const struct ulp_facts *facts,
				     struct ulp_err *err)
{
	uint32_t nr = facts->nr_functions;
	struct key *keys = calloc((size_t)nr + 1, sizeof(*keys));
	char *names = malloc(plain_names_len(facts) + 1);
	char *room = names;

	if (keys == NULL || names == NULL) {
		free(keys);
		free(names);
		return no_memory(err);
	}
	for (uint32_t i = 0; i < nr; i++) {
		keys[i] = key_of(store, facts, i, &room);
		store->identity[i] = i;
	}
	qsort(keys, nr, sizeof(*keys), by_place);
	join_all(store->identity, keys, nr);
	for (uint32_t i = 0; i < nr; i++)
		store->identity[i] = root(store->identity, i);
	free(keys);
	free(names);
	return ULP_OK;
}

/* --- rows ---------------------------------------------------------------------- */

/*
 * Sorts the numbers 0..nr by keys[0..nr), each below nr_keys or ULP_FACTS_NONE (left
 * out), into rows.  stride: bytes from one key to the next.
 */
static enum ulp_code make_rows(struct facts_rows *rows, const uint32_t *keys, size_t stride,
			       uint32_t nr, uint32_t nr_keys, struct ulp_err *err)
{
	const char *at = (const char *)keys;
	uint32_t *starts = calloc((size_t)nr_keys + 2, sizeof(*starts));
	uint32_t *items = calloc((size_t)nr + 1, sizeof(*items));

	rows->starts = starts;
	rows->items = items;
	if (starts == NULL || items == NULL)
		return no_memory(err);
	/* Counted two places on, so that filling in moves each start to where it belongs. */
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t key = *(const uint32_t *)(at + i * stride);

		if (key != ULP_FACTS_NONE)
			starts[(size_t)key + 2]++;
	}
	for (uint32_t i = 2; i <= nr_keys; i++)
		starts[i] += starts[i - 1];
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t key = *(const uint32_t *)(at + i * stride);

		if (key != ULP_FACTS_NONE)
			items[starts[key + 1]++] = i;
	}
	return ULP_OK;
}

static enum ulp_code find_owners(struct facts_store *store, const struct ulp_facts *facts,
				 struct ulp_err *err)
{
	store->owner = calloc((size_t)facts->nr_inlined + 1, sizeof(*store->owner));
	if (store->owner == NULL)
		return no_memory(err);
	for (uint32_t i = 0; i < facts->nr_functions; i++)
		for (uint32_t k = 0; k < facts->functions[i].nr_inlined; k++)
			store->owner[facts->functions[i].first_inlined + k] = i;
	return ULP_OK;
}

enum ulp_code facts_index_build(struct facts_store *store, const struct ulp_facts *facts,
				struct ulp_err *err)
{
	uint32_t nr = facts->nr_functions;
	enum ulp_code code = find_identities(store, facts, err);

	if (code == ULP_OK)
		code = find_owners(store, facts, err);
	if (code == ULP_OK)
		code = make_rows(&store->members, store->identity, sizeof(*store->identity), nr, nr,
				 err);
	if (code == ULP_OK)
		code = make_rows(&store->derived, &store->functions->origin,
				 sizeof(*store->functions), nr, nr, err);
	if (code == ULP_OK)
		code = make_rows(&store->copies, &store->inlined->function, sizeof(*store->inlined),
				 facts->nr_inlined, nr, err);
	return code;
}

void facts_index_free(struct facts_store *store)
{
	free(store->owner);
	free(store->members.starts);
	free(store->members.items);
	free(store->derived.starts);
	free(store->derived.items);
	free(store->copies.starts);
	free(store->copies.items);
}
