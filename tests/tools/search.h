/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TESTS_SEARCH_H
#define ULP_TESTS_SEARCH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The index of the first of nr rows whose key is not below `wanted`; nr if there is none.  Rows are
 * len bytes and sorted by their key, a uint64_t at key_off within each.
 */
static inline size_t first_not_below(const void *rows, size_t nr, size_t len, size_t key_off,
				     uint64_t wanted)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint64_t key;

		memcpy(&key, (const char *)rows + middle * len + key_off, sizeof(key));
		if (key < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#endif
