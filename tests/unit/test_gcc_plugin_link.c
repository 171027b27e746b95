/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GCC plugin: what the linkers make of the entries and their table, and programs
 * that run with them.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/plugin_lab.h"

#include <stdio.h>
#include <string.h>

static const char *const linkers[] = {"bfd", "gold", "lld"};
#define NR_LINKERS (sizeof(linkers) / sizeof(*linkers))

static const char sections_source[] =
	"static __attribute__((noinline, used)) int dead(int x) { return x * 3; }\n"
	"int kept(int x) { return x; }\n"
	"int first_twin(int x) { return x * 5 + 1; }\n"
	"int second_twin(int x) { return x * 5 + 1; }\n"
	"__attribute__((cold)) int cold(int x) { return x + 7; }\n";

/* Links objects into out, and opens it; false if there is no such linker. */
static bool link_by(const char *linker, const char *options, const char *objects)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "ld.%s", linker);
	if (!lab_has_program(command))
		return false;
	(void)snprintf(command, sizeof(command), "ld.%s -shared %s %s -o out", linker, options,
		       objects);
	lab_must(command);
	lab_open("out");
	lab_check_entries();
	return true;
}

static void records_are_collected_with_their_functions(void **state)
{
	(void)state;
	lab_write("in.c", sections_source);
	lab_must("@gcc @plugin -O2 -fPIC -ffunction-sections -c in.c -o in.o");
	for (size_t i = 0; i < NR_LINKERS; i++) {
		if (!link_by(linkers[i], "", "in.o"))
			continue;
		assert_int_equal(lab_nr_entries(), 5);
		assert_true(link_by(linkers[i], "--gc-sections", "in.o"));
		assert_false(lab_has_symbol("dead"));
		assert_int_equal(lab_nr_entries(), 4);
		assert_true(lab_entry_offset("kept") >= 0);
		assert_true(lab_entry_offset("cold") >= 0);
	}
}

/* One of two equal functions may be replaced: a linker must not join them. */
static void linkers_do_not_fold_functions_with_entries(void **state)
{
	(void)state;
	lab_write("in.c", sections_source);
	lab_must("@gcc @plugin -O2 -fPIC -ffunction-sections -c in.c -o in.o");
	lab_must("@gcc -O2 -fPIC -ffunction-sections -fno-ipa-icf -c in.c -o plain.o");
	for (size_t i = 1; i < NR_LINKERS; i++) {
		char command[128];
		if (!link_by(linkers[i], "--gc-sections --icf=all", "in.o"))
			continue;
		assert_int_equal(lab_nr_entries(), 4);
		assert_int_not_equal(lab_function("first_twin"), lab_function("second_twin"));
		(void)snprintf(command, sizeof(command), "ld.%s -shared --icf=all plain.o -o out",
			       linkers[i]);
		lab_must(command);
		lab_open("out");
		assert_int_equal(lab_function("first_twin"), lab_function("second_twin"));
	}
}

static void record_is_in_the_comdat_group_of_its_function(void **state)
{
	static const char source[] =
		"template<class T> __attribute__((noinline)) T twice(T x) { return x + x; }\n";

	(void)state;
	lab_write("common.h", source);
	lab_write("a.cc", "#include \"common.h\"\nint a(int x) { return twice(x); }\n");
	lab_write("b.cc", "#include \"common.h\"\nint b(int x) { return twice(x) + 1; }\n");
	lab_must("@gcc @plugin -O2 -fPIC -c a.cc -o a.o");
	lab_must("@gcc @plugin -O2 -fPIC -fcf-protection -c b.cc -o b.o");
	lab_open("a.o");
	assert_int_equal(lab_nr_entries(), 2);
	assert_int_equal(lab_nr_grouped_tables(), 1);
	for (size_t i = 0; i < NR_LINKERS; i++) {
		if (!link_by(linkers[i], "", "a.o b.o"))
			continue;
		assert_int_equal(lab_nr_entries(), 3);
		assert_true(link_by(linkers[i], "--gc-sections", "b.o a.o"));
		assert_int_equal(lab_nr_entries(), 3);
	}
}

/* The group of the plain object may win: then the function has no entry. */
static void comdat_functions_of_plain_objects_do_no_harm(void **state)
{
	(void)state;
	lab_write("common.h", "template<class T> __attribute__((noinline)) T twice(T x)\n"
			      "{ return x + x; }\n");
	lab_write("a.cc", "#include \"common.h\"\nint a(int x) { return twice(x); }\n");
	lab_write("b.cc", "#include \"common.h\"\nint b(int x) { return twice(x) + 1; }\n");
	lab_must("@gcc @plugin -O2 -fPIC -c a.cc -o a.o");
	lab_must("@gcc -O2 -fPIC -c b.cc -o b.o");
	for (size_t i = 0; i < NR_LINKERS; i++) {
		if (!link_by(linkers[i], "", "b.o a.o"))
			continue;
		assert_int_equal(lab_nr_entries(), 1);
		assert_true(link_by(linkers[i], "", "a.o b.o"));
		assert_int_equal(lab_nr_entries(), 2);
	}
}

static void relocatable_links_keep_the_table(void **state)
{
	(void)state;
	lab_write("in.c", sections_source);
	lab_must("@gcc @plugin -O2 -fPIC -ffunction-sections -c in.c -o in.o");
	for (size_t i = 0; i < NR_LINKERS; i++) {
		char command[128];
		(void)snprintf(command, sizeof(command), "ld.%s", linkers[i]);
		if (!lab_has_program(command))
			continue;
		(void)snprintf(command, sizeof(command), "ld.%s -r in.o -o r.o", linkers[i]);
		lab_must(command);
		for (size_t j = 0; j < NR_LINKERS; j++)
			if (link_by(linkers[j], "", "r.o"))
				assert_int_equal(lab_nr_entries(), 5);
	}
}

/* --- programs ---------------------------------------------------------------------- */

static void programs_of_all_kinds_run(void **state)
{
	static const char source[] =
		"#include <stdio.h>\n"
		"static int started;\n"
		"__attribute__((constructor)) static void startup(void) { started = 1; }\n"
		"int outer(int a)\n"
		"{\n"
		"	int inner(int b) { return a + b; }\n"
		"	int (*volatile f)(int) = inner;\n"
		"	return f(1);\n"
		"}\n"
		"int loop(int n) { do n = n * 3 + 1; while (n < 100); return n; }\n"
		"int main(void) { return !(started && outer(2) == 3 && loop(1) == 121); }\n";
	static const char *const kinds[] = {
		"-O0 -pie -fPIE",
		"-O2 -no-pie -fno-pie",
		"-O0 -static -fcf-protection",
		"-O2 -static-pie -fPIE -fcf-protection",
		"-O1 -fsanitize=undefined -fcf-protection",
		"-O0 -fsplit-stack",
		"-Os -pg -mno-fentry -fcf-protection",
		"-O0 -pg -mno-fentry -fno-pie -no-pie",
		"-O2 -finstrument-functions -Wl,-z,pack-relative-relocs",
	};

	(void)state;
	lab_write("in.c", source);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char command[256];
		print_message("%s\n", kinds[i]);
		(void)snprintf(command, sizeof(command), "@gcc @plugin %s in.c -o out", kinds[i]);
		lab_must(command);
		lab_must("./out");
		lab_open("out");
		lab_check_entries();
		assert_true(lab_nr_entries() >= 5);
		assert_true(lab_entry_offset("main") >= 0);
	}
}

static void cplusplus_thunks_and_exceptions_work(void **state)
{
	static const char source[] =
		"struct A { virtual ~A() {} virtual int f(int x) { return x; } };\n"
		"struct B { virtual ~B() {} virtual int g(int x) { return x; } };\n"
		"struct C : A, virtual B { int f(int) override; int g(int) override; };\n"
		"int C::f(int x) { if (x > 9) throw x; return x + 1; }\n"
		"int C::g(int x) { return x + 2; }\n"
		"int main(int argc, char **)\n"
		"{\n"
		"  C c; A *a = &c; B *b = &c; int (C::*m)(int) = &C::g; int got = 0;\n"
		"  try { a->f(argc + 9); } catch (int x) { got = x; }\n"
		"  return a->f(1) + b->g(1) + (c.*m)(3) + got == 2 + 3 + 5 + 10 ? 0 : 1;\n"
		"}\n";
	static const char *const kinds[] = {
		"-O0",
		"-O0 -fcf-protection",
		"-O2",
		"-O2 -fcf-protection=full -pie",
		"-Os -fcf-protection -ffunction-sections -Wl,--gc-sections",
	};

	(void)state;
	lab_write("in.cc", source);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char command[256];
		(void)snprintf(command, sizeof(command), "@gcc @plugin %s in.cc -lstdc++ -o out",
			       kinds[i]);
		lab_must(command);
		lab_must("./out");
		lab_open("out");
		lab_check_entries();
		assert_true(lab_entry_offset("_ZN1C1fEi") >= 0);
	}
}

/* Entries are made where code is made: with -flto that is the link. */
static void lto_makes_entries_at_link_time(void **state)
{
	static const char *const kinds[] = {
		"-flto",
		"-flto -ffat-lto-objects",
		"-flto -flto-partition=none",
		"-flto -fcf-protection=full -ffunction-sections",
	};

	(void)state;
	lab_write("a.c",
		  "extern int b(int);\n"
		  "__attribute__((ulp_not_patchable, noipa)) int without(int x)\n"
		  "{ return x; }\n"
		  "int main(int argc, char **argv) { (void)argv; return without(b(argc)); }\n");
	lab_write("b.c", "__attribute__((noipa)) int b(int x) { return x - 1; }\n");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char command[256];
		(void)snprintf(command, sizeof(command), "@gcc @plugin -O2 %s -c a.c b.c",
			       kinds[i]);
		lab_must(command);
		(void)snprintf(command, sizeof(command), "@gcc @plugin -O2 %s a.o b.o -o out",
			       kinds[i]);
		lab_must(command);
		lab_must("./out");
		lab_open("out");
		lab_check_entries();
		assert_int_equal(lab_nr_entries(), 2);
		assert_true(lab_entry_offset("b") >= 0);
		assert_int_equal(lab_entry_offset("without"), -1);
	}
}

/* README says so: the plugin has to be given where code is made. */
static void lto_without_the_plugin_at_the_link_makes_no_entries(void **state)
{
	(void)state;
	lab_write("in.c", "__attribute__((noipa)) int b(int x) { return x - 1; }\n"
			  "int main(int argc, char **argv) { (void)argv; return b(argc); }\n");
	lab_must("@gcc @plugin -O2 -flto -c in.c -o in.o");
	lab_must("@gcc -O2 -flto in.o -o out");
	lab_must("./out");
	lab_open("out");
	assert_int_equal(lab_nr_entries(), 0);
	lab_must("@gcc @plugin -O2 -flto -ffat-lto-objects -c in.c -o in.o");
	lab_must("@gcc -O2 -fno-lto in.o -o out");
	lab_must("./out");
	lab_open("out");
	lab_check_entries();
	assert_int_equal(lab_nr_entries(), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_collected_with_their_functions),
		cmocka_unit_test(linkers_do_not_fold_functions_with_entries),
		cmocka_unit_test(record_is_in_the_comdat_group_of_its_function),
		cmocka_unit_test(comdat_functions_of_plain_objects_do_no_harm),
		cmocka_unit_test(relocatable_links_keep_the_table),
		cmocka_unit_test(programs_of_all_kinds_run),
		cmocka_unit_test(cplusplus_thunks_and_exceptions_work),
		cmocka_unit_test(lto_makes_entries_at_link_time),
		cmocka_unit_test(lto_without_the_plugin_at_the_link_makes_no_entries),
	};

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
