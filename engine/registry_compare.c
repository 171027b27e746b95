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

static bool is_absent(const struct registry_patch *p, const struct ulp_objects *objs)
{
	for (size_t i = 0; i < objs->nr; i++)
		if (is_of(&p->head, &objs->list[i]))
			return false;
	return true;
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

void registry_compare(struct registry *reg, struct reader *r, const struct ulp_objects *objs)
{
	/* What the words should be is asked of all records, as they were written. */
	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];

		/* In the middle of a commit a word may be either. */
		p->stale = reg->head.commit == ULP_COMMIT_IDLE &&
			   p->head.state == ULP_PATCH_APPLIED &&
			   has_left(reg, p, is_absent(p, objs), r);
	}
	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];

		p->absent = is_absent(p, objs);
		if (p->stale)
			p->head.state = ULP_PATCH_UNLOADED;
	}
}
