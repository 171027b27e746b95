/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/placement.h"

/* Nothing goes below: vm.mmap_min_addr and null pointers with an offset. */
#define LOWEST (1ull << 20)

/* End of user space with four-level page tables (Linux Documentation/arch/x86/x86_64/mm.rst). */
#define HIGHEST ((1ull << 47) - (1ull << 16))

/*
 * Kept free above a private anonymous mapping that may be the heap: what
 * malloc grows by between two looks is far less.
 */
#define HEAP_ROOM (256ull << 20)

/* Both ends of the gap before regions[i] (i == nr: after the last). */
static bool gap_at(const struct placement *p, const struct ulp_region *regions, size_t nr, size_t i,
		   uint64_t *from, uint64_t *to)
{
	bool heap_below = i > 0 && !regions[i - 1].inode;

	*from = i > 0 ? regions[i - 1].end : LOWEST;
	*to = i < nr ? regions[i].start : HIGHEST;
	if (*from < LOWEST)
		*from = LOWEST;
	if (*to > HIGHEST)
		*to = HIGHEST;
	if (*from >= *to)
		return false;
	if (heap_below && *to - *from > 2 * HEAP_ROOM)
		*from += HEAP_ROOM;
	*from += p->page_size;
	*to -= p->page_size;
	return *from < *to && *to - *from >= p->len;
}

static bool reaches(const struct placement *p, uint64_t at)
{
	uint64_t lo = at < p->lo ? at : p->lo;
	uint64_t hi = at + p->len > p->hi ? at + p->len : p->hi;

	return hi - lo <= p->reach;
}

/* The place in a gap that is nearest to what must be reached. */
static uint64_t nearest_in(const struct placement *p, uint64_t from, uint64_t to)
{
	return to <= p->lo ? to - p->len : from;
}

static uint64_t distance(const struct placement *p, uint64_t at)
{
	return at < p->lo ? p->lo - at : at - p->lo;
}

bool placement_candidate(const struct placement *p, const struct ulp_region *regions, size_t nr,
			 size_t n, uint64_t *ret)
{
	uint64_t last = 0;
	size_t last_gap = 0;

	/*
	 * The n-th smallest distance, of two equal ones the lower gap first; n is
	 * small, and the list is a few hundred long.
	 */
	for (size_t round = 0; round <= n; round++) {
		uint64_t best = UINT64_MAX;
		size_t best_gap = 0;

		for (size_t i = 0; i <= nr; i++) {
			uint64_t from;
			uint64_t to;
			uint64_t at;

			if (!gap_at(p, regions, nr, i, &from, &to))
				continue;
			at = nearest_in(p, from, to);
			if (!reaches(p, at) || distance(p, at) >= best)
				continue;
			if (round &&
			    (distance(p, at) < last || (distance(p, at) == last && i <= last_gap)))
				continue;
			best = distance(p, at);
			best_gap = i;
			*ret = at;
		}
		if (best == UINT64_MAX)
			return false;
		last = best;
		last_gap = best_gap;
	}
	return true;
}
