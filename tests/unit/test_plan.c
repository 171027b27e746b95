/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Applying and reverting, and which code must not be in use meanwhile. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/plan_fixture.h"

#include <string.h>

/* --- applying and reverting ----------------------------------------------- */

static void applying_leads_calls_to_the_container_and_reverting_back(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	assert_string_equal(plan_callees(f), "aa-");
	fake_revert(&f->fp, &f->a);
	assert_string_equal(plan_callees(f), "---");
	assert_true(plan_text_is_pristine(f));
}

static void applying_changes_only_the_words_the_registry_and_its_own_mapping(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	for (size_t i = 0; i < f->pristine.nr_areas; i++) {
		const struct fake_area *was = &f->pristine.areas[i];
		const unsigned char *is = fake_space_at(&f->fp.fs, was->start, was->len);

		for (uint64_t off = 0; off < was->len; off++) {
			uint64_t at = was->start + off;
			uint64_t text = f->fp.objects[FAKE_TARGET].bias + FAKE_TEXT;

			if (is[off] == was->bytes[off])
				continue;
			assert_true((at >= f->fp.registry &&
				     at < f->fp.registry + sizeof(struct ulp_registry)) ||
				    (at >= text && at < text + 5) ||
				    (at >= text + 0x40 && at < text + 0x45));
		}
	}
}

static void patches_of_one_function_can_leave_in_any_order(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	fake_apply(&f->fp, &f->b);
	assert_string_equal(plan_callees(f), "abb");
	fake_revert(&f->fp, &f->b);
	assert_string_equal(plan_callees(f), "aa-");
	fake_apply(&f->fp, &f->b);
	assert_string_equal(plan_callees(f), "abb");
	fake_revert(&f->fp, &f->a);
	assert_string_equal(plan_callees(f), "-bb");
	fake_apply(&f->fp, &f->a);
	assert_string_equal(plan_callees(f), "aab"); /* the latest is on top */
	fake_revert(&f->fp, &f->b);
	assert_string_equal(plan_callees(f), "aa-");
	fake_revert(&f->fp, &f->a);
	assert_true(plan_text_is_pristine(f));
}

static void further_cycles_need_no_more_memory(void **state)
{
	struct plan_fixture *f = *state;
	struct fake_space after_one;

	fake_apply(&f->fp, &f->a);
	fake_revert(&f->fp, &f->a);
	after_one = fake_space_copy(&f->fp.fs);
	for (int i = 0; i < 50; i++) {
		fake_apply(&f->fp, &f->a);
		assert_string_equal(plan_callees(f), "aa-");
		fake_revert(&f->fp, &f->a);
	}
	assert_int_equal(f->fp.fs.nr_areas, after_one.nr_areas);
	assert_true(plan_text_is_pristine(f));
	fake_space_deinit(&after_one);
}

static void a_container_for_an_entry_inside_its_word_works(void **state)
{
	struct plan_fixture *f = *state;

	/* gamma's entry is at byte 3; the bytes before it belong to its neighbour. */
	fake_apply(&f->fp, &f->b);
	assert_string_equal(plan_callees(f), "-bb");
	assert_memory_equal(fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT + 0x80, 3),
			    f->fp.objects[FAKE_TARGET].file + FAKE_TEXT + 0x80, 3);
}

/* --- guards --------------------------------------------------------------- */

static bool guarded(const struct plan *plan, uint64_t addr)
{
	for (size_t i = 0; i < plan->nr_guards; i++)
		if (addr >= plan->guards[i].start && addr < plan->guards[i].end)
			return true;
	return false;
}

static void the_old_functions_and_those_in_their_place_are_guarded(void **state)
{
	struct plan_fixture *f = *state;
	struct planned p;
	uint64_t text = f->fp.objects[FAKE_TARGET].bias + FAKE_TEXT;
	uint64_t of_a;

	fake_apply(&f->fp, &f->a);
	of_a = plan_call_goes_to(f, "beta");
	planned_begin(f, &f->b, &p);
	assert_true(guarded(&p.plan, text + 0x40) && guarded(&p.plan, text + 0x7f));
	assert_true(guarded(&p.plan, text + 0x83) && guarded(&p.plan, of_a));
	assert_false(guarded(&p.plan, text) || guarded(&p.plan, text + 0x80));
	assert_false(guarded(&p.plan, of_a + 0x40));
	planned_end(&p);
}

static void a_revert_guards_what_is_in_effect(void **state)
{
	struct plan_fixture *f = *state;
	struct engine e;
	struct plan plan;
	uint64_t alpha;
	uint64_t beta;

	fake_apply(&f->fp, &f->a);
	alpha = plan_call_goes_to(f, "alpha");
	beta = plan_call_goes_to(f, "beta");
	fake_apply(&f->fp, &f->b);
	fake_process_open(&f->fp, &e);
	assert_succeeds(plan_revert(&plan, &e, &f->a, &f->err), &f->err);
	assert_true(guarded(&plan, alpha));
	assert_false(guarded(&plan, beta)); /* nobody comes there any more */
	assert_false(guarded(&plan, plan_call_goes_to(f, "beta")));
	plan_deinit(&plan);
	engine_close(&e);
}

static void without_consistency_nothing_is_guarded(void **state)
{
	struct plan_fixture *f = *state;
	struct planned p;

	f->a.patch.consistency = ULP_CONSISTENCY_NONE;
	planned_begin(f, &f->a, &p);
	assert_int_equal(p.plan.nr_guards, 0);
	planned_end(&p);
}

static const struct plan_guard *guard_at(const struct plan *plan, uint64_t addr)
{
	for (size_t i = 0; i < plan->nr_guards; i++)
		if (addr >= plan->guards[i].start && addr < plan->guards[i].end)
			return &plan->guards[i];
	return NULL;
}

/* Of the target, and of each container that was ever applied to it. */
static void check_library_guards(struct plan_fixture *f, const struct plan *plan,
				 uint64_t in_container)
{
	const struct fake_object *target = &f->fp.objects[FAKE_TARGET];
	const uint64_t text = target->bias + FAKE_TEXT;

	assert_non_null(guard_at(plan, text));
	assert_true(guard_at(plan, text)->whole);
	assert_string_equal(guard_at(plan, text)->name, "libtarget.so.1");
	assert_ptr_equal(guard_at(plan, text + FAKE_TEXT_LEN - 1), guard_at(plan, text));
	assert_null(guard_at(plan, f->fp.objects[FAKE_MAIN].bias + FAKE_TEXT));
	assert_non_null(guard_at(plan, in_container));
	assert_true(guard_at(plan, in_container)->whole);
	assert_string_equal(guard_at(plan, in_container)->name, "fix-a.so");
}

static void with_consistency_of_the_library_all_of_it_is_guarded(void **state)
{
	struct plan_fixture *f = *state;
	struct engine e;
	struct plan plan;
	uint64_t of_a;

	fake_apply(&f->fp, &f->a);
	of_a = plan_call_goes_to(f, "alpha");
	f->b.patch.consistency = ULP_CONSISTENCY_LIBRARY;
	fake_process_open(&f->fp, &e);
	assert_succeeds(plan_apply(&plan, &e, &f->b, &f->err), &f->err);
	check_library_guards(f, &plan, of_a);
	plan_deinit(&plan);
	f->a.patch.consistency = ULP_CONSISTENCY_LIBRARY;
	assert_succeeds(plan_revert(&plan, &e, &f->a, &f->err), &f->err);
	check_library_guards(f, &plan, of_a);
	plan_deinit(&plan);
	engine_close(&e);
	/* Also where it is reverted: a frame may have been left there by force. */
	fake_revert(&f->fp, &f->a);
	fake_process_open(&f->fp, &e);
	assert_succeeds(plan_apply(&plan, &e, &f->b, &f->err), &f->err);
	check_library_guards(f, &plan, of_a);
	plan_deinit(&plan);
	engine_close(&e);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, plan_fixture_setup, plan_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(applying_leads_calls_to_the_container_and_reverting_back),
		TEST(applying_changes_only_the_words_the_registry_and_its_own_mapping),
		TEST(patches_of_one_function_can_leave_in_any_order),
		TEST(further_cycles_need_no_more_memory),
		TEST(a_container_for_an_entry_inside_its_word_works),
		TEST(the_old_functions_and_those_in_their_place_are_guarded),
		TEST(a_revert_guards_what_is_in_effect),
		TEST(without_consistency_nothing_is_guarded),
		TEST(with_consistency_of_the_library_all_of_it_is_guarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
