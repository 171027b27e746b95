/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The records and the process they are about.  A library may be unloaded while
 * it is patched, and loaded again or not: nobody tells the registry.
 */
#include "config.h"

#include "engine/registry.h"

#include <string.h>

static bool is_of(const struct ulp_reg_patch *h, const struct ulp_object *o)
{
	return h->target_bias == o->bias && h->target_build_id_len == o->build_id.len &&
	       memcmp(h->target_build_id, o->build_id.bytes, o->build_id.len) == 0;
}

/* The library of the record where it was patched, NULL if it is not there. */
static const struct ulp_object *library_of(const struct registry_patch *p,
					   const struct ulp_objects *objs)
{
	for (size_t i = 0; i < objs->nr; i++)
		if (is_of(&p->head, &objs->list[i]))
			return &objs->list[i];
	return NULL;
}

/*
 * Whether an applied patch has left together with its library.  No word is as the
 * registry wants it, and either the library is not there, or all words are the
 * original ones: then it is there anew.  Anything else (a debugger's breakpoint, a
 * tool that restored some of them) is for the plan to refuse.
 */
static bool has_left(const struct registry *reg, const struct registry_patch *p, bool absent,
		     struct reader *r)
{
	bool all_original = true;

	for (uint32_t i = 0; i < p->head.nr_functions; i++) {
		const struct ulp_reg_function *f = &p->functions[i];
		uint8_t now[8];
		uint8_t want[8];
		bool readable = !reader_read(r, f->word_addr, now, sizeof(now), NULL);

		if (readable && registry_word(reg, f->word_addr, false, want) &&
		    memcmp(now, want, sizeof(now)) == 0)
			return false;
		if (!readable || memcmp(now, f->original, sizeof(now)) != 0)
			all_original = false;
	}
	return all_original || absent;
}

/* Whether each page with an entry of the patch has been written to in the copy that is there. */
static bool is_written(const struct registry_patch *p, struct ulp_space *s)
{
	const uint64_t page_size = (uint64_t)s->page_size;
	uint64_t last = UINT64_MAX;

	for (uint32_t i = 0; i < p->head.nr_functions; i++) {
		const uint64_t at = p->functions[i].word_addr;

		if (at / page_size != last && !s->ops->is_copied(s, remote_at(at)))
			return false;
		last = at / page_size;
	}
	return true;
}

/*
 * Whether a reverted patch was applied to another copy of the library than the one that is
 * there.  The words of both are alike, but only in the old one they have been written.
 */
static bool is_of_another_copy(const struct registry_patch *p, const struct ulp_object *library,
			       struct ulp_space *s)
{
	if (!library)
		return true;
	/* What the program has begun with is never unloaded, other than a namespace's. */
	if (library->space == 0 && library->scope & OBJECT_SCOPE_GLOBAL)
		return false;
	return s->ops->is_copied && !is_written(p, s);
}

/* Whether the record says of a library that is gone what it says. */
static bool is_stale(const struct registry *reg, const struct registry_patch *p,
		     const struct ulp_object *library, struct reader *r)
{
	const bool idle = reg->head.commit == ULP_COMMIT_IDLE;

	switch (p->head.state) {
	case ULP_PATCH_APPLIED:
		/* In the middle of a commit a word may be either. */
		return idle && has_left(reg, p, !library, r);
	case ULP_PATCH_REVERTED:
		return (idle || p->head.next_state == ULP_PATCH_REVERTED) &&
		       is_of_another_copy(p, library, r->space);
	default:
		return false;
	}
}

void registry_compare(struct registry *reg, struct reader *r, const struct ulp_objects *objs)
{
	/* What the words should be is asked of all records, as they were written. */
	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];

		p->stale = is_stale(reg, p, library_of(p, objs), r);
	}
	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];

		p->absent = !library_of(p, objs);
		if (!p->stale)
			continue;
		p->stored = p->head.state;
		p->head.state = ULP_PATCH_UNLOADED;
		p->head.next_state = ULP_PATCH_UNLOADED;
	}
}
