/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GCC plugin's facts about functions: what was inlined into them, clones, parts,
 * other$names, entries.  Units, options and LTO are in test_gcc_plugin_units.c.
 */
#include "config.h"

#include "tests/lib/check_err.h"

#include "tests/lib/facts_lab.h"
#include "tests/lib/plugin_lab.h"

#include <stdio.h>
#include <string.h>

/* --- inlining ------------------------------------------------------------------------ */

static const char levels_source[] = "extern int v[];\n"
				    "static int leaf(int x) { return x * v[0]; }\n"
				    "static int middle(int x) { return leaf(x) + leaf(x + 1); }\n"
				    "static int upper(int x) { return middle(x) + v[1]; }\n"
				    "int one_level(int x) { return leaf(x); }\n"
				    "int two_levels(int x) { return middle(x); }\n"
				    "int three_levels(int x) { return upper(x); }\n";

static void all_levels_are_listed_with_their_way(void **state)
{
	static const char *const options[] = {"-O1", "-O2", "-O3", "-O2 -fno-early-inlining"};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		facts_build(levels_source, options[i]);
		assert_string_equal(facts_copies("one_level"), "leaf");
		assert_string_equal(facts_copies("two_levels"), "middle leaf<middle");
		assert_string_equal(facts_copies("three_levels"),
				    "upper middle<upper leaf<middle<upper");
		assert_string_equal(facts_carriers("leaf"), "one_level two_levels three_levels");
		assert_string_equal(facts_carriers("middle"), "two_levels three_levels");
	}
}

static void nothing_is_inlined_without_optimisation(void **state)
{
	(void)state;
	facts_build(levels_source, "-O0");
	assert_string_equal(facts_copies("three_levels"), "");
	assert_string_equal(facts_record("leaf"), "function static: has an entry");
	assert_string_equal(facts_carriers("leaf"), "");
}

static void function_without_code_is_known_by_its_place(void **state)
{
	(void)state;
	lab_write("in.h", "extern int v[];\n\nstatic inline int small(int x)\n{ return v[x]; }\n");
	facts_build("#include \"in.h\"\nint f(int x) { return small(x); }\n", "-O2");

	const struct ulp_facts_function *small = &facts_all()->functions[facts_find("small")];
	assert_string_equal(facts_record("small"),
			    "function static: no code of its own: inlined or removed");
	assert_string_equal(small->file, "in.h");
	assert_int_equal(small->line, 3);
	assert_int_equal(small->vaddr, 0);
	const struct ulp_facts_function *f = &facts_all()->functions[facts_find("f")];
	assert_string_equal(f->file, "in.c");
	assert_int_equal(f->line, 2);
	assert_int_equal(f->vaddr, lab_function("f"));
}

static void always_inline_counts_at_every_level_of_optimisation(void **state)
{
	static const char *const options[] = {"-O0", "-O1", "-O2", "-O3", "-Os"};
	static const char source[] = "extern int v[];\n"
				     "#define ALWAYS static inline __attribute__((always_inline))\n"
				     "ALWAYS int inner(int x) { return v[x]; }\n"
				     "ALWAYS int outer(int x) { return inner(x) + inner(x + 1); }\n"
				     "int f(int x) { return outer(x); }\n";

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		facts_build(source, options[i]);
		assert_string_equal(facts_copies("f"), "outer inner<outer");
	}
}

/* Too long to be inlined early, but called once. */
static const char late_source[] =
	"extern int v[];\n"
	"int g(int);\n"
	"static inline int early(int x) { return v[x]; }\n"
	"static int late(int x)\n"
	"{\n"
	"	int sum = 0;\n"
	"	for (int i = 0; i < x; i++) sum += g(early(i)) * g(i + 3) ^ g(sum) - g(i * 5);\n"
	"	return sum;\n"
	"}\n"
	"static int later(int x)\n"
	"{\n"
	"	for (int i = 0; i < x; i++) v[i] += g(i) * g(i + 3) ^ g(x) - g(i * 5);\n"
	"	return late(x);\n"
	"}\n"
	"int f(int x) { return later(x + 1); }\n";

static void late_inlining_brings_the_early_one_along(void **state)
{
	static const char *const options[] = {"-O1", "-O2", "-O3", "-Os"};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		facts_build(late_source, options[i]);
		assert_string_equal(facts_copies("f"), "later late<later early<late<later");
		assert_string_equal(facts_carriers("early"), "f");
	}
}

/* Nobody else inlines these: each is long, and not called once only. */
static void flattening_keeps_the_levels(void **state)
{
	static const char source[] =
		"int g(int);\n"
		"#define LONG(x) g(x) * g(x + 1) - g(x + 2) * g(x + 3) + g(x + 4) * g(x + 5)\n"
		"static int leaf(int x) { return LONG(x); }\n"
		"static int middle(int x) { return leaf(x + 1) - LONG(x); }\n"
		"static int upper(int x) { return middle(x + 2) / LONG(x); }\n"
		"__attribute__((flatten)) int f(int x) { return upper(x); }\n"
		"int other(int x) { return upper(x) + middle(x) * leaf(x); }\n";

	(void)state;
	facts_build(source, "-O2");
	assert_string_equal(facts_copies("f"), "upper middle<upper leaf<middle<upper");
}

static void recursion_ends(void **state)
{
	static const char source[] =
		"int g(int);\n"
		"static int even(int n);\n"
		"static int odd(int n) { return n ? even(n - 1) + g(n) : 0; }\n"
		"static int even(int n) { return n ? odd(n - 1) : 1; }\n"
		"int both(int n) { return even(n); }\n"
		"int itself(int n) { return n < 2 ? g(n) : itself(n - 1) + itself(n - 2); }\n";

	(void)state;
	facts_build(source, "-O3");
	assert_true(!strncmp(facts_copies("itself"), "itself", 6));
	assert_non_null(strstr(facts_carriers("odd"), "both"));
}

static void nested_functions_are_functions(void **state)
{
	static const char source[] =
		"extern int v[];\n"
		"int f(int n)\n"
		"{\n"
		"	int k = n * 2;\n"
		"	int inner(int x) { return v[x] + k; }\n"
		"	__attribute__((noinline)) int kept(int x) { return inner(x) * v[k]; }\n"
		"	return inner(n) + kept(3);\n"
		"}\n";

	(void)state;
	facts_build(source, "-O0");
	assert_string_equal(facts_copies("f"), "");
	facts_build(source, "-O2 -fno-ipa-sra -fno-ipa-cp");
	/* GCC numbers them: inner.0, kept.1 or the other way round. */
	assert_true(!strncmp(facts_copies("f"), "inner.", 6));
	assert_non_null(
		strstr(facts_carriers(facts_has("inner.0") ? "inner.0" : "inner.1"), "kept."));
}

/* --- clones and parts ------------------------------------------------------------------ */

static void clones_inherit_what_was_inlined(void **state)
{
	static const char source[] =
		"extern int v[];\n"
		"int g(int);\n"
		"static int leaf(int x) { return x * v[0]; }\n"
		"static int middle(int x) { return leaf(x) + 1; }\n"
		"static __attribute__((noinline)) int worker(int x, int mode)\n"
		"{\n"
		"	if (mode == 7) return g(middle(x)) + g(x);\n"
		"	return g(x + mode);\n"
		"}\n"
		"int f(int x) { return worker(x, 7) + worker(x + 1, 7); }\n";

	(void)state;
	facts_build(source, "-O2");
	assert_string_equal(facts_record("worker.constprop.0"),
			    "clone of worker static: has an entry");
	assert_string_equal(facts_copies("worker.constprop.0"), "middle leaf<middle");
	assert_string_equal(facts_record("worker"),
			    "function static: no code of its own: inlined or removed");
	assert_string_equal(facts_carriers("worker"), "worker.constprop.0");
	assert_string_equal(facts_carriers("leaf"), "worker.constprop.0");
	assert_int_equal(facts_all()->functions[facts_find("worker.constprop.0")].vaddr,
			 lab_function("worker.constprop.0"));
}

static void inlined_clones_lead_to_their_origin(void **state)
{
	static const char source[] =
		"extern int v[];\n"
		"int g(int);\n"
		"static int leaf(int x) { return x * v[0]; }\n"
		"static int worker(int x, int mode)\n"
		"{\n"
		"	if (mode == 7) return g(leaf(x)) + g(x) * g(x + 1) - g(x + 2) * g(x + 3);\n"
		"	return g(x + mode);\n"
		"}\n"
		"static __attribute__((noinline)) int outer(int x, int mode)\n"
		"{ return worker(x, mode) + g(mode); }\n"
		"int f(int x) { return outer(x, 7) + outer(x + 1, 7); }\n";

	(void)state;
	facts_build(source, "-O2 -fno-early-inlining");
	assert_string_equal(facts_record("outer.constprop.0"),
			    "clone of outer static: has an entry");
	assert_string_equal(facts_carriers("worker"), "outer.constprop.0");
	assert_string_equal(facts_carriers("leaf"), "outer.constprop.0");
}

static void clones_with_fewer_parameters_are_clones(void **state)
{
	static const char source[] =
		"struct pair { int a, b; };\n"
		"extern int v[];\n"
		"static __attribute__((noinline)) int first(const struct pair *p)\n"
		"{ return p->a * v[0]; }\n"
		"int f(const struct pair *p) { return first(p) + 1; }\n"
		"int g(const struct pair *p, int x) { return first(p + x); }\n";

	(void)state;
	facts_build(source, "-O2");
	assert_string_equal(facts_record("first.isra.0"), "clone of first static: has an entry");
	assert_string_equal(facts_carriers("first"), "first.isra.0");
}

/* The rare piece is split off, what is left is inlined, and the piece has a cold end. */
static const char parts_source[] =
	"int g(int);\n"
	"void rare(int) __attribute__((cold));\n"
	"extern int v[];\n"
	"static int leaf(int x) { return x * v[0]; }\n"
	"int split(int x, int *p)\n"
	"{\n"
	"	if (__builtin_expect(!p, 1)) return 0;\n"
	"	for (int i = 0; i < x; i++) p[i] = g(leaf(i)) + g(i + 1) * g(i + 2);\n"
	"	for (int i = 0; i < x; i++) v[i] = g(i) + g(i + 1) * g(i + 2) - g(p[i]);\n"
	"	if (p[3] < 0) { rare(1); rare(2); rare(3); return 5; }\n"
	"	return p[1];\n"
	"}\n"
	"int first(int x, int *p) { return split(x, p) + 1; }\n"
	"int second(int x, int *p) { return split(x + 1, p) + 2; }\n";

static void parts_are_carriers_of_their_origin(void **state)
{
	(void)state;
	facts_build(parts_source, "-O2 -fno-semantic-interposition");
	assert_string_equal(facts_record("split.part.0"),
			    "part of split static cold: has an entry");
	assert_non_null(strstr(facts_copies("split.part.0"), "leaf"));
	assert_non_null(strstr(facts_carriers("leaf"), "split.part.0"));
	assert_non_null(strstr(facts_carriers("split"), "split.part.0"));
	assert_non_null(strstr(facts_carriers("split"), "first"));
	assert_non_null(strstr(facts_carriers("split"), "second"));
	assert_string_equal(facts_record("first"), "function global: has an entry");
}

static void versions_for_simd_are_clones(void **state)
{
	static const char source[] =
		"extern int v[];\n"
		"static int leaf(int x) { return x * v[0]; }\n"
		"#pragma omp declare simd notinbranch\n"
		"__attribute__((noinline)) int f(int x) { return leaf(x) + 1; }\n";

	(void)state;
	facts_build(source, "-O2 -fopenmp-simd");
	assert_string_equal(facts_record("_ZGVbN4v_f"), "clone of f global: has an entry");
	assert_string_equal(facts_copies("_ZGVbN4v_f"), "leaf");
}

static void versions_for_processors_are_clones(void **state)
{
	static const char source[] =
		"extern int v[];\n"
		"static int leaf(int x) { return x * v[0]; }\n"
		"__attribute__((target_clones(\"avx2\", \"default\"))) int f(int x)\n"
		"{ int sum = 0; for (int i = 0; i < x; i++) sum += leaf(v[i]); return sum; }\n";

	(void)state;
	facts_build(source, "-O2 -lgcc");
	/* Before GCC 12 they have a number, too. */
	assert_non_null(strstr(facts_carriers("leaf"), "f.avx2"));
	assert_non_null(strstr(facts_carriers("leaf"), "f.default"));
	assert_true(!strncmp(facts_record(facts_has("f.avx2") ? "f.avx2" : "f.avx2.0"),
			     "clone of f", 10));
}

/* --- other$names ------------------------------------------------------------------------ */

static void aliases_are_other_names(void **state)
{
	static const char source[] =
		"extern int v[];\n"
		"int strong(int x) { return v[x]; }\n"
		"extern int soft(int) __attribute__((weak, alias(\"strong\")));\n"
		"extern int inside(int) __attribute__((visibility(\"hidden\"), "
		"alias(\"strong\")));\n"
		"__attribute__((weak)) int weak(int x) { return v[x + 1]; }\n"
		"__attribute__((visibility(\"protected\"))) int kept(int x) { return v[x + 2]; }\n"
		"int plain(int x) __asm__(\"other$name\");\n"
		"int plain(int x) { return v[x + 3]; }\n"
		"__attribute__((symver(\"old@V1\"))) int versioned(int x) { return v[x]; }\n";

	(void)state;
	lab_write("versions", "V1 { old; };\n");
	facts_build(source, "-O2 -Wl,--version-script=versions");
	assert_string_equal(facts_record("old@V1"),
			    "alias of versioned global: the code is another function's");
	assert_string_equal(facts_record("strong"), "function global: has an entry");
	assert_string_equal(facts_record("soft"),
			    "alias of strong global weak: the code is another function's");
	assert_string_equal(facts_record("inside"),
			    "alias of strong hidden: the code is another function's");
	assert_string_equal(facts_record("weak"), "function global weak: has an entry");
	assert_string_equal(facts_record("kept"), "function global: has an entry");
	assert_string_equal(facts_record("other$name"), "function global: has an entry");
	assert_int_equal(facts_all()->functions[facts_find("soft")].vaddr, lab_function("strong"));
	assert_int_equal(facts_all()->functions[facts_find("inside")].vaddr,
			 lab_function("strong"));
}

static void weak_function_that_lost_does_not_take_the_winner_s_address(void **state)
{
	(void)state;
	lab_write("a.c", "int leaf(void); __attribute__((weak)) int f(int x) { return x; }\n"
			 "int g(int x) { return f(x); }\n");
	lab_write("b.c", "int f(int x) { return x + 1; }\n");
	lab_must("@gcc @plugin -shared -fPIC -nostdlib -O2 a.c b.c -o out");
	facts_read("out", ULP_FACTS_SECTION, true);

	uint32_t loser = facts_find("f"),
		 winner = ulp_facts_find(facts_all(), loser + 1, "f", NULL);
	assert_int_not_equal(winner, ULP_FACTS_NONE);
	assert_int_equal(facts_all()->functions[winner].vaddr, lab_function("f"));
	assert_int_not_equal(facts_all()->functions[loser].vaddr, lab_function("f"));
}

static const char classes_source[] =
	"extern int v[];\n"
	"template <class T> __attribute__((noinline)) T twice(T x) { return x + v[0]; }\n"
	"template <class T> inline T thrice(T x) { return twice(x) + x; }\n"
	"struct A { int a; A(int); virtual int f(int); };\n"
	"struct B { int b; virtual int g(int); };\n"
	"struct C : A, B { C(); int g(int) override; };\n"
	"A::A(int x) : a(thrice(x)) {}\n"
	"int A::f(int x) { return x * a; }\n"
	"int B::g(int x) { return x + b; }\n"
	"C::C() : A(3) {}\n"
	"int C::g(int x) { return twice(x) + b; }\n";

static void cxx_functions_have_their_kinds(void **state)
{
	static const char *const options[] = {"-O0", "-O2"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		facts_build_cxx(classes_source, options[i]);
		assert_string_equal(facts_record("_Z5twiceIiET_S0_"),
				    "function global weak comdat: has an entry");
		assert_string_equal(facts_record("_ZN1AC2Ei"), "function global: has an entry");
		assert_string_equal(facts_record("_ZN1AC1Ei"),
				    "alias of _ZN1AC2Ei global: the code is another function's");
		assert_true(!strncmp(facts_record("_ZThn16_N1C1gEi"),
				     "thunk of _ZN1C1gEi global: ", 27));
		assert_int_equal(facts_all()->functions[facts_find("_ZThn16_N1C1gEi")].vaddr,
				 lab_function("_ZThn16_N1C1gEi"));
	}
	assert_string_equal(facts_copies("_ZN1AC2Ei"), "_Z6thriceIiET_S0_");
}

static void comdat_function_that_the_linker_dropped_has_no_address_of_its_own(void **state)
{
	static const char *const calls[] = {"int a(int x)", "int b(int x)"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char text[256];

		(void)snprintf(text, sizeof(text),
			       "template <class T> __attribute__((noinline)) T twice(T x)\n"
			       "{ return x + x; }\n%s { return twice(x) + %zu; }\n",
			       calls[i], i);
		lab_write(i ? "b.cc" : "a.cc", text);
	}
	lab_must("@gcc @plugin -shared -fPIC -nostdlib -O2 a.cc b.cc -o out");
	facts_read("out", ULP_FACTS_SECTION, true);

	uint32_t first = facts_find("_Z5twiceIiET_S0_");
	uint32_t second = ulp_facts_find(facts_all(), first + 1, "_Z5twiceIiET_S0_", NULL);
	assert_int_equal(facts_all()->functions[first].vaddr, lab_function("_Z5twiceIiET_S0_"));
	assert_int_not_equal(second, ULP_FACTS_NONE);
	if (facts_all()->functions[second].vaddr != 0)
		assert_int_equal(facts_all()->functions[second].vaddr,
				 lab_function("_Z5twiceIiET_S0_"));
}

static void function_that_the_linker_collected_has_address_0(void **state)
{
	(void)state;
	facts_build("__attribute__((visibility(\"hidden\"))) int gone(int x) { return x * 3; }\n"
		    "int kept(int x) { return x + 1; }\n",
		    "-O2 -ffunction-sections -Wl,--gc-sections");
	assert_int_equal(facts_all()->functions[facts_find("gone")].vaddr, 0);
	assert_int_equal(facts_all()->functions[facts_find("kept")].vaddr, lab_function("kept"));
}

/* --- entries ------------------------------------------------------------------------------ */

static void entry_or_the_reason_for_none_is_told(void **state)
{
	static const char source[] =
		"extern int v[];\n"
		"__attribute__((naked)) void naked(void) { __asm__(\"ret\"); }\n"
		"__attribute__((ulp_not_patchable)) int marked(int x) { return v[x]; }\n"
		"__attribute__((patchable_function_entry(2))) int area(int x) { return v[x]; }\n"
		"int small(void) { return 1; }\n"
		"int named(int x) { return v[x] * v[x + 1] / v[x + 2] * v[x + 3] / v[x + 4]; }\n"
		"int large(int x) { return v[x] * v[x + 1] / v[x + 2] * v[x + 3] / v[x + 4]; }\n"
		"__attribute__((section(\".init.text\"))) void init(void) { v[0] = 1; }\n"
		"static int (*resolve(void))(int) { return large; }\n"
		"int ifunc(int) __attribute__((ifunc(\"resolve\")));\n";

	(void)state;
	facts_build(source,
		    "-O2 -fplugin-arg-ulp-exclude=nam* -fplugin-arg-ulp-min-size=16 -fno-ipa-icf");
	assert_string_equal(facts_record("naked"),
			    "function global: an attribute that fixes its first bytes");
	assert_string_equal(facts_record("marked"), "function global: attribute ulp_not_patchable");
	assert_string_equal(facts_record("area"),
			    "function global: attribute patchable_function_entry");
	assert_string_equal(facts_record("small"), "function global: smaller than min-size");
	assert_string_equal(facts_record("named"), "function global: excluded by name");
	assert_string_equal(facts_record("large"), "function global: has an entry");
	assert_string_equal(facts_record("init"), "function global: fragment of .init or .fini");
	assert_string_equal(facts_record("resolve"), "function static: ifunc resolver");
	assert_string_equal(facts_record("ifunc"),
			    "alias of resolve global: the code is another function's");
	assert_int_equal(facts_all()->functions[facts_find("naked")].vaddr, lab_function("naked"));
	assert_int_equal(facts_all()->functions[facts_find("small")].vaddr, lab_function("small"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_levels_are_listed_with_their_way),
		cmocka_unit_test(nothing_is_inlined_without_optimisation),
		cmocka_unit_test(function_without_code_is_known_by_its_place),
		cmocka_unit_test(always_inline_counts_at_every_level_of_optimisation),
		cmocka_unit_test(late_inlining_brings_the_early_one_along),
		cmocka_unit_test(flattening_keeps_the_levels),
		cmocka_unit_test(recursion_ends),
		cmocka_unit_test(nested_functions_are_functions),
		cmocka_unit_test(clones_inherit_what_was_inlined),
		cmocka_unit_test(inlined_clones_lead_to_their_origin),
		cmocka_unit_test(clones_with_fewer_parameters_are_clones),
		cmocka_unit_test(parts_are_carriers_of_their_origin),
		cmocka_unit_test(versions_for_processors_are_clones),
		cmocka_unit_test(versions_for_simd_are_clones),
		cmocka_unit_test(aliases_are_other_names),
		cmocka_unit_test(weak_function_that_lost_does_not_take_the_winner_s_address),
		cmocka_unit_test(cxx_functions_have_their_kinds),
		cmocka_unit_test(comdat_function_that_the_linker_dropped_has_no_address_of_its_own),
		cmocka_unit_test(function_that_the_linker_collected_has_address_0),
		cmocka_unit_test(entry_or_the_reason_for_none_is_told),
	};

	return cmocka_run_group_tests(tests, facts_lab_setup, facts_lab_teardown);
}
