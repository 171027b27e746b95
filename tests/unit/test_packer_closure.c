/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which functions get replaced besides those that the spec names: with what GCC and
 * the plugin really make of small sources.
 */
#include "config.h"

#include "packer/target.h"
#include "tests/lib/check_err.h"
#include "tests/lib/packer_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTIONS "-ffunction-sections -fdata-sections"
#define SPEC "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n"
#define SPEC_PLACE "fix.yaml:5:5"
#define LINK                                                     \
	"@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 " \
	"-Wl,--version-script,liba.map "
#define NO_FACTS "-fplugin-arg-ulp-facts=no"

/* A function that the compiler inlines, over two levels, into what the library exports. */
#define HELPER(body)                                                  \
	"static inline int helper(int a) { return " body "; }\n"      \
	"static inline int middle(int a) { return helper(a) + 5; }\n" \
	"int f(int a) { return middle(a) * 2; }\n"                    \
	"int g(int a) { return helper(a) + 1; }\n"                    \
	"int other(int a) { return a; }\n"

#define REPLACE_HELPER SPEC "  - replace: helper\n"

static int setup_compiler(void **state)
{
	const char *gcc = getenv("ULP_PLUGIN_GCC"), *build = getenv("ULP_BUILDDIR");
	char cc[512];

	(void)state;
	(void)snprintf(cc, sizeof(cc), "%s -fplugin=%s/gcc-plugin/ulp.so",
		       gcc && *gcc ? gcc : ULP_PLUGIN_GCC, build && *build ? build : ".");
	return setenv("ULP_CC", cc, 1);
}

/* The target is compiled from `target`, the fix from `fix`, both as fix.c. */
static void make(struct packer_lab *lab, const char *target, const char *flags, const char *fix)
{
	packer_lab_write(lab, "liba.map", "LIBA_1 { global: f; g; other; table; local: *; };\n");
	packer_lab_compile(lab, "fix", target, flags);
	packer_lab_must(lab, "mv fix.o target.o");
	packer_lab_must(lab, LINK "target.o -o liba.so.1");
	packer_lab_compile(lab, "fix", fix, SECTIONS);
}

static void refused(struct packer_lab *lab, const char *spec, enum ulp_code code, const char *says)
{
	packer_lab_refused(lab, spec, code, SPEC_PLACE, says);
}

static void assert_replaces(struct packer_lab *lab, const char *spec, const char *names)
{
	struct ulp_container c;
	const char *list = "";

	packer_lab_packed(lab, spec, &c);
	for (size_t i = 0; i < c.patch.nr_functions; i++)
		list = pool_printf(&lab->pool, "%s%s ", list, c.patch.functions[i].old_name);
	assert_string_equal(list, names);
	ulp_container_close(&c);
}

static void assert_explained(const struct packer_lab *lab, const char *tree)
{
	assert_non_null(lab->report.explanation);
	assert_string_equal(lab->report.explanation, tree);
}

static const char two_levels[] =
	"helper (fix.c): named by the spec; has no code of its own in the target\n"
	"|-- f (fix.c): holds a copy by way of middle; replaced\n"
	"`-- g (fix.c): holds a copy; replaced\n";

static void inlined_function_is_replaced_in_its_callers(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, HELPER("a * 3"), "-g0", HELPER("a * 4"));
	assert_replaces(lab, REPLACE_HELPER, "f g ");
	assert_explained(lab, two_levels);
}

static void debug_information_does_where_there_are_no_facts(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, HELPER("a * 3"), NO_FACTS, HELPER("a * 4"));
	assert_replaces(lab, REPLACE_HELPER, "f g ");
	assert_explained(lab, two_levels);
}

static void debug_file_can_be_named(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, HELPER("a * 3"), NO_FACTS, HELPER("a * 4"));
	packer_lab_must(lab, "objcopy --only-keep-debug liba.so.1 apart");
	packer_lab_must(lab, "strip liba.so.1");
	refused(lab, REPLACE_HELPER, ULP_ENOFUNC, "no debug file was found");
	lab->options.debug_file = packer_lab_path(lab, "apart");
	assert_replaces(lab, REPLACE_HELPER, "f g ");
	packer_lab_must(lab, "cp target.o apart");
	packer_lab_must(lab, "rm fix.so");
	assert_string_equal(ulp_code_name(packer_lab_pack(lab, REPLACE_HELPER)), "ULP_EMISMATCH");
}

static void nothing_is_packed_where_copies_are_not_known(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, "int f(int a) { return a * 3; }\n", "-g0 " NO_FACTS,
	     "int f(int a) { return a * 4; }\n");
	refused(lab, SPEC "  - replace: f\n", ULP_EMISMATCH, "cannot know whether f was inlined");
	lab->options.no_closure_check = true;
	assert_replaces(lab, SPEC "  - replace: f\n", "f ");
	assert_null(lab->report.explanation);
}

#define CLONED(body)                                                                         \
	"static __attribute__((noinline)) int part(int a, int scale) { return " body "; }\n" \
	"int f(int a) { return part(a, 7) + part(a + 1, 7); }\n"                             \
	"static int lower(int a) { return part(a, 7); }\n"                                   \
	"int (*const table[])(int) = {lower};\n"

static void callers_of_a_clone_are_replaced(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, CLONED("a * scale"), "", CLONED("a * scale + 1"));
	assert_replaces(lab, SPEC "  - replace: part\n", "lower f ");
	assert_explained(lab,
			 "part (fix.c): named by the spec; has no code of its own in the target\n"
			 "`-- part.constprop.0 (fix.c): made of it by the compiler; not replaced "
			 "itself, but all that lead to it are\n"
			 "    |-- lower (fix.c): leads to it; replaced\n"
			 "    `-- f (fix.c): leads to it; replaced\n");
}

/* What is left without callers, and the parts that the compiler has put elsewhere. */
static void further_code_is_guarded(void **state)
{
	struct packer_lab *lab = *state;
	static const char source[] =
		"int other(int); __attribute__((cold)) int fail(int);\n"
		"static __attribute__((noinline)) int part(int a, int scale)\n"
		"{ if (a == 3) return fail(a) * fail(scale) + 1; return other(a) * scale; }\n"
		"int f(int a) { if (a < 0) return fail(a) * fail(-a) + 2;"
		" return part(other(a), 7) + 1; }\n"
		"int other(int a) { return a; }\n";
	const char *list = "";
	struct ulp_container c;

	make(lab, source, "", source);
	packer_lab_packed(lab, SPEC "  - replace: part\n", &c);
	for (size_t i = 0; i < c.patch.nr_guards; i++)
		list = pool_printf(&lab->pool, "%s%s ", list, c.patch.guards[i].name);
	assert_string_equal(list, "part.constprop.0 f.cold part.constprop.0.cold ");
	ulp_container_close(&c);
}

/* The same by names from debug information, which calls the clone `part`. */
static void clone_is_known_by_debug_information(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, CLONED("a * scale"), NO_FACTS, CLONED("a * scale + 1"));
	assert_replaces(lab, SPEC "  - replace: part\n", "lower f ");
}

static void clone_that_the_spec_names_is_replaced_itself(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, CLONED("a * scale"), "", CLONED("a * scale + 1"));
	assert_replaces(lab, SPEC "  - replace: part.constprop.0\n", "part.constprop.0 ");
}

static const char in_header[] = "static inline int helper(int a) { return a * 3; }\n";

static void make_two_units(struct packer_lab *lab, const char *fixed)
{
	static const char second[] = "#include \"helper.h\"\nint g(int a) { return helper(a); }\n";
	static const char first[] =
		"#include \"helper.h\"\nint f(int a) { return helper(a) + 1; }\n";

	packer_lab_write(lab, "liba.map", "LIBA_1 { global: f; g; local: *; };\n");
	packer_lab_write(lab, "helper.h", in_header);
	packer_lab_compile(lab, "fix", first, "");
	packer_lab_compile(lab, "second", second, "");
	packer_lab_must(lab, LINK "fix.o second.o -o liba.so.1");
	packer_lab_write(lab, "helper.h", fixed);
	packer_lab_compile(lab, "fix", first, SECTIONS);
	packer_lab_compile(lab, "second", second, SECTIONS);
}

static void refuses_where_a_unit_is_missing(void **state)
{
	struct packer_lab *lab = *state;

	make_two_units(lab, "static inline int helper(int a) { return a * 4; }\n");
	refused(lab, REPLACE_HELPER, ULP_EMISMATCH, "give the object of second.c too");
	assert_explained(lab,
			 "helper (fix.c): named by the spec; has no code of its own in the target\n"
			 "|-- f (fix.c): holds a copy; replaced\n"
			 "`-- g (second.c): holds a copy; CANNOT be replaced\n");
	lab->objects[0] = packer_lab_path(lab, "fix.o");
	lab->objects[1] = packer_lab_path(lab, "second.o");
	lab->options.nr_objects = 2;
	assert_replaces(lab, REPLACE_HELPER, "f g ");
}

static void copy_may_stay_where_the_spec_accepts_it(void **state)
{
	struct packer_lab *lab = *state;

	make_two_units(lab, "static inline int helper(int a) { return a * 4; }\n");
	assert_replaces(lab,
			REPLACE_HELPER "accept:\n"
				       "  - refusal: stale-copy\n"
				       "    name: g\n"
				       "    reason: only ever called with zero\n",
			"f ");
	assert_non_null(
		strstr(lab->report.explanation, "g (second.c): holds a copy; keeps the old"));
}

#define NAMESAKE(factor) "static inline int helper(int a) { return a * " factor "; }\n"

static void refuses_namesakes_unless_the_source_is_named(void **state)
{
	struct packer_lab *lab = *state;
	static const char f[] = NAMESAKE("3") "int f(int a) { return helper(a); }\n";
	static const char g[] = NAMESAKE("5") "int g(int a) { return helper(a); }\n";

	packer_lab_write(lab, "liba.map", "LIBA_1 { global: f; g; local: *; };\n");
	packer_lab_compile(lab, "fix", f, "");
	packer_lab_compile(lab, "second", g, "");
	packer_lab_must(lab, LINK "fix.o second.o -o liba.so.1");
	packer_lab_compile(lab, "fix", NAMESAKE("4") "int f(int a) { return helper(a); }\n",
			   SECTIONS);
	refused(lab, REPLACE_HELPER, ULP_EAMBIGUOUS, "fix.c:1, second.c:1");
	assert_replaces(lab, SPEC "  - {replace: helper, source: fix.c}\n", "f ");
}

#define TABLED(body)                                                               \
	"static __attribute__((noinline)) int lower(int a) { return " body "; }\n" \
	"int f(int a) { return lower(a); }\n"

/* The fixed source has no body for what the target still calls. */
static void callers_are_replaced_where_the_objects_have_no_body(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TABLED("a * 3"), "",
	     "static inline int lower(int a) { return a * 4; }\n"
	     "int f(int a) { return lower(a); }\n");
	assert_replaces(lab, SPEC "  - replace: lower\n", "f ");
}

static void refuses_where_not_all_callers_are_known(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TABLED("a * 3") "int (*table[])(int) = {lower};\n", "",
	     "static inline int lower(int a) { return a * 4; }\n"
	     "int f(int a) { return lower(a); }\n");
	refused(lab, SPEC "  - replace: lower\n", ULP_EMISMATCH, "its address is in a table");
}

static size_t count_warnings(const struct packer_lab *lab, const char *says)
{
	size_t nr = 0;

	for (size_t i = 0; i < lab->report.nr_notes; i++)
		nr += lab->report.notes[i].level == NOTE_WARNING &&
		      strstr(lab->report.notes[i].text, says);
	return nr;
}

/* In the target the call is a short jump, and data is at known distances; in the object not. */
#define CALLING(body)                                                      \
	"static int counter;\n"                                            \
	"static __attribute__((noinline)) int lower(int a)\n"              \
	"{ counter += a; if (a > 9) return f(a - 1); return " body "; }\n" \
	"int f(int a) { return lower(a); }\n"

static void changed_function_that_is_not_named_is_told(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, "int f(int);\n" CALLING("a * 3"), "", "int f(int);\n" CALLING("a * 3"));
	assert_replaces(lab, SPEC "  - replace: f\n", "f ");
	assert_int_equal(count_warnings(lab, "is not what the target has"), 0);
	packer_lab_compile(lab, "fix", "int f(int);\n" CALLING("a * 9"), SECTIONS);
	assert_replaces(lab, SPEC "  - replace: f\n", "f ");
	assert_int_equal(count_warnings(lab, "lower of fix.o is not what the target has"), 1);
	assert_replaces(lab, SPEC "  - replace: f\n  - replace: lower\n", "f lower ");
	assert_int_equal(count_warnings(lab, "is not what the target has"), 0);
}

static void refuses_function_without_entry_with_its_reason(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TABLED("a * 3"), "-fplugin-arg-ulp-exclude=lower", TABLED("a * 4"));
	refused(lab, SPEC "  - replace: lower\n", ULP_ENOFUNC,
		"lower has no patchable entry: excluded by name");
	make(lab,
	     "static inline int lower(int a) { return a * 3; }\n"
	     "int f(int a) { return lower(a); }\n",
	     "-fplugin-arg-ulp-exclude=f",
	     "static inline int lower(int a) { return a * 4; }\n"
	     "int f(int a) { return lower(a); }\n");
	refused(lab, SPEC "  - replace: lower\n", ULP_ENOFUNC,
		"f has no patchable entry: excluded by name");
}

/* One new function may take the place of several old ones. */
static void one_function_replaces_two(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	make(lab, "int f(int a) { return a * 3; }\nint g(int a) { return a * 5; }\n", "",
	     "int both(int a) { return a * 4; }\n");
	packer_lab_packed(lab, SPEC "  - {replace: f, with: both}\n  - {replace: g, with: both}\n",
			  &c);
	assert_int_equal(c.patch.nr_functions, 2);
	assert_int_equal(c.patch.functions[0].new_vaddr, c.patch.functions[1].new_vaddr);
	ulp_container_close(&c);
}

#define NAMED_ALIKE(function, helper_body, name_body)                                  \
	"static int counter;\n"                                                        \
	"static __attribute__((noinline)) int helper(int a)\n"                         \
	"{ counter += a; return " helper_body "; }\n"                                  \
	"static __attribute__((noinline)) int name(int a) { return " name_body "; }\n" \
	"int " function "(int a) { return helper(a) + name(a); }\n"

static uint64_t first_helper(struct packer_lab *lab)
{
	struct report report = {0};
	struct target target;
	uint64_t least = UINT64_MAX;

	assert_succeeds(target_open(&lab->pool, packer_lab_path(lab, "liba.so.1"), NULL, &target,
				    &report, &lab->err),
			&lab->err);
	for (size_t i = 1; i < target.nr_symbols; i++)
		if (strcmp(target.symbols[i].name, "helper") == 0 &&
		    target.symbols[i].value < least)
			least = target.symbols[i].value;
	return least;
}

/* Two sources of one name in two folders: what they have alike tells which one it is. */
static void sources_of_one_name_are_told_apart_by_their_code(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_write(lab, "liba.map", "LIBA_1 { global: f; g; local: *; };\n");
	packer_lab_must(lab, "mkdir first second");
	packer_lab_compile(lab, "first/fix", NAMED_ALIKE("f", "a * 3", "a + 1"), "");
	packer_lab_compile(lab, "second/fix", NAMED_ALIKE("g", "a * 5", "a + 2"), "");
	packer_lab_must(lab, LINK "first/fix.o second/fix.o -o liba.so.1");
	packer_lab_must(lab, "rm -r first second");
	packer_lab_compile(lab, "fix", NAMED_ALIKE("f", "a * 7", "a + 1"), SECTIONS);
	packer_lab_packed(lab, SPEC "  - replace: helper\n", &c);
	assert_int_equal(c.patch.nr_functions, 1);
	assert_int_equal(c.patch.functions[0].old_vaddr, first_helper(lab));
	ulp_container_close(&c);
	packer_lab_must(lab, "rm fix.so");
	packer_lab_compile(lab, "fix", NAMED_ALIKE("f", "a * 7", "a + 9"), SECTIONS);
	refused(lab, SPEC "  - replace: helper\n", ULP_EAMBIGUOUS, "say which with 'source:'");
}

static void function_that_nobody_has_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, HELPER("a * 3"), "", HELPER("a * 4"));
	refused(lab, SPEC "  - replace: frobnicate\n", ULP_ENOFUNC,
		"liba.so.1 has no function frobnicate");
}

static void function_of_another_source_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TABLED("a * 3"), "", TABLED("a * 4"));
	refused(lab, SPEC "  - {replace: lower, source: second.c}\n", ULP_ENOFUNC,
		"has no function lower of second.c");
}

static void methods_are_known_by_their_symbols(void **state)
{
	struct packer_lab *lab = *state;
	static const char source[] = "struct box { int v; int get(int a) const; };\n"
				     "inline __attribute__((always_inline)) int box::get(int a) "
				     "const { return v * a; }\n"
				     "extern \"C\" int f(int a) { box b{a}; return b.get(3); }\n";

	packer_lab_write(lab, "liba.map", "LIBA_1 { global: f; local: *; };\n");
	packer_lab_compile(lab, "fix", source, "-xc++ -g0");
	packer_lab_must(lab, LINK "fix.o -o liba.so.1");
	packer_lab_compile(lab, "fix", source, "-xc++ " SECTIONS);
	assert_string_equal(ulp_code_name(packer_lab_pack(lab, SPEC "  - replace: get\n")),
			    "ULP_ENOFUNC");
	assert_replaces(lab, SPEC "  - replace: _ZNK3box3getEi\n", "f ");
	packer_lab_compile(lab, "fix", source, "-xc++ " NO_FACTS);
	packer_lab_must(lab, LINK "fix.o -o liba.so.1");
	packer_lab_compile(lab, "fix", source, "-xc++ " SECTIONS);
	assert_replaces(lab, SPEC "  - replace: _ZNK3box3getEi\n", "f ");
}

static void explaining_writes_nothing(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, HELPER("a * 3"), "", HELPER("a * 4"));
	lab->options.explain = true;
	assert_succeeds(packer_lab_pack(lab, REPLACE_HELPER), &lab->err);
	assert_explained(lab, two_levels);
	assert_int_equal(access(lab->options.out, F_OK), -1);
}

#define LAB_TEST(f) cmocka_unit_test_setup_teardown(f, packer_lab_setup, packer_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(inlined_function_is_replaced_in_its_callers),
		LAB_TEST(debug_information_does_where_there_are_no_facts),
		LAB_TEST(debug_file_can_be_named),
		LAB_TEST(nothing_is_packed_where_copies_are_not_known),
		LAB_TEST(callers_of_a_clone_are_replaced),
		LAB_TEST(further_code_is_guarded),
		LAB_TEST(clone_is_known_by_debug_information),
		LAB_TEST(clone_that_the_spec_names_is_replaced_itself),
		LAB_TEST(refuses_where_a_unit_is_missing),
		LAB_TEST(copy_may_stay_where_the_spec_accepts_it),
		LAB_TEST(refuses_namesakes_unless_the_source_is_named),
		LAB_TEST(callers_are_replaced_where_the_objects_have_no_body),
		LAB_TEST(refuses_where_not_all_callers_are_known),
		LAB_TEST(changed_function_that_is_not_named_is_told),
		LAB_TEST(refuses_function_without_entry_with_its_reason),
		LAB_TEST(one_function_replaces_two),
		LAB_TEST(sources_of_one_name_are_told_apart_by_their_code),
		LAB_TEST(function_that_nobody_has_is_refused),
		LAB_TEST(function_of_another_source_is_refused),
		LAB_TEST(methods_are_known_by_their_symbols),
		LAB_TEST(explaining_writes_nothing),
	};

	return cmocka_run_group_tests(tests, setup_compiler, NULL);
}
