/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runtime's own qsort(), by another name (runtime.mk), against the libc's. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

void runtime_qsort(void *list, size_t nr, size_t size, int (*order)(const void *, const void *));

#define MAX_NR 1000
#define MAX_SIZE 40

/* The libc's, whose order it has to give: of whole elements, so that equal ones are the same. */
static size_t element_size;
static size_t nr_compared;

static int compare_bytes(const void *a, const void *b)
{
	nr_compared++;
	return memcmp(a, b, element_size);
}

/* Sorts list[0..nr) with both; what is behind is left alone. */
static void check(const unsigned char *list, size_t nr, size_t size)
{
	static unsigned char ours[MAX_NR * MAX_SIZE + 8];
	static unsigned char libcs[MAX_NR * MAX_SIZE + 8];
	const size_t len = nr * size;

	memset(ours, 0xa5, sizeof(ours));
	memcpy(ours, list, len);
	memcpy(libcs, ours, sizeof(libcs));
	element_size = size;
	qsort(libcs, nr, size, compare_bytes);
	nr_compared = 0;
	runtime_qsort(ours, nr, size, compare_bytes);
	assert_memory_equal(ours, libcs, sizeof(ours));
}

static void short_lists_are_sorted(void **state)
{
	static const unsigned char list[] = {3, 1, 2};
	static const unsigned char pair[] = {1, 3};

	(void)state;
	runtime_qsort(NULL, 0, 8, compare_bytes);
	for (size_t nr = 0; nr <= sizeof(list); nr++)
		check(list, nr, 1);
	check(pair, 2, 1);
}

/* All lists of up to six elements out of four, equal ones among them. */
static void each_order_of_a_few_is_sorted(void **state)
{
	unsigned char list[6];

	(void)state;
	for (unsigned all = 0; all < 4096; all++) {
		for (size_t i = 0; i < sizeof(list); i++)
			list[i] = (unsigned char)(all >> 2 * i & 3);
		for (size_t nr = 0; nr <= sizeof(list); nr++)
			check(list, nr, 1);
	}
}

static void elements_may_have_any_size(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 7, 8, 13, 24, MAX_SIZE};
	static unsigned char list[MAX_NR * MAX_SIZE];
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(list); i++)
		list[i] = (unsigned char)(rand_r(&seed) >> 8);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (size_t nr = 0; nr <= MAX_NR; nr += 111 + nr % 2)
			check(list, nr, sizes[i]);
}

/* 2 n log2 n comparisons, whatever the order was; quicksort's worst case is n * n / 2. */
static void no_order_takes_long(void **state)
{
	static unsigned char list[3][2 * MAX_NR];

	(void)state;
	for (size_t i = 0; i < MAX_NR; i++) {
		list[0][2 * i] = (unsigned char)(i >> 8); /* sorted */
		list[0][2 * i + 1] = (unsigned char)i;
		list[1][2 * i] = (unsigned char)((MAX_NR - i) >> 8); /* the other way round */
		list[1][2 * i + 1] = (unsigned char)(MAX_NR - i);
	}
	for (size_t i = 0; i < 3; i++) { /* the last: all equal */
		check(list[i], MAX_NR, 2);
		assert_in_range(nr_compared, 1, 2 * MAX_NR * 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_lists_are_sorted),
		cmocka_unit_test(each_order_of_a_few_is_sorted),
		cmocka_unit_test(elements_may_have_any_size),
		cmocka_unit_test(no_order_takes_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
