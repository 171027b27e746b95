/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A runtime that the dynamic linker does not know is found by its place in memory. */
#include "config.h"

#include "container/machine.h"
#include "tests/lib/check_err.h"
#include "tests/lib/objects_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAIN_BIAS 0x555555554000ull
#define TARGET_BIAS 0x7ffff7100000ull
#define RUNTIME_BIAS 0x7ffff7300000ull
#define RUNTIME 2u
#define RUNTIME_TEXT 0x1000u /* vaddr of its code */

/* libpulp.so.0 with code, between its headers and its data. */
static struct eb *runtime_with_code(void)
{
	static const unsigned char code[64];
	struct eb *eb = eb_create(ET_DYN, ulp_machine_host());
	size_t data;

	eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, sizeof(code));
	data = eb_section(eb, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL,
			  sizeof(struct ulp_registry));
	eb_soname(eb, ULP_RUNTIME_SONAME);
	eb_dynsym(eb, ULP_REGISTRY_SYMBOL, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), data, 0,
		  sizeof(struct ulp_registry));
	return eb;
}

/* As the tool maps it: from no file, headers and code next to each other, then read-only data. */
static void make_anonymous(struct objects_fixture *f)
{
	struct fake_space *fs = &f->fp.fs;
	const uint64_t text = RUNTIME_BIAS + RUNTIME_TEXT;

	for (size_t i = 0; i < fs->nr_areas; i++) {
		struct fake_area *area = &fs->areas[i];

		if (area->start < RUNTIME_BIAS || area->start > RUNTIME_BIAS + (1u << 20))
			continue;
		area->inode = 0;
		area->prot = area->start == text ? PROT_READ | PROT_EXEC : PROT_READ;
	}
}

static int setup(void **state)
{
	struct objects_fixture *f = calloc(1, sizeof(*f));
	struct eb *program = fake_main();

	fake_process_begin(&f->fp);
	eb_needed(program, "libtarget.so.1");
	fake_process_load(&f->fp, "", MAIN_BIAS, program);
	fake_process_load(&f->fp, "/lib/libtarget.so.1", TARGET_BIAS,
			  fake_library("libtarget.so.1", FAKE_TARGET_BUILD_ID));
	fake_process_load(&f->fp, "/lib/" ULP_RUNTIME_SONAME, RUNTIME_BIAS, runtime_with_code());
	fake_process_link(&f->fp);
	fake_process_link_map(&f->fp, RUNTIME - 1)->l_next = NULL;
	make_anonymous(f);
	return objects_fixture_begin(f, state);
}

static const struct ulp_object *runtime(struct objects_fixture *f)
{
	assert_succeeds(objects_fixture_read(f), &f->err);
	return objects_find_soname(&f->objs, ULP_RUNTIME_SONAME);
}

static Elf64_Ehdr *header(struct objects_fixture *f)
{
	return fake_process_at(&f->fp, RUNTIME, 0, sizeof(Elf64_Ehdr));
}

static struct fake_area *code(struct objects_fixture *f)
{
	return fake_space_area(&f->fp.fs, RUNTIME_BIAS + RUNTIME_TEXT);
}

static void it_is_found_and_in_nobodys_scope(void **state)
{
	struct objects_fixture *f = *state;
	const struct ulp_object *o = runtime(f);

	assert_non_null(o);
	assert_int_equal(f->objs.nr, 3);
	assert_int_equal(o->bias, RUNTIME_BIAS);
	assert_int_equal(o->link_map, 0);
	assert_int_equal(o->scope, 0);
	assert_string_equal(o->path, OBJECTS_INJECTED_PATH);
	assert_true(object_still_loaded(&f->fp.fs.space, o));
}

static void without_the_magic_number_it_is_not_used(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_registry(&f->fp)->magic[0] = 0;
	assert_null(runtime(f));
}

static void another_soname_is_not_it(void **state)
{
	struct objects_fixture *f = *state;

	*fake_process_dynamic(&f->fp, RUNTIME, DT_SONAME) += 1;
	assert_null(runtime(f));
}

static void what_is_mapped_from_a_file_is_not_it(void **state)
{
	struct objects_fixture *f = *state;

	code(f)->inode = 7;
	assert_null(runtime(f));
}

static void memory_that_may_be_written_is_not_it(void **state)
{
	struct objects_fixture *f = *state;

	code(f)->prot |= PROT_WRITE;
	assert_null(runtime(f));
}

static void damaged_headers_are_passed_over(void **state)
{
	struct objects_fixture *f = *state;
	const Elf64_Ehdr good = *header(f);

	header(f)->e_ident[EI_CLASS] = ELFCLASS32;
	assert_null(runtime(f));
	*header(f) = good;
	header(f)->e_phoff = UINT64_MAX - 8;
	assert_null(runtime(f));
	*header(f) = good;
	header(f)->e_phnum = 0;
	assert_null(runtime(f));
	header(f)->e_phnum = UINT16_MAX;
	assert_null(runtime(f));
	*header(f) = good;
	assert_non_null(runtime(f));
}

static void one_that_the_dynamic_linker_knows_comes_first(void **state)
{
	struct objects_fixture *f = *state;

	fake_process_link_map(&f->fp, RUNTIME - 1)->l_next =
		(struct link_map *)(uintptr_t)f->fp.objects[RUNTIME].link_map;
	assert_non_null(runtime(f));
	assert_int_equal(f->objs.nr, 3);
	assert_int_not_equal(runtime(f)->link_map, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, objects_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_found_and_in_nobodys_scope),
		TEST(without_the_magic_number_it_is_not_used),
		TEST(another_soname_is_not_it),
		TEST(what_is_mapped_from_a_file_is_not_it),
		TEST(memory_that_may_be_written_is_not_it),
		TEST(damaged_headers_are_passed_over),
		TEST(one_that_the_dynamic_linker_knows_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
