/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan refuses, and what becomes of it when things change or fail on the way. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/fail_alloc.h"
#include "tests/lib/plan_fixture.h"

#include <string.h>

static const char *const only_alpha[] = {"alpha", NULL};

/* A change that fails with this code, and changes nothing. */
static void check_refused(struct plan_fixture *f, const struct ulp_container *c, bool revert,
			  enum ulp_code code)
{
	struct fake_space before = fake_space_copy(&f->fp.fs);

	assert_string_equal(ulp_code_name(fake_change(&f->fp, c, revert, &f->err)),
			    ulp_code_name(code));
	assert_int_equal(f->err.code, code);
	assert_int_equal(fake_space_differs(&f->fp.fs, &before), 0);
	assert_int_equal(f->fp.fs.nr_writes, 0);
	fake_space_deinit(&before);
	fake_space_heal(&f->fp.fs);
}

/* --- what is refused ------------------------------------------------------ */

static void applying_twice_is_refused(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	fake_space_heal(&f->fp.fs);
	check_refused(f, &f->a, false, ULP_EAPPLIED);
}

static void reverting_what_is_not_applied_is_refused(void **state)
{
	struct plan_fixture *f = *state;

	check_refused(f, &f->a, true, ULP_ENOTAPPLIED);
	fake_apply(&f->fp, &f->a);
	fake_revert(&f->fp, &f->a);
	fake_space_heal(&f->fp.fs);
	check_refused(f, &f->a, true, ULP_ENOTAPPLIED);
	check_refused(f, &f->b, true, ULP_ENOTAPPLIED);
}

static void another_build_of_the_target_is_skipped(void **state)
{
	struct plan_fixture *f = *state;

	f->a.patch.build_id.bytes[3] ^= 1;
	check_refused(f, &f->a, false, ULP_EBUILDID);
	assert_true(ulp_code_is_skip(f->err.code));
	check_refused(f, &f->a, true, ULP_EBUILDID);
}

static void a_process_without_the_target_is_skipped(void **state)
{
	struct plan_fixture *f = *state;

	f->a.patch.build_id.bytes[3] ^= 1;
	f->a.patch.soname = "libnot.so.1";
	check_refused(f, &f->a, false, ULP_ENOTARGET);
	assert_true(ulp_code_is_skip(f->err.code));
}

static void changed_bytes_at_the_entry_are_told(void **state)
{
	struct plan_fixture *f = *state;
	unsigned char *entry = fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT + 0x40, 1);

	*entry = 0xcc; /* a breakpoint on beta */
	check_refused(f, &f->a, false, ULP_EENTRY);
	assert_non_null(strstr(f->err.text, "beta"));
	assert_non_null(strstr(f->err.text, "cc 1f 44"));
}

static void a_changed_body_is_told(void **state)
{
	struct plan_fixture *f = *state;
	unsigned char *body = fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT + 0x7f, 1);

	*body ^= 1;
	check_refused(f, &f->a, false, ULP_EENTRY);
	assert_non_null(strstr(f->err.text, "beta"));
}

static void a_function_outside_the_text_is_told(void **state)
{
	static const uint64_t places[] = {FAKE_DATA, FAKE_TEXT + FAKE_TEXT_LEN - 0x10, 0x100,
					  1ull << 40, 0};
	struct plan_fixture *f = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		/* The word stays alpha's, so that only the body is wrong. */
		f->a.patch.functions[0].old_vaddr = places[i];
		check_refused(f, &f->a, false, ULP_EENTRY);
		assert_non_null(strstr(f->err.text, "outside"));
	}
}

static void changed_bytes_are_told_at_the_revert_too(void **state)
{
	struct plan_fixture *f = *state;
	unsigned char *entry = fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT + 0x40, 1);

	fake_apply(&f->fp, &f->a);
	fake_space_heal(&f->fp.fs);
	*entry ^= 0xff;
	check_refused(f, &f->a, true, ULP_EENTRY);
}

/* Applied a, then something put beta's original bytes back behind our back. */
static void a_redirect_that_vanished_is_told_to_the_next_patch(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	fake_space_heal(&f->fp.fs);
	memcpy(fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT + 0x40, 8),
	       f->fp.objects[FAKE_TARGET].file + FAKE_TEXT + 0x40, 8);
	check_refused(f, &f->b, false, ULP_EENTRY);
}

/* The first record, in the process's memory. */
static struct ulp_reg_patch *first_record(struct plan_fixture *f)
{
	return fake_space_at(&f->fp.fs, fake_process_registry(&f->fp)->patches,
			     sizeof(struct ulp_reg_patch));
}

static void originals_that_are_not_the_containers_are_told(void **state)
{
	struct plan_fixture *f = *state;
	struct ulp_reg_function *function;

	fake_apply(&f->fp, &f->a);
	fake_space_heal(&f->fp.fs);
	function = (struct ulp_reg_function *)(first_record(f) + 1);
	function->original[6] ^= 1;
	check_refused(f, &f->a, true, ULP_EREGISTRY);
	assert_non_null(strstr(f->err.text, "alpha"));
	function->original[6] ^= 1;
	function->word_addr += 8;
	check_refused(f, &f->a, true, ULP_EREGISTRY);
}

/* The same build ID with other functions: not what was applied. */
static void a_record_with_other_functions_is_told(void **state)
{
	struct plan_fixture *f = *state;
	struct ulp_container fewer;

	fake_patch_make(&f->fp, &fewer, 'a', only_alpha);
	fake_apply(&f->fp, &f->a);
	fake_space_heal(&f->fp.fs);
	check_refused(f, &fewer, true, ULP_EREGISTRY);
	ulp_container_close(&fewer);
}

static void an_import_that_cannot_be_bound_is_told(void **state)
{
	struct plan_fixture *f = *state;
	struct fake_patch p;
	struct ulp_container c;

	fake_patch_begin(&p, &f->fp, FAKE_TARGET, "fix", 'c');
	fake_patch_function(&p, "alpha");
	fake_patch_import(&p, "nobodys", "", 0);
	fake_patch_end(&p, &c);
	check_refused(f, &c, false, ULP_ESYMBOL);
	ulp_container_close(&c);
}

/* --- what changes between plan and commit --------------------------------- */

static void a_target_that_was_unloaded_meanwhile_is_told(void **state)
{
	struct plan_fixture *f = *state;
	struct planned p;

	planned_begin(f, &f->a, &p);
	fake_process_link_map(&f->fp, FAKE_TARGET)->l_addr = 0;
	assert_int_equal(plan_commit(&p.plan, &f->err), ULP_ENOTARGET);
	assert_succeeds(plan_undo(&p.plan, &f->err), &f->err);
	planned_end(&p);
	assert_true(plan_text_is_pristine(f));
	assert_int_equal(f->fp.fs.nr_areas, f->pristine.nr_areas);
}

static void an_entry_that_changed_meanwhile_is_told(void **state)
{
	struct plan_fixture *f = *state;
	unsigned char *entry = fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT, 1);
	struct planned p;

	planned_begin(f, &f->a, &p);
	*entry = 0xcc;
	assert_int_equal(plan_commit(&p.plan, &f->err), ULP_EENTRY);
	*entry = 0x0f;
	assert_succeeds(plan_commit(&p.plan, &f->err), &f->err);
	planned_end(&p);
	assert_string_equal(plan_callees(f), "aa-");
}

static void a_plan_alone_writes_nothing_and_maps_nothing(void **state)
{
	struct plan_fixture *f = *state;
	struct planned p;

	fake_process_open(&f->fp, &p.e);
	assert_succeeds(plan_apply(&p.plan, &p.e, &f->a, &f->err), &f->err);
	assert_true(plan_needs_map(&p.plan));
	planned_end(&p);
	assert_int_equal(f->fp.fs.nr_writes + f->fp.fs.nr_maps, 0);
	assert_int_equal(fake_space_differs(&f->fp.fs, &f->pristine), 0);
}

static void nothing_stays_of_a_write_that_failed(void **state)
{
	struct plan_fixture *f = *state;

	for (unsigned n = 1; n <= 2; n++) {
		fake_space_restore(&f->fp.fs, &f->pristine);
		f->fp.fs.fail_write = n;
		assert_int_equal(fake_change(&f->fp, &f->a, false, &f->err), ULP_ESYS);
		assert_int_equal(fake_space_differs(&f->fp.fs, &f->pristine), 0);
	}
}

/* Every read, also those during the stop. */
static void every_read_that_fails_is_survived(void **state)
{
	struct plan_fixture *f = *state;
	unsigned nr_failed = 0;

	for (unsigned n = 1;; n++) {
		enum ulp_code code;
		bool reached;

		fake_space_restore(&f->fp.fs, &f->pristine);
		f->fp.fs.fail_read = n;
		code = fake_change(&f->fp, &f->a, false, &f->err);
		reached = f->fp.fs.fail_read == 0;
		fake_space_heal(&f->fp.fs);
		if (code)
			assert_int_equal(fake_space_differs(&f->fp.fs, &f->pristine), 0);
		else
			assert_string_equal(plan_callees(f), "aa-");
		nr_failed += code != ULP_OK;
		if (!reached)
			break; /* there are fewer reads */
	}
	assert_true(nr_failed > 5);
}

/* --- memory --------------------------------------------------------------- */

static void memory_that_is_short_is_told_wherever_it_happens(void **state)
{
	struct plan_fixture *f = *state;
	size_t nr_failed = 0;

	for (size_t nr = 1;; nr++) {
		struct engine e;
		struct plan plan;
		enum ulp_code code;
		bool opened;
		bool failed;

		fail_alloc_begin(nr);
		code = engine_open(&e, &f->fp.fs.space, f->fp.at_phdr, f->fp.at_phnum, &f->err);
		opened = code == ULP_OK;
		if (!code)
			code = plan_apply(&plan, &e, &f->a, &f->err);
		failed = fail_alloc_end();
		if (!code)
			plan_deinit(&plan);
		if (opened)
			engine_close(&e);
		if (!failed)
			break;
		nr_failed++;
		assert_int_equal(code, ULP_ENOMEM);
	}
	assert_true(nr_failed > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, plan_fixture_setup, plan_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(applying_twice_is_refused),
		TEST(reverting_what_is_not_applied_is_refused),
		TEST(another_build_of_the_target_is_skipped),
		TEST(a_process_without_the_target_is_skipped),
		TEST(changed_bytes_at_the_entry_are_told),
		TEST(a_changed_body_is_told),
		TEST(a_function_outside_the_text_is_told),
		TEST(changed_bytes_are_told_at_the_revert_too),
		TEST(a_redirect_that_vanished_is_told_to_the_next_patch),
		TEST(originals_that_are_not_the_containers_are_told),
		TEST(a_record_with_other_functions_is_told),
		TEST(an_import_that_cannot_be_bound_is_told),
		TEST(a_target_that_was_unloaded_meanwhile_is_told),
		TEST(an_entry_that_changed_meanwhile_is_told),
		TEST(a_plan_alone_writes_nothing_and_maps_nothing),
		TEST(nothing_stays_of_a_write_that_failed),
		TEST(every_read_that_fails_is_survived),
		TEST(memory_that_is_short_is_told_wherever_it_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
