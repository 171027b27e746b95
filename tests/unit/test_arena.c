/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory of the runtime at the start of a process. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

static int release(void **state)
{
	(void)state;
	arena_release();
	return 0;
}

static bool is_zero(const char *block, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (block[i])
			return false;
	return true;
}

static bool is_mapped(void *block)
{
	unsigned char in_core;
	uintptr_t page = (uintptr_t)block & ~(uintptr_t)4095;

	return mincore((void *)page, 1, &in_core) == 0;
}

static void blocks_are_aligned_zero_and_apart(void **state)
{
	static const size_t lens[] = {0, 1, 15, 16, 17, 4096, 32000, 32752, 32768, 300000, 3000000};
	char *blocks[3 * sizeof(lens) / sizeof(*lens)];
	size_t nr = 0;

	(void)state;
	for (size_t round = 0; round < 3; round++)
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++, nr++) {
			blocks[nr] = arena_alloc(lens[i]);
			assert_non_null(blocks[nr]);
			assert_int_equal((uintptr_t)blocks[nr] % alignof(max_align_t), 0);
			assert_true(is_zero(blocks[nr], lens[i]));
			memset(blocks[nr], (int)nr + 1, lens[i]);
		}
	for (size_t i = 0; i < nr; i++) {
		size_t len = lens[i % (sizeof(lens) / sizeof(*lens))];

		assert_true(!len || (blocks[i][0] == (char)(i + 1) &&
				     memcmp(blocks[i], blocks[i] + 1, len - 1) == 0));
	}
}

static void many_small_blocks_need_several_mappings(void **state)
{
	uint32_t *blocks[20000];

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		blocks[i] = arena_alloc(100);
		assert_non_null(blocks[i]);
		*blocks[i] = i;
	}
	for (uint32_t i = 0; i < 20000; i++)
		assert_int_equal(*blocks[i], i);
}

static void a_block_keeps_its_content_when_it_changes_size(void **state)
{
	char *block = arena_resize(NULL, 10);

	(void)state;
	memcpy(block, "123456789", 10);
	block = arena_resize(block, 100000);
	assert_string_equal(block, "123456789");
	assert_true(is_zero(block + 10, 99990));
	block = arena_resize(block, 5);
	assert_memory_equal(block, "12345", 5);
}

static void large_blocks_go_back_at_once_and_all_at_the_end(void **state)
{
	char *before = arena_alloc(100000);
	char *large = arena_alloc(100000);
	char *after = arena_alloc(100000);
	char *small = arena_alloc(100);

	(void)state;
	arena_free(large);
	assert_false(is_mapped(large + 50000));
	after[99999] = 1;
	arena_free(small);
	arena_free(NULL);
	assert_true(is_mapped(small));
	arena_release();
	assert_false(is_mapped(before));
	assert_false(is_mapped(after));
	assert_false(is_mapped(small));
	assert_non_null(arena_alloc(100));
}

static void what_cannot_be_had_is_an_error(void **state)
{
	char *block = arena_alloc(10);

	(void)state;
	errno = 0;
	assert_null(arena_alloc(SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(arena_alloc(SIZE_MAX / 4));
	assert_int_equal(errno, ENOMEM);
	memcpy(block, "still there", 10);
	assert_null(arena_resize(block, SIZE_MAX / 4));
	assert_memory_equal(block, "still ther", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(blocks_are_aligned_zero_and_apart, release),
		cmocka_unit_test_teardown(many_small_blocks_need_several_mappings, release),
		cmocka_unit_test_teardown(a_block_keeps_its_content_when_it_changes_size, release),
		cmocka_unit_test_teardown(large_blocks_go_back_at_once_and_all_at_the_end, release),
		cmocka_unit_test_teardown(what_cannot_be_had_is_an_error, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
