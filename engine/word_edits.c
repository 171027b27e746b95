/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/word_edits.h"

#include "engine_arch.h"

#include <stdlib.h>
#include <string.h>

/*
 * Words with no more between them are written together, which rewrites what is between them: a
 * call of its own costs as much as to copy some thousand bytes.  Less than a page, so that no page
 * is written in which no word changes.
 */
#define MAX_GAP 1024u /* bytes */

/* Which words of the records are to be gone through. */
struct words_pass {
	bool redirects; /* those that get a redirect, else those that lose it */
	bool next;	/* to what next_state says, else back */
	uint32_t place; /* in their entry, from 0 */
};

/* *leads_away: after is a redirect. */
static struct word_edit edit_of(const struct registry *reg, const struct ulp_reg_function *f,
				bool next, bool *leads_away)
{
	const struct ulp_reg_function *owner;
	struct word_edit w = {.at = f->word_addr};

	*leads_away = registry_owner(reg, w.at, next, &owner) != NULL;
	memcpy(w.after, *leads_away ? owner->redirect : f->original, sizeof(w.after));
	if (!registry_word(reg, w.at, !next, w.before))
		memcpy(w.before, w.after, sizeof(w.before));
	return w;
}

/* Which word of its entry the i-th of a record is. */
static uint32_t place_in_entry(const struct registry_patch *p, uint32_t i)
{
	uint32_t place = 0;

	while (place < i && place + 1 < ARCH_MAX_WORDS &&
	       p->functions[i - place - 1].old_addr == p->functions[i].old_addr)
		place++;
	return place;
}

static void words_of_record(const struct registry *reg, const struct registry_patch *p,
			    const struct words_pass *pass, uint32_t number, struct word_edits *e)
{
	for (uint32_t i = 0; i < p->head.nr_functions; i++) {
		struct word_edit w;
		bool leads_away;

		if (place_in_entry(p, i) != pass->place)
			continue;
		w = edit_of(reg, &p->functions[i], pass->next, &leads_away);
		/* Untouched words stay untouched: a write would give the page a copy. */
		if (leads_away != pass->redirects ||
		    memcmp(w.before, w.after, sizeof(w.after)) == 0)
			continue;
		w.pass = number;
		e->list[e->nr++] = w;
	}
}

static int compare_edit(const void *a, const void *b)
{
	const struct word_edit *x = a;
	const struct word_edit *y = b;

	if (x->pass != y->pass)
		return x->pass < y->pass ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* A word that several records have is there once for each, with the same bytes. */
static void sort_and_unite(struct word_edits *e)
{
	size_t kept = 0;

	qsort(e->list, e->nr, sizeof(*e->list), compare_edit);
	for (size_t i = 0; i < e->nr; i++)
		if (!kept || compare_edit(&e->list[kept - 1], &e->list[i]) != 0)
			e->list[kept++] = e->list[i];
	e->nr = kept;
}

enum ulp_code word_edits_make(const struct registry *reg, bool next, struct word_edits *ret,
			      struct ulp_err *err)
{
	size_t max = 1;

	for (size_t i = 0; i < reg->nr; i++)
		max += reg->patches[i].head.nr_functions;
	*ret = (struct word_edits){.list = calloc(max, sizeof(*ret->list))};
	if (!ret->list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (uint32_t n = 0; n < 2 * ARCH_MAX_WORDS; n++) {
		const bool redirects = n < ARCH_MAX_WORDS;
		const struct words_pass pass = {
			.redirects = redirects,
			.next = next,
			.place = redirects ? n : 2 * ARCH_MAX_WORDS - 1 - n,
		};

		/* A word changes only where one of its patches does. */
		for (size_t i = 0; i < reg->nr; i++)
			if (registry_patch_changes(&reg->patches[i]))
				words_of_record(reg, &reg->patches[i], &pass, n, ret);
	}
	sort_and_unite(ret);
	return ULP_OK;
}

void word_edits_free(struct word_edits *e)
{
	free(e->list);
	*e = (struct word_edits){.list = NULL};
}

/* How many words from the i-th on are written together. */
static size_t nr_neighbours(const struct word_edits *e, size_t i)
{
	size_t nr = 1;

	while (i + nr < e->nr && e->list[i + nr].pass == e->list[i].pass &&
	       e->list[i + nr].at - e->list[i + nr - 1].at <= MAX_GAP + 8)
		nr++;
	return nr;
}

static enum ulp_code write_one_by_one(const struct word_edit *w, size_t nr, struct ulp_space *s,
				      struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < nr && !code; i++)
		code = space_write(s, w[i].at, w[i].after, sizeof(w[i].after), err);
	return code;
}

/*
 * The kernel copies at most a page at a time, from the beginning of the range (mem_rw() in
 * fs/proc/base.c): what begins with a page takes one step for each page, else two.  No signal ends
 * one of them half-way (access_remote_vm() in mm/memory.c), so that whoever is killed has written
 * each word or not.
 */
static enum ulp_code write_by_pages(uint64_t at, const uint8_t *bytes, size_t len,
				    struct ulp_space *s, struct ulp_err *err)
{
	const size_t to_page = (size_t)s->page_size - (size_t)(at % (uint64_t)s->page_size);
	const size_t part = len < to_page ? len : to_page;
	enum ulp_code code = space_write(s, at, bytes, part, err);

	if (code || part == len)
		return code;
	return space_write(s, at + part, bytes + part, len - part, err);
}

static enum ulp_code write_together(const struct word_edit *w, size_t nr, struct ulp_space *s,
				    struct ulp_err *err)
{
	const size_t len = (size_t)(w[nr - 1].at + sizeof(w->after) - w[0].at);
	uint8_t *bytes = nr == 1 ? NULL : space_view(s, w[0].at, len);

	if (!bytes)
		return write_one_by_one(w, nr, s, err);
	for (size_t i = 0; i < nr; i++)
		memcpy(bytes + (w[i].at - w[0].at), w[i].after, sizeof(w[i].after));
	return write_by_pages(w[0].at, bytes, len, s, err);
}

enum ulp_code word_edits_write(const struct word_edits *e, struct ulp_space *s, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < e->nr && !code;) {
		const size_t nr = nr_neighbours(e, i);

		code = write_together(&e->list[i], nr, s, err);
		i += nr;
	}
	return code;
}
