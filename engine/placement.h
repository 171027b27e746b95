/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a container goes: near its target, so that direct jumps and 32-bit
 * references reach both ways.
 */
#ifndef ULP_ENGINE_PLACEMENT_H
#define ULP_ENGINE_PLACEMENT_H

#include "engine/space.h"

struct placement {
	uint64_t lo; /* what has to be reached: [lo, hi) */
	uint64_t hi;
	uint64_t len;	/* bytes to place, whole pages */
	uint64_t reach; /* bytes; ULP_REACH */
	uint64_t page_size;
};

/*
 * Candidates in order of distance from [lo, hi), the nearest first: the n-th
 * (from 0) is put into *ret.  false if there are fewer.  Leaves a guard page on
 * both sides, stays out of the zero page's neighbourhood and of the gap just
 * above the heap, which brk(2) needs for its growth.
 */
bool placement_candidate(const struct placement *p, const struct ulp_region *regions, size_t nr,
			 size_t n, uint64_t *ret);

#endif
