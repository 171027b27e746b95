/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of a library that the process has unloaded, and perhaps loaded again. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/plan_fixture.h"

#include <stdlib.h>
#include <string.h>

/* As after dlclose() and dlopen() to the same place. */
static void reload(struct plan_fixture *f)
{
	const struct fake_object *o = &f->fp.objects[FAKE_TARGET];

	memcpy(fake_process_at(&f->fp, FAKE_TARGET, FAKE_TEXT, FAKE_TEXT_LEN), o->file + FAKE_TEXT,
	       FAKE_TEXT_LEN);
}

static void unlist(struct plan_fixture *f)
{
	struct link_map *before = fake_process_link_map(&f->fp, FAKE_RUNTIME);
	struct link_map *after = fake_process_link_map(&f->fp, FAKE_OTHER);

	before->l_next = fake_process_link_map(&f->fp, FAKE_TARGET)->l_next;
	after->l_prev = fake_process_link_map(&f->fp, FAKE_TARGET)->l_prev;
}

static void unload(struct plan_fixture *f)
{
	unlist(f);
	fake_space_remove(&f->fp.fs, f->fp.objects[FAKE_TARGET].bias, FAKE_DATA + FAKE_PAGE);
}

static bool is_applied(struct plan_fixture *f, const struct ulp_container *c)
{
	struct engine e;
	long i;
	bool applied;

	fake_process_open(&f->fp, &e);
	i = registry_find(&e.registry, &c->build_id, f->fp.objects[FAKE_TARGET].bias);
	assert_true(i >= 0);
	applied = registry_patch_applied(&e.registry, &e.registry.patches[i]);
	engine_close(&e);
	return applied;
}

/* Of the i-th record of the list, in the process's memory. */
static uint32_t stored_state(struct plan_fixture *f, unsigned i)
{
	uint64_t at = fake_process_registry(&f->fp)->patches;
	struct ulp_reg_patch *p;

	for (;; at = p->next, i--) {
		p = fake_space_at(&f->fp.fs, at, sizeof(*p));
		if (!i)
			return p->state;
	}
}

static size_t nr_records(struct plan_fixture *f)
{
	struct engine e;
	size_t nr;

	fake_process_open(&f->fp, &e);
	nr = e.registry.nr;
	engine_close(&e);
	return nr;
}

static void a_library_that_was_loaded_again_is_not_patched(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	fake_apply(&f->fp, &f->b);
	assert_true(is_applied(f, &f->a) && is_applied(f, &f->b));
	reload(f);
	assert_false(is_applied(f, &f->a) || is_applied(f, &f->b));
	assert_int_equal(fake_change(&f->fp, &f->a, true, &f->err), ULP_ENOTAPPLIED);
	/* To look changes nothing. */
	assert_int_equal(stored_state(f, 0), ULP_PATCH_APPLIED);
}

static void the_next_commit_brings_the_records_in_step(void **state)
{
	struct plan_fixture *f = *state;
	const struct ulp_registry *reg = fake_process_registry(&f->fp);

	fake_apply(&f->fp, &f->a);
	fake_apply(&f->fp, &f->b);
	reload(f);
	fake_apply(&f->fp, &f->a);
	assert_string_equal(plan_callees(f), "aa-");
	assert_true(is_applied(f, &f->a));
	assert_false(is_applied(f, &f->b));
	assert_int_equal(stored_state(f, 0), ULP_PATCH_APPLIED);
	assert_int_equal(stored_state(f, 1), ULP_PATCH_UNLOADED);
	assert_int_equal(stored_state(f, 2), ULP_PATCH_UNLOADED);
	assert_non_null(strstr(reg->messages, "fix-b.so is not applied any more: the process has "
					      "unloaded libtarget.so.1\n"));
	fake_revert(&f->fp, &f->a);
	assert_true(plan_text_is_pristine(f));
}

/* The n-th write fails that a plan for `a` makes while the process runs. */
static enum ulp_code write_with_a_failure(struct plan_fixture *f, unsigned n)
{
	struct engine e;
	struct plan plan;
	enum ulp_code code;

	fake_process_open(&f->fp, &e);
	assert_succeeds(plan_apply(&plan, &e, &f->a, &f->err), &f->err);
	assert_succeeds(plan_map(&plan, &f->err), &f->err);
	f->fp.fs.fail_write = n;
	code = plan_write(&plan, &f->err);
	fake_space_heal(&f->fp.fs);
	assert_succeeds(plan_undo(&plan, &f->err), &f->err);
	plan_deinit(&plan);
	engine_close(&e);
	return code;
}

static void records_that_cannot_be_brought_in_step_fail_the_plan(void **state)
{
	struct plan_fixture *f = *state;
	unsigned n = 1;

	fake_apply(&f->fp, &f->b);
	reload(f);
	while (write_with_a_failure(f, n)) {
		assert_string_equal(fake_process_registry(&f->fp)->messages, "");
		assert_int_equal(stored_state(f, 0), ULP_PATCH_APPLIED);
		assert_true(plan_text_is_pristine(f));
		assert_int_equal(nr_records(f), 1);
		assert_false(is_applied(f, &f->b));
		n++;
	}
	assert_true(n > 1);
	assert_int_equal(stored_state(f, 0), ULP_PATCH_UNLOADED);
}

/* Its data would be that of a copy of the library that is gone. */
static void a_container_with_data_is_mapped_anew(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	fake_revert(&f->fp, &f->a);
	fake_apply(&f->fp, &f->a);
	assert_int_equal(nr_records(f), 1);
	reload(f);
	fake_apply(&f->fp, &f->a);
	assert_int_equal(nr_records(f), 2);
	fake_revert(&f->fp, &f->a);
	fake_apply(&f->fp, &f->a);
	assert_int_equal(nr_records(f), 2);
}

/* --- reverted, and then unloaded ------------------------------------------------- */

static struct ulp_space_ops ops_of_pages;
static size_t loaded_at; /* so many writes had been made when the library was loaded */

/* Whether one of the writes since then went to this page. */
static bool is_copied(struct ulp_space *space, struct remote at)
{
	const struct fake_space *fs = (struct fake_space *)(void *)space;

	for (size_t i = loaded_at; i < fs->nr_writes; i++)
		if (fs->writes[i].addr / FAKE_PAGE == at.addr / FAKE_PAGE)
			return true;
	return false;
}

/* Nothing was there at the start of the process but the program; `a` is applied and reverted. */
static void begin_with_a_reverted(struct plan_fixture *f)
{
	ops_of_pages = *f->fp.fs.space.ops;
	ops_of_pages.is_copied = is_copied;
	f->fp.fs.space.ops = &ops_of_pages;
	loaded_at = f->fp.fs.nr_writes;
	for (size_t i = 0; i < 2; i++)
		fake_process_dynamic(&f->fp, FAKE_MAIN, DT_NEEDED)[-1] = DT_BIND_NOW;
	fake_apply(&f->fp, &f->a);
	fake_revert(&f->fp, &f->a);
}

static void reload_pages(struct plan_fixture *f)
{
	reload(f);
	loaded_at = f->fp.fs.nr_writes;
}

static void a_copy_that_is_still_there_is_told(void **state)
{
	struct plan_fixture *f = *state;

	begin_with_a_reverted(f);
	for (size_t i = 0; i < 10; i++) {
		fake_apply(&f->fp, &f->a);
		fake_revert(&f->fp, &f->a);
	}
	assert_int_equal(nr_records(f), 1);
	assert_int_equal(stored_state(f, 0), ULP_PATCH_REVERTED);
}

static void a_copy_that_was_loaded_anew_is_told(void **state)
{
	struct plan_fixture *f = *state;
	struct engine e;

	begin_with_a_reverted(f);
	reload_pages(f);
	/* To look changes nothing. */
	fake_process_open(&f->fp, &e);
	engine_close(&e);
	assert_int_equal(stored_state(f, 0), ULP_PATCH_REVERTED);
	fake_apply(&f->fp, &f->a);
	assert_int_equal(nr_records(f), 2);
	assert_int_equal(stored_state(f, 1), ULP_PATCH_UNLOADED);
	assert_string_equal(fake_process_registry(&f->fp)->messages, "");
}

/* The page has been written to for the other one then. */
static void another_patch_that_comes_first_hides_nothing(void **state)
{
	struct plan_fixture *f = *state;

	begin_with_a_reverted(f);
	reload_pages(f);
	fake_apply(&f->fp, &f->b);
	assert_int_equal(stored_state(f, 1), ULP_PATCH_UNLOADED);
	fake_apply(&f->fp, &f->a);
	assert_int_equal(nr_records(f), 3);
}

static void a_try_that_has_failed_hides_nothing(void **state)
{
	struct plan_fixture *f = *state;
	struct planned p;

	begin_with_a_reverted(f);
	reload_pages(f);
	planned_begin(f, &f->a, &p);
	assert_succeeds(plan_undo(&p.plan, &f->err), &f->err);
	planned_end(&p);
	assert_int_equal(stored_state(f, 0), ULP_PATCH_UNLOADED);
	fake_apply(&f->fp, &f->a);
	assert_int_equal(nr_records(f), 2);
}

/* The commit of `b` was decided for the copy that is gone; to finish it writes to the new one. */
static void a_change_that_is_finished_first_hides_nothing(void **state)
{
	struct plan_fixture *f = *state;
	struct fake_space start;
	long lives = 1;

	begin_with_a_reverted(f);
	start = fake_space_copy(&f->fp.fs);
	while (fake_process_registry(&f->fp)->commit != ULP_COMMIT_DECIDED) {
		fake_space_restore(&f->fp.fs, &start);
		f->fp.fs.writes_to_live = lives++;
		(void)!fake_change(&f->fp, &f->b, false, &f->err);
		fake_space_heal(&f->fp.fs);
	}
	fake_space_deinit(&start);
	reload_pages(f);
	fake_apply(&f->fp, &f->a);
	assert_int_equal(nr_records(f), 3);
	assert_int_equal(stored_state(f, 2), ULP_PATCH_UNLOADED);
}

/* What it refers to has been loaded elsewhere: here as if, by the sum that the record has. */
static void a_container_whose_imports_have_moved_is_mapped_anew(void **state)
{
	struct plan_fixture *f = *state;
	struct ulp_reg_patch *p;

	fake_apply(&f->fp, &f->a);
	fake_revert(&f->fp, &f->a);
	p = fake_space_at(&f->fp.fs, fake_process_registry(&f->fp)->patches, sizeof(*p));
	p->imports++;
	fake_apply(&f->fp, &f->a);
	assert_int_equal(nr_records(f), 2);
	assert_string_equal(plan_callees(f), "aa-");
}

static void a_library_that_is_gone_is_not_patched(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	unload(f);
	assert_false(is_applied(f, &f->a));
	assert_int_equal(fake_change(&f->fp, &f->a, false, &f->err), ULP_ENOTARGET);
	assert_int_equal(fake_change(&f->fp, &f->a, true, &f->err), ULP_ENOTARGET);
}

/* Words that are redirected say more than a list in which the library is not found. */
static void redirected_code_is_patched_whatever_the_list_says(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	unlist(f);
	assert_true(is_applied(f, &f->a));
}

/* One function has its old bytes again: that is no unloading, but somebody's doing. */
static void a_part_of_the_old_bytes_is_refused_as_before(void **state)
{
	struct plan_fixture *f = *state;
	const uint64_t word = fake_process_symbol(&f->fp, FAKE_TARGET, "alpha") & ~7ull;

	fake_apply(&f->fp, &f->a);
	memcpy(fake_process_at(&f->fp, FAKE_TARGET, word, 8),
	       f->fp.objects[FAKE_TARGET].file + word, 8);
	assert_true(is_applied(f, &f->a));
	assert_int_equal(fake_change(&f->fp, &f->a, true, &f->err), ULP_EENTRY);
}

/* The words of the one that was there are nothing to the one that is there now. */
static void another_build_at_the_same_place_is_not_patched(void **state)
{
	static const char *const alpha[] = {"alpha", NULL};
	struct plan_fixture *f = *state;
	const struct fake_object *o = &f->fp.objects[FAKE_TARGET];
	const uint64_t entry = fake_process_symbol(&f->fp, FAKE_TARGET, "alpha");
	unsigned char *id = memmem(o->file, o->file_len, FAKE_TARGET_BUILD_ID, 20);
	struct ulp_container c;
	struct fake_patch p;

	fake_apply(&f->fp, &f->a);
	memcpy(id, "another of libtarg..", 20);
	memcpy(fake_process_at(&f->fp, FAKE_TARGET, (uint64_t)(id - o->file), 20), id, 20);
	/* Behind the NOP, and in the same word as it, there is other code. */
	o->file[entry + 6] ^= 0x55;
	reload(f);
	assert_false(is_applied(f, &f->a));
	assert_int_equal(fake_change(&f->fp, &f->a, false, &f->err), ULP_EBUILDID);

	fake_patch_begin(&p, &f->fp, FAKE_TARGET, "fix", 'c');
	memcpy(p.patch.build_id.bytes, "another of libtarg..", 20);
	fake_patch_function(&p, alpha[0]);
	fake_patch_end(&p, &c);
	fake_apply(&f->fp, &c);
	assert_int_equal(stored_state(f, 1), ULP_PATCH_UNLOADED);
	fake_revert(&f->fp, &c);
	assert_true(plan_text_is_pristine(f));
	ulp_container_close(&c);
}

/* A commit that a killed tool had decided is not finished in a library that is another one. */
static void a_recovery_leaves_another_library_alone(void **state)
{
	struct plan_fixture *f = *state;
	const struct fake_object *o = &f->fp.objects[FAKE_TARGET];
	unsigned char *id = memmem(o->file, o->file_len, FAKE_TARGET_BUILD_ID, 20);
	struct planned p;
	struct engine e;

	planned_begin(f, &f->a, &p);
	f->fp.fs.writes_to_live = 0;
	while (fake_process_registry(&f->fp)->commit != ULP_COMMIT_DECIDED) {
		struct fake_space start = fake_space_copy(&f->fp.fs);
		static long writes;

		f->fp.fs.writes_to_live = ++writes;
		(void)!plan_commit(&p.plan, &f->err);
		if (fake_process_registry(&f->fp)->commit != ULP_COMMIT_DECIDED) {
			planned_end(&p);
			fake_space_restore(&f->fp.fs, &f->pristine);
			planned_begin(f, &f->a, &p);
		}
		fake_space_deinit(&start);
	}
	planned_end(&p);
	fake_space_heal(&f->fp.fs);
	memcpy(id, "another of libtarg..", 20);
	memcpy(fake_process_at(&f->fp, FAKE_TARGET, (uint64_t)(id - o->file), 20), id, 20);
	fake_process_open(&f->fp, &e);
	assert_true(engine_needs_recovery(&e));
	assert_succeeds(fake_finish(&f->fp, &e, &f->err), &f->err);
	engine_close(&e);
	assert_true(plan_text_is_pristine(f));
	assert_int_equal(fake_process_registry(&f->fp)->commit, ULP_COMMIT_IDLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, plan_fixture_setup, plan_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_library_that_was_loaded_again_is_not_patched),
		TEST(the_next_commit_brings_the_records_in_step),
		TEST(records_that_cannot_be_brought_in_step_fail_the_plan),
		TEST(a_container_with_data_is_mapped_anew),
		TEST(a_copy_that_is_still_there_is_told),
		TEST(a_copy_that_was_loaded_anew_is_told),
		TEST(another_patch_that_comes_first_hides_nothing),
		TEST(a_try_that_has_failed_hides_nothing),
		TEST(a_change_that_is_finished_first_hides_nothing),
		TEST(a_container_whose_imports_have_moved_is_mapped_anew),
		TEST(a_library_that_is_gone_is_not_patched),
		TEST(redirected_code_is_patched_whatever_the_list_says),
		TEST(a_part_of_the_old_bytes_is_refused_as_before),
		TEST(another_build_at_the_same_place_is_not_patched),
		TEST(a_recovery_leaves_another_library_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
