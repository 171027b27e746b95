/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patches that require, exclude or supersede each other. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/fake_patch.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct fake_process fp;
	struct ulp_container containers[4]; /* a, b, c, d */
	struct ulp_err err;
};

/* What one container is: its name, one function of the target, and its relations. */
struct row {
	const char *name;
	const char *function;
	struct ulp_relation relations[4]; /* ends with a name that is NULL */
};

static void make(struct fixture *f, char id, const struct row *row)
{
	struct ulp_relation relations[4];
	struct fake_patch p;

	memcpy(relations, row->relations, sizeof(relations));
	fake_patch_begin(&p, &f->fp, FAKE_TARGET, row->name, id);
	fake_patch_function(&p, row->function);
	p.patch.relations = relations;
	while (relations[p.patch.nr_relations].name)
		p.patch.nr_relations++;
	fake_patch_end(&p, &f->containers[id - 'a']);
}

static struct fixture *begin(const struct row *rows, size_t nr)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	fake_process_init(&f->fp);
	for (size_t i = 0; i < nr; i++)
		make(f, (char)('a' + i), &rows[i]);
	return f;
}

#define BEGIN(rows) begin(rows, sizeof(rows) / sizeof((rows)[0]))

static void end(struct fixture *f)
{
	for (size_t i = 0; i < 4; i++)
		ulp_container_close(&f->containers[i]);
	fake_process_deinit(&f->fp);
	free(f);
}

/* Steps as 'a': apply a; 'A': revert it. */
static enum ulp_code step(struct fixture *f, char what)
{
	return fake_change(&f->fp, &f->containers[(what | 0x20) - 'a'], what < 'a', &f->err);
}

static void steps(struct fixture *f, const char *all)
{
	for (; *all; all++)
		if (step(f, *all) != ULP_OK)
			fail_msg("%c: %s", *all, f->err.text);
}

/* The step fails, says so, and changes nothing. */
static void refused(struct fixture *f, char what, enum ulp_code code, const char *says)
{
	struct fake_space before = fake_space_copy(&f->fp.fs);

	assert_string_equal(ulp_code_name(step(f, what)), ulp_code_name(code));
	if (!strstr(f->err.text, says))
		fail_msg("'%s' does not say '%s'", f->err.text, says);
	assert_int_equal(fake_space_differs(&f->fp.fs, &before), 0);
	fake_space_deinit(&before);
}

/* Which are applied, in the order of their letters. */
static const char *applied(struct fixture *f)
{
	static char text[8];
	struct engine e;
	size_t nr = 0;

	fake_process_open(&f->fp, &e);
	for (size_t i = 0; i < 4; i++) {
		const long at = registry_find(&e.registry, &f->containers[i].build_id,
					      f->fp.objects[FAKE_TARGET].bias);

		if (at >= 0 && registry_patch_applied(&e.registry, &e.registry.patches[at]))
			text[nr++] = (char)('a' + i);
	}
	engine_close(&e);
	text[nr] = 0;
	return text;
}

/* --- requires ------------------------------------------------------------------- */

static void what_a_patch_requires_comes_first_and_goes_last(void **state)
{
	static const struct row rows[] = {
		{"base", "alpha", {{0}}},
		{"top", "beta", {{"base", ULP_RELATION_REQUIRES}}},
	};
	struct fixture *f = BEGIN(rows);

	(void)state;
	refused(f, 'b', ULP_EREQUIRES, "requires the live patch base");
	steps(f, "ab");
	refused(f, 'A', ULP_EREQUIRED, "the live patch top");
	assert_string_equal(applied(f), "ab");
	steps(f, "BA");
	/* Mapped, and in the registry, but not applied. */
	refused(f, 'b', ULP_EREQUIRES, "requires the live patch base");
	steps(f, "abBA");
	end(f);
}

static void each_required_patch_must_be_there(void **state)
{
	static const struct row rows[] = {
		{"one", "alpha", {{0}}},
		{"two", "beta", {{0}}},
		{"top", "gamma", {{"one", ULP_RELATION_REQUIRES}, {"two", ULP_RELATION_REQUIRES}}},
	};
	struct fixture *f = BEGIN(rows);

	(void)state;
	steps(f, "a");
	refused(f, 'c', ULP_EREQUIRES, "requires the live patch two");
	steps(f, "bc");
	refused(f, 'A', ULP_EREQUIRED, "top");
	refused(f, 'B', ULP_EREQUIRED, "top");
	steps(f, "CABabcCBA");
	end(f);
}

/* Two builds of one patch: the other one is as good. */
static void a_required_patch_may_go_where_another_of_its_name_stays(void **state)
{
	static const struct row rows[] = {
		{"base", "alpha", {{0}}},
		{"base", "alpha", {{0}}},
		{"top", "beta", {{"base", ULP_RELATION_REQUIRES}}},
	};
	struct fixture *f = BEGIN(rows);

	(void)state;
	steps(f, "abcA");
	refused(f, 'B', ULP_EREQUIRED, "top");
	steps(f, "CB");
	end(f);
}

/* --- conflicts -------------------------------------------------------------------- */

static void patches_in_conflict_are_not_applied_together_in_either_order(void **state)
{
	static const struct row rows[] = {
		{"one", "alpha", {{0}}},
		{"two",
		 "beta",
		 {{"other", ULP_RELATION_CONFLICTS}, {"one", ULP_RELATION_CONFLICTS}}},
	};
	struct fixture *f = BEGIN(rows);

	(void)state;
	steps(f, "a");
	refused(f, 'b', ULP_ECONFLICT, "conflicts with the live patch one");
	steps(f, "Ab");
	refused(f, 'a', ULP_ECONFLICT, "the live patch two");
	assert_string_equal(applied(f), "b");
	steps(f, "Ba");
	end(f);
}

/* --- supersedes ------------------------------------------------------------------- */

static void a_superseded_patch_leaves_with_the_same_commit(void **state)
{
	static const struct row rows[] = {
		{"old", "alpha", {{0}}},
		{"older", "beta", {{0}}},
		{"bystander", "gamma", {{0}}},
		{"new",
		 "alpha",
		 {{"old", ULP_RELATION_SUPERSEDES},
		  {"older", ULP_RELATION_SUPERSEDES},
		  {"never-applied", ULP_RELATION_SUPERSEDES}}},
	};
	struct fixture *f = BEGIN(rows);
	uint64_t sequence;

	(void)state;
	steps(f, "abc");
	sequence = fake_process_registry(&f->fp)->sequence;
	steps(f, "d");
	assert_string_equal(applied(f), "cd");
	assert_int_equal(fake_process_registry(&f->fp)->sequence, sequence + 1);
	refused(f, 'A', ULP_ENOTAPPLIED, "");
	/* The old one on top would bring back the old fault. */
	refused(f, 'a', ULP_ECONFLICT,
		"the live patch new, which is applied to libtarget.so.1, "
		"supersedes it");
	steps(f, "D");
	assert_string_equal(applied(f), "c");
	steps(f, "CabdDdD");
	assert_string_equal(applied(f), "");
	assert_memory_equal(fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT, FAKE_TEXT_LEN),
			    f->fp.objects[FAKE_TARGET].file + FAKE_TEXT, FAKE_TEXT_LEN);
	end(f);
}

static void a_superseded_patch_that_is_required_stays(void **state)
{
	static const struct row rows[] = {
		{"old", "alpha", {{0}}},
		{"top", "beta", {{"old", ULP_RELATION_REQUIRES}}},
		{"new", "alpha", {{"old", ULP_RELATION_SUPERSEDES}}},
		{"newer",
		 "alpha",
		 {{"old", ULP_RELATION_SUPERSEDES}, {"top", ULP_RELATION_SUPERSEDES}}},
	};
	struct fixture *f = BEGIN(rows);

	(void)state;
	steps(f, "ab");
	refused(f, 'c', ULP_EREQUIRED, "which top requires");
	assert_string_equal(applied(f), "ab");
	steps(f, "d");
	assert_string_equal(applied(f), "d");
	end(f);
}

/* Who is in conflict with one that leaves is in conflict with nobody. */
static void a_superseded_patch_is_in_nobodys_way(void **state)
{
	static const struct row rows[] = {
		{"old", "alpha", {{"new", ULP_RELATION_CONFLICTS}}},
		{"new", "beta", {{"old", ULP_RELATION_SUPERSEDES}}},
	};
	struct fixture *f = BEGIN(rows);

	(void)state;
	steps(f, "ab");
	assert_string_equal(applied(f), "b");
	end(f);
}

static const struct plan_guard *guard_at(const struct plan *plan, uint64_t addr)
{
	for (size_t i = 0; i < plan->nr_guards; i++)
		if (addr >= plan->guards[i].start && addr < plan->guards[i].end)
			return &plan->guards[i];
	return NULL;
}

/* Where the applied patch has its replacement. */
static uint64_t replacement_of(struct fixture *f, char id)
{
	struct engine e;
	uint64_t addr;
	long at;

	fake_process_open(&f->fp, &e);
	at = registry_find(&e.registry, &f->containers[id - 'a'].build_id,
			   f->fp.objects[FAKE_TARGET].bias);
	assert_true(at >= 0);
	addr = e.registry.patches[at].functions[0].new_addr;
	engine_close(&e);
	return addr;
}

/* Row: consistency of the old and of the new patch, and what is guarded for both. */
static void what_leaves_is_guarded_as_the_more_careful_one_says(void **state)
{
	static const struct row rows[] = {
		{"old", "alpha", {{0}}},
		{"new", "beta", {{"old", ULP_RELATION_SUPERSEDES}}},
	};
	static const struct {
		enum ulp_consistency old, new;
		bool old_function, whole;
	} cases[] = {
		{ULP_CONSISTENCY_FUNCTION, ULP_CONSISTENCY_FUNCTION, true, false},
		{ULP_CONSISTENCY_FUNCTION, ULP_CONSISTENCY_NONE, true, false},
		{ULP_CONSISTENCY_NONE, ULP_CONSISTENCY_FUNCTION, true, false},
		{ULP_CONSISTENCY_NONE, ULP_CONSISTENCY_NONE, false, false},
		{ULP_CONSISTENCY_LIBRARY, ULP_CONSISTENCY_NONE, true, true},
		{ULP_CONSISTENCY_NONE, ULP_CONSISTENCY_LIBRARY, true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture *f = BEGIN(rows);
		const struct plan_guard *guard;
		struct engine e;
		struct plan plan;
		uint64_t addr;

		f->containers[0].patch.consistency = cases[i].old;
		f->containers[1].patch.consistency = cases[i].new;
		steps(f, "a");
		addr = replacement_of(f, 'a');
		fake_process_open(&f->fp, &e);
		assert_succeeds(plan_apply(&plan, &e, &f->containers[1], &f->err), &f->err);
		guard = guard_at(&plan, addr);
		assert_int_equal(guard != NULL, cases[i].old_function);
		assert_true(!guard || guard->whole == cases[i].whole);
		plan_deinit(&plan);
		engine_close(&e);
		end(f);
	}
}

/* A breakpoint in a function that only the old patch replaces, before the plan or after it. */
static void changed_bytes_at_an_entry_that_is_given_back_are_told(void **state)
{
	static const struct row rows[] = {
		{"old", "beta", {{0}}},
		{"new", "alpha", {{"old", ULP_RELATION_SUPERSEDES}}},
	};
	struct fixture *f = BEGIN(rows);
	unsigned char *entry = fake_process_at(&f->fp, FAKE_TARGET,
					       fake_process_symbol(&f->fp, FAKE_TARGET, "beta"), 1);
	unsigned char good;
	struct engine e;
	struct plan plan;

	(void)state;
	steps(f, "a");
	good = *entry;
	*entry = 0xcc;
	fake_process_open(&f->fp, &e);
	assert_int_equal(plan_apply(&plan, &e, &f->containers[1], &f->err), ULP_EENTRY);
	assert_non_null(strstr(f->err.text, "beta"));
	*entry = good;
	assert_succeeds(plan_apply(&plan, &e, &f->containers[1], &f->err), &f->err);
	assert_succeeds(plan_map(&plan, &f->err), &f->err);
	assert_succeeds(plan_write(&plan, &f->err), &f->err);
	*entry = 0xcc;
	assert_int_equal(plan_commit(&plan, &f->err), ULP_EENTRY);
	assert_non_null(strstr(f->err.text, "beta"));
	*entry = good;
	assert_succeeds(plan_commit(&plan, &f->err), &f->err);
	plan_deinit(&plan);
	engine_close(&e);
	assert_string_equal(applied(f), "b");
	end(f);
}

/* --- meanwhile -------------------------------------------------------------------- */

/* Between plan and commit another tool takes out what was required. */
static void a_required_patch_that_goes_meanwhile_ends_the_change(void **state)
{
	static const struct row rows[] = {
		{"base", "alpha", {{0}}},
		{"top", "beta", {{"base", ULP_RELATION_REQUIRES}}},
	};
	struct fixture *f = BEGIN(rows);
	struct engine e;
	struct plan plan;

	(void)state;
	steps(f, "a");
	fake_process_open(&f->fp, &e);
	assert_succeeds(plan_apply(&plan, &e, &f->containers[1], &f->err), &f->err);
	assert_succeeds(plan_map(&plan, &f->err), &f->err);
	assert_succeeds(plan_write(&plan, &f->err), &f->err);
	steps(f, "A");
	assert_int_equal(plan_commit(&plan, &f->err), ULP_ESTOP);
	assert_succeeds(plan_undo(&plan, &f->err), &f->err);
	plan_deinit(&plan);
	engine_close(&e);
	assert_string_equal(applied(f), "");
	end(f);
}

/* --- which patches are meant -------------------------------------------------------- */

/* A record that says it is of another library, or of another copy of it. */
static void patches_of_another_library_are_not_meant(void **state)
{
	static const struct row rows[] = {
		{"base", "alpha", {{0}}},
		{"top", "beta", {{"base", ULP_RELATION_REQUIRES}}},
		{"new", "beta", {{"base", ULP_RELATION_SUPERSEDES}}},
		{"rival", "gamma", {{"base", ULP_RELATION_CONFLICTS}}},
	};
	struct fixture *f = BEGIN(rows);
	struct ulp_reg_patch *record;

	(void)state;
	steps(f, "a");
	refused(f, 'd', ULP_ECONFLICT, "base");
	record = fake_space_at(&f->fp.fs, fake_process_registry(&f->fp)->patches, sizeof(*record));
	record->target_build_id[0] ^= 1;
	refused(f, 'b', ULP_EREQUIRES, "base");
	steps(f, "dcCD");
	record->target_build_id[0] ^= 1;
	assert_string_equal(applied(f), "a");
	end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_patch_requires_comes_first_and_goes_last),
		cmocka_unit_test(each_required_patch_must_be_there),
		cmocka_unit_test(a_required_patch_may_go_where_another_of_its_name_stays),
		cmocka_unit_test(patches_in_conflict_are_not_applied_together_in_either_order),
		cmocka_unit_test(a_superseded_patch_leaves_with_the_same_commit),
		cmocka_unit_test(a_superseded_patch_that_is_required_stays),
		cmocka_unit_test(a_superseded_patch_is_in_nobodys_way),
		cmocka_unit_test(what_leaves_is_guarded_as_the_more_careful_one_says),
		cmocka_unit_test(changed_bytes_at_an_entry_that_is_given_back_are_told),
		cmocka_unit_test(a_required_patch_that_goes_meanwhile_ends_the_change),
		cmocka_unit_test(patches_of_another_library_are_not_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
