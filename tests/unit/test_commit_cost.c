/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a commit of many functions costs: each read and each write is a system call while all
 * threads stand still.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/fake_patch.h"

#include <stdio.h>
#include <string.h>

#define NR_FUNCTIONS 100u
#define NR_PAIRS 30u /* functions whose entry is in two words */

/* Whatever the number of functions: registry, record, list of debuggers, one page of code. */
#define MAX_READS 20u

/* Before the code and after it; and all that makes debuggers find the first container. */
#define MAX_LISTS 2u
#define MAX_OTHERS 3u

struct fixture {
	struct fake_process fp;
	struct ulp_container container;
	struct ulp_function functions[NR_FUNCTIONS];
	char names[NR_FUNCTIONS][16];
	struct ulp_err err;
};

/* Functions side by side in the target's code, with these bytes, the entry `off` behind `pad`. */
struct shape {
	uint32_t nr;
	enum ulp_entry_layout layout;
	uint64_t stride;
	uint64_t pad; /* in front of the function */
	uint64_t off; /* of the instruction that changes, in the function */
	unsigned char bytes[32];
};

static const struct shape single_words = {
	.nr = NR_FUNCTIONS,
	.layout = ULP_ENTRY_NOP5,
	.stride = 8,
	.bytes = {0x0f, 0x1f, 0x44, 0, 0, 0xc3, 0x90, 0x90},
};

/* -fpatchable-function-entry=16,14 with -fcf-protection */
static const struct shape two_words = {
	.nr = NR_PAIRS,
	.layout = ULP_ENTRY_PFE_16_14,
	.stride = 32,
	.pad = 14,
	.off = 4,
	.bytes = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
		  0x90, 0x90, 0x90, 0xf3, 0x0f, 0x1e, 0xfa, 0x90, 0x90, 0xc3, 0xc3,
		  0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3, 0xc3},
};

static void function_make(struct fixture *f, const struct shape *shape, uint32_t i)
{
	const uint64_t start = FAKE_TEXT + i * shape->stride;
	struct ulp_function *function = &f->functions[i];
	unsigned char *memory = fake_process_at(&f->fp, FAKE_TARGET, start, shape->stride);

	memcpy(memory, shape->bytes, shape->stride);
	(void)snprintf(f->names[i], sizeof(f->names[i]), "function%u", i);
	*function = (struct ulp_function){
		.old_name = f->names[i],
		.new_name = f->names[i],
		.old_vaddr = start + shape->pad,
		.old_size = shape->stride - shape->pad,
		.entry_vaddr = start + shape->pad + shape->off,
		.word_vaddr = (start + shape->pad + shape->off) & ~7ull,
		.new_vaddr = FAKE_TEXT + 8ull * i,
		.new_size = 8,
		.layout = shape->layout,
	};
	memcpy(function->word, memory + (function->word_vaddr - start), sizeof(function->word));
	function->old_checksum = ulp_checksum(memory + shape->pad, function->old_size);
}

static void fixture_init(struct fixture *f, const struct shape *shape)
{
	struct fake_patch p;

	memset(f, 0, sizeof(*f));
	fake_process_init(&f->fp);
	for (uint32_t i = 0; i < shape->nr; i++)
		function_make(f, shape, i);
	fake_patch_begin(&p, &f->fp, FAKE_TARGET, "fix", 'a');
	p.patch.functions = f->functions;
	p.patch.nr_functions = shape->nr;
	fake_patch_end(&p, &f->container);
}

static void fixture_deinit(struct fixture *f)
{
	ulp_container_close(&f->container);
	fake_process_deinit(&f->fp);
}

/* Everything up to the commit. */
static void prepare(struct fixture *f, struct engine *e, struct plan *plan, bool revert)
{
	fake_process_open(&f->fp, e);
	if (revert)
		assert_succeeds(plan_revert(plan, e, &f->container, &f->err), &f->err);
	else
		assert_succeeds(plan_apply(plan, e, &f->container, &f->err), &f->err);
	assert_succeeds(plan_map(plan, &f->err), &f->err);
	fake_space_heal(&f->fp.fs);
	assert_succeeds(plan_write(plan, &f->err), &f->err);
}

static void finish(struct engine *e, struct plan *plan)
{
	plan_deinit(plan);
	engine_close(e);
}

static bool in_code(const struct plan *plan, uint64_t addr)
{
	return addr >= plan->target->text_start && addr < plan->target->text_end;
}

/* Number of writes to the target's code. */
static size_t code_writes(const struct fixture *f, const struct plan *plan)
{
	size_t nr = 0;

	for (size_t i = 0; i < f->fp.fs.nr_writes; i++)
		nr += in_code(plan, f->fp.fs.writes[i].addr);
	return nr;
}

static void check_cost(struct fixture *f, bool revert, size_t nr_writes)
{
	struct engine e;
	struct plan plan;

	prepare(f, &e, &plan, revert);
	fake_space_heal(&f->fp.fs);
	assert_succeeds(plan_commit(&plan, &f->err), &f->err);
	assert_int_equal(code_writes(f, &plan), nr_writes);
	assert_in_range(f->fp.fs.nr_reads, 1, MAX_READS);
	assert_in_range(f->fp.fs.nr_write_calls, nr_writes + MAX_LISTS,
			nr_writes + MAX_LISTS + (revert ? 0 : MAX_OTHERS));
	finish(&e, &plan);
}

/* Every word of the code leads away, or every byte is as it was before. */
static void check_code(struct fixture *f, const struct shape *shape, bool away)
{
	for (uint32_t i = 0; i < shape->nr; i++) {
		const void *now = fake_process_at(&f->fp, FAKE_TARGET,
						  FAKE_TEXT + i * shape->stride, shape->stride);

		assert_int_equal(memcmp(now, shape->bytes, shape->stride) != 0, away);
	}
}

static void check_both_ways(const struct shape *shape, size_t nr_writes)
{
	struct fixture f;

	fixture_init(&f, shape);
	check_cost(&f, false, nr_writes);
	check_code(&f, shape, true);
	check_cost(&f, true, nr_writes);
	check_code(&f, shape, false);
	fixture_deinit(&f);
}

static void a_hundred_neighbours_are_read_and_written_by_a_few_calls(void **state)
{
	(void)state;
	check_both_ways(&single_words, 1);
}

static void entries_of_two_words_take_one_write_for_each_of_the_two(void **state)
{
	(void)state;
	check_both_ways(&two_words, 2);
}

/* The part up to the end of the first page, and all others. */
static void neighbours_in_several_pages_take_two_writes(void **state)
{
	const uint64_t at = 0x7ffff0000000, first = at + FAKE_PAGE - 16;
	struct word_edit words[3 * FAKE_PAGE / 512];
	const size_t nr = sizeof(words) / sizeof(*words);
	const struct word_edits edits = {.list = words, .nr = nr};
	struct fake_space fs;
	struct snapshot s;
	struct ulp_err err;
	unsigned char *bytes;

	(void)state;
	fake_space_init(&fs);
	fake_space_add(&fs, at, 4 * FAKE_PAGE, 5, 0);
	bytes = fake_space_at(&fs, at, 4 * FAKE_PAGE);
	memset(bytes, 'o', 4 * FAKE_PAGE);
	for (size_t i = 0; i < nr; i++) {
		words[i] = (struct word_edit){.at = first + i * 512};
		memset(words[i].after, 'n', 8);
	}
	snapshot_init(&s, &fs.space);
	assert_succeeds(snapshot_add(&s, first, (nr - 1) * 512 + 8, &err), &err);
	assert_succeeds(snapshot_seal(&s, &err), &err);
	snapshot_take(&s);
	assert_succeeds(word_edits_write(&edits, &s.space, &err), &err);
	assert_int_equal(fs.nr_writes, 2);
	assert_int_equal(fs.writes[0].addr, first);
	assert_int_equal(fs.writes[1].addr, at + FAKE_PAGE);
	for (size_t i = 0; i < 4 * FAKE_PAGE; i++) {
		const size_t off = i - (FAKE_PAGE - 16);

		assert_int_equal(bytes[i], off / 512 < nr && off % 512 < 8 ? 'n' : 'o');
	}
	snapshot_deinit(&s);
	fake_space_deinit(&fs);
}

/* Addresses within a pair: the pad's word is the lower one. */
static uint64_t word_in_pair(const struct plan *plan, const struct fake_write *w)
{
	return (w->addr - plan->target->bias - FAKE_TEXT) % two_words.stride;
}

static void what_an_entry_leads_to_is_there_first_and_goes_last(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, &two_words);
	for (int revert = 0; revert <= 1; revert++) {
		struct engine e;
		struct plan plan;
		const struct fake_write *writes[2];
		size_t nr = 0;

		prepare(&f, &e, &plan, revert);
		fake_space_heal(&f.fp.fs);
		assert_succeeds(plan_commit(&plan, &f.err), &f.err);
		for (size_t i = 0; i < f.fp.fs.nr_writes && nr < 2; i++)
			if (in_code(&plan, f.fp.fs.writes[i].addr))
				writes[nr++] = &f.fp.fs.writes[i];
		assert_int_equal(nr, 2);
		assert_true(word_in_pair(&plan, writes[revert]) <
			    word_in_pair(&plan, writes[!revert]));
		finish(&e, &plan);
	}
	fixture_deinit(&f);
}

static void pages_are_copied_before_the_stop_by_writing_what_is_there(void **state)
{
	struct fixture f;
	struct engine e;
	struct plan plan;

	(void)state;
	fixture_init(&f, &single_words);
	prepare(&f, &e, &plan, false);
	assert_int_equal(code_writes(&f, &plan), 1);
	for (size_t i = 0; i < f.fp.fs.nr_writes; i++)
		if (in_code(&plan, f.fp.fs.writes[i].addr)) {
			assert_int_equal(f.fp.fs.writes[i].len, 8);
			assert_int_equal(f.fp.fs.writes[i].addr % 8, 0);
		}
	check_code(&f, &single_words, false);
	assert_succeeds(plan_undo(&plan, &f.err), &f.err);
	finish(&e, &plan);
	fixture_deinit(&f);
}

/* A debugger's breakpoint, for instance: the copy must not take it away. */
static void a_word_that_is_not_as_expected_is_not_written(void **state)
{
	struct fixture f;
	struct engine e;
	struct plan plan;
	unsigned char *code;

	(void)state;
	fixture_init(&f, &single_words);
	fake_process_open(&f.fp, &e);
	assert_succeeds(plan_apply(&plan, &e, &f.container, &f.err), &f.err);
	assert_succeeds(plan_map(&plan, &f.err), &f.err);
	code = fake_process_at(&f.fp, FAKE_TARGET, FAKE_TEXT, 8);
	code[0] = 0xcc;
	fake_space_heal(&f.fp.fs);
	assert_succeeds(plan_write(&plan, &f.err), &f.err);
	for (size_t i = 0; i < f.fp.fs.nr_writes; i++)
		assert_int_not_equal(f.fp.fs.writes[i].addr, plan.target->bias + FAKE_TEXT);
	assert_int_equal(plan_commit(&plan, &f.err), ULP_EENTRY);
	assert_int_equal(code[0], 0xcc);
	assert_succeeds(plan_undo(&plan, &f.err), &f.err);
	finish(&e, &plan);
	fixture_deinit(&f);
}

static void what_changes_after_the_rehearsal_is_seen(void **state)
{
	struct fixture f;
	struct engine e;
	struct plan plan;
	unsigned char *code;

	(void)state;
	fixture_init(&f, &single_words);
	prepare(&f, &e, &plan, false);
	plan_rehearse(&plan);
	code = fake_process_at(&f.fp, FAKE_TARGET, FAKE_TEXT + 80, 8);
	code[0] = 0xcc;
	assert_int_equal(plan_commit(&plan, &f.err), ULP_EENTRY);
	assert_int_equal(code[0], 0xcc);
	assert_succeeds(plan_undo(&plan, &f.err), &f.err);
	finish(&e, &plan);
	fixture_deinit(&f);
}

static void whatever_write_fails_every_byte_is_as_before(void **state)
{
	const struct shape *shapes[] = {&single_words, &two_words};

	(void)state;
	for (size_t s = 0; s < sizeof(shapes) / sizeof(*shapes); s++)
		for (unsigned n = 1, failed = 1; failed; n++) {
			struct fake_space before;
			struct fixture f;
			struct engine e;
			struct plan plan;

			fixture_init(&f, shapes[s]);
			prepare(&f, &e, &plan, false);
			fake_space_heal(&f.fp.fs);
			before = fake_space_copy(&f.fp.fs);
			f.fp.fs.fail_write = n;
			failed = plan_commit(&plan, &f.err) != ULP_OK;
			if (failed)
				assert_int_equal(fake_space_differs(&f.fp.fs, &before), 0);
			assert_true(failed || n > 4);
			finish(&e, &plan);
			fake_space_deinit(&before);
			fixture_deinit(&f);
		}
}

/* Words that cannot be read with what is around them are read and written one by one. */
static void a_piece_that_cannot_be_read_changes_nothing(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, &single_words);
	for (unsigned n = 1; n < MAX_READS; n++) {
		struct fake_space before;
		struct engine e;
		struct plan plan;

		prepare(&f, &e, &plan, false);
		fake_space_heal(&f.fp.fs);
		before = fake_space_copy(&f.fp.fs);
		f.fp.fs.fail_read = n;
		if (plan_commit(&plan, &f.err) == ULP_OK) {
			check_code(&f, &single_words, true);
			finish(&e, &plan);
			fake_space_heal(&f.fp.fs);
			fake_revert(&f.fp, &f.container);
		} else {
			assert_int_equal(fake_space_differs(&f.fp.fs, &before), 0);
			assert_succeeds(plan_undo(&plan, &f.err), &f.err);
			finish(&e, &plan);
		}
		check_code(&f, &single_words, false);
		fake_space_deinit(&before);
	}
	fixture_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_neighbours_are_read_and_written_by_a_few_calls),
		cmocka_unit_test(entries_of_two_words_take_one_write_for_each_of_the_two),
		cmocka_unit_test(neighbours_in_several_pages_take_two_writes),
		cmocka_unit_test(what_an_entry_leads_to_is_there_first_and_goes_last),
		cmocka_unit_test(pages_are_copied_before_the_stop_by_writing_what_is_there),
		cmocka_unit_test(a_word_that_is_not_as_expected_is_not_written),
		cmocka_unit_test(what_changes_after_the_rehearsal_is_seen),
		cmocka_unit_test(whatever_write_fails_every_byte_is_as_before),
		cmocka_unit_test(a_piece_that_cannot_be_read_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
