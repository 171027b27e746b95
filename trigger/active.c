/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is a stopped thread inside one of these functions, or of this library?
 *
 * First a look at every word of the stack (quick_scan.c, and scan() here for what
 * is not that simple): on x86-64 each return address and each pc that a signal
 * interrupted lies there, so that a stack without such a word is clean.  Any word counts, also one
 * that no call precedes, because an interrupted pc may be anywhere.  What this finds may be left
 * over from an earlier call: the stack is unwound precisely to know.
 *
 * A thread whose stack pointer is not in its usual stack (it runs on an
 * alternate signal stack, or as a coroutine) has two: the usual one is scanned
 * whole, and unwinding settles it only if it leads there.  Stacks of coroutines
 * that no thread runs on are not seen.
 */
#include "config.h"

#include "trigger/active.h"
#include "trigger/quick_scan.h"
#include "trigger/unwind.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define CHUNK (64u << 10)

/* More than this of one stack is not scanned but unwound (goroutines live in one huge mapping). */
#define MAX_SCAN (64ull << 20)

struct active {
	const struct process *proc;
	struct ulp_space *space;
	const struct code_range *ranges;
	size_t nr_ranges;
	struct quick_scan quick;
	struct ulp_region *regions; /* owned; ascending; those of this stop, when first needed */
	char **paths;		    /* owned */
	size_t nr_regions;
	struct unwinder
		*unwinder; /* owned; made when first needed, NULL also if it cannot be had */
	bool unwinder_tried;
	uint64_t *words; /* owned; CHUNK bytes */
};

/* What a scan found. */
struct finding {
	bool hit;			/* a word points into a range, or it could not be scanned */
	const struct code_range *range; /* NULL: could not be scanned */
	uint64_t word;
};

struct span {
	uint64_t start;
	uint64_t end; /* equal to start: empty */
};

/* --- which memory is a thread's stack ---------------------------------------- */

static int compare_region(const void *key, const void *element)
{
	const uint64_t addr = *(const uint64_t *)key;
	const struct ulp_region *region = element;

	return addr < region->start ? -1 : addr >= region->end;
}

static const struct ulp_region *region_of(const struct active *c, uint64_t addr)
{
	return bsearch(&addr, c->regions, c->nr_regions, sizeof(*c->regions), compare_region);
}

/* Where the thread's stack is when it does nothing unusual; NULL if unknown. */
static const struct ulp_region *usual_region(const struct active *c, const struct stopped_thread *t)
{
	if (t->tid != c->proc->pid)
		return region_of(c, t->tls);
	for (size_t i = 0; i < c->nr_regions; i++) {
		if (strcmp(c->paths[i], "[stack]") == 0)
			return &c->regions[i];
	}
	return NULL;
}

/*
 * The upper end of the stack in `region`, looking up from `from`.  The libc
 * puts the thread's control block, at the thread pointer, above the stack;
 * what follows in the same mapping may be something else.
 */
static uint64_t stack_end(const struct ulp_region *region, const struct stopped_thread *t,
			  uint64_t from)
{
	return t->tls > from && t->tls < region->end ? t->tls : region->end;
}

static struct span current_stack(const struct ulp_region *region, const struct stopped_thread *t)
{
	const uint64_t start = t->sp & ~(uint64_t)7;

	return (struct span){start, stack_end(region, t, start)};
}

static struct span other_stack(const struct ulp_region *current, const struct ulp_region *usual,
			       const struct stopped_thread *t)
{
	if (usual == NULL || usual == current || (usual->prot & PROT_READ) == 0)
		return (struct span){0, 0};
	return (struct span){usual->start, stack_end(usual, t, usual->start)};
}

/* --- scan ---------------------------------------------------------------------- */

/*
 * Whether a word of the stack says that its function is not done.  `start`
 * itself does not, of a function: the entry is still to come, or the word is a pointer
 * to it.  `end` does: a call of a function that never returns may be last.  Of a
 * single instruction only what is between them does.
 */
static const struct code_range *range_of_word(const struct active *c, uint64_t word)
{
	if (!quick_scan_may_lead(&c->quick, word))
		return NULL; /* nearly all of them */
	for (size_t i = 0; i < c->nr_ranges; i++) {
		const struct code_range *range = &c->ranges[i];

		if ((word > range->start || (word == range->start && range->whole)) &&
		    word <= range->end - (range->exact ? 1 : 0))
			return range;
	}
	return NULL;
}

static enum ulp_code scan(struct active *c, struct span span, struct finding *finding,
			  struct ulp_err *err)
{
	*finding = (struct finding){0};
	if (span.end - span.start > MAX_SCAN) {
		finding->hit = true;
		return ULP_OK;
	}
	while (span.start < span.end) {
		uint64_t left = span.end - span.start;
		size_t len = left < CHUNK ? (size_t)left & ~(size_t)7 : CHUNK;
		enum ulp_code code;

		if (len == 0)
			break;
		code = space_read(c->space, span.start, c->words, len, err);
		if (code == ULP_EGONE)
			return code;
		if (code != ULP_OK) {
			finding->hit = true;
			return ULP_OK;
		}
		for (size_t i = 0; i < len / sizeof(c->words[0]); i++) {
			const struct code_range *range = range_of_word(c, c->words[i]);

			if (range != NULL) {
				*finding = (struct finding){true, range, c->words[i]};
				return ULP_OK;
			}
		}
		span.start += len;
	}
	return ULP_OK;
}

/* Whether the word is in the span. */
static bool holds_word(const struct active *c, struct span span, uint64_t word)
{
	const struct code_range range = {.start = word - 1, .end = word};
	struct code_span code = {range.start, range.end};
	struct active only = {.proc = c->proc,
			      .space = c->space,
			      .ranges = &range,
			      .nr_ranges = 1,
			      .quick = {.spans = &code, .nr_spans = 1},
			      .words = c->words};
	struct finding finding;

	return word != 0 && scan(&only, span, &finding, NULL) == ULP_OK && finding.range != NULL;
}

/* --- verdict -------------------------------------------------------------------- */

/* An address of the range as it is shown: for a function with the offset in it. */
struct shown {
	char text[160];
};

static struct shown show(const struct code_range *range, uint64_t addr)
{
	struct shown s;

	if (range->whole)
		(void)snprintf(s.text, sizeof(s.text), "0x%llx", (unsigned long long)addr);
	else
		(void)snprintf(s.text, sizeof(s.text), "0x%llx (%.100s+0x%llx)",
			       (unsigned long long)addr, range->name,
			       (unsigned long long)(addr - range->start));
	return s;
}

static enum ulp_code is_inside(const struct stopped_thread *t, const struct code_range *range,
			       uint64_t addr, struct ulp_err *err)
{
	return ulp_fail(err, ULP_EACTIVE, "thread %d is inside %s, at %s", t->tid, range->name,
			show(range, addr).text);
}

static enum ulp_code may_be_inside(const struct stopped_thread *t, const struct finding *finding,
				   struct ulp_err *err)
{
	if (finding->range == NULL)
		return ulp_fail(
			err, ULP_EACTIVE,
			"the stack of thread %d, at 0x%llx, can neither be scanned nor unwound",
			t->tid, (unsigned long long)t->sp);
	return ulp_fail(err, ULP_EACTIVE,
			"thread %d may be inside %s: its stack holds %s and cannot be unwound",
			t->tid, finding->range->name, show(finding->range, finding->word).text);
}

static const struct code_range *range_of_frame(const struct active *c, uint64_t pc, bool innermost)
{
	for (size_t i = 0; i < c->nr_ranges && quick_scan_may_lead(&c->quick, pc); i++) {
		const struct code_range *range = &c->ranges[i];

		/* At its very start an interrupted thread is still going to execute the entry. */
		if ((pc > range->start ||
		     (pc == range->start && !range->exact && (!innermost || range->whole))) &&
		    pc < range->end)
			return range;
	}
	return NULL;
}

static struct unwinder *get_unwinder(struct active *c)
{
	if (!c->unwinder_tried)
		c->unwinder = unwinder_create(c->proc);
	c->unwinder_tried = true;
	return c->unwinder;
}

/* Settles findings by unwinding.  there: what was found on `other`, the usual stack. */
static enum ulp_code settle(struct active *c, const struct stopped_thread *t, struct span other,
			    const struct finding *here, const struct finding *there,
			    struct ulp_err *err)
{
	struct unwinder *u = get_unwinder(c);
	struct unwound_stack stack;
	enum ulp_code code = ULP_OK;

	if (u == NULL)
		return may_be_inside(t, here->hit ? here : there, err);
	unwinder_stack(u, t->tid, &stack);
	for (size_t i = 0; i < stack.nr && code == ULP_OK; i++) {
		const struct code_range *range = range_of_frame(c, stack.pcs[i], i == 0);

		if (range != NULL)
			code = is_inside(t, range, stack.pcs[i], err);
	}
	if (code == ULP_OK && !stack.precise)
		code = may_be_inside(t, here->hit ? here : there, err);
	if (code == ULP_OK && there->hit && !holds_word(c, other, stack.outermost))
		code = may_be_inside(t, there, err);
	unwound_stack_free(&stack);
	return code;
}

static enum ulp_code check_thread(struct active *c, const struct stopped_thread *t,
				  struct ulp_err *err)
{
	const struct code_range *range = range_of_frame(c, t->pc, true);
	const struct ulp_region *current = region_of(c, t->sp);
	struct finding here = {.hit = true}, there = {0};
	struct span other = other_stack(current, usual_region(c, t), t);
	enum ulp_code code = ULP_OK;

	if (range != NULL)
		return is_inside(t, range, t->pc, err);
	if (current != NULL)
		code = scan(c, current_stack(current, t), &here, err);
	if (code == ULP_OK)
		code = scan(c, other, &there, err);
	if (code != ULP_OK || (!here.hit && !there.hit))
		return code;
	return settle(c, t, other, &here, &there, err);
}

static void regions_free(struct active *c)
{
	process_regions_free(c->regions, c->paths, c->nr_regions);
	c->paths = NULL;
	c->regions = NULL;
	c->nr_regions = 0;
}

/* Up to as many threads the kernel is asked for their mappings alone: a list may be long. */
#define FEW_THREADS 64

/*
 * The mappings that region_of() and usual_region() look for: of the stack pointers, and of the
 * usual stacks.  That of the first thread holds the program's 16 random bytes (getauxval(3)).
 */
static enum ulp_code stacks_find(struct active *c, const struct stopped_thread *threads, size_t nr,
				 struct ulp_err *err)
{
	const pid_t pid = c->proc->pid;
	uint64_t addrs[2 * FEW_THREADS + 1];
	const struct stopped_thread *first = NULL;
	size_t nr_addrs = 0;
	bool known = nr <= FEW_THREADS;

	for (size_t i = 0; i < nr && known; i++) {
		addrs[nr_addrs++] = threads[i].sp;
		addrs[nr_addrs++] = threads[i].tls;
		if (threads[i].tid != pid)
			continue;
		first = &threads[i];
		known = process_auxv(pid, pid, AT_RANDOM, &addrs[nr_addrs++]);
	}
	if (known && process_regions_at(c->proc, addrs, nr_addrs, &c->regions, &c->paths,
					&c->nr_regions, NULL) == ULP_OK) {
		if (first == NULL || usual_region(c, first) != NULL)
			return ULP_OK;
		regions_free(c);
	}
	return process_regions(c->proc, &c->regions, &c->paths, &c->nr_regions, err);
}

/* Those threads that a quick look does not clear. */
static enum ulp_code check_threads(struct active *c, const struct stopped_thread *threads,
				   size_t nr, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < nr && code == ULP_OK; i++) {
		if (threads[i].clean)
			continue;
		if (c->regions == NULL)
			code = stacks_find(c, threads, nr, err);
		if (code == ULP_OK)
			code = check_thread(c, &threads[i], err);
	}
	return code;
}

void active_look(struct active *c, struct stopped_thread *threads, size_t nr)
{
	if (c->nr_ranges > 0)
		quick_scan_threads(&c->quick, threads, nr);
}

enum ulp_code active_check(struct active *c, struct session *s, struct ulp_err *err)
{
	size_t nr;
	struct stopped_thread *threads = session_threads(s, &nr);
	enum ulp_code code;

	/* Of threads that run nothing can be said; a stop holds at least the first one. */
	assert(nr > 0);
	if (c->nr_ranges == 0)
		return ULP_OK;
	quick_scan_threads(&c->quick, threads, nr);
	code = check_threads(c, threads, nr, err);
	/* Of this stop only. */
	regions_free(c);
	unwinder_destroy(c->unwinder);
	c->unwinder = NULL;
	c->unwinder_tried = false;
	return code;
}

enum ulp_code active_open(const struct process *proc, struct ulp_space *space,
			  const struct code_range *ranges, size_t nr_ranges, struct active **ret,
			  struct ulp_err *err)
{
	struct active *c = calloc(1, sizeof(*c));
	enum ulp_code code;

	if (c != NULL)
		c->words = malloc(CHUNK);
	if (c == NULL || c->words == NULL) {
		free(c);
		return ulp_fail(err, ULP_ENOMEM, "out of memory for the stack check");
	}
	c->proc = proc;
	c->space = space;
	c->ranges = ranges;
	c->nr_ranges = nr_ranges;
	code = quick_scan_init(&c->quick, proc, space, ranges, nr_ranges, err);
	if (code != ULP_OK) {
		free(c->words);
		free(c);
		return code;
	}
	*ret = c;
	return ULP_OK;
}

void active_close(struct active *c)
{
	if (c == NULL)
		return;
	quick_scan_deinit(&c->quick);
	free(c->words);
	free(c);
}
