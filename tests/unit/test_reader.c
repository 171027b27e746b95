/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "engine/reader.h"
#include "tests/lib/check_err.h"
#include "tests/lib/fake_space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define AT 0x10000ull

/* Two pages at AT, then a hole. */
struct fixture {
	struct fake_space fs;
	struct reader r;
	struct ulp_err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_space_init(&f->fs);
	fake_space_add(&f->fs, AT, 2 * FAKE_PAGE, PROT_READ, 0);
	if (reader_init(&f->r, &f->fs.space, &f->err))
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	reader_deinit(&f->r);
	fake_space_deinit(&f->fs);
	free(f);
	return 0;
}

static void reads_across_a_page_boundary(void **state)
{
	struct fixture *f = *state;
	char buf[9] = "";

	memcpy(fake_space_at(&f->fs, AT + FAKE_PAGE - 4, 8), "12345678", 8);
	assert_succeeds(reader_read(&f->r, AT + FAKE_PAGE - 4, buf, 8, &f->err), &f->err);
	assert_string_equal(buf, "12345678");
}

static void reads_a_page_only_once_until_it_forgets(void **state)
{
	struct fixture *f = *state;
	unsigned char *byte = fake_space_at(&f->fs, AT + 5, 1);
	unsigned char got;

	*byte = 1;
	for (int i = 0; i < 10; i++)
		assert_succeeds(reader_read(&f->r, AT + 5, &got, 1, &f->err), &f->err);
	assert_int_equal(f->fs.nr_reads, 1);
	*byte = 2;
	reader_forget(&f->r);
	assert_succeeds(reader_read(&f->r, AT + 5, &got, 1, &f->err), &f->err);
	assert_int_equal(got, 2);
}

static void pages_that_share_a_cache_slot_do_not_mix(void **state)
{
	struct fixture *f = *state;
	const uint64_t apart = 512ull * FAKE_PAGE; /* the cache's size */
	unsigned char got;

	fake_space_add(&f->fs, AT + apart, FAKE_PAGE, PROT_READ, 0);
	memset(fake_space_at(&f->fs, AT, 1), 'a', 1);
	memset(fake_space_at(&f->fs, AT + apart, 1), 'b', 1);
	for (int i = 0; i < 3; i++) {
		assert_succeeds(reader_read(&f->r, AT, &got, 1, &f->err), &f->err);
		assert_int_equal(got, 'a');
		assert_succeeds(reader_read(&f->r, AT + apart, &got, 1, &f->err), &f->err);
		assert_int_equal(got, 'b');
	}
}

static void a_long_read_gives_the_same_bytes(void **state)
{
	struct fixture *f = *state;
	unsigned char *want;
	unsigned char got[5 * FAKE_PAGE];

	fake_space_remove(&f->fs, AT, 2 * FAKE_PAGE);
	fake_space_add(&f->fs, AT, 6 * FAKE_PAGE, PROT_READ, 0);
	want = fake_space_at(&f->fs, AT, 6 * FAKE_PAGE);
	for (size_t i = 0; i < 6 * FAKE_PAGE; i++)
		want[i] = (unsigned char)(i * 31);
	assert_succeeds(reader_read(&f->r, AT + 7, got, sizeof(got), &f->err), &f->err);
	assert_memory_equal(got, want + 7, sizeof(got));
}

static void a_hole_is_an_error_and_is_not_cached(void **state)
{
	struct fixture *f = *state;
	unsigned char got;

	assert_int_equal(reader_read(&f->r, AT + 2 * FAKE_PAGE, &got, 1, &f->err), ULP_ESYS);
	assert_int_equal(f->err.sys_errno, EFAULT);
	fake_space_add(&f->fs, AT + 2 * FAKE_PAGE, FAKE_PAGE, PROT_READ, 0);
	assert_succeeds(reader_read(&f->r, AT + 2 * FAKE_PAGE, &got, 1, &f->err), &f->err);
}

static void a_failed_read_does_not_leave_a_page_of_rubbish(void **state)
{
	struct fixture *f = *state;
	unsigned char got;

	const uint64_t same_slot = AT + 512ull * FAKE_PAGE;

	fake_space_add(&f->fs, same_slot, FAKE_PAGE, PROT_READ, 0);
	*(unsigned char *)fake_space_at(&f->fs, AT, 1) = 7;
	assert_succeeds(reader_read(&f->r, AT, &got, 1, &f->err), &f->err);
	f->fs.fail_read = 1;
	assert_int_equal(reader_read(&f->r, same_slot, &got, 1, &f->err), ULP_ESYS);
	assert_succeeds(reader_read(&f->r, AT, &got, 1, &f->err), &f->err);
	assert_int_equal(got, 7);
}

static void a_read_past_the_end_of_the_address_space_is_refused(void **state)
{
	struct fixture *f = *state;
	char buf[32];

	assert_int_equal(reader_read(&f->r, UINT64_MAX - 8, buf, 32, &f->err), ULP_EELF);
	assert_int_equal(f->fs.nr_reads, 0);
	assert_int_equal(reader_read(&f->r, UINT64_MAX - 40, buf, 32, &f->err), ULP_ESYS);
}

static void a_string_may_end_with_the_mapping(void **state)
{
	struct fixture *f = *state;
	uint64_t at = AT + 2 * FAKE_PAGE - 4;
	char buf[64];

	memcpy(fake_space_at(&f->fs, at, 4), "end", 4);
	assert_succeeds(reader_string(&f->r, at, buf, sizeof(buf), &f->err), &f->err);
	assert_string_equal(buf, "end");
	assert_true(reader_string_is(&f->r, at, "end"));
	assert_false(reader_string_is(&f->r, at, "ending"));
	assert_false(reader_string_is(&f->r, at, "en"));
	assert_false(reader_string_is(&f->r, AT + 2 * FAKE_PAGE, "end"));
}

static void a_string_without_an_end_is_refused(void **state)
{
	struct fixture *f = *state;
	char buf[16];
	char *dup;

	memset(fake_space_at(&f->fs, AT, 2 * FAKE_PAGE), 'x', 2 * FAKE_PAGE);
	assert_int_equal(reader_string(&f->r, AT, buf, sizeof(buf), &f->err), ULP_EELF);
	assert_int_equal(reader_strdup(&f->r, AT, &dup, &f->err), ULP_EELF);
	/* Or runs into the hole. */
	assert_int_equal(reader_strdup(&f->r, AT + 2 * FAKE_PAGE - 100, &dup, &f->err), ULP_ESYS);
}

static void a_long_name_is_compared_to_its_end(void **state)
{
	struct fixture *f = *state;
	char name[300];

	memset(name, 'n', sizeof(name));
	name[299] = '\0';
	memcpy(fake_space_at(&f->fs, AT + FAKE_PAGE - 100, 300), name, 300);
	assert_true(reader_string_is(&f->r, AT + FAKE_PAGE - 100, name));
	name[298] = 'm';
	assert_false(reader_string_is(&f->r, AT + FAKE_PAGE - 100, name));
}

static void strings_together_are_bounded_until_it_forgets(void **state)
{
	struct fixture *f = *state;
	char *dup;
	size_t nr = 0;

	memset(fake_space_at(&f->fs, AT, 4000), 'x', 4000);
	while (reader_strdup(&f->r, AT, &dup, &f->err) == ULP_OK) {
		free(dup);
		assert_true(++nr < 100000);
	}
	assert_int_equal(f->err.code, ULP_EELF);
	assert_true(nr > 1000);
	reader_forget(&f->r);
	assert_succeeds(reader_strdup(&f->r, AT, &dup, &f->err), &f->err);
	free(dup);
}

/* What makes every walk through a hostile process's tables end. */
static void reads_together_are_bounded_until_it_forgets(void **state)
{
	struct fixture *f = *state;
	unsigned char got;

	f->r.reads_left = 3;
	for (int i = 0; i < 3; i++)
		assert_succeeds(reader_read(&f->r, AT, &got, 1, &f->err), &f->err);
	assert_int_equal(reader_read(&f->r, AT, &got, 1, &f->err), ULP_EELF);
	reader_forget(&f->r);
	assert_succeeds(reader_read(&f->r, AT, &got, 1, &f->err), &f->err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_across_a_page_boundary),
		TEST(reads_a_page_only_once_until_it_forgets),
		TEST(pages_that_share_a_cache_slot_do_not_mix),
		TEST(a_long_read_gives_the_same_bytes),
		TEST(a_hole_is_an_error_and_is_not_cached),
		TEST(a_failed_read_does_not_leave_a_page_of_rubbish),
		TEST(a_read_past_the_end_of_the_address_space_is_refused),
		TEST(a_string_may_end_with_the_mapping),
		TEST(a_string_without_an_end_is_refused),
		TEST(a_long_name_is_compared_to_its_end),
		TEST(strings_together_are_bounded_until_it_forgets),
		TEST(reads_together_are_bounded_until_it_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
