/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packer/: the key references of a spec.  Pointers of the fix lead to the target's symbols once
 * the container is loaded; and the place of each fault in the spec.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/running.h"

#include <string.h>

#define SPEC                                                           \
	"ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n" \
	"  - replace: f\nreferences:\n"
#define ONE SPEC "  - {pointer: ulpr_state, to: state}\n"

/* The place of the first reference in such a spec. */
#define PLACE "fix.yaml:7:5"

#define SECTIONS "-ffunction-sections -fdata-sections"

static const char target_source[] =
	"#include \"packer_target.h\"\n"
	"static long state = 100; long *where(void) { return &state; }\n"
	"static long zeroes[4]; long *where_zeroes(void) { return zeroes; }\n"
	"long shown = 1000;\n"
	"static _Thread_local long own = 3; long *where_own(void) { return &own; }\n"
	"BODY int helper(int a) { return a + 5; }\n"
	"BODY int f_body(int a) { state++; return helper(a); }\n"
	"ENTRY(f);\n"
	"BODY int twice_body(int a) { return 2 * a; }\n"
	"ENTRY(twice);\n"
	"static int one(void) { return 1; }\n"
	"static int (*choose(void))(void) { return one; }\n"
	"__attribute__((visibility(\"hidden\"), ifunc(\"choose\"))) int chosen(void);\n"
	"int use(void) { return chosen(); }\n";

#define GLOBAL "f; twice; where; where_zeroes; where_own; use; shown;"

static void make(struct packer_lab *lab, const char *fix, const char *flags)
{
	packer_lab_target(lab, target_source, GLOBAL);
	packer_lab_compile(lab, "fix", fix, flags);
}

static const char good_fix[] =
	"long *ulpr_state; int (*ulpr_helper)(int); int (*ulpr_twice)(int);\n"
	"static volatile long fresh = 3; long *volatile other;\n"
	"int f(int a) { *ulpr_state += a; fresh++; other = ulpr_state;\n"
	"return ulpr_helper(a) + ulpr_twice(a) + (int)fresh + (other == ulpr_state); }\n";

static const char good_spec[] = ONE "  - {pointer: ulpr_helper, to: helper, source: fix.c}\n"
				    "  - {pointer: ulpr_twice, to: twice}\n";

static void check_pointers(struct packer_lab *lab)
{
	long *(*where)(void);
	struct running r;

	running_begin(lab, good_spec, &r);
	assert_true(r.container.patch.nr_references >= 3);
	*(void **)&where = running_symbol(&r, "where");
	assert_int_equal(r.f(3), 8 + 6 + 4 + 1);
	assert_int_equal(r.f(4), 9 + 8 + 5 + 1);
	assert_int_equal(*where(), 107);
	running_end(&r);
}

static void pointers_lead_to_symbols_of_the_target(void **state)
{
	static const char *const flags[] = {"", SECTIONS, "-fvisibility=hidden"};
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		make(lab, good_fix, flags[i]);
		check_pointers(lab);
	}
}

static void pointers_of_a_linked_fix_are_set(void **state)
{
	struct packer_lab *lab = *state;
	const char *fix = good_fix;

	make(lab,
	     pool_printf(&lab->pool,
			 "#define DATA __attribute__((section(\".data\")))\n"
			 "extern DATA long *ulpr_state; extern DATA int (*ulpr_helper)(int);\n"
			 "extern DATA int (*ulpr_twice)(int);\n%s",
			 fix),
	     "");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 fix.o -o given.so");
	lab->objects[0] = packer_lab_path(lab, "given.so");
	lab->options.nr_objects = 1;
	check_pointers(lab);
}

static const struct refusal {
	const char *fix;
	const char *flags;
	const char *spec;
	enum ulp_code code;
	const char *says;
} refusals[] = {
#define USE "int f(int a) { return (int)(*ulpr_state += a); }\n"
#define GOOD "long *ulpr_state;\n" USE
	{"int f(int a) { return a; }\n", "", ONE, ULP_ESYMBOL, "leave out 'static'"},
	{"static long *ulpr_state; int f(int a) { return (int)*ulpr_state; }\n", "", ONE,
	 ULP_ESYMBOL, "leave out 'static'"},
	{"long *ulpr_state; int f(int a) { return a; }\n", SECTIONS, ONE, ULP_ESYMBOL,
	 "is not used"},
	{"int ulpr_state; int f(int a) { return ulpr_state += a; }\n", "", ONE, ULP_EUNSUP,
	 "size of a pointer"},
	{"static long x; long *ulpr_state = &x;\n" USE, SECTIONS, ONE, ULP_EUNSUP, "initial value"},
	{"long *ulpr_state = (long *)1;\n" USE, SECTIONS, ONE, ULP_EUNSUP, "initial value"},
	{"__attribute__((weak)) long *const ulpr_state = 0;\n" USE, "", ONE, ULP_EUNSUP,
	 "leave out 'const'"},
	{GOOD, "-fcommon", ONE, ULP_EUNSUP, "-fno-common"},
	{"_Thread_local long *ulpr_state; int f(int a) { return a; }\n", "", ONE, ULP_ETLS,
	 "thread-local"},
	{"long *shown; int f(int a) { return (int)(*shown += a); }\n", "",
	 SPEC "  - {pointer: shown, to: state}\n", ULP_EMISMATCH, "a variable of the target"},
	{GOOD, "", SPEC "  - {pointer: ulpr_state, to: nothing}\n", ULP_ESYMBOL,
	 "liba.so.1 has no nothing"},
	{GOOD, "", SPEC "  - {pointer: ulpr_state, to: state, source: no.c}\n", ULP_ESYMBOL,
	 "no state in no.c"},
	{GOOD, "", SPEC "  - {pointer: ulpr_state, to: own}\n", ULP_ETLS, "extern __thread"},
	{GOOD, "", SPEC "  - {pointer: ulpr_state, to: shown}\n", ULP_EUNSUP, "'extern'"},
	{GOOD, "", SPEC "  - {pointer: ulpr_state, to: chosen}\n", ULP_EUNSUP, "ifunc"},
	{"struct { long room[300000]; } much; long *ulpr_state;\n"
	 "int f(int a) { return (int)(much.room[a]++ + (*ulpr_state += a)); }\n",
	 "-fvisibility=hidden", ONE, ULP_EUNSUP, "-fdata-sections"},
};

static void refuses_what_is_no_pointer_to_a_symbol(void **state)
{
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];

		make(lab, r->fix, r->flags);
		packer_lab_refused(lab, r->spec, r->code, PLACE, r->says);
	}
}

/* The name alone does not say which. */
static void source_settles_which_symbol_is_meant(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, GOOD, "");
	packer_lab_compile(lab, "second",
			   "static long state = 7; long *second(void) { return &state; }\n", "");
	packer_lab_compile(lab, "third",
			   "static long state = 8; long *third(void) { return &state; }\n", "");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 target.o "
			     "second.o third.o -o liba.so.1");
	packer_lab_must(lab, "mv fix.o fourth.o");
	packer_lab_compile(lab, "fourth", GOOD, "");
	lab->objects[0] = packer_lab_path(lab, "fourth.o");
	lab->options.nr_objects = 1;
	assert_int_equal(packer_lab_pack(lab, ONE), ULP_EAMBIGUOUS);
	assert_non_null(strstr(lab->err.where, PLACE));
	assert_non_null(strstr(lab->err.text, "state in third.c"));
	assert_non_null(strstr(lab->err.text, "'source:'"));
	assert_succeeds(packer_lab_pack(lab, SPEC "  - {pointer: ulpr_state, to: state, "
						  "source: lib/third.c}\n"),
			&lab->err);
}

static void refuses_a_pointer_that_two_objects_define(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, GOOD, "");
	packer_lab_compile(lab, "other",
			   "static long *volatile ulpr_state;\n"
			   "long other(void) { return *ulpr_state; }\n",
			   "");
	lab->objects[0] = packer_lab_path(lab, "fix.o");
	lab->objects[1] = packer_lab_path(lab, "other.o");
	lab->options.nr_objects = 2;
	assert_int_equal(packer_lab_pack(lab, ONE), ULP_EAMBIGUOUS);
	assert_non_null(strstr(lab->err.text, "several objects"));
}

static void refuses_a_pointer_without_bytes_in_a_linked_fix(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, GOOD, "");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 fix.o -o given.so");
	lab->objects[0] = packer_lab_path(lab, "given.so");
	lab->options.nr_objects = 1;
	assert_int_equal(packer_lab_pack(lab, ONE), ULP_EUNSUP);
	assert_non_null(strstr(lab->err.text, "section(\".data\")"));
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(pointers_lead_to_symbols_of_the_target),
		LAB_TEST(pointers_of_a_linked_fix_are_set),
		LAB_TEST(refuses_what_is_no_pointer_to_a_symbol),
		LAB_TEST(source_settles_which_symbol_is_meant),
		LAB_TEST(refuses_a_pointer_that_two_objects_define),
		LAB_TEST(refuses_a_pointer_without_bytes_in_a_linked_fix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
