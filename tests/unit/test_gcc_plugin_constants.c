/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GCC plugin: static variables that nothing writes are constants, as they are without
 * the plugin, and the facts say so; all others are left alone.
 */
#include "config.h"

#include "tests/lib/check_err.h"

#include "tests/lib/facts_lab.h"
#include "tests/lib/plugin_lab.h"

#include <stdio.h>
#include <string.h>

#define READER "const char *reader(void) { return name; }\n"
#define ONLY_READ "static const char *name = \"value\";\n" READER

/* The names of all units, parted by blanks. */
static const char *constants(void)
{
	static char list[256];
	size_t len = 0;

	list[0] = '\0';
	for (uint32_t i = 0; i < facts_all()->nr_constants; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? " " : "",
					facts_all()->constants[i]);
	return list;
}

/* Dynamic relocations, one by one (Elf64_Rela has 24 bytes). */
static size_t nr_relocations(void)
{
	size_t len;

	(void)lab_section(".rela.dyn", &len);
	return len / 24;
}

static void assert_constant(const char *source, const char *names)
{
	facts_build(source, "-O2");
	assert_string_equal(constants(), names);
	assert_int_equal(nr_relocations(), 0);
	assert_false(lab_has_symbol("name"));
}

/* It is in .data, with its relocation, and nothing is recorded. */
static void assert_variable(const char *source, const char *options)
{
	facts_build(source, options);
	if (*constants() || !lab_has_symbol("name") || !nr_relocations())
		fail_msg("'%s' and %zu relocations, %s:\n%s", constants(), nr_relocations(),
			 options, source);
}

static void pointer_that_nothing_writes_is_a_constant(void **state)
{
	(void)state;
	assert_constant(ONLY_READ, "name");
}

/* Its readers have the value: what follows from it is not in the code. */
static void readers_have_the_value(void **state)
{
	(void)state;
	assert_constant("static const char *name = \"x\";\n"
			"extern void unreachable(void);\n"
			"void reader(void) { if (*name != 'x') unreachable(); }\n",
			"name");
	assert_false(lab_has_symbol("unreachable"));
}

static void array_of_pointers_and_variable_of_a_function_are_constants(void **state)
{
	(void)state;
	assert_constant(
		"int reader(int i)\n"
		"{\n"
		"	static struct { const char *text; int nr; } rows[] = {{\"a\", 1}};\n"
		"	static const char *name = \"b\";\n"
		"	return rows[0].text[0] + name[0] + i;\n"
		"}\n",
		"name rows");
}

static void function_pointer_is_a_constant(void **state)
{
	(void)state;
	assert_constant("static int first(int x) { return x + 1; }\n"
			"static int (*name)(int) = first;\n"
			"int reader(int x) { return name(x); }\n",
			"name");
}

/* Only what costs a relocation. */
static void number_is_left_alone(void **state)
{
	(void)state;
	facts_build("static int name = 7, zero;\n"
		    "static const char *null;\n"
		    "int reader(void) { return name + zero + !null; }\n",
		    "-O2");
	assert_string_equal(constants(), "");
	assert_true(lab_has_symbol("name"));
	assert_true(lab_has_symbol("zero"));
	assert_true(lab_has_symbol("null"));
}

/* What is const by its declaration cannot be written by a patch either. */
static void const_is_not_recorded(void **state)
{
	(void)state;
	facts_build("static const char *const name = \"value\";\n" READER, "-O2");
	assert_string_equal(constants(), "");
}

static void variable_that_may_be_written_is_left_alone(void **state)
{
#define NAME "static const char *name = \"value\";\n" READER
	static const char *const sources[] = {
		NAME "void writer(const char *p) { name = p; }\n",
		/* In a function of which nothing is left but in its caller. */
		NAME "static void writer(const char *p) { name = p; }\n"
		     "void f(const char *p) { writer(p); }\n",
		NAME "const char **where(void) { return &name; }\n",
		NAME "extern void take(const char **);\nvoid f(void) { take(&name); }\n",
		NAME "const char **where = &name;\n",
		NAME "static const char ***where(void)\n"
		     "{ static const char **at = &name; return &at; }\n"
		     "void *f(void) { return where(); }\n",
		NAME "void f(void) { __asm__ volatile(\"\" : : \"m\"(name)); }\n",
		NAME "void f(void) { __asm__ volatile(\"\" : \"+m\"(name)); }\n",
		NAME "void f(void) { __asm__ volatile(\"\" : \"=m\"(name)); }\n",
		NAME "void f(void) { __asm__ volatile(\"\" : \"+r\"(name)); }\n",
		NAME "void f(void) { __asm__ volatile(\"\" : : \"r\"(&name)); }\n",
		NAME "void f(int n) { __atomic_store_n(&name, (const char *)0, n); }\n",
		NAME "extern const char *other __attribute__((alias(\"name\")));\n",
		"static const char *volatile name = \"value\";\n" READER,
		"static __attribute__((used)) const char *name = \"value\";\n" READER,
		"static __attribute__((section(\".data.own\"))) const char *name = "
		"\"value\";\n" READER,
		"const char *name = \"value\";\n" READER,
		"__attribute__((visibility(\"hidden\"))) const char *name = \"value\";\n" READER,
		"static struct { struct { const char *volatile p; } s[2]; int n; } name =\n"
		"{{{\"a\"}, {\"b\"}}, 1};\n"
		"const char *reader(void) { return name.s[0].p; }\n",
		"static const char *odd __asm__(\"name\") = \"value\";\n"
		"const char *reader(void) { return odd; }\n",
	};
#undef NAME

	(void)state;
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		assert_variable(sources[i], "-O2");
}

/* The symbols of the two differ by a number that says nothing. */
static void name_that_another_variable_has_is_left_alone(void **state)
{
	(void)state;
	facts_build("const char *reader(void) { static const char *same = \"a\"; return same; }\n"
		    "const char *writer(const char *p)\n"
		    "{ static const char *same = \"b\"; const char *was = same; same = p; return "
		    "was; }\n",
		    "-O2");
	assert_string_equal(constants(), "");
	assert_int_equal(nr_relocations(), 2);
	assert_constant("const char *one(void) { static const char *same = \"a\"; return same; }\n"
			"const char *two(void) { static const char *same = \"b\"; return same; }\n",
			"same");
}

static void thread_local_variable_is_left_alone(void **state)
{
	(void)state;
	facts_build("static __thread const char *name = \"value\";\n" READER, "-O2");
	assert_string_equal(constants(), "");
	assert_true(lab_has_symbol("name"));
}

static void options_leave_variables_alone(void **state)
{
	(void)state;
	assert_variable(ONLY_READ, "-O0");
	assert_variable(ONLY_READ, "-O0 -ftoplevel-reorder");
	assert_variable(ONLY_READ, "-O2 -fno-ipa-reference-addressable");
}

static void levels_of_optimisation_find_constants(void **state)
{
	static const char *const options[] = {"-O1",
					      "-Os",
					      "-O3",
					      "-O2 -fplugin-arg-ulp-ipa=keep",
					      "-O2 -fipa-reference-addressable",
					      "-O2 -g"};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		facts_build(ONLY_READ, options[i]);
		assert_string_equal(constants(), "name");
		assert_int_equal(nr_relocations(), 0);
	}
}

static void without_facts_variables_are_left_alone(void **state)
{
	(void)state;
	lab_write("in.c", ONLY_READ);
	lab_must("@gcc @plugin -shared -fPIC -nostdlib -O2 -fplugin-arg-ulp-facts=no in.c -o out");
	lab_open("out");
	assert_true(lab_has_symbol("name"));
	assert_int_equal(nr_relocations(), 1);
}

static void with_lto_variables_are_left_alone(void **state)
{
	(void)state;
	lab_write("in.c", ONLY_READ);
	lab_must("@gcc @plugin -c -fPIC -O2 -flto -ffat-lto-objects in.c -o fat.o");
	lab_open("fat.o");
	assert_true(lab_has_symbol("name"));
	lab_must("@gcc @plugin -shared -fPIC -nostdlib -O2 -g -flto in.c -o out");
	facts_read("out", ULP_FACTS_SECTION, true);
	assert_string_equal(constants(), "");
	assert_true(lab_has_symbol("name"));
	assert_int_equal(nr_relocations(), 1);
}

static void cxx_is_left_alone(void **state)
{
	(void)state;
	facts_build_cxx("static const char *name = \"value\";\n"
			"const char *reader() { return name; }\n",
			"-O2");
	assert_string_equal(constants(), "");
	assert_true(lab_has_symbol("_ZL4name"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pointer_that_nothing_writes_is_a_constant),
		cmocka_unit_test(readers_have_the_value),
		cmocka_unit_test(array_of_pointers_and_variable_of_a_function_are_constants),
		cmocka_unit_test(function_pointer_is_a_constant),
		cmocka_unit_test(number_is_left_alone),
		cmocka_unit_test(const_is_not_recorded),
		cmocka_unit_test(variable_that_may_be_written_is_left_alone),
		cmocka_unit_test(name_that_another_variable_has_is_left_alone),
		cmocka_unit_test(thread_local_variable_is_left_alone),
		cmocka_unit_test(options_leave_variables_alone),
		cmocka_unit_test(levels_of_optimisation_find_constants),
		cmocka_unit_test(without_facts_variables_are_left_alone),
		cmocka_unit_test(with_lto_variables_are_left_alone),
		cmocka_unit_test(cxx_is_left_alone),
	};

	return cmocka_run_group_tests(tests, facts_lab_setup, facts_lab_teardown);
}
