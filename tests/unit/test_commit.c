/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The commit at every instant: each write fails in turn, and the tool dies
 * after each write in turn.  Whatever happens, the process is as before or as
 * wanted, and the registry says which.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/fake_patch.h"

#include <stdlib.h>
#include <string.h>

#define NR_FUNCTIONS 3u

static const char *const function_names[NR_FUNCTIONS] = {"alpha", "beta", "gamma"};

/*
 * Row: what was done before, and what is to be done now: 'a', 'b', 'c' apply, 'A', 'B', 'C'
 * revert.  c replaces beta and gamma, and supersedes a and b.
 */
static const struct scenario {
	const char *before;
	char now;
} scenarios[] = {
	{"", 'a'},    {"a", 'b'},   {"a", 'A'},	   {"ab", 'A'},	  {"ab", 'B'},	  {"aA", 'a'},
	{"abA", 'a'}, {"abA", 'B'}, {"bB", 'a'},   {"abAB", 'b'}, {"baBA", 'a'},  {"a", 'c'},
	{"ab", 'c'},  {"abA", 'c'}, {"abcC", 'b'}, {"acC", 'c'},  {"acCab", 'c'},
};

#define NR_CONTAINERS 3u

#define NR_SCENARIOS (sizeof(scenarios) / sizeof(*scenarios))

/* What can be seen from outside. */
struct sight {
	char owner[NR_FUNCTIONS]; /* of each word: 'a', 'b', 'c', '-' original, '?' anything else */
	bool applied[NR_CONTAINERS]; /* a, b, c */
};

struct fixture {
	struct fake_process fp;
	struct ulp_container containers[NR_CONTAINERS];
	struct ulp_err err;
	const struct scenario *scenario;
	struct fake_space start; /* as the scenario begins */
	struct sight old;
	struct sight new;
};

static const struct ulp_container *container(const struct fixture *f, char step)
{
	return &f->containers[(step | 0x20) - 'a'];
}

static bool is_revert(char step)
{
	return step < 'a';
}

/* vaddr of the i-th function's word. */
static uint64_t word_of(const struct fixture *f, size_t i)
{
	return fake_process_symbol(&f->fp, FAKE_TARGET, function_names[i]) & ~7ull;
}

static char owner_of(const struct fixture *f, const struct engine *e, size_t i)
{
	const void *now = fake_process_at(&f->fp, FAKE_TARGET, word_of(f, i), 8);
	uint64_t at = f->fp.objects[FAKE_TARGET].bias + word_of(f, i);

	if (memcmp(now, f->fp.objects[FAKE_TARGET].file + word_of(f, i), 8) == 0)
		return '-';
	for (size_t p = 0; p < e->registry.nr; p++) {
		const struct registry_patch *patch = &e->registry.patches[p];

		for (uint32_t k = 0; k < patch->head.nr_functions; k++)
			if (patch->functions[k].word_addr == at &&
			    memcmp(patch->functions[k].redirect, now, 8) == 0)
				return (char)patch->head.build_id[0];
	}
	return '?';
}

static struct sight look(struct fixture *f)
{
	struct sight s = {0};
	struct engine e;

	fake_process_open(&f->fp, &e);
	for (size_t i = 0; i < NR_FUNCTIONS; i++)
		s.owner[i] = owner_of(f, &e, i);
	for (size_t i = 0; i < NR_CONTAINERS; i++) {
		long index = registry_find(&e.registry, &f->containers[i].build_id,
					   f->fp.objects[FAKE_TARGET].bias);
		/* A record that is there but not applied is as good as none. */
		s.applied[i] = index >= 0 &&
			       registry_patch_applied(&e.registry, &e.registry.patches[index]);
	}
	engine_close(&e);
	return s;
}

static bool same_sight(const struct sight *a, const struct sight *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Code of every container that can be reached is looked for among them. */
static void check_range(const struct registry *reg)
{
	for (size_t i = 0; i < reg->nr; i++) {
		const struct ulp_reg_patch *h = &reg->patches[i].head;

		assert_true(reg->head.containers_start <= h->map_start);
		assert_true(reg->head.containers_end >= h->map_start + h->map_len);
	}
}

/* Each word in memory is what the registry says, and no commit is half done. */
static void check_consistent(struct fixture *f)
{
	struct engine e;

	fake_process_open(&f->fp, &e);
	assert_false(engine_needs_recovery(&e));
	check_range(&e.registry);
	for (size_t i = 0; i < NR_FUNCTIONS; i++) {
		uint64_t at = f->fp.objects[FAKE_TARGET].bias + word_of(f, i);
		uint8_t want[8];

		if (registry_word(&e.registry, at, false, want))
			assert_memory_equal(fake_space_at(&f->fp.fs, at, 8), want, 8);
	}
	engine_close(&e);
}

/* What the next tool does first. */
static void recover(struct fixture *f, long writes_to_live)
{
	struct engine e;

	fake_space_heal(&f->fp.fs);
	fake_process_open(&f->fp, &e);
	f->fp.fs.writes_to_live = writes_to_live;
	if (engine_needs_recovery(&e))
		assert_succeeds(registry_recover(&e.registry, &f->fp.fs.space, &f->err), &f->err);
	engine_close(&e);
	fake_space_heal(&f->fp.fs);
}

static void make_superseding(struct fixture *f)
{
	struct ulp_relation relation = {"fix", ULP_RELATION_SUPERSEDES};
	struct fake_patch p;

	fake_patch_begin(&p, &f->fp, FAKE_TARGET, "new-fix", 'c');
	p.patch.relations = &relation;
	p.patch.nr_relations = 1;
	fake_patch_function(&p, "beta");
	fake_patch_function(&p, "gamma");
	fake_patch_end(&p, &f->containers[2]);
}

static void fixture_init(struct fixture *f, const struct scenario *scenario)
{
	static const char *const of_a[] = {"alpha", "beta", NULL};
	static const char *const of_b[] = {"beta", "gamma", NULL};

	*f = (struct fixture){.scenario = scenario};
	fake_process_init(&f->fp);
	fake_patch_make(&f->fp, &f->containers[0], 'a', of_a);
	fake_patch_make(&f->fp, &f->containers[1], 'b', of_b);
	make_superseding(f);
	for (const char *step = scenario->before; *step; step++)
		if (is_revert(*step))
			fake_revert(&f->fp, container(f, *step));
		else
			fake_apply(&f->fp, container(f, *step));
	f->start = fake_space_copy(&f->fp.fs);
	f->old = look(f);
	assert_succeeds(
		fake_change(&f->fp, container(f, scenario->now), is_revert(scenario->now), &f->err),
		&f->err);
	f->new = look(f);
	assert_false(same_sight(&f->old, &f->new));
	fake_space_restore(&f->fp.fs, &f->start);
}

static void fixture_deinit(struct fixture *f)
{
	fake_space_deinit(&f->start);
	for (size_t i = 0; i < NR_CONTAINERS; i++)
		ulp_container_close(&f->containers[i]);
	fake_process_deinit(&f->fp);
}

/* Everything up to the commit; the engine is open afterwards. */
static void prepare(struct fixture *f, struct engine *e, struct plan *plan)
{
	const struct ulp_container *c = container(f, f->scenario->now);

	fake_space_restore(&f->fp.fs, &f->start);
	fake_process_open(&f->fp, e);
	if (is_revert(f->scenario->now))
		assert_succeeds(plan_revert(plan, e, c, &f->err), &f->err);
	else
		assert_succeeds(plan_apply(plan, e, c, &f->err), &f->err);
	assert_succeeds(plan_map(plan, &f->err), &f->err);
	assert_succeeds(plan_write(plan, &f->err), &f->err);
	fake_space_heal(&f->fp.fs);
}

static void finish(struct engine *e, struct plan *plan)
{
	plan_deinit(plan);
	engine_close(e);
}

/* Number of writes of an undisturbed commit. */
static unsigned count_writes(struct fixture *f)
{
	struct engine e;
	struct plan plan;
	unsigned nr;

	prepare(f, &e, &plan);
	assert_succeeds(plan_commit(&plan, &f->err), &f->err);
	nr = (unsigned)f->fp.fs.nr_writes;
	finish(&e, &plan);
	return nr;
}

/* check(f, i, nr) for each scenario i, whose commit has nr writes. */
static void in_each_scenario(void (*check)(struct fixture *f, size_t scenario, unsigned nr))
{
	for (size_t i = 0; i < NR_SCENARIOS; i++) {
		struct fixture f;

		fixture_init(&f, &scenarios[i]);
		check(&f, i, count_writes(&f));
		fixture_deinit(&f);
	}
}

static void check_failing_writes(struct fixture *f, size_t scenario, unsigned nr)
{
	assert_true(nr > 4);
	for (unsigned n = 1; n <= nr; n++) {
		struct fake_space before;
		struct engine e;
		struct plan plan;
		uint64_t differs;

		prepare(f, &e, &plan);
		before = fake_space_copy(&f->fp.fs);
		f->fp.fs.fail_write = n;
		assert_int_equal(plan_commit(&plan, &f->err), ULP_ESYS);
		differs = fake_space_differs(&f->fp.fs, &before);
		if (differs)
			fail_msg("scenario %zu, write %u fails: 0x%llx differs", scenario, n,
				 (unsigned long long)differs);
		assert_succeeds(plan_undo(&plan, &f->err), &f->err);
		assert_int_equal(fake_space_differs(&f->fp.fs, &f->start), 0);
		finish(&e, &plan);
		fake_space_deinit(&before);
	}
}

static void a_commit_whose_write_fails_leaves_every_byte_as_before(void **state)
{
	(void)state;
	in_each_scenario(check_failing_writes);
}

static void check_second_try(struct fixture *f, size_t scenario, unsigned nr)
{
	(void)scenario;
	for (unsigned n = 1; n <= nr; n++) {
		struct engine e;
		struct plan plan;
		struct sight seen;

		prepare(f, &e, &plan);
		f->fp.fs.fail_write = n;
		assert_int_equal(plan_commit(&plan, &f->err), ULP_ESYS);
		assert_succeeds(plan_commit(&plan, &f->err), &f->err);
		finish(&e, &plan);
		seen = look(f);
		assert_true(same_sight(&seen, &f->new));
		check_consistent(f);
	}
}

/* As the tool does where it has to wait, or to try again. */
static void a_commit_can_be_tried_again_after_a_failure(void **state)
{
	(void)state;
	in_each_scenario(check_second_try);
}

/* An engine that has failed once is as good for a new plan as a fresh one. */
static void a_new_plan_can_be_made_after_an_undo(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_SCENARIOS; i++) {
		struct fixture f;
		struct engine e;
		struct plan plan;
		struct sight seen;
		const struct ulp_container *c;

		fixture_init(&f, &scenarios[i]);
		c = container(&f, f.scenario->now);
		prepare(&f, &e, &plan);
		f.fp.fs.fail_write = 3;
		assert_int_equal(plan_commit(&plan, &f.err), ULP_ESYS);
		assert_succeeds(plan_undo(&plan, &f.err), &f.err);
		plan_deinit(&plan);
		if (is_revert(f.scenario->now))
			assert_succeeds(plan_revert(&plan, &e, c, &f.err), &f.err);
		else
			assert_succeeds(plan_apply(&plan, &e, c, &f.err), &f.err);
		assert_succeeds(fake_carry_out(&plan, &f.err), &f.err);
		finish(&e, &plan);
		seen = look(&f);
		assert_true(same_sight(&seen, &f.new));
		fixture_deinit(&f);
	}
}

/* The tool is dead; what the next one finds, and makes of it. */
static void check_after_death(struct fixture *f, size_t scenario, unsigned n, bool *is_new)
{
	struct sight seen;

	recover(f, -1);
	check_consistent(f);
	seen = look(f);
	if (!same_sight(&seen, &f->old) && !same_sight(&seen, &f->new))
		fail_msg("scenario %zu, killed after write %u: a mixture", scenario, n);
	*is_new = same_sight(&seen, &f->new);
}

/* The change that was wanted can be made afterwards, and taken back. */
static void check_usable(struct fixture *f, bool is_new)
{
	char now = f->scenario->now;
	struct sight seen;

	if (!is_new)
		assert_succeeds(fake_change(&f->fp, container(f, now), is_revert(now), &f->err),
				&f->err);
	seen = look(f);
	assert_true(same_sight(&seen, &f->new));
	assert_succeeds(fake_change(&f->fp, container(f, now), !is_revert(now), &f->err), &f->err);
	check_consistent(f);
}

/* The commit ends with this code while the tool dies after so many writes: it does not notice. */
static void commit_and_die(struct fixture *f, unsigned fail_write, long writes_to_live,
			   enum ulp_code code)
{
	struct engine e;
	struct plan plan;

	prepare(f, &e, &plan);
	f->fp.fs.fail_write = fail_write;
	f->fp.fs.writes_to_live = writes_to_live;
	assert_int_equal(plan_commit(&plan, &f->err), code);
	finish(&e, &plan);
}

static void check_deaths(struct fixture *f, size_t scenario, unsigned nr)
{
	bool was_new = false;

	for (unsigned n = 0; n <= nr; n++) {
		bool is_new;

		commit_and_die(f, 0, n, ULP_OK);
		check_after_death(f, scenario, n, &is_new);
		/* There is one point of no return. */
		assert_false(was_new && !is_new);
		was_new = is_new;
		check_usable(f, is_new);
	}
	assert_true(was_new);
}

static void a_tool_that_dies_leaves_the_old_or_the_new_state(void **state)
{
	(void)state;
	in_each_scenario(check_deaths);
}

static void check_deaths_in_recovery(struct fixture *f, size_t scenario, unsigned nr)
{
	bool is_new;

	for (unsigned n = 0; n <= nr; n++)
		for (unsigned m = 0; m <= 2 * nr; m++) {
			commit_and_die(f, 0, n, ULP_OK);
			recover(f, m);
			check_after_death(f, scenario, n, &is_new);
		}
}

/* And the one that comes to finish it dies, too. */
static void a_recovery_that_dies_can_be_recovered(void **state)
{
	(void)state;
	in_each_scenario(check_deaths_in_recovery);
}

static void check_deaths_in_undoing(struct fixture *f, size_t scenario, unsigned nr)
{
	bool is_new;

	for (unsigned n = 1; n <= nr; n++)
		for (unsigned m = 0; m <= 2 * nr; m++) {
			commit_and_die(f, n, (long)(n - 1 + m), ULP_ESYS);
			check_after_death(f, scenario, n, &is_new);
		}
}

/* A write fails, and the tool dies while it puts everything back. */
static void a_tool_that_dies_while_undoing_leaves_the_old_or_the_new_state(void **state)
{
	(void)state;
	in_each_scenario(check_deaths_in_undoing);
}

/*
 * From the n-th write on all fail, also those that should put things back: a
 * redirect may stay, so the memory it leads to must stay as well.
 */
static void what_a_redirect_may_lead_to_is_not_unmapped(void **state)
{
	struct fixture f;
	unsigned nr;

	(void)state;
	fixture_init(&f, &scenarios[0]);
	nr = count_writes(&f);
	for (unsigned n = 1; n <= nr; n++) {
		struct engine e;
		struct plan plan;
		uint64_t code;

		prepare(&f, &e, &plan);
		code = load_addr(&plan.load, FAKE_TEXT);
		f.fp.fs.fail_write = n;
		f.fp.fs.fail_writes_after = true;
		assert_int_equal(plan_commit(&plan, &f.err), ULP_ESYS);
		assert_succeeds(plan_undo(&plan, &f.err), &f.err);
		finish(&e, &plan);
		fake_space_heal(&f.fp.fs);
		for (size_t i = 0; i < NR_FUNCTIONS; i++)
			if (look(&f).owner[i] != '-')
				assert_non_null(fake_space_area(&f.fp.fs, code));
		/* The registry is readable, and the next tool can make something of it. */
		recover(&f, -1);
		check_consistent(&f);
	}
	fixture_deinit(&f);
}

static void entries_are_written_as_whole_aligned_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_SCENARIOS; i++) {
		struct fixture f;
		struct engine e;
		struct plan plan;

		fixture_init(&f, &scenarios[i]);
		prepare(&f, &e, &plan);
		assert_succeeds(plan_commit(&plan, &f.err), &f.err);
		for (size_t k = 0; k < f.fp.fs.nr_writes; k++) {
			const struct fake_write *w = &f.fp.fs.writes[k];

			/* No write of the commit is one that a kill could leave in halves. */
			if (w->addr >= plan.target->start && w->addr < plan.target->end) {
				assert_true(w->addr % 8 == 0 && w->len % 8 == 0);
				assert_int_equal(w->addr / FAKE_PAGE,
						 (w->addr + w->len - 1) / FAKE_PAGE);
			} else {
				assert_true(w->len <= 8 && w->addr % w->len == 0);
			}
		}
		finish(&e, &plan);
		fixture_deinit(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_whose_write_fails_leaves_every_byte_as_before),
		cmocka_unit_test(a_commit_can_be_tried_again_after_a_failure),
		cmocka_unit_test(a_new_plan_can_be_made_after_an_undo),
		cmocka_unit_test(a_tool_that_dies_leaves_the_old_or_the_new_state),
		cmocka_unit_test(a_recovery_that_dies_can_be_recovered),
		cmocka_unit_test(a_tool_that_dies_while_undoing_leaves_the_old_or_the_new_state),
		cmocka_unit_test(what_a_redirect_may_lead_to_is_not_unmapped),
		cmocka_unit_test(entries_are_written_as_whole_aligned_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
