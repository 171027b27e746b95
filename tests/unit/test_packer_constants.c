/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packer/: static variables that nothing writes on one side.  The plugin makes constants of
 * them and records it, so a fix that begins to write one is refused, and one that ends it.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/packer_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTIONS "-ffunction-sections -fdata-sections"
#define NO_FACTS "-fplugin-arg-ulp-facts=no -g"
#define KEEP_VARIABLES "-fno-ipa-reference-addressable"
#define SPEC "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n"
#define REPLACE_F SPEC "  - replace: f\n"
#define REPLACE_BOTH REPLACE_F "  - replace: g\n"

/* What the target has: f and g read it. */
#define NAME "static const char *name = \"old\";\n"
#define F "const char *f(int i) { return name + i; }\n"
#define G "const char *g(int i) { return name - i; }\n"
#define WRITER "const char *f(int i) { name = i ? \"one\" : \"none\"; return name; }\n"

/* Too large to be left out where it is read. */
#define NAMES "static const char *names[] = {\"a\", \"bc\", \"def\", \"ghij\"};\n"
#define NAMES_F "const char *f(int i) { return names[i & 3]; }\n"
#define NAMES_G "const char *g(int i) { return names[i & 1]; }\n"

static int setup_compiler(void **state)
{
	const char *gcc = getenv("ULP_PLUGIN_GCC"), *build = getenv("ULP_BUILDDIR");
	char cc[512];

	(void)state;
	(void)snprintf(cc, sizeof(cc), "%s -fplugin=%s/gcc-plugin/ulp.so",
		       gcc && *gcc ? gcc : ULP_PLUGIN_GCC, build && *build ? build : ".");
	return setenv("ULP_CC", cc, 1);
}

/* The target is compiled of fix.c. */
static void make_target(struct packer_lab *lab, const char *source, const char *flags)
{
	packer_lab_write(lab, "liba.map", "LIBA_1 { global: f; g; h; local: *; };\n");
	packer_lab_compile(lab, "fix", source, flags);
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map fix.o -o liba.so.1");
}

/* The fix is compiled of a file of this name. */
static void make_fix(struct packer_lab *lab, const char *name, const char *source,
		     const char *flags)
{
	packer_lab_compile(lab, name, source, pool_printf(&lab->pool, SECTIONS " %s", flags));
	lab->objects[0] = packer_lab_path(lab, pool_printf(&lab->pool, "%s.o", name));
	lab->options.nr_objects = 1;
}

static void make(struct packer_lab *lab, const char *target, const char *fix)
{
	make_target(lab, target, "");
	make_fix(lab, "fix", fix, "");
}

static void refused(struct packer_lab *lab, const char *spec, const char *says)
{
	packer_lab_refused(lab, spec, ULP_EMISMATCH, ".o", says);
}

static void packed(struct packer_lab *lab, const char *spec)
{
	assert_succeeds(packer_lab_pack(lab, spec), &lab->err);
}

/* --- the fix begins to write --------------------------------------------------------- */

#define MAY_WRITE "the fix may write 'name', but nothing in the target's fix.c does"

/* Nothing is left of it in the target: a variable of the fix's own would be a second one. */
static void variable_that_the_target_has_no_more_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G, NAME WRITER G);
	refused(lab, REPLACE_F, MAY_WRITE);
}

static void variable_that_the_target_has_read_only_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAMES NAMES_F NAMES_G,
	     NAMES "const char *f(int i) { names[i & 3] = \"x\"; return names[0]; }\n" NAMES_G);
	refused(lab, REPLACE_F, "the fix may write 'names', but nothing");
}

static void taken_address_counts_as_writing(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G, NAME "const char *f(int i) { return (const char *)(&name + i); }\n" G);
	refused(lab, REPLACE_F, MAY_WRITE);
}

/* The number that its symbol has is not the source's. */
static void variable_of_a_function_is_refused_by_its_own_name(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, "const char *f(int i) { " NAME " return name + i; }\n",
	     "const char *f(int i) { " NAME " name += i; return name; }\n");
	refused(lab, REPLACE_F, MAY_WRITE);
}

static void variable_that_is_global_in_the_fix_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G, "const char *name = \"old\";\n" WRITER);
	refused(lab, REPLACE_F, MAY_WRITE);
	make_fix(lab, "fix", "const char *name;\n" WRITER, "-fcommon");
	refused(lab, REPLACE_F, MAY_WRITE);
}

/* The replaced function tells of which of the target's sources the fix is. */
static void fix_of_another_file_name_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAME F G, "");
	make_fix(lab, "part", NAME WRITER, "");
	refused(lab, REPLACE_F, MAY_WRITE);
}

/* The object replaces nothing itself: its source's name tells. */
static void object_without_a_replaced_function_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAME F G, "");
	packer_lab_compile(lab, "part",
			   "const char *fresh(int i);\n"
			   "const char *f(int i) { return fresh(i); }\n",
			   SECTIONS);
	make_fix(lab, "fix", NAME "const char *fresh(int i) { name += i; return name; }\n", "");
	lab->objects[1] = packer_lab_path(lab, "part.o");
	lab->options.nr_objects = 2;
	refused(lab, REPLACE_F, MAY_WRITE);
}

/* What is only declared in the fix is in the target's read-only data. */
static void declared_variable_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAMES NAMES_F NAMES_G, "");
	make_fix(lab, "part",
		 "extern const char *names[];\n"
		 "const char *f(int i) { names[i & 3] = \"x\"; return names[0]; }\n",
		 "");
	refused(lab, REPLACE_F, "the fix may write 'names', but nothing");
}

static void pointer_of_the_spec_to_a_constant_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAMES NAMES_F NAMES_G, "");
	make_fix(lab, "part", "const char **at;\nconst char *f(int i) { return at[i] = \"x\"; }\n",
		 "");
	refused(lab, REPLACE_F "references:\n  - {pointer: at, to: names}\n",
		"the fix may write 'names', but nothing");
}

static void linked_fix_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAME F G, "");
	make_fix(lab, "fix", NAME WRITER G, "");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 fix.o -o given.o");
	lab->objects[0] = packer_lab_path(lab, "given.o");
	refused(lab, REPLACE_F, MAY_WRITE);
}

static void facts_in_a_debug_file_count(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G, NAME WRITER G);
	packer_lab_must(lab, "objcopy --only-keep-debug liba.so.1 liba.debug");
	packer_lab_must(lab, "strip --strip-unneeded liba.so.1");
	lab->options.debug_file = packer_lab_path(lab, "liba.debug");
	refused(lab, REPLACE_F, MAY_WRITE);
}

static bool has_warned(const struct packer_lab *lab, const char *says)
{
	for (size_t i = 0; i < lab->report.nr_notes; i++)
		if (lab->report.notes[i].level == NOTE_WARNING &&
		    strstr(lab->report.notes[i].text, says))
			return true;
	return false;
}

/* strip -g takes the facts away and leaves the symbols. */
static void new_variable_without_the_facts_is_told(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G, NAME WRITER G);
	packer_lab_must(lab, "strip -g liba.so.1");
	lab->options.no_closure_check = true; /* without that, all fixes are refused */
	packed(lab, REPLACE_F);
	assert_true(has_warned(lab, "cannot tell whether the compiler took 'name'"));
}

/* --- the fix ends writing ------------------------------------------------------------- */

#define SETTER "void h(const char *p) { name = p; }\n"
#define NO_SETTER "void h(const char *p) { (void)p; }\n"
#define TOOK "nothing in the fix writes 'name', so its compiler took it for a constant"

/* The process may have set it: what the fix reads is that, not the value at the start. */
static void constant_that_the_target_writes_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G SETTER, NAME F G NO_SETTER);
	refused(lab, REPLACE_F "  - replace: h\n", TOOK);
	make_fix(lab, "part", NAME F, "");
	refused(lab, REPLACE_F, TOOK);
}

/* Of such a target nothing tells whether it writes the variable; nor of which file the fix is. */
static void constant_of_a_target_without_facts_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAME F G, NO_FACTS);
	make_fix(lab, "part", NAME F, "");
	refused(lab, REPLACE_F, TOOK);
	make_fix(lab, "fix", NAME F, "");
	refused(lab, REPLACE_F, TOOK);
}

static void such_a_fix_is_packed_with_the_option(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAME F G SETTER, "");
	make_fix(lab, "fix", NAME F G NO_SETTER, KEEP_VARIABLES);
	packed(lab, REPLACE_F "  - replace: h\n");
	assert_int_equal(lab->result.nr_references, 1);
}

/* The symbols then do not tell of which file they are. */
static void target_without_file_marks_is_compared(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAMES NAMES_F NAMES_G, "");
	packer_lab_must(lab, "objcopy --only-keep-debug liba.so.1 liba.debug");
	packer_lab_must(lab, "strip -g liba.so.1");
	make_fix(lab, "fix", NAMES "const char *f(int i) { return names[i & 3] = \"x\"; }\n", "");
	lab->options.debug_file = packer_lab_path(lab, "liba.debug");
	refused(lab, REPLACE_F, "the fix may write 'names', but nothing");
	make_target(lab, NAME F G SETTER, "");
	packer_lab_must(lab, "objcopy --only-keep-debug liba.so.1 liba.debug");
	packer_lab_must(lab, "strip -g liba.so.1");
	make_fix(lab, "fix", NAME F G NO_SETTER, "");
	refused(lab, REPLACE_F "  - replace: h\n", TOOK);
}

/* --- what is taken ---------------------------------------------------------------------- */

static void constants_of_both_sides_are_packed(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G, NAME "const char *f(int i) { return name + i + 1; }\n" G);
	packed(lab, REPLACE_F);
	make(lab, NAMES NAMES_F NAMES_G,
	     NAMES "const char *f(int i) { return names[i & 2]; }\n" NAMES_G);
	packed(lab, REPLACE_F);
}

/* What the error advises. */
static void new_variable_is_packed(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G,
	     "static const char *label = \"old\";\n"
	     "const char *f(int i) { label += i; return label; }\n"
	     "const char *g(int i) { return label - i; }\n");
	packed(lab, REPLACE_BOTH);
}

static void writing_that_is_not_replaced_is_packed(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G "int h(int i) { return i; }\n",
	     NAME WRITER G "int h(int i) { return i + 1; }\n");
	packed(lab, SPEC "  - replace: h\n");
}

static void variable_that_the_target_writes_is_packed(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, NAME F G SETTER, NAME WRITER G SETTER);
	packed(lab, REPLACE_F);
	assert_int_equal(lab->result.nr_references, 1);
}

/* Without facts the plugin makes no constants. */
static void target_without_facts_is_packed(void **state)
{
	struct packer_lab *lab = *state;

	make_target(lab, NAME F G, NO_FACTS);
	make_fix(lab, "fix", NAME WRITER G, "");
	packed(lab, REPLACE_F);
	assert_int_equal(lab->result.nr_references, 1);
	make_fix(lab, "fix",
		 "static const char *fresh = \"new\";\n"
		 "const char *f(int i) { fresh += i; return fresh; }\n",
		 "");
	packed(lab, REPLACE_F);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(variable_that_the_target_has_no_more_is_refused),
		TEST(variable_that_the_target_has_read_only_is_refused),
		TEST(taken_address_counts_as_writing),
		TEST(variable_of_a_function_is_refused_by_its_own_name),
		TEST(variable_that_is_global_in_the_fix_is_refused),
		TEST(fix_of_another_file_name_is_refused),
		TEST(object_without_a_replaced_function_is_refused),
		TEST(declared_variable_is_refused),
		TEST(pointer_of_the_spec_to_a_constant_is_refused),
		TEST(linked_fix_is_refused),
		TEST(facts_in_a_debug_file_count),
		TEST(new_variable_without_the_facts_is_told),
		TEST(constant_that_the_target_writes_is_refused),
		TEST(constant_of_a_target_without_facts_is_refused),
		TEST(such_a_fix_is_packed_with_the_option),
		TEST(target_without_file_marks_is_compared),
		TEST(constants_of_both_sides_are_packed),
		TEST(new_variable_is_packed),
		TEST(writing_that_is_not_replaced_is_packed),
		TEST(variable_that_the_target_writes_is_packed),
		TEST(target_without_facts_is_packed),
	};

	return cmocka_run_group_tests(tests, setup_compiler, NULL);
}
