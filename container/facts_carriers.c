/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who carries a copy of a function.  Found in three steps: the records that are the
 * function itself; those whose bodies come from it, its clones and parts; and, with
 * LTO, the functions that took one of these in before the link, for what then becomes
 * of them stands in other units.  The code of all these, and what they were inlined
 * into, are the carriers.
 */
#include "config.h"

#include "container/facts_store.h"

#include <stdlib.h>

/* What an identity has to do with the function that is asked for. */
enum mark {
	UNRELATED = 0,
	ITSELF,	 /* also under other names */
	DERIVED, /* clones and parts, and the function that serves for a merged one */
	HOLDER,	 /* took a copy in before LTO: so has all that LTO makes of it */
};

struct search {
	const struct ulp_facts *facts;
	const struct facts_store *store;
	uint8_t *marks;	   /* of each identity, enum mark */
	uint32_t *records; /* of each HOLDER: the copy by which it became one */
	uint32_t *queue;   /* the identities that are marked */
	uint32_t nr_queue;
	struct ulp_facts_carrier *found;
	size_t nr_found;
	size_t room;
};

static const struct ulp_facts_function *function_at(const struct search *s, uint32_t i)
{
	return &s->facts->functions[i];
}

static uint16_t unit_flags(const struct search *s, uint32_t function)
{
	return s->facts->units[function_at(s, function)->unit].flags;
}

static void mark(struct search *s, uint32_t function, enum mark m, uint32_t record)
{
	uint32_t identity = s->store->identity[function];

	if (s->marks[identity] != UNRELATED)
		return;
	s->marks[identity] = (uint8_t)m;
	s->records[identity] = record;
	s->queue[s->nr_queue++] = identity;
}

/* --- the three steps ------------------------------------------------------------ */

/* Marks what is an alias of one record, and what that is an alias of. */
static void mark_aliases(struct search *s, uint32_t function)
{
	const struct ulp_facts_function *f = function_at(s, function);
	struct facts_row derived = facts_row(&s->store->derived, function);

	if (f->kind == ULP_FACTS_ALIAS && f->origin != ULP_FACTS_NONE)
		mark(s, f->origin, ITSELF, ULP_FACTS_NONE);
	for (uint32_t i = 0; i < derived.nr; i++)
		if (function_at(s, derived.items[i])->kind == ULP_FACTS_ALIAS)
			mark(s, derived.items[i], ITSELF, ULP_FACTS_NONE);
}

static void mark_itself(struct search *s, uint32_t function)
{
	mark(s, function, ITSELF, ULP_FACTS_NONE);
	for (uint32_t q = 0; q < s->nr_queue; q++) {
		struct facts_row members = facts_row(&s->store->members, s->queue[q]);

		for (uint32_t i = 0; i < members.nr; i++)
			mark_aliases(s, members.items[i]);
	}
}

/* Marks the clones, parts and aliases of one record. */
static void mark_clones(struct search *s, uint32_t function, enum mark m, uint32_t record)
{
	struct facts_row derived = facts_row(&s->store->derived, function);

	for (uint32_t i = 0; i < derived.nr; i++) {
		uint8_t kind = function_at(s, derived.items[i])->kind;

		if (kind == ULP_FACTS_CLONE || kind == ULP_FACTS_PART || kind == ULP_FACTS_ALIAS)
			mark(s, derived.items[i], m, record);
	}
}

static void mark_derived(struct search *s)
{
	for (uint32_t q = 0; q < s->nr_queue; q++) {
		struct facts_row members = facts_row(&s->store->members, s->queue[q]);

		for (uint32_t i = 0; i < members.nr; i++) {
			const struct ulp_facts_function *f = function_at(s, members.items[i]);

			/* The body that serves for a merged one is a copy of it. */
			if (f->kind == ULP_FACTS_MERGED && f->origin != ULP_FACTS_NONE)
				mark(s, f->origin, DERIVED, ULP_FACTS_NONE);
			mark_clones(s, members.items[i], DERIVED, ULP_FACTS_NONE);
		}
	}
}

/* Marks who took a copy of one record in before LTO. */
static void mark_holders_of(struct search *s, uint32_t function)
{
	struct facts_row copies = facts_row(&s->store->copies, function);

	for (uint32_t i = 0; i < copies.nr; i++) {
		uint32_t owner = s->store->owner[copies.items[i]];

		if ((unit_flags(s, owner) & ULP_FACTS_UNIT_BEFORE_LTO) != 0)
			mark(s, owner, HOLDER, copies.items[i]);
	}
}

static void mark_holders(struct search *s)
{
	for (uint32_t q = 0; q < s->nr_queue; q++) {
		uint32_t identity = s->queue[q];
		struct facts_row members = facts_row(&s->store->members, identity);

		for (uint32_t i = 0; i < members.nr; i++) {
			if (s->marks[identity] == HOLDER)
				mark_clones(s, members.items[i], HOLDER, s->records[identity]);
			mark_holders_of(s, members.items[i]);
		}
	}
}

/* --- gathering ------------------------------------------------------------------ */

static bool add(struct search *s, uint32_t function, uint32_t record)
{
	if (!ulp_facts_has_code(s->facts, function) ||
	    s->marks[s->store->identity[function]] == ITSELF ||
	    function_at(s, function)->kind == ULP_FACTS_ALIAS)
		return true;
	if (s->nr_found == s->room) {
		size_t room = s->room != 0 ? 2 * s->room : 16;
		void *larger = realloc(s->found, room * sizeof(*s->found));

		if (larger == NULL)
			return false;
		s->found = larger;
		s->room = room;
	}
	s->found[s->nr_found++] = (struct ulp_facts_carrier){function, record};
	return true;
}

/* One record of an identity that is marked: its own code, and where it was inlined. */
static bool gather_member(struct search *s, uint32_t identity, uint32_t member)
{
	struct facts_row copies;

	/* The list of a unit without LTO is complete by itself. */
	if (s->marks[identity] == HOLDER &&
	    (unit_flags(s, member) & (ULP_FACTS_UNIT_BEFORE_LTO | ULP_FACTS_UNIT_PARTITION)) == 0)
		return true;
	if (!add(s, member, s->records[identity]))
		return false;
	copies = facts_row(&s->store->copies, member);
	for (uint32_t i = 0; i < copies.nr; i++)
		if (!add(s, s->store->owner[copies.items[i]], copies.items[i]))
			return false;
	return true;
}

static bool gather(struct search *s)
{
	for (uint32_t q = 0; q < s->nr_queue; q++) {
		struct facts_row members = facts_row(&s->store->members, s->queue[q]);

		for (uint32_t i = 0; i < members.nr; i++)
			if (!gather_member(s, s->queue[q], members.items[i]))
				return false;
	}
	return true;
}

/* --- each carrier once ------------------------------------------------------------ */

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

/*
 * Whether two carriers are one piece of code: records of one function at one
 * address; or where addresses are not known, records of one global function.
 */
static int by_code(const void *a, const void *b, void *ctx)
{
	const struct search *s = ctx;
	const struct ulp_facts_carrier *x = a;
	const struct ulp_facts_carrier *y = b;
	int order = ORDER(s->store->identity[x->function], s->store->identity[y->function]);

	if (order == 0)
		order = ORDER(function_at(s, x->function)->vaddr,
			      function_at(s, y->function)->vaddr);
	if (order == 0 && !s->store->linked &&
	    function_at(s, x->function)->linkage == ULP_FACTS_LOCAL)
		order = ORDER(x->function, y->function);
	return order;
}

/* Of one piece of code: first what is a clone, then by the order of the records. */
static int by_code_and_record(const void *a, const void *b, void *ctx)
{
	const struct ulp_facts_carrier *x = a;
	const struct ulp_facts_carrier *y = b;
	int order = by_code(a, b, ctx);

	if (order == 0)
		order = ORDER(y->inlined == ULP_FACTS_NONE, x->inlined == ULP_FACTS_NONE);
	if (order == 0)
		order = ORDER(x->function, y->function);
	return order != 0 ? order : ORDER(x->inlined, y->inlined);
}

static int by_vaddr(const void *a, const void *b, void *ctx)
{
	const struct search *s = ctx;
	const struct ulp_facts_carrier *x = a;
	const struct ulp_facts_carrier *y = b;
	int order = ORDER(function_at(s, x->function)->vaddr, function_at(s, y->function)->vaddr);

	return order != 0 ? order : ORDER(x->function, y->function);
}

static void drop_repetitions(struct search *s)
{
	size_t nr = 0;

	if (s->nr_found == 0)
		return;
	qsort_r(s->found, s->nr_found, sizeof(*s->found), by_code_and_record, s);
	for (size_t i = 0; i < s->nr_found; i++)
		if (nr == 0 || by_code(&s->found[nr - 1], &s->found[i], s) != 0)
			s->found[nr++] = s->found[i];
	s->nr_found = nr;
	qsort_r(s->found, s->nr_found, sizeof(*s->found), by_vaddr, s);
}

/* --- the whole ---------------------------------------------------------------------- */

static bool search_init(struct search *s, const struct ulp_facts *facts)
{
	size_t nr = facts->nr_functions;

	*s = (struct search){
		.facts = facts,
		.store = facts_store(facts),
		.marks = calloc(nr, sizeof(*s->marks)),
		.records = calloc(nr, sizeof(*s->records)),
		.queue = calloc(nr, sizeof(*s->queue)),
	};
	return s->marks != NULL && s->records != NULL && s->queue != NULL;
}

static void search_deinit(struct search *s)
{
	free(s->marks);
	free(s->records);
	free(s->queue);
	free(s->found);
}

enum ulp_code ulp_facts_carriers(const struct ulp_facts *facts, uint32_t function,
				 struct ulp_facts_carrier **carriers, size_t *nr,
				 struct ulp_err *err)
{
	struct search s;

	if (search_init(&s, facts)) {
		mark_itself(&s, function);
		mark_derived(&s);
		mark_holders(&s);
		if (gather(&s)) {
			drop_repetitions(&s);
			*carriers = s.found;
			*nr = s.nr_found;
			s.found = NULL;
			search_deinit(&s);
			return ULP_OK;
		}
	}
	search_deinit(&s);
	return ulp_fail(err, ULP_ENOMEM, "no memory for the list of carriers");
}
