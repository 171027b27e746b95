/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GCC plugin's facts about translation units: the command, paths, LTO, what
 * callers may rely on, and that objects are otherwise as they were.  The facts about
 * functions are in test_gcc_plugin_facts.c.
 */
#include "config.h"

#include "tests/lib/check_err.h"

#include "tests/lib/facts_lab.h"
#include "tests/lib/plugin_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char source[] = "#include \"in.h\"\n"
			     "extern int puts(const char *);\n"
			     "int f(int x) { return small(x) + puts(\"f\"); }\n"
			     "int g(int x) { return f(x) * small(x + 1); }\n";

static void write_sources(void)
{
	lab_write("in.h", "static inline int small(int x) { return x * 3; }\n");
	lab_write("in.c", source);
}

static const struct ulp_facts_unit *first_unit(void)
{
	assert_true(facts_all()->nr_units > 0);
	return &facts_all()->units[0];
}

/* --- the unit's header ---------------------------------------------------------------- */

static void unit_says_what_was_compiled_and_how(void **state)
{
	(void)state;
	write_sources();
	facts_build(source, "-O2 -DNAME=value -DTEXT='q'\"$(x)\" -DEMPTY=");

	const struct ulp_facts_unit *unit = first_unit();
	assert_int_equal(facts_all()->nr_units, 1);
	assert_int_equal(unit->flags, 0);
	assert_string_equal(unit->source, "in.c");
	assert_non_null(strstr(unit->producer, "GNU C"));
	assert_non_null(strstr(unit->producer, "ulp "));
	assert_non_null(strstr(unit->directory, "/ulp-plugin-"));
	assert_non_null(strstr(unit->command, " -O2 "));
	assert_non_null(strstr(unit->command, " -D NAME=value "));
	assert_non_null(strstr(unit->command, " -D 'TEXT='\\''q'\\''\"$(x)\"' "));
	assert_non_null(strstr(unit->command, " -D EMPTY= "));
	assert_non_null(strstr(unit->command, " -fplugin="));
	assert_null(strstr(unit->command, "-dump"));
	assert_string_equal(unit->command + strlen(unit->command) - 5, " in.c");
}

/* The command as recorded makes the same object again. */
static void command_can_be_given_again(void **state)
{
	char *script;

	(void)state;
	write_sources();
	lab_must("@gcc @plugin -O2 -fPIC -DX=a'b\"c\\d -c in.c -o out.o");
	facts_read("out.o", ULP_FACTS_SECTION, false);
	assert_true(asprintf(&script, "set -e\ncp out.o first.o\nrm out.o\n%s\ncmp out.o first.o\n",
			     first_unit()->command) > 0);
	lab_write("again.sh", script);
	free(script);
	lab_must("sh again.sh");
}

static void control_characters_are_kept_out_of_the_text(void **state)
{
	(void)state;
	write_sources();
	lab_write("run.sh", "exec \"$@\" \"-DX=a\tb\nc'd\" -O2 -fPIC -c in.c -o out.o\n");
	lab_must("sh run.sh @gcc @plugin");
	facts_read("out.o", ULP_FACTS_SECTION, false);
	assert_non_null(strstr(first_unit()->command, " -D $'X=a\\011b\\012c\\047d' "));
	for (const char *c = first_unit()->command; *c; c++)
		assert_true((unsigned char)*c >= ' ');
}

static void build_folder_stays_out_of_mapped_builds(void **state)
{
	static const char run[] =
		"exec \"$@\" -O2 -g -ffile-prefix-map=$PWD=. -I$PWD/include -I $PWD "
		"-iquote $PWD -DPATH=\\\"$PWD/x\\\" -fPIC -c $PWD/in.c -o out.o\n";

	(void)state;
	write_sources();
	lab_write("run.sh", run);
	lab_must("sh run.sh @gcc @plugin");
	facts_read("out.o", ULP_FACTS_SECTION, false);

	const struct ulp_facts_unit *unit = first_unit();
	assert_string_equal(unit->directory, ".");
	assert_string_equal(unit->source, "./in.c");
	assert_null(strstr(unit->command, "prefix-map"));
	assert_null(strstr(unit->command, "/ulp-plugin-"));
	assert_non_null(strstr(unit->command, " -I ./include "));
	assert_string_equal(facts_all()->functions[facts_find("small")].file, "./in.h");
}

static void odd_names_come_through(void **state)
{
	(void)state;
	facts_build("int \xc3\xa4(int x) { return x; }\n"
		    "#line 7 \"we\\\"ird\\\\ \xc3\xbc.h\"\n"
		    "int line(int x) { return x + 1; }\n",
		    "-O2");
	assert_string_equal(facts_record("\xc3\xa4"), "function global: has an entry");
	assert_string_equal(facts_all()->functions[facts_find("line")].file,
			    "we\"ird\\ \xc3\xbc.h");
	assert_int_equal(facts_all()->functions[facts_find("line")].line, 7);
}

static void compiler_without_its_driver_records_no_command(void **state)
{
	char run[256];

	(void)state;
	write_sources();
	(void)snprintf(run, sizeof(run),
		       "unset COLLECT_GCC_OPTIONS\n"
		       "gcc=$1; shift\n"
		       "$($gcc -print-prog-name=cc1) -quiet \"$@\" in.c -o in.s\n"
		       "$gcc -c in.s -o out.o\n");
	lab_write("run.sh", run);
	lab_must("sh run.sh @gcc @plugin -O2");
	facts_read("out.o", ULP_FACTS_SECTION, false);
	assert_string_equal(first_unit()->command, "");
	assert_string_equal(first_unit()->source, "in.c");
	assert_string_equal(facts_copies("f"), "small");
}

/* --- objects ----------------------------------------------------------------------------- */

/* Compiles both ways, takes the facts out, and compares all that is left. */
static void objects_differ_in_the_facts_only(void **state)
{
	static const char *const options[] = {
		"-O0",
		"-O2",
		"-O2 -g -fcf-protection",
		"-O3 -ffunction-sections -fPIC",
	};

	(void)state;
	write_sources();
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		char command[256];

		(void)snprintf(command, sizeof(command), "@gcc @plugin %s -c in.c -o with.o",
			       options[i]);
		lab_must(command);
		(void)snprintf(command, sizeof(command),
			       "@gcc @plugin -fplugin-arg-ulp-facts=no %s -c in.c -o without.o",
			       options[i]);
		lab_must(command);
		lab_must("objcopy -g -R .debug.ulp with.o");
		lab_must("objcopy -g without.o");
		lab_must("cmp with.o without.o");
	}
}

static void facts_add_no_symbols_and_no_dynamic_relocations(void **state)
{
	size_t len, nr_undefined;
	char *before;

	(void)state;
	write_sources();
	lab_must("@gcc -O2 -fPIC -c in.c -o out.o");
	lab_open("out.o");
	nr_undefined = lab_nr_undefined();
	lab_must("@gcc @plugin -O2 -fPIC -c in.c -o out.o");
	lab_open("out.o");
	assert_int_equal(lab_nr_undefined(), nr_undefined);

	lab_must("@gcc @plugin -O2 -fPIC -shared -nostdlib -fplugin-arg-ulp-facts=no in.c -o out");
	lab_open("out");
	assert_null(lab_section(ULP_FACTS_SECTION, &len));
	lab_must("readelf -lrW out");
	before = strdup(lab_messages());
	assert_non_null(before);
	lab_must("@gcc @plugin -O2 -fPIC -shared -nostdlib -fplugin-arg-ulp-facts=yes in.c -o out");
	lab_open("out");
	assert_non_null(lab_section(ULP_FACTS_SECTION, &len));
	lab_must("readelf -lrW out");
	assert_string_equal(lab_messages(), before);
	free(before);
}

static void facts_go_to_the_debug_file(void **state)
{
	size_t len;

	(void)state;
	write_sources();
	facts_build(source, "-O2");
	lab_must("objcopy --only-keep-debug out out.debug");
	lab_must("strip -g out");
	lab_open("out");
	assert_null(lab_section(ULP_FACTS_SECTION, &len));
	facts_read("out.debug", ULP_FACTS_SECTION, true);
	assert_string_equal(facts_copies("f"), "small");
}

static void partial_links_join_the_units(void **state)
{
	(void)state;
	write_sources();
	lab_write("other.c", "int other(int x) { return x; }\n");
	lab_must("@gcc @plugin -O2 -fPIC -c in.c other.c");
	lab_must("@gcc -r -nostdlib in.o other.o -o both.o");
	lab_must("@gcc -shared -nostdlib both.o -o out");
	facts_read("out", ULP_FACTS_SECTION, true);
	assert_int_equal(facts_all()->nr_units, 2);
	assert_string_equal(facts_copies("f"), "small");
	assert_int_equal(facts_all()->functions[facts_find("other")].vaddr, lab_function("other"));
}

static void wrong_values_are_refused(void **state)
{
	(void)state;
	write_sources();
	assert_int_not_equal(lab_run("@gcc @plugin -fplugin-arg-ulp-facts=perhaps -c in.c"), 0);
	assert_non_null(strstr(lab_messages(), "facts=no|yes"));
	assert_int_not_equal(lab_run("@gcc @plugin -fplugin-arg-ulp-facts -c in.c"), 0);
}

/* --- kinds of compilation ------------------------------------------------------------------ */

static void compilations_without_code_work(void **state)
{
	(void)state;
	write_sources();
	lab_must("@gcc @plugin -E in.c -o in.i");
	lab_must("@gcc @plugin -fsyntax-only in.c");
	lab_must("@gcc @plugin -M in.c");
	lab_must("@gcc @plugin -O2 -S in.c -o in.s");
	lab_must("@gcc -c in.s -o out.o");
	facts_read("out.o", ULP_FACTS_SECTION, false);
	assert_string_equal(facts_copies("f"), "small");
	lab_must("@gcc @plugin -O2 -save-temps -c in.c -o out.o");
	facts_read("out.o", ULP_FACTS_SECTION, false);
	assert_string_equal(first_unit()->source, "in.c");
	assert_int_not_equal(lab_run("@gcc @plugin -O2 -DUNKNOWN -include missing.h -c in.c"), 0);
	lab_write("data.c", "int data = 3;\n");
	lab_must("@gcc @plugin -O2 -c data.c -o data.o");
}

static void precompiled_headers_work(void **state)
{
	(void)state;
	write_sources();
	lab_must("@gcc @plugin -O2 -c in.h -o in.h.gch");
	lab_must("@gcc @plugin -O2 -Winvalid-pch -Werror -c in.c -o out.o");
	lab_must("rm in.h.gch");
	facts_read("out.o", ULP_FACTS_SECTION, false);
	assert_string_equal(facts_copies("f"), "small");
	assert_string_equal(facts_all()->functions[facts_find("small")].file, "in.h");
}

static void garbage_collection_takes_nothing_away(void **state)
{
	(void)state;
	write_sources();
	lab_must("@gcc @plugin -O2 --param ggc-min-expand=0 --param ggc-min-heapsize=0 -fPIC -c "
		 "in.c -o out.o");
	facts_read("out.o", ULP_FACTS_SECTION, false);
	assert_string_equal(facts_copies("f"), "small");
	assert_string_equal(facts_copies("g"), "small");
}

/* --- LTO --------------------------------------------------------------------------------- */

static void write_lto_sources(void)
{
	lab_write("a.c",
		  "extern int v[];\n"
		  "int far(int);\n"
		  "static int early(int x) { return x * v[0]; }\n"
		  "static __attribute__((noinline)) int same(int x) { return early(x) / v[1]; }\n"
		  "int a(int x) { return far(x) + same(x); }\n");
	lab_write("b.c", "extern int v[];\n"
			 "static int inner(int x) { return x + v[2]; }\n"
			 "static __attribute__((noinline)) int same(int x) { return x % v[3]; }\n"
			 "FAR int far(int x) { return inner(x) * 5 + same(x); }\n"
			 "int v[4] = {1, 2, 3, 4};\n");
}

static void lto_tells_in_two_steps(void **state)
{
	static const char *const options[] = {
		"-flto -g",
		"-flto -g -ffat-lto-objects",
		"-flto -g -flto-partition=max",
		"-flto -g -flto-partition=none",
	};

	(void)state;
	write_lto_sources();
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		char command[256];

		(void)snprintf(
			command, sizeof(command),
			"@gcc @plugin -O2 -fPIC -DFAR=__attribute__((noinline)) %s -c a.c b.c",
			options[i]);
		lab_must(command);
		(void)snprintf(command, sizeof(command),
			       "@gcc @plugin -O2 -fPIC -shared -nostdlib "
			       "-fno-semantic-interposition %s a.o b.o -o out",
			       options[i]);
		lab_must(command);
		facts_read("out", ULP_FACTS_SECTION, true);
		assert_string_equal(facts_carriers("inner"), "far");
		assert_non_null(strstr(facts_carriers("early"), "same.lto_priv."));
	}
}

static void lto_sees_inlining_between_units(void **state)
{
	bool before = false, partition = false;

	(void)state;
	write_lto_sources();
	lab_must("@gcc @plugin -O2 -fPIC -flto -g -fvisibility=hidden -DFAR= -c b.c");
	lab_must("@gcc @plugin -O2 -fPIC -flto -g -c a.c");
	lab_must("@gcc @plugin -O2 -fPIC -flto -g -shared -nostdlib a.o b.o -o out");
	facts_read("out", ULP_FACTS_SECTION, true);
	assert_string_equal(facts_carriers("far"), "a");
	assert_string_equal(facts_carriers("inner"), "a");
	for (uint32_t i = 0; i < facts_all()->nr_units; i++) {
		const struct ulp_facts_unit *unit = &facts_all()->units[i];

		before |= unit->flags == ULP_FACTS_UNIT_BEFORE_LTO && unit->command[0] != '\0';
		partition |= unit->flags == ULP_FACTS_UNIT_PARTITION && unit->source[0] == '\0';
	}
	assert_true(before && partition);
}

static void lto_follows_clones(void **state)
{
	(void)state;
	lab_write("a.c",
		  "extern int v[];\n"
		  "int g(int);\n"
		  "static int leaf(int x) { return x * v[0]; }\n"
		  "__attribute__((noinline, visibility(\"hidden\"))) int worker(int x, int mode)\n"
		  "{ return mode == 7 ? g(leaf(x)) + g(x) : g(x + mode); }\n");
	lab_write("b.c", "int worker(int, int);\n"
			 "int f(int x) { return worker(x, 7) + worker(x + 1, 7); }\n");
	lab_must("@gcc @plugin -O2 -fPIC -flto -g -c a.c b.c");
	lab_must("@gcc @plugin -O2 -fPIC -flto -g -shared -nostdlib a.o b.o -o out");
	facts_read("out", ULP_FACTS_SECTION, true);
	assert_string_equal(facts_record("worker.constprop.0"),
			    "clone of worker static: has an entry");
	assert_string_equal(facts_carriers("worker"), "worker.constprop.0");
	assert_string_equal(facts_carriers("leaf"), "worker.constprop.0");
}

static void slim_objects_have_the_part_for_lto_only(void **state)
{
	size_t len;

	(void)state;
	write_sources();
	lab_must("@gcc @plugin -O2 -flto -c in.c -o out.o");
	facts_read("out.o", ULP_FACTS_LTO_SECTION, false);
	assert_string_equal(facts_copies("f"), "small");
	assert_int_equal(first_unit()->flags, ULP_FACTS_UNIT_BEFORE_LTO);
	assert_null(lab_section(ULP_FACTS_SECTION, &len));
	lab_must("@gcc @plugin -O2 -flto -ffat-lto-objects -c in.c -o out.o");
	facts_read("out.o", ULP_FACTS_LTO_SECTION, false);
	assert_string_equal(facts_record("f"),
			    "function global: no code of its own: inlined or removed");
	facts_read("out.o", ULP_FACTS_SECTION, false);
	assert_int_equal(first_unit()->flags, 0);
	assert_string_equal(facts_record("f"), "function global: has an entry");
}

/* --- what callers may rely on ------------------------------------------------------------ */

static const char relies_source[] =
	"extern int v[];\n"
	"void quit(int) __attribute__((noreturn));\n"
	"#define KEPT static __attribute__((noinline))\n"
	"KEPT int constant(int x) { return x * x + 1; }\n"
	"KEPT int reader(int x) { return x * v[x]; }\n"
	"KEPT __attribute__((const)) int declared(int x) { return x * 7; }\n"
	"KEPT void leave(int x) { v[0] = x; quit(x); }\n"
	"int exported(int x) { return x * x + 3; }\n"
	"int f(int x)\n"
	"{\n"
	"	if (x < 0) leave(x);\n"
	"	return constant(x) + reader(x) + declared(x) + exported(x);\n"
	"}\n";

static uint32_t relies(const char *name)
{
	return facts_all()->functions[facts_find(name)].relies;
}

static void kept_knowledge_is_recorded(void **state)
{
	(void)state;
	facts_build(relies_source, "-O2 -fplugin-arg-ulp-ipa=keep");
	assert_int_equal(first_unit()->flags, ULP_FACTS_UNIT_IPA_KEPT);
	assert_true(relies("constant") & ULP_FACTS_RELIES_CONST);
	assert_true(relies("constant") & ULP_FACTS_RELIES_REGISTERS);
	assert_true(relies("reader") & ULP_FACTS_RELIES_PURE);
	assert_false(relies("reader") & ULP_FACTS_RELIES_CONST);
	assert_true(relies("leave") & ULP_FACTS_RELIES_NORETURN);
	/* What the source says a replacement says, too. */
	assert_false(relies("declared") & ULP_FACTS_RELIES_CONST);
	/* Callers of these go by way of the dynamic linker, and know nothing. */
	assert_int_equal(relies("exported"), 0);
}

static void nothing_is_relied_on_by_default(void **state)
{
	(void)state;
	facts_build(relies_source, "-O2");
	assert_int_equal(first_unit()->flags, 0);
	for (uint32_t i = 0; i < facts_all()->nr_functions; i++)
		assert_int_equal(facts_all()->functions[i].relies, 0);
}

static void kept_knowledge_of_arguments_and_exceptions_is_recorded(void **state)
{
	static const char text[] =
		"extern int v[];\n"
		"static __attribute__((noinline)) int ranged(int x) { return v[x & 7] / x; }\n"
		"static __attribute__((noinline)) int calm(int x) { return x * 3; }\n"
		"static __attribute__((noinline)) int silent(int x) noexcept { return x * 5; }\n"
		"int f(int x) { return ranged((x & 7) + 4) + calm(x) + silent(x); }\n";

	(void)state;
	facts_build_cxx(text, "-O2 -fplugin-arg-ulp-ipa=keep");
	assert_true(relies("_ZL6rangedi") & ULP_FACTS_RELIES_ARGUMENTS);
	assert_true(relies("_ZL4calmi") & ULP_FACTS_RELIES_NOTHROW);
	assert_false(relies("_ZL6silenti") & ULP_FACTS_RELIES_NOTHROW);
}

static void functions_that_share_a_body_are_told(void **state)
{
	static const char text[] =
		"extern int v[];\n"
		"static __attribute__((noinline)) int first(int x) { return x * 3 + v[x] / 7; }\n"
		"static __attribute__((noinline)) int second(int x) { return x * 3 + v[x] / 7; }\n"
		"int a(int x) { return first(x) + second(x + 1); }\n";

	(void)state;
	facts_build(text, "-O2 -fplugin-arg-ulp-ipa=keep");
	assert_string_equal(facts_record("second"),
			    "merged of first static: the code is another function's");
	assert_string_equal(facts_carriers("second"), "first");
	facts_build(text, "-O2");
	assert_string_equal(facts_record("second"), "function static: has an entry");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unit_says_what_was_compiled_and_how),
		cmocka_unit_test(command_can_be_given_again),
		cmocka_unit_test(control_characters_are_kept_out_of_the_text),
		cmocka_unit_test(build_folder_stays_out_of_mapped_builds),
		cmocka_unit_test(odd_names_come_through),
		cmocka_unit_test(compiler_without_its_driver_records_no_command),
		cmocka_unit_test(objects_differ_in_the_facts_only),
		cmocka_unit_test(facts_add_no_symbols_and_no_dynamic_relocations),
		cmocka_unit_test(facts_go_to_the_debug_file),
		cmocka_unit_test(partial_links_join_the_units),
		cmocka_unit_test(wrong_values_are_refused),
		cmocka_unit_test(compilations_without_code_work),
		cmocka_unit_test(precompiled_headers_work),
		cmocka_unit_test(garbage_collection_takes_nothing_away),
		cmocka_unit_test(lto_tells_in_two_steps),
		cmocka_unit_test(lto_sees_inlining_between_units),
		cmocka_unit_test(lto_follows_clones),
		cmocka_unit_test(slim_objects_have_the_part_for_lto_only),
		cmocka_unit_test(kept_knowledge_is_recorded),
		cmocka_unit_test(nothing_is_relied_on_by_default),
		cmocka_unit_test(kept_knowledge_of_arguments_and_exceptions_is_recorded),
		cmocka_unit_test(functions_that_share_a_body_are_told),
	};

	return cmocka_run_group_tests(tests, facts_lab_setup, facts_lab_teardown);
}
