/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the engine calls for sorting, inside of libpulp.so.0, hidden as what is in
 * runtime/allocate.c.  glibc's qsort() takes memory from the program's malloc()
 * for lists of 1 KiB and more (stdlib/msort.c of 2.36).
 *
 * Heap sort: in place, n log n in the worst case, no recursion; not stable.
 */
#include "config.h"

#include <stddef.h>
#include <stdlib.h>

typedef int compare(const void *a, const void *b);

static void swap(char *a, char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const char byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

/* Below `root` list[0..nr) is a heap; afterwards at `root` as well. */
static void sift_down(char *list, size_t root, size_t nr, size_t size, compare *order)
{
	/* nr / 2 is the first without a child. */
	while (root < nr / 2) {
		size_t child = 2 * root + 1;

		if (child + 1 < nr && order(list + child * size, list + (child + 1) * size) < 0)
			child++;
		if (order(list + root * size, list + child * size) >= 0)
			return;
		swap(list + root * size, list + child * size, size);
		root = child;
	}
}

__attribute__((visibility("hidden"))) void qsort(void *list, size_t nr, size_t size, compare *order)
{
	for (size_t root = nr / 2; root-- > 0;)
		sift_down(list, root, nr, size, order);
	while (nr-- > 1) {
		swap(list, (char *)list + nr * size, size);
		sift_down(list, 0, nr, size, order);
	}
}
