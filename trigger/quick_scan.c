/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/active.h"
#include "trigger/quick_scan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of longer stacks there is no quick look. */
#define MAX_STACK (64u << 10) /* bytes */

/* Read together: so many bytes, of so many stacks. */
#define BYTES_LEN (256u << 10)
#define MAX_STACKS 256u

/* --- the code in question ---------------------------------------------------------- */

static int compare_span(const void *a, const void *b)
{
	const struct code_span *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void spans_unite(struct quick_scan *q)
{
	size_t kept = 0;

	qsort(q->spans, q->nr_spans, sizeof(*q->spans), compare_span);
	for (size_t i = 1; i < q->nr_spans; i++) {
		struct code_span *last = &q->spans[kept];

		if (q->spans[i].start > last->end)
			q->spans[++kept] = q->spans[i];
		else if (q->spans[i].end > last->end)
			last->end = q->spans[i].end;
	}
	q->nr_spans = q->nr_spans ? kept + 1 : 0;
}

static int compare_addr(const void *key, const void *element)
{
	const uint64_t addr = *(const uint64_t *)key;
	const struct code_span *span = element;

	return addr < span->start ? -1 : addr > span->end;
}

bool quick_scan_may_lead(const struct quick_scan *q, uint64_t addr)
{
	if (!q->nr_spans || addr < q->spans[0].start || addr > q->spans[q->nr_spans - 1].end)
		return false; /* nearly all of them */
	return bsearch(&addr, q->spans, q->nr_spans, sizeof(*q->spans), compare_addr) != NULL;
}

enum ulp_code quick_scan_init(struct quick_scan *q, const struct process *proc,
			      struct ulp_space *space, const struct code_range *ranges, size_t nr,
			      struct ulp_err *err)
{
	*q = (struct quick_scan){.space = space, .pid = proc->pid, .maps = -1, .nr_spans = nr};
	q->spans = calloc(nr + 1, sizeof(*q->spans));
	q->bytes = malloc(BYTES_LEN);
	if (q->spans == NULL || q->bytes == NULL) {
		quick_scan_deinit(q);
		return ulp_fail(err, ULP_ENOMEM, "out of memory for the stack check");
	}
	for (size_t i = 0; i < nr; i++)
		q->spans[i] = (struct code_span){ranges[i].start, ranges[i].end};
	spans_unite(q);
	/* Written once, so that the kernel need not find pages for it during the stop. */
	memset(q->bytes, 1, BYTES_LEN);
	q->maps = process_maps_open(proc);
	return ULP_OK;
}

void quick_scan_deinit(struct quick_scan *q)
{
	if (q->maps >= 0)
		close(q->maps);
	free(q->spans);
	free(q->bytes);
	*q = (struct quick_scan){.maps = -1};
}

/* --- stacks ------------------------------------------------------------------------ */

/* The upper end of the first thread's stack, 0 if the thread runs on another one. */
static uint64_t first_stack_end(const struct quick_scan *q, const struct stopped_thread *t)
{
	struct ulp_region region;
	char name[64];

	if (q->maps < 0 || !process_map_at(q->maps, t->sp, &region, name, sizeof(name)) ||
	    strcmp(name, "[stack]") != 0)
		return 0;
	return t->tls > t->sp && t->tls < region.end ? t->tls : region.end;
}

/*
 * From the stack pointer up to the thread's control block, which the libc puts above the stack.
 * If all of it can be read, and nothing in it leads away, it does not matter which mappings that
 * are: it holds the usual stack, or what is used of it, and the other one below, if there is one.
 */
static bool stack_piece(const struct quick_scan *q, const struct stopped_thread *t,
			struct space_piece *piece)
{
	const uint64_t start = t->sp & ~(uint64_t)7;
	const uint64_t end = t->tid == q->pid ? first_stack_end(q, t) : t->tls;

	if (end <= start || end - start > MAX_STACK)
		return false;
	*piece = (struct space_piece){.at = start, .len = (size_t)(end - start) & ~(size_t)7};
	return true;
}

static bool is_clean(const struct quick_scan *q, const struct space_piece *piece)
{
	const uint64_t *words = piece->buf;

	for (size_t i = 0; i < piece->len / sizeof(*words); i++) {
		if (quick_scan_may_lead(q, words[i]))
			return false;
	}
	return true;
}

/* Stacks that are read together. */
struct batch {
	struct space_piece pieces[MAX_STACKS];
	struct stopped_thread *thread[MAX_STACKS]; /* whose it is */
	size_t nr;
	size_t len; /* bytes */
};

static void batch_scan(const struct quick_scan *q, struct batch *b)
{
	const bool all = space_read_many(q->space, b->pieces, b->nr, NULL) == ULP_OK;

	for (size_t i = 0; i < b->nr; i++)
		b->thread[i]->clean = all && is_clean(q, &b->pieces[i]);
	b->nr = 0;
	b->len = 0;
}

void quick_scan_threads(const struct quick_scan *q, struct stopped_thread *threads, size_t nr)
{
	struct batch b = {.nr = 0};

	for (size_t i = 0; i < nr; i++) {
		struct stopped_thread *t = &threads[i];
		struct space_piece piece;

		if (t->clean || quick_scan_may_lead(q, t->pc) || !stack_piece(q, t, &piece))
			continue;
		if (b.nr == MAX_STACKS || piece.len > BYTES_LEN - b.len)
			batch_scan(q, &b);
		piece.buf = q->bytes + b.len;
		b.thread[b.nr] = t;
		b.pieces[b.nr++] = piece;
		b.len += piece.len;
	}
	batch_scan(q, &b);
}
