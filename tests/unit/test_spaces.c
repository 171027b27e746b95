/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Namespaces of dlmopen(3) in the list of objects.
 */
#include "config.h"

#include "engine/symbols.h"
#include "tests/lib/check_err.h"
#include "tests/lib/objects_fixture.h"

#include <link.h>
#include <string.h>

/* In the linker's memory, between the link maps and their names. */
#define NODES 0x800u
#define MAPS 0xa00u

/* struct r_debug_extended of <link.h> since glibc 2.35. */
struct node {
	struct r_debug base;
	uint64_t next;
};

static struct node *node(struct objects_fixture *f, size_t i)
{
	return fake_space_at(&f->fp.fs, f->fp.r_debug + NODES + i * sizeof(struct node),
			     sizeof(struct node));
}

/* Node i: a namespace with one object, which is listed by a copy of the link map of `object`. */
static void add_space(struct objects_fixture *f, size_t i, size_t object)
{
	struct node *first = fake_space_at(&f->fp.fs, f->fp.r_debug, sizeof(struct node));
	struct node *before = i ? node(f, i - 1) : first;
	uint64_t map_at = f->fp.r_debug + MAPS + i * sizeof(struct link_map);
	struct link_map *map = fake_space_at(&f->fp.fs, map_at, sizeof(*map));

	*map = *fake_process_link_map(&f->fp, object);
	map->l_next = NULL;
	*node(f, i) = (struct node){
		.base = {.r_version = 2,
			 .r_map = (struct link_map *)(uintptr_t)map_at,
			 .r_state = RT_CONSISTENT},
	};
	first->base.r_version = 2;
	before->next = f->fp.r_debug + NODES + i * sizeof(struct node);
}

/* Takes the last object of the program's list out of it. */
static void drop_plugin(struct objects_fixture *f)
{
	for (size_t i = 0; i < f->fp.nr; i++)
		if (fake_process_link_map(&f->fp, i)->l_next ==
		    (void *)(uintptr_t)f->fp.objects[FAKE_PLUGIN].link_map)
			fake_process_link_map(&f->fp, i)->l_next =
				fake_process_link_map(&f->fp, FAKE_PLUGIN)->l_next;
}

static void their_objects_come_last(void **state)
{
	struct objects_fixture *f = *state;
	const struct ulp_object *last;

	drop_plugin(f);
	add_space(f, 0, FAKE_PLUGIN);
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(f->objs.nr, f->fp.nr);
	last = &f->objs.list[f->objs.nr - 1];
	assert_int_equal(last->bias, f->fp.objects[FAKE_PLUGIN].bias);
	assert_int_equal(last->space, 1);
	assert_false(last->is_proxy);
	assert_false(last->is_main);
	assert_int_equal(f->objs.list[0].space, 0);
}

static void without_the_version_there_are_none(void **state)
{
	struct objects_fixture *f = *state;

	add_space(f, 0, FAKE_PLUGIN);
	fake_process_r_debug(&f->fp)->r_version = 1;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(f->objs.nr, f->fp.nr);
}

static void an_object_that_is_listed_in_two_is_a_proxy(void **state)
{
	struct objects_fixture *f = *state;

	add_space(f, 0, FAKE_OTHER);
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(f->objs.nr, f->fp.nr + 1);
	assert_false(f->objs.list[FAKE_OTHER].is_proxy);
	assert_true(f->objs.list[f->objs.nr - 1].is_proxy);
}

static void a_library_looks_in_its_own_namespace(void **state)
{
	struct objects_fixture *f = *state;
	struct ulp_symbol sym;

	drop_plugin(f);
	add_space(f, 0, FAKE_PLUGIN);
	assert_succeeds(objects_fixture_read(f), &f->err);
	objects_set_local_scope(&f->objs, &f->objs.list[FAKE_TARGET]);
	assert_true(symbol_lookup(&f->r, &f->objs, "helper", "", &sym));
	objects_set_local_scope(&f->objs, &f->objs.list[f->objs.nr - 1]);
	assert_false(symbol_lookup(&f->r, &f->objs, "helper", "", &sym));
}

static void one_that_changes_is_to_be_tried_again(void **state)
{
	struct objects_fixture *f = *state;

	add_space(f, 0, FAKE_OTHER);
	add_space(f, 1, FAKE_PLUGIN);
	node(f, 1)->base.r_state = RT_ADD;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
	node(f, 1)->base.r_state = RT_CONSISTENT;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(f->objs.nr, f->fp.nr + 2);
}

static void a_list_without_an_end_is_refused(void **state)
{
	struct objects_fixture *f = *state;

	add_space(f, 0, FAKE_OTHER);
	node(f, 0)->next = f->fp.r_debug + NODES;
	assert_int_equal(objects_fixture_read(f), ULP_EELF);
	node(f, 0)->next = 0x123456789000;
	assert_int_equal(objects_fixture_read(f), ULP_ESYS);
}

static void the_node_of_the_runtime_is_no_namespace(void **state)
{
	struct objects_fixture *f = *state;
	struct node *first = fake_space_at(&f->fp.fs, f->fp.r_debug, sizeof(struct node));

	first->base.r_version = 2;
	first->next = f->fp.registry;
	memset(fake_space_at(&f->fp.fs, f->fp.registry + sizeof(struct r_debug), 8), 0, 8);
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(f->objs.nr, f->fp.nr);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, objects_fixture_setup, objects_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(their_objects_come_last),
		TEST(without_the_version_there_are_none),
		TEST(an_object_that_is_listed_in_two_is_a_proxy),
		TEST(a_library_looks_in_its_own_namespace),
		TEST(one_that_changes_is_to_be_tried_again),
		TEST(a_list_without_an_end_is_refused),
		TEST(the_node_of_the_runtime_is_no_namespace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
