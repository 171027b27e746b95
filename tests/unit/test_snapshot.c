/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads that are answered from what was taken before.
 */
#include "config.h"

#include "engine/snapshot.h"
#include "tests/lib/check_err.h"
#include "tests/lib/fake_space.h"

#include <string.h>

#define AT 0x7ffff0000000ull

struct fixture {
	struct fake_space fs;
	struct snapshot s;
	struct ulp_err err;
	unsigned char *bytes; /* of the space */
};

static void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	fake_space_init(&f->fs);
	fake_space_add(&f->fs, AT, 4 * FAKE_PAGE, 3, 0);
	f->bytes = fake_space_at(&f->fs, AT, 4 * FAKE_PAGE);
	for (size_t i = 0; i < 4 * FAKE_PAGE; i++)
		f->bytes[i] = (unsigned char)(i / 8);
	snapshot_init(&f->s, &f->fs.space);
}

static void add(struct fixture *f, uint64_t off, size_t len)
{
	assert_succeeds(snapshot_add(&f->s, AT + off, len, &f->err), &f->err);
}

static void take(struct fixture *f)
{
	assert_succeeds(snapshot_seal(&f->s, &f->err), &f->err);
	snapshot_take(&f->s);
	fake_space_heal(&f->fs);
}

/* With one place: eight bytes at 8. */
static void fixture_init_taken(struct fixture *f)
{
	fixture_init(f);
	add(f, 8, 8);
	take(f);
}

static void fixture_deinit(struct fixture *f)
{
	snapshot_deinit(&f->s);
	fake_space_deinit(&f->fs);
}

/* Reads through the snapshot; whether the space was asked. */
static bool asks(struct fixture *f, uint64_t off, size_t len)
{
	const size_t before = f->fs.nr_reads;
	unsigned char now[64];

	assert_succeeds(space_read(&f->s.space, AT + off, now, len, &f->err), &f->err);
	assert_memory_equal(now, f->bytes + off, len);
	return f->fs.nr_reads != before;
}

static void what_was_taken_is_not_read_again(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	/* In any order, twice, and one that reaches over another one's end. */
	add(&f, 3 * FAKE_PAGE, 16);
	add(&f, 8, 8);
	add(&f, 40, 8);
	add(&f, 8, 8);
	add(&f, 44, 20);
	take(&f);
	assert_false(asks(&f, 3 * FAKE_PAGE, 16));
	assert_false(asks(&f, 3 * FAKE_PAGE + 8, 8));
	assert_false(asks(&f, 8, 8));
	assert_false(asks(&f, 60, 4));
	fixture_deinit(&f);
}

static void what_it_does_not_have_as_a_whole_is_asked_for(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add(&f, 8, 8);
	add(&f, 2 * FAKE_PAGE, 16);
	assert_true(asks(&f, 8, 8)); /* not taken yet */
	take(&f);
	assert_true(asks(&f, 0, 8));
	assert_true(asks(&f, 8, 9));
	assert_true(asks(&f, 2 * FAKE_PAGE - 1, 2));
	assert_true(asks(&f, 2 * FAKE_PAGE + 8, 16));
	assert_true(asks(&f, 3 * FAKE_PAGE, 8));
	snapshot_forget(&f.s);
	assert_true(asks(&f, 8, 8));
	fixture_deinit(&f);
}

static void what_is_written_through_it_is_in_it(void **state)
{
	static const unsigned char news[] = "0123456789abcdef";
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add(&f, 8, 8);
	add(&f, FAKE_PAGE + 8, 8);
	take(&f);
	assert_succeeds(space_write(&f.s.space, AT + 8, news, 8, &f.err), &f.err);
	/* Over its end, and over its start. */
	assert_succeeds(space_write(&f.s.space, AT + 12, news, 16, &f.err), &f.err);
	assert_succeeds(space_write(&f.s.space, AT + FAKE_PAGE, news, 12, &f.err), &f.err);
	assert_memory_equal(f.bytes + 12, news, 16);
	assert_false(asks(&f, 8, 8));
	assert_false(asks(&f, FAKE_PAGE + 8, 8));
	fixture_deinit(&f);
}

static void after_a_write_that_fails_it_knows_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init_taken(&f);
	f.fs.fail_write = 1;
	assert_int_not_equal(space_write(&f.s.space, AT + 8, "01234567", 8, NULL), ULP_OK);
	assert_true(asks(&f, 8, 8));
	fixture_deinit(&f);
}

/* Write number n of those that the space got. */
static void check_write(const struct fixture *f, size_t n, uint64_t off, const char *bytes)
{
	assert_int_equal(f->fs.writes[n].addr, AT + off);
	assert_memory_equal(f->fs.writes[n].first, bytes, f->fs.writes[n].len);
}

static void later(struct fixture *f, uint64_t off, const char *bytes)
{
	assert_succeeds(space_write_later(&f->s.space, AT + off, bytes, strlen(bytes), &f->err),
			&f->err);
}

static void what_is_written_later_comes_by_one_call_in_its_order(void **state)
{
	struct fixture f;
	unsigned char now[8];

	(void)state;
	fixture_init_taken(&f);
	later(&f, FAKE_PAGE, "1st");
	later(&f, 8, "2nd");
	later(&f, 8, "3rd");
	assert_int_equal(f.fs.nr_write_calls, 0);
	assert_succeeds(space_read(&f.s.space, AT + 8, now, 8, &f.err), &f.err);
	assert_memory_equal(now, "3rd", 3);
	assert_int_equal(f.fs.nr_reads, 0);
	assert_succeeds(space_flush(&f.s.space, &f.err), &f.err);
	assert_int_equal(f.fs.nr_write_calls, 1);
	assert_int_equal(f.fs.nr_writes, 3);
	check_write(&f, 0, FAKE_PAGE, "1st");
	check_write(&f, 1, 8, "2nd");
	check_write(&f, 2, 8, "3rd");
	assert_succeeds(space_flush(&f.s.space, &f.err), &f.err);
	assert_int_equal(f.fs.nr_write_calls, 1);
	fixture_deinit(&f);
}

static void what_was_kept_back_comes_before_other_calls(void **state)
{
	struct fixture f;
	unsigned char now[8];

	(void)state;
	fixture_init_taken(&f);
	later(&f, FAKE_PAGE, "later");
	assert_succeeds(space_read(&f.s.space, AT + FAKE_PAGE, now, 8, &f.err), &f.err);
	assert_memory_equal(now, "later", 5);
	later(&f, FAKE_PAGE, "first");
	assert_succeeds(space_write(&f.s.space, AT + FAKE_PAGE, "then", 4, &f.err), &f.err);
	assert_int_equal(f.fs.nr_writes, 3);
	check_write(&f, 1, FAKE_PAGE, "first");
	check_write(&f, 2, FAKE_PAGE, "then");
	fixture_deinit(&f);
}

static void nothing_is_lost_where_much_is_kept_back(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init_taken(&f);
	for (unsigned i = 0; i <= SNAPSHOT_MAX_WRITES; i++)
		later(&f, FAKE_PAGE + i, "x");
	assert_succeeds(space_flush(&f.s.space, &f.err), &f.err);
	assert_int_equal(f.fs.nr_writes, SNAPSHOT_MAX_WRITES + 1);
	assert_int_equal(f.fs.nr_write_calls, 2);
	for (unsigned i = 0; i <= SNAPSHOT_MAX_WRITES; i++)
		check_write(&f, i, FAKE_PAGE + i, "x");
	fixture_deinit(&f);
}

static void what_fails_later_is_told_and_ends_the_list(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init_taken(&f);
	later(&f, 8, "1st");
	later(&f, 16, "2nd");
	later(&f, 24, "3rd");
	f.fs.fail_write = 2;
	assert_int_equal(space_flush(&f.s.space, NULL), ULP_ESYS);
	assert_int_equal(f.fs.nr_writes, 2);
	/* It does not know what is there, and keeps nothing back any more. */
	assert_true(asks(&f, 8, 8));
	later(&f, 8, "4th");
	assert_int_equal(f.fs.nr_writes, 3);
	fixture_deinit(&f);
}

static void where_not_all_can_be_read_it_knows_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	add(&f, 8, 8);
	add(&f, 4 * FAKE_PAGE, 8); /* nothing is there */
	take(&f);
	assert_true(asks(&f, 8, 8));
	fixture_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_taken_is_not_read_again),
		cmocka_unit_test(what_it_does_not_have_as_a_whole_is_asked_for),
		cmocka_unit_test(what_is_written_through_it_is_in_it),
		cmocka_unit_test(after_a_write_that_fails_it_knows_nothing),
		cmocka_unit_test(what_is_written_later_comes_by_one_call_in_its_order),
		cmocka_unit_test(what_was_kept_back_comes_before_other_calls),
		cmocka_unit_test(nothing_is_lost_where_much_is_kept_back),
		cmocka_unit_test(what_fails_later_is_told_and_ends_the_list),
		cmocka_unit_test(where_not_all_can_be_read_it_knows_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
