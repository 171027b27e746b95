/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/objects_fixture.h"

#include <string.h>
#include <sys/mman.h>

static const struct ulp_object *object(struct objects_fixture *f, size_t fake)
{
	for (size_t i = 0; i < f->objs.nr; i++)
		if (f->objs.list[i].bias == f->fp.objects[fake].bias)
			return &f->objs.list[i];
	return NULL;
}

static void finds_all_objects_in_link_map_order(void **state)
{
	struct objects_fixture *f = *state;

	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(f->objs.nr, f->fp.nr);
	for (size_t i = 0; i < f->objs.nr; i++) {
		assert_string_equal(f->objs.list[i].path, f->fp.objects[i].path);
		assert_int_equal(f->objs.list[i].bias, f->fp.objects[i].bias);
		assert_int_equal(f->objs.list[i].is_main, i == 0);
	}
	assert_string_equal(f->objs.list[FAKE_TARGET].soname, "libtarget.so.1");
	assert_int_equal(f->objs.list[FAKE_TARGET].nr_needed, 1);
	assert_string_equal(f->objs.list[FAKE_TARGET].needed[0], "libother.so.1");
}

static void knows_segments_and_build_id(void **state)
{
	struct objects_fixture *f = *state;
	const struct ulp_object *o;

	assert_succeeds(objects_fixture_read(f), &f->err);
	o = object(f, FAKE_TARGET);
	assert_int_equal(o->start, o->bias);
	assert_true(o->end > o->bias + FAKE_DATA && o->end % FAKE_PAGE == 0);
	assert_int_equal(o->text_start, o->bias + FAKE_TEXT);
	assert_int_equal(o->text_end, o->bias + FAKE_TEXT + FAKE_TEXT_LEN);
	assert_int_equal(o->build_id.len, 20);
	assert_memory_equal(o->build_id.bytes, FAKE_TARGET_BUILD_ID, 20);
	assert_int_equal(object(f, FAKE_MAIN)->build_id.len, 0);
	assert_ptr_equal(objects_find_build_id(&f->objs, &o->build_id), o);
}

static void finds_an_object_by_soname_and_by_file_name(void **state)
{
	struct objects_fixture *f = *state;

	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_ptr_equal(objects_find_soname(&f->objs, "libplugin.so"), object(f, FAKE_PLUGIN));
	assert_null(objects_find_soname(&f->objs, "libplugin"));
	assert_null(objects_find_soname(&f->objs, "libnot.so.1"));
}

static void an_empty_build_id_is_nobodys(void **state)
{
	struct objects_fixture *f = *state;
	struct ulp_build_id none = {0};

	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_null(objects_find_build_id(&f->objs, &none));
}

static void startup_objects_are_global_and_dlopened_ones_are_not(void **state)
{
	struct objects_fixture *f = *state;

	assert_succeeds(objects_fixture_read(f), &f->err);
	for (size_t i = 0; i < f->objs.nr; i++)
		assert_int_equal(f->objs.list[i].scope & OBJECT_SCOPE_GLOBAL,
				 i == FAKE_PLUGIN ? 0 : OBJECT_SCOPE_GLOBAL);
	objects_set_local_scope(&f->objs, object(f, FAKE_PLUGIN));
	assert_true(object(f, FAKE_PLUGIN)->scope & OBJECT_SCOPE_LOCAL);
	assert_false(object(f, FAKE_TARGET)->scope & OBJECT_SCOPE_LOCAL);
	objects_set_local_scope(&f->objs, object(f, FAKE_TARGET));
	assert_false(object(f, FAKE_PLUGIN)->scope & OBJECT_SCOPE_LOCAL);
	assert_true(object(f, FAKE_OTHER)->scope & OBJECT_SCOPE_LOCAL);
}

/* libc's own vDSO entry: no path, and nobody's scope (glibc, elf/setup-vdso.h). */
static void the_vdso_is_not_in_the_global_scope(void **state)
{
	struct objects_fixture *f = *state;
	struct link_map *map = fake_process_link_map(&f->fp, FAKE_RUNTIME);

	strcpy(fake_space_at(&f->fp.fs, (uint64_t)(uintptr_t)map->l_name, 64), "linux-vdso.so.1");
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_false(object(f, FAKE_RUNTIME)->scope & OBJECT_SCOPE_GLOBAL);
}

static void dynamic_rows_that_are_not_relocated_are_understood(void **state)
{
	struct objects_fixture *f = *state;
	uint64_t *row = fake_process_dynamic(&f->fp, FAKE_OTHER, DT_SYMTAB);
	uint64_t want = *row;

	*row -= f->fp.objects[FAKE_OTHER].bias;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(object(f, FAKE_OTHER)->dyn.symtab, want);
}

static void a_list_that_loops_is_refused(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_link_map(&f->fp, FAKE_PLUGIN)->l_next =
		fake_process_link_map(&f->fp, FAKE_OTHER)->l_next;
	assert_int_equal(objects_fixture_read(f), ULP_EELF);
	fake_process_link_map(&f->fp, FAKE_MAIN)->l_next =
		(void *)(uintptr_t)f->fp.objects[FAKE_MAIN].link_map;
	assert_int_equal(objects_fixture_read(f), ULP_EELF);
}

static void a_list_that_leads_nowhere_is_refused(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_link_map(&f->fp, FAKE_OTHER)->l_next = (void *)0x123456789000;
	assert_int_equal(objects_fixture_read(f), ULP_ESYS);
	assert_int_equal(f->objs.nr, 0);
}

static void an_object_without_a_readable_name_is_left_out(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_link_map(&f->fp, FAKE_OTHER)->l_name = (char *)0x10;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(f->objs.nr, f->fp.nr - 1);
	assert_null(object(f, FAKE_OTHER));
}

static void an_object_without_elf_magic_is_left_out(void **state)
{
	struct objects_fixture *f = *state;

	*(unsigned char *)fake_process_at(&f->fp, FAKE_OTHER, 0, 1) = 0;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_null(object(f, FAKE_OTHER));
}

static void an_object_with_other_headers_than_the_list_says_is_left_out(void **state)
{
	struct objects_fixture *f = *state;

	struct link_map *map = fake_process_link_map(&f->fp, FAKE_OTHER);
	const uint64_t at = 0x7fff00000000;

	/* The same dynamic section, but not where the program headers have it. */
	fake_space_add(&f->fp.fs, at, FAKE_PAGE, PROT_READ, 0);
	memcpy(fake_space_at(&f->fp.fs, at, 0x100),
	       fake_space_at(&f->fp.fs, (uint64_t)(uintptr_t)map->l_ld, 0x100), 0x100);
	map->l_ld = (void *)(uintptr_t)at;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_null(object(f, FAKE_OTHER));
}

static Elf64_Phdr *phdr_in_memory(struct objects_fixture *f, size_t fake, uint32_t type)
{
	const Elf64_Ehdr *eh = fake_process_at(&f->fp, fake, 0, sizeof(*eh));

	for (uint16_t i = 0; i < eh->e_phnum; i++) {
		Elf64_Phdr *ph =
			fake_process_at(&f->fp, fake, eh->e_phoff + i * sizeof(*ph), sizeof(*ph));
		if (ph->p_type == type)
			return ph;
	}
	return NULL;
}

static void segments_of_absurd_size_are_refused(void **state)
{
	struct objects_fixture *f = *state;
	Elf64_Phdr *ph = phdr_in_memory(f, FAKE_OTHER, PT_LOAD);
	static const uint64_t absurd[][2] = {
		{0, UINT64_MAX},
		{UINT64_MAX - 100, 90},
		{1ull << 60, 1},
		{UINT64_MAX - 5000, 100},
	};

	for (size_t i = 0; i < sizeof(absurd) / sizeof(*absurd); i++) {
		ph->p_vaddr = absurd[i][0];
		ph->p_memsz = absurd[i][1];
		assert_succeeds(objects_fixture_read(f), &f->err);
		if (object(f, FAKE_OTHER))
			assert_true(object(f, FAKE_OTHER)->start < object(f, FAKE_OTHER)->end);
	}
}

static void a_build_id_that_cannot_be_is_none(void **state)
{
	struct objects_fixture *f = *state;
	Elf64_Phdr *ph = phdr_in_memory(f, FAKE_TARGET, PT_NOTE);
	Elf64_Nhdr *note = fake_process_at(&f->fp, FAKE_TARGET, ph->p_vaddr, sizeof(*note));
	const Elf64_Nhdr good = *note;
	const Elf64_Nhdr bad[] = {
		{4, 0, 3}, {4, UINT32_MAX, 3}, {UINT32_MAX, 20, 3}, {4, 33, 3}, {4, 20, 4},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		*note = bad[i];
		assert_succeeds(objects_fixture_read(f), &f->err);
		assert_int_equal(object(f, FAKE_TARGET)->build_id.len, 0);
	}
	*note = good;
	ph->p_memsz = UINT64_MAX;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(object(f, FAKE_TARGET)->build_id.len, 0);
}

static void a_dynamic_section_without_an_end_is_refused(void **state)
{
	struct objects_fixture *f = *state;
	struct link_map *map = fake_process_link_map(&f->fp, FAKE_OTHER);
	const uint64_t at = 0x7fff00000000;

	fake_space_add(&f->fp.fs, at, 32 * FAKE_PAGE, PROT_READ, 0);
	for (size_t i = 0; i < 32 * FAKE_PAGE / sizeof(Elf64_Dyn); i++)
		((Elf64_Dyn *)fake_space_at(&f->fp.fs, at, 32 * FAKE_PAGE))[i].d_tag = DT_NEEDED;
	map->l_ld = (void *)(uintptr_t)at;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_null(object(f, FAKE_OTHER));
}

static void a_list_in_change_is_to_be_tried_again(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_r_debug(&f->fp)->r_state = RT_ADD;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
	fake_process_r_debug(&f->fp)->r_state = RT_DELETE;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
	fake_process_r_debug(&f->fp)->r_state = RT_CONSISTENT;
	assert_succeeds(objects_fixture_read(f), &f->err);
}

/* The dynamic linker at work between two reads of ours. */
static struct {
	const struct ulp_space_ops *real;
	struct link_map *last; /* what follows it is another while the linker is at work: */
	struct link_map *usually;
	struct link_map *leads_to;
	size_t first;  /* with that read, ... */
	size_t nr;     /* and so many in all; ... */
	bool restless; /* or with every second one */
	size_t nr_reads;
} linker;

static enum ulp_code read_with_linker(struct ulp_space *space, struct remote from, void *buf,
				      size_t len, struct ulp_err *err)
{
	const size_t n = ++linker.nr_reads;
	const bool at_work =
		linker.restless ? n % 2 == 1 : n >= linker.first && n - linker.first < linker.nr;

	linker.last->l_next = at_work ? linker.leads_to : linker.usually;
	return linker.real->read(space, from, buf, len, err);
}

static void linker_begin(struct objects_fixture *f, struct ulp_space_ops *ops,
			 struct link_map *leads_to)
{
	memset(&linker, 0, sizeof(linker));
	linker.real = f->fp.fs.space.ops;
	linker.last = fake_process_link_map(&f->fp, FAKE_OTHER);
	linker.usually = linker.last->l_next;
	linker.leads_to = leads_to;
	*ops = *linker.real;
	ops->read = read_with_linker;
	f->fp.fs.space.ops = ops;
}

static void linker_end(struct objects_fixture *f)
{
	linker.last->l_next = linker.usually;
	f->fp.fs.space.ops = linker.real;
}

/* Reads the objects, with the change at each possible moment. */
static void change_at_each_read(struct objects_fixture *f, struct link_map *leads_to, size_t nr)
{
	struct ulp_space_ops ops;

	linker_begin(f, &ops, leads_to);
	linker.nr = nr;
	do {
		linker.first++;
		linker.nr_reads = 0;
		assert_succeeds(objects_fixture_read(f), &f->err);
		assert_non_null(object(f, FAKE_TARGET));
		assert_non_null(object(f, FAKE_OTHER));
		assert_true(f->objs.nr == f->fp.nr || !object(f, FAKE_PLUGIN));
	} while (linker.first <= linker.nr_reads);
	linker_end(f);
}

static void an_object_may_leave_while_the_list_is_read(void **state)
{
	struct objects_fixture *f = *state;

	change_at_each_read(f, NULL, SIZE_MAX);
	change_at_each_read(f, NULL, 1);
}

/* One that is being unloaded may lead anywhere. */
static void a_list_may_be_damaged_for_a_moment(void **state)
{
	struct objects_fixture *f = *state;

	change_at_each_read(f, (void *)(uintptr_t)f->fp.objects[FAKE_OTHER].link_map, 1);
	change_at_each_read(f, (void *)0x123456789000, 1);
}

static void an_object_that_has_left_meanwhile_is_not_listed(void **state)
{
	struct objects_fixture *f = *state;
	struct ulp_space_ops ops;

	linker_begin(f, &ops, NULL);
	linker.nr = SIZE_MAX;
	linker.first = SIZE_MAX;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_non_null(object(f, FAKE_PLUGIN));
	/* All was read but for the last look at the list. */
	linker.first = linker.nr_reads - 1;
	linker.nr_reads = 0;
	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_null(object(f, FAKE_PLUGIN));
	linker_end(f);
}

static void a_list_that_never_rests_is_to_be_tried_again(void **state)
{
	struct objects_fixture *f = *state;
	struct ulp_space_ops ops;

	linker_begin(f, &ops, NULL);
	linker.restless = true;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
	linker_end(f);
	assert_succeeds(objects_fixture_read(f), &f->err);
}

static void a_program_that_has_not_started_yet_is_to_be_tried_again(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_r_debug(&f->fp)->r_map = NULL;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
	*fake_process_dynamic(&f->fp, FAKE_MAIN, DT_DEBUG) = 0;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
}

static void a_static_program_is_not_supported(void **state)
{
	struct objects_fixture *f = *state;
	Elf64_Phdr *ph = phdr_in_memory(f, FAKE_MAIN, PT_DYNAMIC);

	ph->p_type = PT_NULL;
	assert_int_equal(objects_fixture_read(f), ULP_EUNSUP);
	/* A static PIE. */
	ph->p_type = PT_DYNAMIC;
	phdr_in_memory(f, FAKE_MAIN, PT_INTERP)->p_type = PT_NULL;
	*fake_process_dynamic(&f->fp, FAKE_MAIN, DT_DEBUG) = 0;
	assert_int_equal(objects_fixture_read(f), ULP_EUNSUP);
}

static void a_program_without_dt_debug_is_not_supported(void **state)
{
	struct objects_fixture *f = *state;
	uint64_t *row = fake_process_dynamic(&f->fp, FAKE_MAIN, DT_DEBUG);

	row[-1] = DT_TEXTREL;
	assert_int_equal(objects_fixture_read(f), ULP_EUNSUP);
}

static void absurd_numbers_of_program_headers_are_refused(void **state)
{
	struct objects_fixture *f = *state;
	static const uint64_t absurd[] = {0, 513, UINT64_MAX, UINT64_MAX / 56 + 2};

	for (size_t i = 0; i < sizeof(absurd) / sizeof(*absurd); i++) {
		f->fp.at_phnum = absurd[i];
		assert_int_equal(objects_fixture_read(f), ULP_EELF);
	}
}

static void the_executable_must_be_the_first_of_the_list(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_link_map(&f->fp, FAKE_MAIN)->l_addr += FAKE_PAGE;
	assert_int_equal(objects_fixture_read(f), ULP_EELF);
}

static void every_read_that_fails_is_told_or_costs_an_object(void **state)
{
	struct objects_fixture *f = *state;

	assert_succeeds(objects_fixture_read(f), &f->err);
	objects_fixture_fail_each_read(f);
}

static void sees_that_an_object_was_unloaded(void **state)
{
	struct objects_fixture *f = *state;
	struct link_map *map = fake_process_link_map(&f->fp, FAKE_TARGET);

	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_true(object_still_loaded(&f->fp.fs.space, object(f, FAKE_TARGET)));
	map->l_addr += FAKE_PAGE;
	assert_false(object_still_loaded(&f->fp.fs.space, &f->objs.list[FAKE_TARGET]));
	map->l_addr -= FAKE_PAGE;
	map->l_ld = NULL;
	assert_false(object_still_loaded(&f->fp.fs.space, &f->objs.list[FAKE_TARGET]));
	f->fp.fs.fail_read = 1;
	assert_false(object_still_loaded(&f->fp.fs.space, &f->objs.list[FAKE_OTHER]));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, objects_fixture_setup, objects_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_all_objects_in_link_map_order),
		TEST(knows_segments_and_build_id),
		TEST(finds_an_object_by_soname_and_by_file_name),
		TEST(an_empty_build_id_is_nobodys),
		TEST(startup_objects_are_global_and_dlopened_ones_are_not),
		TEST(the_vdso_is_not_in_the_global_scope),
		TEST(dynamic_rows_that_are_not_relocated_are_understood),
		TEST(a_list_that_loops_is_refused),
		TEST(a_list_that_leads_nowhere_is_refused),
		TEST(an_object_without_a_readable_name_is_left_out),
		TEST(an_object_without_elf_magic_is_left_out),
		TEST(an_object_with_other_headers_than_the_list_says_is_left_out),
		TEST(segments_of_absurd_size_are_refused),
		TEST(a_build_id_that_cannot_be_is_none),
		TEST(a_dynamic_section_without_an_end_is_refused),
		TEST(a_list_in_change_is_to_be_tried_again),
		TEST(an_object_may_leave_while_the_list_is_read),
		TEST(a_list_may_be_damaged_for_a_moment),
		TEST(an_object_that_has_left_meanwhile_is_not_listed),
		TEST(a_list_that_never_rests_is_to_be_tried_again),
		TEST(a_program_that_has_not_started_yet_is_to_be_tried_again),
		TEST(a_static_program_is_not_supported),
		TEST(a_program_without_dt_debug_is_not_supported),
		TEST(absurd_numbers_of_program_headers_are_refused),
		TEST(the_executable_must_be_the_first_of_the_list),
		TEST(every_read_that_fails_is_told_or_costs_an_object),
		TEST(sees_that_an_object_was_unloaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
