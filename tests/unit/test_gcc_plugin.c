/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GCC plugin: entries, their table, who gets none, options.  The many cases of
 * code generation are in test_gcc_plugin_cases.c, linking and running in
 * test_gcc_plugin_link.c, what callers may rely on in test_gcc_plugin_ipa.c.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/plugin_lab.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

static const char plain_source[] =
	"static __attribute__((noinline)) int local(int x) { return x * 3; }\n"
	"int global(int x) { return local(x) + 1; }\n"
	"__attribute__((aligned(32))) int aligned(int x) { return local(x) + 2; }\n"
	"__attribute__((aligned(4))) int barely_aligned(int x) { return local(x) + 3; }\n";

/* Compiles the text as a shared library without startup code, and opens it. */
static void build(const char *text, const char *options)
{
	char command[512];

	lab_write("in.c", text);
	(void)snprintf(command, sizeof(command),
		       "@gcc @plugin -shared -fPIC -nostdlib %s in.c -o out", options);
	lab_must(command);
	lab_open("out");
}

/* Compiles the text, which must fail, with this word in the messages. */
static void build_fails(const char *text, const char *options, const char *word)
{
	char command[512];

	lab_write("in.c", text);
	(void)snprintf(command, sizeof(command), "@gcc @plugin -c %s in.c -o out", options);
	assert_int_not_equal(lab_run(command), 0);
	if (!strstr(lab_messages(), word))
		fail_msg("no \"%s\" in: %s", word, lab_messages());
}

static void entry_is_at_the_label_of_an_aligned_function(void **state)
{
	(void)state;
	build(plain_source, "-O2 -fcf-protection=none");
	lab_check_entries();
	assert_int_equal(lab_nr_entries(), 4);
	assert_int_equal(lab_entry_offset("local"), 0);
	assert_int_equal(lab_entry_offset("global"), 0);
	assert_int_equal(lab_entry_offset("aligned"), 0);
	assert_int_equal(lab_function("global") % 8, 0);
}

static void entry_follows_endbr64_in_the_next_word(void **state)
{
	(void)state;
	build(plain_source, "-O2 -fcf-protection=full");
	lab_check_entries();
	assert_int_equal(lab_nr_entries(), 4);
	assert_int_equal(lab_entry_offset("global"), 4);
	assert_int_equal(lab_function("global") % 8, 4);
	assert_int_equal(lab_entry_offset("barely_aligned"), 4);
	assert_int_equal(lab_function("barely_aligned") % 4, 0);
}

static void function_aligned_by_hand_keeps_its_alignment(void **state)
{
	(void)state;
	build(plain_source, "-O2 -fcf-protection=full");
	assert_int_equal(lab_entry_offset("aligned"), 8);
	assert_int_equal(lab_function("aligned") % 32, 0);
	build(plain_source, "-O2 -fcf-protection=full -masm=intel");
	lab_check_entries();
	assert_int_equal(lab_entry_offset("aligned"), 8);
}

static void entries_are_right_with_all_code_generation_options(void **state)
{
	static const char source[] =
		"extern int p(const char *), q(int);\n"
		"__attribute__((cold)) int cold(int x) { p(\"cold\"); return x; }\n"
		"__attribute__((hot)) int hot(int x) { return q(x) + q(x + 1); }\n"
		"__attribute__((constructor)) static void startup(void) { p(\"start\"); }\n"
		"int loop(int n) { int s = 0; while (n--) s += q(n); return s; }\n"
		"int empty(void) { return 0; }\n"
		"int split(int x)\n"
		"{ if (__builtin_expect(x > 5, 0)) { cold(x); p(\"a\"); __builtin_trap(); } "
		"return hot(x); }\n"
		"int outer(int a)\n"
		"{ int inner(int b) { return a + q(b); } int (*f)(int) = inner; return q(f(a)); "
		"}\n";
	static const char *const levels[] = {"-O0", "-O1", "-Og", "-O2", "-O3", "-Os"};
	static const char *const more[] = {
		"-g",
		"-fcf-protection=none",
		"-fcf-protection=full",
		"-fcf-protection=full -falign-functions=1",
		"-fcf-protection=none -falign-functions=1",
		"-fcf-protection=full -falign-functions=64 -g",
		"-fcf-protection=full -ffunction-sections",
		"-masm=intel",
		"-fstack-protector-all -fstack-clash-protection",
		"-fno-asynchronous-unwind-tables -fno-toplevel-reorder",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		for (size_t j = 0; j < sizeof(more) / sizeof(*more); j++) {
			char options[256];
			(void)snprintf(options, sizeof(options), "%s -fno-inline %s", levels[i],
				       more[j]);
			build(source, options);
			lab_check_entries();
			assert_int_equal(lab_nr_entries(), 8);
		}
}

static void cold_part_of_a_function_has_no_entry(void **state)
{
	static const char source[] = "__attribute__((cold)) extern void p(void);\n"
				     "int f(int x) { if (__builtin_expect(x > 5, 0)) { p(); "
				     "__builtin_trap(); } return x; }\n";

	(void)state;
	build(source, "-O2");
	assert_true(lab_has_symbol("f.cold"));
	assert_int_equal(lab_nr_entries(), 1);
	assert_int_equal(lab_entry_offset("f.cold"), -1);
}

/* Debuggers look the line of a function's address up to place breakpoints. */
static void line_numbers_begin_at_the_function(void **state)
{
	static const char *const options[] = {"-O0 -g", "-O2 -g", "-O2 -g -masm=intel"};
	char command[64];

	(void)state;
	if (!lab_has_program("addr2line"))
		skip();
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		build("int f(int x)\n{\n\treturn x;\n}\n", options[i]);
		(void)snprintf(command, sizeof(command), "addr2line -e out 0x%llx",
			       (unsigned long long)lab_function("f"));
		lab_must(command);
		assert_non_null(strstr(lab_messages(), "in.c:2"));
	}
}

/* --- the table ------------------------------------------------------------------- */

static void table_is_loaded_and_linked_to_the_text(void **state)
{
	(void)state;
	lab_write("in.c", plain_source);
	lab_must("@gcc @plugin -O2 -c in.c -o out.o");
	lab_open("out.o");
	assert_int_equal(lab_table_flags(), SHF_ALLOC | SHF_LINK_ORDER);
	assert_int_equal(lab_table_alignment(), 4);
	assert_int_equal(lab_nr_entries(), 4);
}

static void table_adds_no_undefined_symbols_and_no_relocations(void **state)
{
	(void)state;
	lab_write("in.c", plain_source);
	lab_must("@gcc @plugin -O2 -fPIC -c in.c -o out.o");
	lab_open("out.o");
	assert_int_equal(lab_nr_undefined(), 0);
	build(plain_source, "-O2");
	assert_int_equal(lab_nr_table_relocations(), 0);
}

static void table_survives_strip(void **state)
{
	(void)state;
	if (!lab_has_program("strip"))
		skip();
	build(plain_source, "-O2");
	lab_must("strip -s out");
	lab_open("out");
	assert_false(lab_has_symbol("local"));
	assert_int_equal(lab_nr_entries(), 4);
}

/* --- who gets no entry ----------------------------------------------------------- */

static void function_that_asks_for_it_has_no_entry(void **state)
{
	static const char source[] =
		"__attribute__((ulp_not_patchable)) int declared(int);\n"
		"int declared(int x) { return x; }\n"
		"__attribute__((ulp_not_patchable)) int defined(int x) { return x; }\n"
		"int usual(int x) { return x; }\n";

	(void)state;
	build(source, "-O2 -Werror");
	assert_int_equal(lab_nr_entries(), 1);
	assert_int_equal(lab_entry_offset("declared"), -1);
	assert_int_equal(lab_entry_offset("defined"), -1);
	assert_true(lab_entry_offset("usual") >= 0);
	build_fails("__attribute__((ulp_not_patchable)) int variable;", "-Werror",
		    "functions only");
}

static void functions_with_fixed_first_bytes_have_no_entry(void **state)
{
	static const char source[] =
		"__attribute__((naked)) void naked(void) { __asm__(\"ret\"); }\n"
		"__attribute__((ms_abi, ms_hook_prologue)) int hook(int x) { return x; }\n"
		"struct frame;\n"
		"__attribute__((interrupt)) void handler(struct frame *f) { (void)f; }\n"
		"__attribute__((patchable_function_entry(4, 2))) int stock(int x) { return x; }\n"
		"__attribute__((section(\".init\"))) int fragment(int x) { return x; }\n"
		"int usual(int x) { return x; }\n";

	(void)state;
	build(source, "-O2 -mgeneral-regs-only");
	lab_check_entries();
	assert_int_equal(lab_nr_entries(), 1);
	assert_true(lab_entry_offset("usual") >= 0);
	assert_int_equal(lab_entry_offset("naked"), -1);
	assert_int_equal(lab_entry_offset("handler"), -1);
}

static void ifunc_resolvers_have_no_entry_but_implementations_do(void **state)
{
	static const char source[] =
		"static int implementation(void) { return 1; }\n"
		"static void *resolver(void) { return implementation; }\n"
		"int chosen(void) __attribute__((ifunc(\"resolver\")));\n"
		"static void *indirect(void) { return implementation; }\n"
		"extern __typeof__(indirect) public_name __attribute__((alias(\"indirect\")));\n"
		"int chosen2(void) __attribute__((ifunc(\"public_name\")));\n"
		"int usual(void) { return chosen() + chosen2(); }\n";
	static const char clones[] =
		"__attribute__((target_clones(\"avx2\", \"default\"))) int many(int x)\n"
		"{ return x * 7; }\n";

	(void)state;
	build(source, "-O2");
	lab_check_entries();
	assert_int_equal(lab_nr_entries(), 2);
	assert_int_equal(lab_entry_offset("resolver"), -1);
	assert_int_equal(lab_entry_offset("indirect"), -1);
	assert_true(lab_entry_offset("implementation") >= 0);
	lab_write("in.c", clones);
	lab_must("@gcc @plugin -O2 -fPIC -shared in.c -o out");
	lab_open("out");
	lab_check_entries();
	assert_int_equal(lab_nr_entries(), 2);
	assert_int_equal(lab_entry_offset("many.resolver"), -1);
}

/* --- options --------------------------------------------------------------------- */

static void exclude_takes_globs_and_may_be_repeated(void **state)
{
	static const char source[] = "int crypto_a(int x) { return x; }\n"
				     "int crypto_b(int x) { return x; }\n"
				     "int other(int x) { return x; }\n"
				     "int usual(int x) { return x; }\n";

	(void)state;
	build(source, "-O2 -fplugin-arg-ulp-exclude=crypto_* -fplugin-arg-ulp-exclude=other");
	assert_int_equal(lab_nr_entries(), 1);
	assert_true(lab_entry_offset("usual") >= 0);
}

static void exclude_covers_clones_of_the_function(void **state)
{
	static const char source[] =
		"extern int q(int);\n"
		"static __attribute__((noinline)) int f(int x, int y) { return q(x) + q(x + y); }\n"
		"int g(int x) { return f(x, 7) + f(x + 1, 7); }\n";

	(void)state;
	build(source, "-O2 -fplugin-arg-ulp-exclude=f");
	assert_true(lab_has_symbol("f.constprop.0"));
	assert_int_equal(lab_nr_entries(), 1);
	assert_true(lab_entry_offset("g") >= 0);
}

static void min_size_leaves_small_functions_out(void **state)
{
	static const char source[] =
		"extern int q(int);\n"
		"int small(int x) { return x; }\n"
		"int large(int x) { return q(x) + q(x + 1) + q(x + 2) + q(x + 3); }\n";

	(void)state;
	build(source, "-O2 -fplugin-arg-ulp-min-size=20");
	assert_int_equal(lab_nr_entries(), 1);
	assert_true(lab_entry_offset("large") >= 0);
}

static void verbose_tells_what_each_function_gets_and_why(void **state)
{
	(void)state;
	build("__attribute__((ulp_not_patchable)) int f(int x) { return x; }\n"
	      "int g(int x) { return x; }\n",
	      "-O2 -fplugin-arg-ulp-verbose");
	assert_non_null(strstr(lab_messages(), "has no entry: attribute ulp_not_patchable"));
	assert_non_null(strstr(lab_messages(), "has an entry"));
	assert_non_null(strstr(lab_messages(), "1 functions with an entry, 1 without"));
	build(plain_source, "-O2");
	assert_string_equal(lab_messages(), "");
}

static void wrong_options_are_errors_that_list_the_valid_ones(void **state)
{
	static const char *const wrong[] = {
		"nonsense",   "exclude", "exclude=",  "min-size",  "min-size=",	  "min-size=-1",
		"min-size=x", "ipa",	 "ipa=leave", "verbose=1", "facts=maybe", "facts",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char option[64];
		(void)snprintf(option, sizeof(option), "-fplugin-arg-ulp-%s", wrong[i]);
		build_fails(plain_source, option, "exclude=GLOB");
		assert_non_null(strstr(lab_messages(), "min-size=BYTES"));
	}
}

static void options_that_claim_the_entry_are_refused(void **state)
{
	(void)state;
	build_fails(plain_source, "-fpatchable-function-entry=16,14", "use one of them");
	build_fails(plain_source, "-pg -mfentry", "-mno-fentry");
	build_fails(plain_source, "-mfentry", "-mno-fentry");
	build_fails(plain_source, "-m32", "x86-64");
	build_fails(plain_source, "-mx32", "x86-64");
	lab_must("@gcc @plugin -O2 -fpatchable-function-entry=0 -c in.c -o out");
}

static void profiling_with_mcount_works(void **state)
{
	(void)state;
	lab_write("in.c", "__attribute__((noinline)) int f(int x) { return x - 1; }\n"
			  "int main(int argc, char **argv) { (void)argv; return f(argc); }\n");
	lab_must("@gcc @plugin -O2 -pg -mno-fentry in.c -o out");
	lab_must("./out");
	lab_open("out");
	lab_check_entries();
	assert_true(lab_entry_offset("f") >= 0);
}

static void plugin_for_another_gcc_is_refused(void **state)
{
	char version[32] = "", other[32];

	(void)state;
	lab_must("@gcc -dumpfullversion");
	(void)snprintf(version, sizeof(version), "%.*s", (int)strcspn(lab_messages(), "\n"),
		       lab_messages());
	(void)snprintf(other, sizeof(other), "%s", version);
	other[strlen(other) - 1] = other[strlen(other) - 1] == '9' ? '8' : '9';
	lab_copy_plugin(version, other);
	lab_write("in.c", plain_source);
	assert_int_not_equal(lab_run("@gcc -fplugin=./other.so -c in.c -o out"), 0);
	assert_non_null(strstr(lab_messages(), "was built for GCC"));
	assert_non_null(strstr(lab_messages(), other));
	assert_non_null(strstr(lab_messages(), "install the plugin for GCC"));
}

/* Really another one, where the machine has it: the layout of everything is another, too. */
static void other_compilers_refuse_the_plugin_with_a_helpful_text(void **state)
{
	static const char *const others[] = {"gcc-10", "gcc-11", "gcc-12", "gcc-13", "gcc-14"};
	char version[32], command[64];
	int nr = 0;

	(void)state;
	lab_must("@gcc -dumpversion");
	(void)snprintf(version, sizeof(version), "%s", lab_messages());
	lab_write("in.c", plain_source);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		(void)snprintf(command, sizeof(command), "%s -dumpversion", others[i]);
		if (lab_run(command) != 0 || !strcmp(lab_messages(), version))
			continue;
		(void)snprintf(command, sizeof(command), "%s @plugin -c in.c -o out", others[i]);
		assert_int_not_equal(lab_run(command), 0);
		assert_non_null(strstr(lab_messages(), "was built for GCC"));
		assert_non_null(strstr(lab_messages(), "install the plugin for GCC"));
		nr++;
	}
	if (!nr) {
		print_message("there is no other GCC of a version from 10 to 14\n");
		skip();
	}
}

/* It is loaded all the same if GCC lacks something (gcc-plugin/local.mk), and would crash later. */
static void compilers_have_all_that_the_plugin_takes_from_them(void **state)
{
	static const char script[] =
		"plugin=${1#-fplugin=}\n"
		"shift\n"
		"symbols() { nm -D \"$1\" $2 | awk '{ print $NF }' | sed 's/@.*//' | sort -u; }\n"
		"symbols --undefined-only $plugin | grep -v -e _ITM_ -e __gmon_start__ >wanted\n"
		"libraries=$(ldd $plugin | sed -n 's/.*=> \\([^ ]*\\) .*/\\1/p')\n"
		"for name in cc1 cc1plus lto1; do\n"
		"  program=$(\"$@\" -print-prog-name=$name)\n"
		"  [ -x \"$program\" ] || continue\n"
		"  for file in $program $libraries; do symbols --defined-only $file; done |\n"
		"    sort -u >there\n"
		"  comm -23 wanted there | sed \"s/^/$name has no /\"\n"
		"done\n";

	(void)state;
	if (!lab_has_program("nm"))
		skip();
	lab_write("script", script);
	lab_must("sh script @plugin @gcc");
	assert_string_equal(lab_messages(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_is_at_the_label_of_an_aligned_function),
		cmocka_unit_test(entry_follows_endbr64_in_the_next_word),
		cmocka_unit_test(function_aligned_by_hand_keeps_its_alignment),
		cmocka_unit_test(entries_are_right_with_all_code_generation_options),
		cmocka_unit_test(cold_part_of_a_function_has_no_entry),
		cmocka_unit_test(line_numbers_begin_at_the_function),
		cmocka_unit_test(table_is_loaded_and_linked_to_the_text),
		cmocka_unit_test(table_adds_no_undefined_symbols_and_no_relocations),
		cmocka_unit_test(table_survives_strip),
		cmocka_unit_test(function_that_asks_for_it_has_no_entry),
		cmocka_unit_test(functions_with_fixed_first_bytes_have_no_entry),
		cmocka_unit_test(ifunc_resolvers_have_no_entry_but_implementations_do),
		cmocka_unit_test(exclude_takes_globs_and_may_be_repeated),
		cmocka_unit_test(exclude_covers_clones_of_the_function),
		cmocka_unit_test(min_size_leaves_small_functions_out),
		cmocka_unit_test(verbose_tells_what_each_function_gets_and_why),
		cmocka_unit_test(wrong_options_are_errors_that_list_the_valid_ones),
		cmocka_unit_test(options_that_claim_the_entry_are_refused),
		cmocka_unit_test(profiling_with_mcount_works),
		cmocka_unit_test(plugin_for_another_gcc_is_refused),
		cmocka_unit_test(other_compilers_refuse_the_plugin_with_a_helpful_text),
		cmocka_unit_test(compilers_have_all_that_the_plugin_takes_from_them),
	};

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
