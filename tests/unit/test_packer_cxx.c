/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/: C++ that throws and catches. */
#include "config.h"

#include "packer/match.h"
#include "packer/target.h"
#include "tests/lib/check_err.h"
#include "tests/lib/packer_lab.h"

#include <string.h>

#define CXX "-xc++ -std=gnu++17 "
#define SECTIONS "-ffunction-sections -fdata-sections "
#define REPLACE_F "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n  - replace: f\n"

#define TYPES                                      \
	"namespace { struct Inner { int v; }; }\n" \
	"struct Known { int v; };\n"               \
	"extern \"C\" { int f(int); int thrower(int); int catcher(int); }\n"

/* Inner is a type of this file alone; its functions are not replaced. */
static const char target_source[] =
	"extern \"C\" {\n"
	"#include \"packer_target.h\"\n"
	"BODY int f_body(int a) { return a; }\n"
	"ENTRY(f);\n"
	"}\n" TYPES "int thrower(int a) { if (a > 9) throw Known{a}; throw Inner{a}; }\n"
	"int catcher(int a) { try { return thrower(a); } catch (const Inner &i) { return i.v; } "
	"}\n";

static const char fix_source[] = TYPES "int f(int a)\n"
				       "{\n"
				       "	try {\n"
				       "		if (a > 5) throw Inner{a};\n"
				       "		return thrower(a);\n"
				       "	} catch (const Inner &i) { return i.v; }\n"
				       "	catch (const Known &k) { return -k.v; }\n"
				       "}\n";

static void make_target(struct packer_lab *lab)
{
	packer_lab_write(lab, "liba.map",
			 "{ global: f; thrower; catcher; _ZTI5Known; local: *; };\n");
	packer_lab_compile(lab, "fix", target_source, CXX);
	packer_lab_must(lab, "mv fix.o target.o");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map target.o -Wl,--no-as-needed -lstdc++ "
			     "-lgcc_s -o liba.so.1");
}

static size_t count_references(const struct ulp_container *c, const char *name, uint64_t value)
{
	size_t nr = 0;

	for (size_t i = 0; i < c->patch.nr_references; i++)
		if (strcmp(c->patch.references[i].name, name) == 0) {
			assert_int_equal(c->patch.references[i].value, value);
			nr++;
		}
	return nr;
}

static uint64_t target_value(struct packer_lab *lab, const char *name)
{
	struct report report = {0};
	struct target target;
	struct match m;

	assert_succeeds(target_open(&lab->pool, packer_lab_path(lab, "liba.so.1"), NULL, &target,
				    &report, &lab->err),
			&lab->err);
	m = match_all(&lab->pool, &target, name, MATCH_DATA);
	assert_int_equal(m.nr_candidates, 1);
	return m.symbol->value;
}

/* How many symbols of this name the container defines. */
static size_t count_defined(struct packer_lab *lab, const char *name)
{
	struct elf_file file;
	struct elf_symbol *list;
	size_t nr = 0, index, found = 0;

	assert_succeeds(elf_file_read(&lab->pool, lab->options.out, &file, &lab->err), &lab->err);
	index = ulp_elf_find_section(&file.elf, ".symtab");
	assert_int_not_equal(index, 0);
	assert_succeeds(elf_symbols_read(&lab->pool, &file, index, &list, &nr, &lab->err),
			&lab->err);
	for (size_t i = 1; i < nr; i++)
		found += list[i].shndx != SHN_UNDEF && strcmp(list[i].name, name) == 0;
	return found;
}

/* With and without sections of their own the compiler puts types in different places. */
static void types_of_one_file_are_the_targets(void **state)
{
	static const char *const flags[] = {CXX, CXX SECTIONS};
	static const char name[] = "_ZTIN12_GLOBAL__N_15InnerE";

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		struct packer_lab *lab = *state;
		struct ulp_container c;

		make_target(lab);
		packer_lab_compile(lab, "fix", fix_source, flags[i]);
		packer_lab_packed(lab, REPLACE_F, &c);
		/* Thrown, and caught: by the code and by its table. */
		assert_true(count_references(&c, name, target_value(lab, name)) >= 2);
		assert_int_equal(count_defined(lab, name), 0);
		assert_non_null(packer_lab_import(&c, "_ZTI5Known"));
		assert_string_equal(packer_lab_import(&c, "__gxx_personality_v0")->provider,
				    "libstdc++.so.6");
		assert_int_not_equal(ulp_elf_find_section(&c.elf, ".gcc_except_table"), 0);
		ulp_container_close(&c);
	}
}

static void types_that_the_target_does_not_have_come_along(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	make_target(lab);
	packer_lab_compile(lab, "fix",
			   "namespace { struct Fresh { int v; }; }\n"
			   "extern \"C\" int f(int a)\n"
			   "{ try { if (a) throw Fresh{a}; } catch (const Fresh &x) { return x.v; }"
			   " return 0; }\n",
			   CXX SECTIONS);
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_int_equal(count_defined(lab, "_ZTIN12_GLOBAL__N_15FreshE"), 1);
	ulp_container_close(&c);
}

static void types_of_one_file_need_the_targets_symbols(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab);
	packer_lab_must(lab, "strip liba.so.1");
	packer_lab_compile(lab, "fix", fix_source, CXX SECTIONS);
	lab->options.no_closure_check = true;
	assert_int_equal(packer_lab_pack(lab, REPLACE_F), ULP_ESYMBOL);
	assert_non_null(
		strstr(lab->err.text, "cannot tell whether liba.so.1 has its own '_ZTIN12_GLOBAL"));
}

/* Each object has a cell of its own for the personality routine; the linker keeps one. */
static void several_objects_share_the_personality_routine(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	make_target(lab);
	packer_lab_compile(lab, "more",
			   "extern \"C\" int thrower(int);\n"
			   "extern \"C\" int more(int a)\n"
			   "{ try { return thrower(a); } catch (...) { return 2; } }\n",
			   CXX SECTIONS);
	packer_lab_compile(lab, "fix",
			   "extern \"C\" int more(int);\n"
			   "extern \"C\" int f(int a)\n"
			   "{ try { return more(a); } catch (...) { return 1; } }\n",
			   CXX SECTIONS);
	lab->objects[0] = packer_lab_path(lab, "fix.o");
	lab->objects[1] = packer_lab_path(lab, "more.o");
	lab->options.nr_objects = 2;
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_int_equal(count_defined(lab, "DW.ref.__gxx_personality_v0"), 1);
	assert_int_equal(count_defined(lab, "more"), 1);
	ulp_container_close(&c);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(types_of_one_file_are_the_targets),
		LAB_TEST(types_that_the_target_does_not_have_come_along),
		LAB_TEST(types_of_one_file_need_the_targets_symbols),
		LAB_TEST(several_objects_share_the_personality_routine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
