/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs that were started as "ld.so PROGRAM": the auxiliary vector describes ld.so. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/objects_fixture.h"

#include <stdlib.h>
#include <string.h>

/* The objects of this process, in link map order. */
#define LD FAKE_RUNTIME

#define MAIN_BIAS 0x7ffff7000000ull /* ld.so maps the program as it maps a library */
#define LD_BIAS 0x7ffff7200000ull
#define TARGET_BIAS 0x7ffff7100000ull

static struct r_debug *debug_of(struct objects_fixture *f)
{
	return fake_process_at(&f->fp, LD, fake_process_symbol(&f->fp, LD, "_r_debug"),
			       sizeof(struct r_debug));
}

static Elf64_Ehdr *header_of(struct objects_fixture *f, size_t fake)
{
	return fake_process_at(&f->fp, fake, 0, sizeof(Elf64_Ehdr));
}

static int setup(void **state)
{
	struct objects_fixture *f = calloc(1, sizeof(*f));
	struct eb *program = fake_main(), *linker = fake_library("ld-fake.so.2", NULL);

	fake_process_begin(&f->fp);
	eb_needed(program, "libtarget.so.1");
	eb_dynsym(linker, "_r_debug", ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 3, 0x40,
		  sizeof(struct r_debug));
	fake_process_load(&f->fp, "", MAIN_BIAS, program);
	fake_process_load(&f->fp, "/lib/ld-fake.so.2", LD_BIAS, linker);
	fake_process_load(&f->fp, "/lib/libtarget.so.1", TARGET_BIAS,
			  fake_library("libtarget.so.1", FAKE_TARGET_BUILD_ID));
	fake_process_link(&f->fp);
	memcpy(debug_of(f), fake_process_r_debug(&f->fp), sizeof(struct r_debug));
	f->fp.at_phdr = LD_BIAS + header_of(f, LD)->e_phoff;
	f->fp.at_phnum = header_of(f, LD)->e_phnum;
	return objects_fixture_begin(f, state);
}

static void the_program_is_found_behind_the_linker(void **state)
{
	struct objects_fixture *f = *state;
	const struct ulp_object *o;

	assert_succeeds(objects_fixture_read(f), &f->err);
	assert_int_equal(f->objs.nr, 3);
	o = &f->objs.list[0];
	assert_true(o->is_main);
	assert_int_equal(o->bias, MAIN_BIAS);
	assert_int_equal(o->start, MAIN_BIAS);
	assert_int_equal(o->nr_needed, 1);
	assert_non_null(objects_find_soname(&f->objs, "libtarget.so.1"));
	assert_true(objects_find_soname(&f->objs, "libtarget.so.1")->scope & OBJECT_SCOPE_GLOBAL);
}

static void a_linker_that_has_loaded_nothing_is_to_be_tried_again(void **state)
{
	struct objects_fixture *f = *state;

	debug_of(f)->r_map = NULL;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
	/* It puts itself into the list. */
	debug_of(f)->r_map = (struct link_map *)(uintptr_t)f->fp.objects[LD].link_map;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
	debug_of(f)->r_map = (struct link_map *)(uintptr_t)f->fp.objects[FAKE_MAIN].link_map;
	debug_of(f)->r_state = RT_ADD;
	assert_int_equal(objects_fixture_read(f), ULP_ESTOP);
}

static void a_program_that_is_mapped_from_no_file_is_refused(void **state)
{
	struct objects_fixture *f = *state;
	const uint64_t at = (uint64_t)(uintptr_t)fake_process_link_map(&f->fp, FAKE_MAIN)->l_ld;

	fake_space_area(&f->fp.fs, at)->inode = 0;
	assert_int_equal(objects_fixture_read(f), ULP_EELF);
}

static void a_file_whose_start_is_not_mapped_is_refused(void **state)
{
	struct objects_fixture *f = *state;

	fake_space_area(&f->fp.fs, MAIN_BIAS)->offset = FAKE_PAGE;
	assert_int_equal(objects_fixture_read(f), ULP_EELF);
}

static void a_program_without_elf_magic_is_refused(void **state)
{
	struct objects_fixture *f = *state;

	header_of(f, FAKE_MAIN)->e_ident[0] = 0;
	assert_int_equal(objects_fixture_read(f), ULP_EELF);
}

static void a_list_that_contradicts_the_programs_header_is_refused(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_link_map(&f->fp, FAKE_MAIN)->l_addr += FAKE_PAGE;
	assert_int_equal(objects_fixture_read(f), ULP_EELF);
}

static void every_read_that_fails_is_told_or_costs_an_object(void **state)
{
	objects_fixture_fail_each_read(*state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, objects_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_program_is_found_behind_the_linker),
		TEST(a_linker_that_has_loaded_nothing_is_to_be_tried_again),
		TEST(a_program_that_is_mapped_from_no_file_is_refused),
		TEST(a_file_whose_start_is_not_mapped_is_refused),
		TEST(a_program_without_elf_magic_is_refused),
		TEST(a_list_that_contradicts_the_programs_header_is_refused),
		TEST(every_read_that_fails_is_told_or_costs_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
