/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All patches of a library leave with one commit, alone or for one that comes. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/plan_fixture.h"

#include <stdlib.h>
#include <string.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, plan_fixture_setup, plan_fixture_teardown)

enum how { EXCHANGE, REVERT_ALL };

/* Only the plan; on success the caller ends it. */
static enum ulp_code plan_it(struct plan_fixture *f, struct planned *p, enum how how,
			     const struct ulp_container *c, const struct plan_library *lib)
{
	fake_process_open(&f->fp, &p->e);
	return how == EXCHANGE ? plan_exchange(&p->plan, &p->e, c, &f->err)
			       : plan_revert_all(&p->plan, &p->e, lib, &f->err);
}

static void planned_end_all(struct planned *p)
{
	plan_deinit(&p->plan);
	engine_close(&p->e);
}

static void do_it(struct plan_fixture *f, enum how how, const struct ulp_container *c,
		  const char *name)
{
	const struct plan_library lib = {.name = name};
	struct planned p;

	assert_succeeds(plan_it(f, &p, how, c, &lib), &f->err);
	assert_succeeds(fake_carry_out(&p.plan, &f->err), &f->err);
	planned_end_all(&p);
}

/* The plan fails with this code and says so; no byte is changed. */
static void refused(struct plan_fixture *f, enum how how, const struct ulp_container *c,
		    const char *name, enum ulp_code code, const char *says)
{
	const struct plan_library lib = {.name = name};
	struct fake_space before = fake_space_copy(&f->fp.fs);
	struct planned p;

	assert_string_equal(ulp_code_name(plan_it(f, &p, how, c, &lib)), ulp_code_name(code));
	if (!strstr(f->err.text, says))
		fail_msg("'%s' does not say '%s'", f->err.text, says);
	engine_close(&p.e);
	assert_int_equal(fake_space_differs(&f->fp.fs, &before), 0);
	fake_space_deinit(&before);
}

static uint64_t sequence(struct plan_fixture *f)
{
	return fake_process_registry(&f->fp)->sequence;
}

static const struct plan_guard *guard_at(const struct plan *plan, uint64_t addr)
{
	for (size_t i = 0; i < plan->nr_guards; i++)
		if (addr >= plan->guards[i].start && addr < plan->guards[i].end)
			return &plan->guards[i];
	return NULL;
}

/* --- alone ---------------------------------------------------------------------- */

static void all_patches_of_a_library_leave_with_one_commit(void **state)
{
	static const char *const names[] = {"libtarget.so.1", NULL};
	struct plan_fixture *f = *state;
	struct engine e;
	char *path;

	fake_process_open(&f->fp, &e);
	path = strdup(e.objects.list[FAKE_TARGET].path);
	engine_close(&e);
	for (size_t i = 0; i < 2; i++) {
		uint64_t before;

		fake_apply(&f->fp, &f->a);
		fake_apply(&f->fp, &f->b);
		assert_string_equal(plan_callees(f), "abb");
		before = sequence(f);
		do_it(f, REVERT_ALL, NULL, names[i] ? names[i] : path);
		assert_string_equal(plan_callees(f), "---");
		assert_true(plan_text_is_pristine(f));
		assert_int_equal(sequence(f), before);
	}
	free(path);
}

static void a_library_without_patches_gives_an_empty_plan(void **state)
{
	struct plan_fixture *f = *state;
	const struct plan_library lib = {.name = "libtarget.so.1"};
	struct planned p;

	for (int i = 0; i < 2; i++) {
		assert_succeeds(plan_it(f, &p, REVERT_ALL, NULL, &lib), &f->err);
		assert_true(plan_is_empty(&p.plan));
		assert_int_equal(p.plan.nr_guards, 0);
		planned_end_all(&p);
		/* Nor does one that was reverted count. */
		fake_apply(&f->fp, &f->a);
		fake_revert(&f->fp, &f->a);
	}
}

static void a_library_that_is_not_there_is_told(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	refused(f, REVERT_ALL, NULL, "libmissing.so.1", ULP_ENOTARGET, "libmissing.so.1");
	/* A part of the name is another name. */
	refused(f, REVERT_ALL, NULL, "libtarget.so", ULP_ENOTARGET, "libtarget.so");
	assert_string_equal(plan_callees(f), "aa-");
}

static void patches_of_another_library_stay(void **state)
{
	struct plan_fixture *f = *state;
	const struct plan_library lib = {"libtarget.so.1", &f->a, 1};
	struct planned p;
	struct engine e;
	char *other;

	fake_process_open(&f->fp, &e);
	other = strdup(e.objects.list[FAKE_OTHER].soname);
	engine_close(&e);
	fake_apply(&f->fp, &f->a);
	do_it(f, REVERT_ALL, NULL, other);
	assert_string_equal(plan_callees(f), "aa-");
	/* What a container is for is that container's business. */
	assert_int_equal(plan_it(f, &p, REVERT_ALL, NULL, &lib), ULP_ENOTARGET);
	engine_close(&p.e);
	free(other);
}

static void what_leaves_alone_is_guarded_by_its_own_consistency(void **state)
{
	static const struct {
		enum ulp_consistency consistency;
		bool guarded, whole_library;
	} cases[] = {
		{ULP_CONSISTENCY_FUNCTION, true, false},
		{ULP_CONSISTENCY_NONE, false, false},
		{ULP_CONSISTENCY_LIBRARY, true, true},
	};
	const struct plan_library lib = {.name = "libtarget.so.1"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan_fixture *f;
		struct planned p;
		uint64_t now, text;

		/* A record keeps what its container said when it was mapped. */
		plan_fixture_teardown(state);
		plan_fixture_setup(state);
		f = *state;
		f->b.patch.consistency = cases[i].consistency;
		fake_apply(&f->fp, &f->b);
		now = plan_call_goes_to(f, "beta");
		assert_succeeds(plan_it(f, &p, REVERT_ALL, NULL, &lib), &f->err);
		assert_int_equal(guard_at(&p.plan, now) != NULL, cases[i].guarded);
		text = f->fp.objects[FAKE_TARGET].bias + FAKE_TEXT;
		assert_int_equal(guard_at(&p.plan, text) != NULL, cases[i].whole_library);
		planned_end_all(&p);
	}
}

static void a_foreign_byte_at_an_entry_ends_it(void **state)
{
	struct plan_fixture *f = *state;
	unsigned char *entry = fake_process_at(
		&f->fp, FAKE_TARGET, fake_process_symbol(&f->fp, FAKE_TARGET, "gamma"), 1);
	const unsigned char good = *entry;

	fake_apply(&f->fp, &f->a);
	fake_apply(&f->fp, &f->b);
	*entry = 0xcc;
	refused(f, REVERT_ALL, NULL, "libtarget.so.1", ULP_EENTRY, "gamma");
	refused(f, EXCHANGE, &f->a, NULL, ULP_EENTRY, "gamma");
	*entry = good;
}

/* --- for one that comes ----------------------------------------------------------- */

static void the_others_leave_with_the_commit_of_the_one_that_comes(void **state)
{
	struct plan_fixture *f = *state;
	uint64_t before;

	fake_apply(&f->fp, &f->a);
	before = sequence(f);
	do_it(f, EXCHANGE, &f->b, NULL);
	assert_string_equal(plan_callees(f), "-bb");
	assert_int_equal(sequence(f), before + 1);
	/* Back again, with what is mapped already. */
	do_it(f, EXCHANGE, &f->a, NULL);
	assert_string_equal(plan_callees(f), "aa-");
	fake_revert(&f->fp, &f->a);
	assert_true(plan_text_is_pristine(f));
}

static void one_that_is_applied_stays_and_the_others_leave(void **state)
{
	struct plan_fixture *f = *state;
	const struct plan_library lib = {0};
	struct planned p;
	uint64_t beta_of_b;

	fake_apply(&f->fp, &f->a);
	fake_apply(&f->fp, &f->b);
	beta_of_b = plan_call_goes_to(f, "beta");
	assert_succeeds(plan_it(f, &p, EXCHANGE, &f->a, &lib), &f->err);
	assert_false(p.plan.applies);
	assert_false(plan_needs_map(&p.plan));
	assert_int_equal(p.plan.nr_leaving, 1);
	/* Only what leaves must not be in use. */
	assert_non_null(guard_at(&p.plan, beta_of_b));
	assert_null(guard_at(&p.plan, plan_call_goes_to(f, "alpha")));
	planned_end_all(&p);
	do_it(f, EXCHANGE, &f->a, NULL);
	assert_string_equal(plan_callees(f), "aa-");
	/* And once more: nothing is left to do. */
	assert_succeeds(plan_it(f, &p, EXCHANGE, &f->a, &lib), &f->err);
	assert_true(plan_is_empty(&p.plan));
	planned_end_all(&p);
}

/* Relations are those of the state after the exchange. */
static void what_one_requires_or_excludes_leaves_too(void **state)
{
	struct plan_fixture *f = *state;
	struct ulp_relation relation = {f->a.patch.name, ULP_RELATION_CONFLICTS};
	const struct ulp_relation *relations_before = f->b.patch.relations;
	const size_t nr_before = f->b.patch.nr_relations;

	fake_apply(&f->fp, &f->a);
	f->b.patch.relations = &relation;
	f->b.patch.nr_relations = 1;
	do_it(f, EXCHANGE, &f->b, NULL);
	assert_string_equal(plan_callees(f), "-bb");
	do_it(f, EXCHANGE, &f->a, NULL);
	relation.kind = ULP_RELATION_REQUIRES;
	refused(f, EXCHANGE, &f->b, NULL, ULP_EREQUIRES, "would leave");
	assert_string_equal(plan_callees(f), "aa-");
	f->b.patch.relations = (struct ulp_relation *)(uintptr_t)relations_before;
	f->b.patch.nr_relations = nr_before;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_patches_of_a_library_leave_with_one_commit),
		TEST(a_library_without_patches_gives_an_empty_plan),
		TEST(a_library_that_is_not_there_is_told),
		TEST(patches_of_another_library_stay),
		TEST(what_leaves_alone_is_guarded_by_its_own_consistency),
		TEST(a_foreign_byte_at_an_entry_ends_it),
		TEST(the_others_leave_with_the_commit_of_the_one_that_comes),
		TEST(one_that_is_applied_stays_and_the_others_leave),
		TEST(what_one_requires_or_excludes_leaves_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
