/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tool is killed after each single write of a whole change, from the mapping of the container
 * on, and the next one after each single write by which it finishes that.  In the end the
 * process is exactly as before or as wanted: code, records and mappings.  Entries are in one word
 * or two, and several patches share them.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/fake_patch.h"

#include <string.h>
#include <sys/mman.h>

#define NR_CONTAINERS 4u

/*
 * Row: what was done before, and what is to be done now: 'a'..'d' apply, 'A'..'D' revert.
 * a: alpha, beta; b: beta, gamma; c: delta, whose entry is in two words; d: delta, alpha and gamma,
 * and supersedes b.
 */
static const struct scenario {
	const char *before;
	char now;
} scenarios[] = {
	{"", 'a'},    {"a", 'A'},    {"", 'c'},	   {"c", 'C'},	   {"cC", 'c'},	   {"ab", 'A'},
	{"abc", 'd'}, {"abcd", 'D'}, {"acd", 'C'}, {"abcdD", 'd'}, {"acdAC", 'a'},
};

struct fixture {
	struct fake_process fp;
	struct ulp_container containers[NR_CONTAINERS];
	struct ulp_err err;
	const struct scenario *scenario;
	struct fake_space old;
	struct fake_space new;
};

static const struct ulp_container *container(const struct fixture *f, char step)
{
	return &f->containers[(step | 0x20) - 'a'];
}

static enum ulp_code change(struct fixture *f, char step)
{
	return fake_change(&f->fp, container(f, step), step < 'a', &f->err);
}

static void make_superseding(struct fixture *f)
{
	struct ulp_relation relation = {"second", ULP_RELATION_SUPERSEDES};
	struct fake_patch p;

	fake_patch_begin(&p, &f->fp, FAKE_TARGET, "fourth", 'd');
	p.patch.relations = &relation;
	p.patch.nr_relations = 1;
	fake_patch_function(&p, "delta");
	fake_patch_function(&p, "alpha");
	fake_patch_function(&p, "gamma");
	fake_patch_end(&p, &f->containers[3]);
}

static void make(struct fixture *f, char id, const char *name, const char *const *functions)
{
	struct fake_patch p;

	fake_patch_begin(&p, &f->fp, FAKE_TARGET, name, id);
	for (; *functions; functions++)
		fake_patch_function(&p, *functions);
	fake_patch_end(&p, &f->containers[id - 'a']);
}

static void fixture_init(struct fixture *f, const struct scenario *scenario)
{
	static const char *const of_a[] = {"alpha", "beta", NULL};
	static const char *const of_b[] = {"beta", "gamma", NULL};
	static const char *const of_c[] = {"delta", NULL};

	*f = (struct fixture){.scenario = scenario};
	fake_process_init(&f->fp);
	make(f, 'a', "first", of_a);
	make(f, 'b', "second", of_b);
	make(f, 'c', "third", of_c);
	make_superseding(f);
	for (const char *step = scenario->before; *step; step++)
		assert_succeeds(change(f, *step), &f->err);
	f->old = fake_space_copy(&f->fp.fs);
	assert_succeeds(change(f, scenario->now), &f->err);
	f->new = fake_space_copy(&f->fp.fs);
	fake_space_restore(&f->fp.fs, &f->old);
}

static void fixture_deinit(struct fixture *f)
{
	fake_space_deinit(&f->old);
	fake_space_deinit(&f->new);
	for (size_t i = 0; i < NR_CONTAINERS; i++)
		ulp_container_close(&f->containers[i]);
	fake_process_deinit(&f->fp);
}

/* --- what the process looks like ------------------------------------------------- */

static bool same_code(const struct fixture *f, const struct fake_space *a,
		      const struct fake_space *b)
{
	const uint64_t at = f->fp.objects[FAKE_TARGET].bias + FAKE_TEXT;

	return memcmp(fake_space_at(a, at, FAKE_TEXT_LEN), fake_space_at(b, at, FAKE_TEXT_LEN),
		      FAKE_TEXT_LEN) == 0;
}

/* Bit i: container i is recorded as applied. */
static unsigned recorded(struct fixture *f)
{
	unsigned applied = 0;
	struct engine e;

	fake_process_open(&f->fp, &e);
	assert_int_equal(e.registry.head.commit, ULP_COMMIT_IDLE);
	assert_int_equal(e.registry.head.pending.len, 0);
	for (unsigned i = 0; i < NR_CONTAINERS; i++) {
		long at = registry_find(&e.registry, &f->containers[i].build_id,
					f->fp.objects[FAKE_TARGET].bias);

		if (at >= 0 && registry_patch_applied(&e.registry, &e.registry.patches[at])) {
			assert_false(e.registry.patches[at].stale);
			applied |= 1u << i;
		}
	}
	engine_close(&e);
	return applied;
}

static unsigned recorded_in(struct fixture *f, const struct fake_space *space)
{
	struct fake_space now = fake_space_copy(&f->fp.fs);
	unsigned applied;

	fake_space_restore(&f->fp.fs, space);
	applied = recorded(f);
	fake_space_restore(&f->fp.fs, &now);
	fake_space_deinit(&now);
	return applied;
}

/* Debuggers walk the link maps both ways: that the list is whole, and names each record. */
static void check_link_maps(struct fixture *f, unsigned n, unsigned m)
{
	const struct ulp_registry *reg = fake_process_registry(&f->fp);
	uint64_t prev = 0;
	uint64_t at = reg->debug.map;
	size_t nr = 0;

	for (uint64_t record = reg->patches; record; nr++)
		record = ((struct ulp_reg_patch *)fake_space_at(&f->fp.fs, record,
								sizeof(struct ulp_reg_patch)))
				 ->next;
	for (; at && nr; nr--) {
		const struct ulp_reg_link_map *map = fake_space_at(&f->fp.fs, at, sizeof(*map));

		if (map->prev != prev)
			fail_msg("killed after %u, %u: a link map that does not lead back", n, m);
		prev = at;
		at = map->next;
	}
	/* One record may have joined the list of records alone: the next commit takes it in. */
	if (at || nr > 1)
		fail_msg("killed after %u, %u: the link maps are not those of the records", n, m);
}

static void check_old_or_new(struct fixture *f, size_t scenario, unsigned n, unsigned m,
			     const unsigned applied[2])
{
	const struct fake_space *now = &f->fp.fs;
	const unsigned is = recorded(f);
	const bool old = same_code(f, now, &f->old) && is == applied[0];
	const bool new = same_code(f, now, &f->new) && is == applied[1];

	if (!old && !new)
		fail_msg("scenario %zu, killed after %u and %u: code and records are a mixture",
			 scenario, n, m);
	if (!fake_space_same_layout(now, &f->old) && !fake_space_same_layout(now, &f->new))
		fail_msg("scenario %zu, killed after %u and %u: memory is left", scenario, n, m);
	check_link_maps(f, n, m);
}

/* --- the tools ------------------------------------------------------------------- */

/* One that lives for so many writes (-1: to its end). */
static void next_tool(struct fixture *f, long writes)
{
	struct engine e;

	fake_space_heal(&f->fp.fs);
	fake_process_open(&f->fp, &e);
	f->fp.fs.writes_to_live = writes;
	if (fake_finish(&f->fp, &e, &f->err) && writes < 0)
		assert_succeeds(f->err.code, &f->err);
	engine_close(&e);
	fake_space_heal(&f->fp.fs);
}

static void killed_tool(struct fixture *f, long writes)
{
	fake_space_restore(&f->fp.fs, &f->old);
	f->fp.fs.writes_to_live = writes;
	/* What it thinks no longer matters. */
	(void)!change(f, f->scenario->now);
}

static unsigned count_writes(struct fixture *f)
{
	fake_space_restore(&f->fp.fs, &f->old);
	assert_succeeds(change(f, f->scenario->now), &f->err);
	return (unsigned)f->fp.fs.nr_writes;
}

/* More than a tool makes to finish what another one has left. */
#define MAX_FINISH 24u

static void whoever_is_killed_the_next_tool_finds_the_old_or_the_new_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		unsigned applied[2];
		struct fixture f;
		unsigned nr;

		fixture_init(&f, &scenarios[i]);
		applied[0] = recorded_in(&f, &f.old);
		applied[1] = recorded_in(&f, &f.new);
		assert_int_not_equal(applied[0], applied[1]);
		nr = count_writes(&f);
		assert_true(nr > 4);
		for (unsigned n = 0; n <= nr; n++)
			for (unsigned m = 0; m <= MAX_FINISH; m++) {
				killed_tool(&f, (long)n);
				next_tool(&f, (long)m);
				next_tool(&f, -1);
				check_old_or_new(&f, i, n, m, applied);
			}
		fixture_deinit(&f);
	}
}

/* Killed again and again at the same place: memory does not grow. */
static void memory_stays_constant_over_many_kills(void **state)
{
	struct fixture f;
	unsigned nr;

	(void)state;
	fixture_init(&f, &scenarios[0]);
	nr = count_writes(&f);
	for (unsigned n = 0; n <= nr; n++) {
		fake_space_restore(&f.fp.fs, &f.old);
		for (unsigned round = 0; round < 5; round++) {
			f.fp.fs.writes_to_live = (long)n;
			(void)!change(&f, 'a');
			fake_space_heal(&f.fp.fs);
			assert_true(f.fp.fs.nr_areas <= f.new.nr_areas);
		}
		next_tool(&f, -1);
		assert_true(fake_space_same_layout(&f.fp.fs, &f.old) ||
			    fake_space_same_layout(&f.fp.fs, &f.new));
	}
	fixture_deinit(&f);
}

/* --- memory that is not ours ------------------------------------------------------ */

#define THEIRS 0x7ffff6000000ull
#define THEIRS_LEN (4u * FAKE_PAGE)

/*
 * The registry names memory of the process itself: of a killed tool, or by a lie.  Row: what makes
 * it theirs.
 */
static const struct theirs {
	const char *what;
	uint64_t start, len; /* as the registry names it */
	uint64_t inode;
	unsigned char byte; /* in the middle of it */
	uint64_t record;    /* offset of the record */
	int prot;
} theirs[] = {
	{"it was written to", THEIRS, THEIRS_LEN, 0, 1, FAKE_PAGE, PROT_READ},
	{"it can be written", THEIRS, THEIRS_LEN, 0, 0, FAKE_PAGE, PROT_READ | PROT_WRITE},
	{"it is reserved", THEIRS, THEIRS_LEN, 0, 0, FAKE_PAGE, PROT_NONE},
	{"it is a file", THEIRS, THEIRS_LEN, 7, 0, FAKE_PAGE, PROT_READ},
	{"it goes on behind it", THEIRS, THEIRS_LEN - FAKE_PAGE, 0, 0, FAKE_PAGE, PROT_READ},
	{"it begins before it", THEIRS + FAKE_PAGE, THEIRS_LEN - FAKE_PAGE, 0, 0, FAKE_PAGE,
	 PROT_READ},
	{"nothing is there", THEIRS + THEIRS_LEN, FAKE_PAGE, 0, 0, 0, PROT_READ},
	{"some of it is not there", THEIRS, THEIRS_LEN + FAKE_PAGE, 0, 0, FAKE_PAGE, PROT_READ},
	{"it is not whole pages", THEIRS, THEIRS_LEN - 8, 0, 0, FAKE_PAGE, PROT_READ},
	{"the record is outside", THEIRS, THEIRS_LEN, 0, 0, THEIRS_LEN, PROT_READ},
	{"it is longer than any container", THEIRS, 1ull << 40, 0, 0, FAKE_PAGE, PROT_READ},
	{"it does not end", THEIRS, UINT64_MAX & ~0xfffull, 0, 0, FAKE_PAGE, PROT_READ},
};

static void memory_of_the_process_is_left_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++) {
		const struct theirs *t = &theirs[i];
		struct fixture f;

		fixture_init(&f, &scenarios[0]);
		fake_space_add(&f.fp.fs, THEIRS, THEIRS_LEN, t->prot, t->inode);
		*(unsigned char *)fake_space_at(&f.fp.fs, THEIRS + THEIRS_LEN / 2, 1) = t->byte;
		fake_process_registry(&f.fp)->pending = (struct ulp_reg_pending){
			.start = t->start, .record = t->start + t->record, .len = t->len};
		next_tool(&f, -1);
		if (!fake_space_area(&f.fp.fs, THEIRS))
			fail_msg("%s: unmapped", t->what);
		assert_int_equal(fake_process_registry(&f.fp)->pending.len, 0);
		fixture_deinit(&f);
	}
}

/* What became of a call that the tool did not wait for any longer.  prot: -1: it was not made. */
static void undo_of_a_late_call(int prot, bool stays)
{
	struct fixture f;
	struct engine e;
	struct plan plan;
	struct ulp_reg_pending p;

	fixture_init(&f, &scenarios[0]);
	fake_space_restore(&f.fp.fs, &f.old);
	fake_process_open(&f.fp, &e);
	assert_succeeds(plan_apply(&plan, &e, container(&f, 'a'), &f.err), &f.err);
	f.fp.fs.fail_map = 1;
	f.fp.fs.map_code = ULP_ESTOP;
	assert_int_equal(plan_map(&plan, &f.err), ULP_ESTOP);
	p = fake_process_registry(&f.fp)->pending;
	assert_int_not_equal(p.len, 0);
	if (prot >= 0)
		fake_space_add(&f.fp.fs, p.start, p.len, prot, 0);
	assert_succeeds(plan_undo(&plan, &f.err), &f.err);
	assert_int_equal(fake_process_registry(&f.fp)->pending.len, 0);
	assert_int_equal(fake_space_area(&f.fp.fs, p.start) != NULL, stays);
	plan_deinit(&plan);
	engine_close(&e);
	fixture_deinit(&f);
}

static void a_late_call_leaves_nothing_and_takes_nothing(void **state)
{
	(void)state;
	undo_of_a_late_call(-1, false);
	undo_of_a_late_call(PROT_READ, false);
	/* The process has mapped something there itself. */
	undo_of_a_late_call(PROT_READ | PROT_WRITE, true);
}

/* Killed in the middle of the mapping: nothing but zeros. */
static void memory_that_nobody_has_written_to_is_unmapped(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, &scenarios[0]);
	fake_space_add(&f.fp.fs, THEIRS, FAKE_PAGE, 1, 0);
	fake_space_add(&f.fp.fs, THEIRS + FAKE_PAGE, FAKE_PAGE, 5, 0);
	fake_process_registry(&f.fp)->pending = (struct ulp_reg_pending){
		.start = THEIRS, .record = THEIRS + FAKE_PAGE, .len = 2ull * FAKE_PAGE};
	next_tool(&f, -1);
	assert_null(fake_space_area(&f.fp.fs, THEIRS));
	assert_null(fake_space_area(&f.fp.fs, THEIRS + FAKE_PAGE));
	fixture_deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_the_process_is_left_alone),
		cmocka_unit_test(a_late_call_leaves_nothing_and_takes_nothing),
		cmocka_unit_test(memory_that_nobody_has_written_to_is_unmapped),
		cmocka_unit_test(whoever_is_killed_the_next_tool_finds_the_old_or_the_new_state),
		cmocka_unit_test(memory_stays_constant_over_many_kills),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
