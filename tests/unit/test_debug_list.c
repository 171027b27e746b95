/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What debuggers are told of containers: the list of link maps, and its node in the dynamic
 * linker's list of namespaces.
 */
#include "config.h"

#include "engine/debug_list.h"
#include "tests/lib/check_err.h"
#include "tests/lib/plan_fixture.h"

#include <stdlib.h>
#include <string.h>

/* In the data of libplugin.so, which plays the dynamic linker: it has __rseq_offset. */
#define BASE_VADDR FAKE_DATA
#define OTHER_VADDR (FAKE_DATA + 0x40u)

static uint64_t at_vaddr(const struct plan_fixture *f, uint64_t vaddr)
{
	return f->fp.objects[FAKE_PLUGIN].bias + vaddr;
}

static struct ulp_reg_debug *node_at(const struct plan_fixture *f, uint64_t at)
{
	return fake_space_at(&f->fp.fs, at, sizeof(struct ulp_reg_debug));
}

static struct ulp_reg_debug *base(const struct plan_fixture *f)
{
	return node_at(f, at_vaddr(f, BASE_VADDR));
}

static uint64_t ours(const struct plan_fixture *f)
{
	return f->fp.registry + offsetof(struct ulp_registry, debug);
}

static int setup(void **state)
{
	struct plan_fixture *f;

	if (plan_fixture_setup(state))
		return -1;
	f = *state;
	memcpy(base(f), fake_process_r_debug(&f->fp), sizeof(struct r_debug));
	base(f)->brk = 0x1234;
	base(f)->ldbase = 0x5000;
	*fake_process_dynamic(&f->fp, FAKE_MAIN, DT_DEBUG) = at_vaddr(f, BASE_VADDR);
	f->fp.r_debug = at_vaddr(f, BASE_VADDR);
	return 0;
}

/* The containers' file names in the order of the list, which leads back as it leads forth. */
static const char *listed(const struct plan_fixture *f)
{
	static char names[256];
	uint64_t prev = 0;

	names[0] = '\0';
	for (uint64_t at = node_at(f, ours(f))->map; at;) {
		const struct ulp_reg_link_map *map = fake_space_at(&f->fp.fs, at, sizeof(*map));

		assert_true(map->prev == prev);
		assert_true(strlen(names) < 100);
		strcat(names, (const char *)fake_space_at(&f->fp.fs, map->name, 9));
		strcat(names, " ");
		prev = at;
		at = map->next;
	}
	return names;
}

static void containers_are_a_namespace_of_their_own(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	assert_int_equal(base(f)->version, 2);
	assert_true(base(f)->next == ours(f));
	assert_int_equal(node_at(f, ours(f))->version, 2);
	assert_int_equal(node_at(f, ours(f))->brk, 0x1234);
	assert_int_equal(node_at(f, ours(f))->ldbase, 0x5000);
	assert_int_equal(node_at(f, ours(f))->next, 0);
	assert_string_equal(listed(f), "fix-a.so ");
	fake_apply(&f->fp, &f->b);
	assert_string_equal(listed(f), "fix-a.so fix-b.so ");
	fake_revert(&f->fp, &f->a);
	assert_string_equal(listed(f), "fix-a.so fix-b.so ");
	assert_true(base(f)->next == ours(f));
	assert_int_equal(node_at(f, ours(f))->next, 0);
}

/* Before glibc 2.35 something else follows struct r_debug. */
static void a_linker_without_namespaces_is_left_alone(void **state)
{
	struct plan_fixture *f = *state;
	struct ulp_reg_debug before = *base(f);

	*fake_process_dynamic(&f->fp, FAKE_MAIN, DT_DEBUG) = at_vaddr(f, BASE_VADDR) + 0x40;
	memcpy(node_at(f, at_vaddr(f, BASE_VADDR) + 0x40), &before, sizeof(before));
	/* Not in an object that could tell. */
	f->fp.objects[FAKE_PLUGIN].link_map = 0;
	fake_process_link_map(&f->fp, FAKE_OTHER)->l_next = NULL;
	fake_apply(&f->fp, &f->a);
	assert_int_equal(node_at(f, at_vaddr(f, BASE_VADDR) + 0x40)->version, 1);
	assert_int_equal(node_at(f, at_vaddr(f, BASE_VADDR) + 0x40)->next, 0);
	assert_string_equal(listed(f), "fix-a.so ");
}

static void it_stands_behind_the_namespaces_of_the_process(void **state)
{
	struct plan_fixture *f = *state;
	struct ulp_reg_debug *other = node_at(f, at_vaddr(f, OTHER_VADDR));

	base(f)->version = 2;
	base(f)->next = at_vaddr(f, OTHER_VADDR);
	other->version = 2;
	fake_apply(&f->fp, &f->a);
	assert_true(base(f)->next == at_vaddr(f, OTHER_VADDR));
	assert_true(other->next == ours(f));
}

static void namespaces_that_come_later_stand_behind_it(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	node_at(f, ours(f))->next = at_vaddr(f, OTHER_VADDR);
	fake_apply(&f->fp, &f->b);
	assert_true(base(f)->next == ours(f));
	assert_true(node_at(f, ours(f))->next == at_vaddr(f, OTHER_VADDR));
	assert_int_equal(node_at(f, at_vaddr(f, OTHER_VADDR))->next, 0);
}

/* As later versions of glibc do: their first namespace comes to where ours is. */
static void it_comes_back_when_it_was_pushed_out(void **state)
{
	struct plan_fixture *f = *state;

	fake_apply(&f->fp, &f->a);
	base(f)->next = at_vaddr(f, OTHER_VADDR);
	fake_revert(&f->fp, &f->a);
	assert_true(base(f)->next == at_vaddr(f, OTHER_VADDR));
	assert_true(node_at(f, at_vaddr(f, OTHER_VADDR))->next == ours(f));
	assert_int_equal(node_at(f, ours(f))->next, 0);
}

static void a_list_that_makes_no_sense_is_left_alone(void **state)
{
	struct plan_fixture *f = *state;

	base(f)->version = 1;
	base(f)->next = at_vaddr(f, BASE_VADDR);
	fake_apply(&f->fp, &f->a);
	assert_true(base(f)->next == at_vaddr(f, BASE_VADDR));
	base(f)->next = 0x10;
	fake_revert(&f->fp, &f->a);
	assert_true(base(f)->next == 0x10);
	assert_int_equal(base(f)->version, 1);
}

/* Whenever it dies a debugger finds a list that is whole, and the next commit what is missing. */
static void a_killed_tool_leaves_lists_that_can_be_followed(void **state)
{
	struct plan_fixture *f = *state;
	struct fake_space start;
	unsigned long nr;

	fake_apply(&f->fp, &f->a);
	start = fake_space_copy(&f->fp.fs);
	fake_space_heal(&f->fp.fs);
	fake_apply(&f->fp, &f->b);
	nr = f->fp.fs.nr_writes;
	for (unsigned long n = 0; n <= nr; n++) {
		const char *names;

		fake_space_restore(&f->fp.fs, &start);
		f->fp.fs.writes_to_live = (long)n;
		(void)!fake_change(&f->fp, &f->b, false, &f->err);
		names = listed(f);
		assert_true(strcmp(names, "fix-a.so ") == 0 ||
			    strcmp(names, "fix-a.so fix-b.so ") == 0);
		fake_space_heal(&f->fp.fs);
		fake_revert(&f->fp, &f->a);
		if (fake_process_registry(&f->fp)->patches !=
		    node_at(f, ours(f))->map - offsetof(struct ulp_reg_patch, link_map))
			assert_string_equal(listed(f), "fix-a.so fix-b.so ");
	}
	fake_space_deinit(&start);
}

static void a_killed_tool_leaves_namespaces_that_can_be_followed(void **state)
{
	struct plan_fixture *f = *state;
	struct fake_space start = fake_space_copy(&f->fp.fs);
	unsigned long nr;

	fake_space_heal(&f->fp.fs);
	fake_apply(&f->fp, &f->a);
	nr = f->fp.fs.nr_writes;
	for (unsigned long n = 0; n <= nr; n++) {
		fake_space_restore(&f->fp.fs, &start);
		f->fp.fs.writes_to_live = (long)n;
		(void)!fake_change(&f->fp, &f->a, false, &f->err);
		if (base(f)->next) {
			assert_true(base(f)->next == ours(f));
			assert_int_equal(node_at(f, ours(f))->version, 2);
			assert_int_equal(node_at(f, ours(f))->next, 0);
			assert_string_equal(listed(f), "fix-a.so ");
		}
		fake_space_heal(&f->fp.fs);
		fake_apply(&f->fp, &f->b);
		assert_true(base(f)->next == ours(f) && base(f)->version == 2);
	}
	fake_space_deinit(&start);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, plan_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(containers_are_a_namespace_of_their_own),
		TEST(a_linker_without_namespaces_is_left_alone),
		TEST(it_stands_behind_the_namespaces_of_the_process),
		TEST(namespaces_that_come_later_stand_behind_it),
		TEST(it_comes_back_when_it_was_pushed_out),
		TEST(a_list_that_makes_no_sense_is_left_alone),
		TEST(a_killed_tool_leaves_lists_that_can_be_followed),
		TEST(a_killed_tool_leaves_namespaces_that_can_be_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
