/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/types*: prototypes, initial values, and what the spec accepts of what changed. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/types_lab.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define NR_ITEMS(table) (sizeof(table) / sizeof((table)[0]))

/* Each pair must be refused with this text, at this line of the fix. */
struct changed {
	const char *then, *now, *line, *text;
};

/* --- prototypes ---------------------------------------------------------------------------- */

static void refuses_changed_prototypes_of_exported_functions(void **state)
{
	static const char *const list[][3] = {
		{"int f(int a)", "int f(int a, long b)",
		 "function f: it has 1 parameter in the target and 2 in the fix; it is 'int (int)' "
		 "in the target (fix.c:3) and 'int (int, long"},
		{"int f(int a, long b)", "int f(int a)", "2 parameters in the target and 1"},
		{"int f(int a, int b)", "int f(int a, long b)",
		 "parameter 2 is 'int' (4 bytes) in the target and 'long"},
		{"int f(long a)", "int f(double a)", "parameter 1 is 'long"},
		{"int f(struct a x)", "int f(struct a *x)", "parameter 1 is 'struct a'"},
		{"int f(struct a x)", "int f(struct b x)", "parameter 1 is 'struct a' in the"},
		{"int f(struct a *x)", "int f(struct b *x)", "parameter 1 points to what is"},
		{"int f(int a)", "int f(int a, ...)",
		 "variable number of arguments only in the fix"},
		{"long f(int a)", "char f(int a)", "what it returns is 'long"},
	};
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < NR_ITEMS(list); i++) {
		static const char types[] = "struct a { int v; }; struct b { long v, w; };\n";

		types_lab_make(lab,
			       pool_printf(&lab->pool, "%s%s { ENTRY_HERE(f); return 1; }\n", types,
					   list[i][0]),
			       pool_printf(&lab->pool, "%s%s { return 2; }\n", types, list[i][1]));
		types_lab_refused(lab, "fix.c:3", list[i][2]);
	}
}

static void takes_prototypes_that_are_called_alike(void **state)
{
	static const char *const list[][2] = {
		{"int f(int a) {", "unsigned f(const unsigned b) {"},
		{"int f(char *a, enum e b) {", "int f(const unsigned char *a, int b) {"},
		{"int f(void *a) {", "int f(struct a *a) {"},
		{"void f(int a) { if (a) return (void)0;", "int f(int a) { if (a)"},
		{"int f(a) int a; {", "int f(int a) {"},
	};
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < NR_ITEMS(list); i++) {
		static const char types[] = "struct a { int v; }; enum e { A, B };\n";

		types_lab_make(lab,
			       pool_printf(&lab->pool, "%s%s ENTRY_HERE(f); %s }\n", types,
					   list[i][0],
					   strncmp(list[i][0], "void", 4) == 0 ? "" : "return 1;"),
			       pool_printf(&lab->pool, "%s%s return 2; }\n", types, list[i][1]));
		types_lab_taken(lab);
	}
}

/* f is exported and calls own(), which gets a new parameter. */
#define OWN_THEN                                                                                  \
	"__attribute__((noinline, noipa)) static int own(int a) { ENTRY_HERE(own); return a; }\n" \
	"int f(int a) { ENTRY_HERE(f); return own(a) + 1; }\n"
#define OWN_NOW                                                             \
	"__attribute__((noinline, noipa)) static int own(int a, int b) {\n" \
	"  __asm__(\"\" : \"+r\"(a), \"+r\"(b)); return a * b; }\n"         \
	"int f(int a) { return own(a, 7) + 1; }\n"

static void refuses_changed_prototype_with_a_caller_that_stays(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_make(lab, OWN_THEN "int h(int a) { return own(a) + 2; }\n",
		       OWN_NOW "int h(int a) { return own(a, 7) + 2; }\n");
	lab->options.no_closure_check = true;
	types_lab_refused_with(lab, REPLACE_F "  - replace: own\n", "fix.c:2",
			       "function own: it has 1 parameter in the target and 2 in the fix");
	types_lab_says(lab, "still called by h");
	assert_succeeds(
		packer_lab_pack(lab, REPLACE_F "  - replace: own\n" ACCEPT("prototype", "own")),
		&lab->err);
	assert_true(
		types_lab_told(lab, NOTE_WARNING, "prototype: accepted, because: nobody reads it"));
}

static void takes_changed_prototype_whose_callers_are_replaced(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_make(lab, OWN_THEN, OWN_NOW);
	lab->options.no_closure_check = true;
	assert_succeeds(packer_lab_pack(lab, REPLACE_F "  - replace: own\n"), &lab->err);
	assert_int_equal(lab->result.nr_functions, 2);
}

static void refuses_changed_prototype_whose_address_is_stored(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_make(lab, OWN_THEN "int (*const keep[])(int) = {own};\n", OWN_NOW);
	lab->options.no_closure_check = true;
	types_lab_refused_with(lab, REPLACE_F "  - replace: own\n", "fix.c:2",
			       "its address is stored");
}

static void takes_call_without_a_prototype(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_make(lab,
		       "int g(int a, char *b) { return b ? a : 1; }\n"
		       "int f(int a) { ENTRY_HERE(f); return g(a, 0) + 1; }\n",
		       "int g();\n"
		       "int f(int a) { return g(a, \"\") + 1; }\n");
	types_lab_taken(lab);
}

static void refuses_call_with_another_prototype_than_the_targets(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_make(lab,
		       "int g(int a) { return a; }\n"
		       "int f(int a) { ENTRY_HERE(f); return g(a) + 1; }\n",
		       "int g(int a, char *b);\n"
		       "int f(int a) { return g(a, 0) + 1; }\n");
	types_lab_refused(lab, "fix.c:2",
			  "function g: it has 1 parameter in the target and 2 in the fix");
	types_lab_says(lab, "the fix calls it, and it is not replaced");
	types_lab_make(lab,
		       "void g(int a) { __asm__ volatile(\"\" : \"+r\"(a)); }\n"
		       "int f(int a) { ENTRY_HERE(f); g(a); return a + 1; }\n",
		       "int g(int a);\n"
		       "int f(int a) { return g(a) + 1; }\n");
	types_lab_refused(lab, "fix.c:2",
			  "what it returns is 'void' in the target and 'int' in the fix");
}

/* --- initial values ------------------------------------------------------------------------ */

static void refuses_changed_initial_values(void **state)
{
	static const struct changed list[] = {
		{"int shown = 3;", "int shown = 5;", "fix.c:2",
		 "variable shown: starts as 0x3 in the target and as 0x5 in the fix"},
		{"int shown = 3;", "int shown;", "fix.c:2", "as 0x3 in the target and as 0x0"},
		{"int shown;", "int shown = 5;", "fix.c:2", "as 0x0 in the target and as 0x5"},
		{"int shown[3] = {1, 2, 3};", "int shown[3] = {1, 2, 4};", "fix.c:2",
		 "starts with byte 0x03 at offset 8 in the target and with 0x04 in the fix"},
		{"const int shown[3] = {1, 2};", "const int shown[3] = {1, 4};", "fix.c:2",
		 "byte 0x02 at offset 4"},
		{"int a, b; int *shown = &a;", "extern int a, b; int *shown = &b;", "fix.c:2",
		 "starts with another pointer at offset 0: in the fix it leads to b"},
		{"const char *shown = \"old\";", "const char *shown = \"new\";", "fix.c:2",
		 "starts with another pointer at offset 0"},
		{"extern int getpid(void), getuid(void); int (*shown)(void) = getpid;",
		 "extern int getpid(void), getuid(void); int (*shown)(void) = getuid;", "fix.c:2",
		 "in the fix it leads to getuid"},
		{"char *shown = (char *)8;", "int a; char *shown = (char *)&a;", "fix.c:2",
		 "starts with another pointer"},
		{"int a; long shown = (long)&a;", "extern int a; long shown = 0;", "fix.c:2",
		 "variable shown: starts"},
	};
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < NR_ITEMS(list); i++) {
		static const char rest[] = "\nint f(void) { ENTRY_HERE(f); return (int)*(volatile "
					   "const char *)&shown; }\n";

		types_lab_make(lab, pool_printf(&lab->pool, "%s%s", list[i].then, rest),
			       pool_printf(&lab->pool, "%s%s", list[i].now, rest));
		types_lab_refused(lab, list[i].line, list[i].text);
	}
}

static void takes_the_same_initial_values(void **state)
{
	struct packer_lab *lab = *state;
	static const char source[] =
		"extern int getpid(void);\n"
		"static int one, two[4]; static int called(void) { return one; }\n"
		"struct { const char *name; int *where, *in; int (*a)(void), (*b)(void); int n; }\n"
		"  shown[] = {{\"name\", &one, &two[2], called, getpid, 7}, {0}};\n"
		"static int hidden = 4; static int zero;\n"
		"int g(void) { static int count = 9; hidden++; zero++; return ++count; }\n"
		"int f(int i) { ENTRY_HERE(f); static int last = 3;\n"
		"  return (last += shown[i].n) + hidden + zero; }\n";

	types_lab_make(lab, source, source);
	types_lab_taken(lab);
	assert_true(types_lab_told(lab, NOTE_DETAIL, "shown: not all pointers"));
}

static void names_static_variables_of_functions(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_make(lab,
		       "int f(int i) { ENTRY_HERE(f); static int last = 3; return last += i; }\n",
		       "int f(int i) { static int last = 4; return last += i + 1; }\n");
	types_lab_refused(lab, "fix.o", "last: starts as 0x3 in the target and as 0x4 in the fix");
}

/* --- what the spec accepts, and what cannot be compared ------------------------------------ */

static void accepts_what_the_spec_gives_a_reason_for(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_record(lab, "typedef struct record { int a; } R; int shown = 1; R *keep;",
			 "typedef struct record { long a; } R; int shown = 2; extern R *keep;"
			 "int h(void); R *h2(void) { return keep; }");
	types_lab_refused(lab, "fix.c:2", "key accept of the spec: struct-layout");
	types_lab_refused_with(lab, REPLACE_F ACCEPT("struct-layout", "other"), "fix.c:2",
			       "struct record");
	types_lab_refused_with(lab, REPLACE_F ACCEPT("prototype", "record"), "fix.c:2",
			       "struct record");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F ACCEPT("struct-layout", "record")),
			&lab->err);
	assert_true(types_lab_told(
		lab, NOTE_WARNING,
		"struct-layout: accepted, because: nobody reads it there: field 'a'"));
	assert_false(types_lab_told(lab, NOTE_WARNING, "to be accepted"));
}

static void accepts_by_a_typedefs_name(void **state)
{
	struct packer_lab *lab = *state;
	static const char rest[] = "\nint g(R *r);\n"
				   "int f(R *r) { ENTRY_HERE(f); return g(r) + 1; }\n";

	types_lab_target(lab, pool_printf(&lab->pool,
					  "typedef struct record { int a; } R;%sint g(R *r)"
					  " { return r != 0; }\n",
					  rest));
	types_lab_fix(lab, pool_printf(&lab->pool, "typedef struct record { long a; } R;%s", rest),
		      "");
	types_lab_refused(lab, "fix.c:2", "struct record (R): field 'a'");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F ACCEPT("struct-layout", "R")), &lab->err);
}

static void accepts_initial_values(void **state)
{
	struct packer_lab *lab = *state;
	static const char rest[] = "\nint f(int a) { ENTRY_HERE(f); return shown += a; }\n";

	types_lab_make(lab, pool_printf(&lab->pool, "int shown = 1;%s", rest),
		       pool_printf(&lab->pool, "int shown = 2;%s", rest));
	assert_succeeds(packer_lab_pack(lab, REPLACE_F ACCEPT("initial-value", "shown")),
			&lab->err);
	assert_true(types_lab_told(lab, NOTE_WARNING, "initial-value: accepted, because: nobody"));
}

static void warns_of_an_accepted_change_that_there_is_not(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_record(lab, "struct record { int a; };", "struct record { int a; };");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F ACCEPT("struct-layout", "record")),
			&lab->err);
	assert_true(types_lab_told(lab, NOTE_WARNING,
				   "there is no struct-layout of 'record' to be accepted"));
}

static void warns_where_debug_information_is_missing(void **state)
{
	struct packer_lab *lab = *state;
	static const char changed[] = "struct record { long a; };" USE_RECORD;

	types_lab_target(lab, "struct record { int a; };" USE_RECORD OWN_RECORD);
	types_lab_fix(lab, changed, "-g0");
	lab->options.no_closure_check = true;
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_true(types_lab_told(lab, NOTE_WARNING,
				   "no debug information in fix.o; compile with -g"));
	types_lab_fix(lab, changed, "");
	packer_lab_must(lab, "strip -g liba.so.1");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F ACCEPT("struct-layout", "record")),
			&lab->err);
	assert_true(types_lab_told(lab, NOTE_WARNING, "no debug file was found"));
	assert_false(types_lab_told(lab, NOTE_WARNING, "to be accepted"));
}

static void compares_with_the_targets_debug_file(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_record(lab, "struct record { int a; };", "struct record { long a; };");
	packer_lab_must(lab, "objcopy --only-keep-debug --compress-debug-sections liba.so.1 "
			     "liba.debug");
	packer_lab_must(lab, "strip liba.so.1");
	packer_lab_must(lab, "objcopy --add-gnu-debuglink=liba.debug liba.so.1");
	types_lab_refused(lab, "fix.c:2", "struct record: field 'a'");
}

/* --- machines ------------------------------------------------------------------------------ */

static void write_byte(struct packer_lab *lab, const char *name, long off, int byte)
{
	FILE *file = fopen(packer_lab_path(lab, name), "r+e");

	assert_non_null(file);
	assert_int_equal(fseek(file, off, SEEK_SET), 0);
	assert_int_equal(fputc(byte, file), byte);
	assert_int_equal(fclose(file), 0);
}

/* What -m32, -mx32 and a compiler for another byte order give differs there. */
static void refuses_objects_of_another_class_byte_order_or_machine(void **state)
{
	struct packer_lab *lab = *state;
	static const struct {
		long off;
		int byte;
		enum ulp_code code;
	} list[] = {
		{EI_CLASS, ELFCLASS32, ULP_EELF},
		{EI_DATA, ELFDATA2MSB, ULP_EELF},
		{offsetof(Elf64_Ehdr, e_machine), EM_386, ULP_EARCH},
	};

	types_lab_target(lab, "int f(int a) { ENTRY_HERE(f); return a; }\n");
	for (size_t i = 0; i < NR_ITEMS(list); i++) {
		types_lab_fix(lab, "int f(int a) { return a + 1; }\n", "");
		write_byte(lab, "fix.o", list[i].off, list[i].byte);
		assert_string_equal(ulp_code_name(packer_lab_pack(lab, REPLACE_F)),
				    ulp_code_name(list[i].code));
		assert_non_null(strstr(lab->err.where, "fix.o"));
	}
}

static void takes_another_control_flow_protection(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_target(lab, "int f(int a) { ENTRY_HERE(f); return a; }\n");
	types_lab_fix(lab, "int f(int a) { return a + 1; }\n", "-fcf-protection=full");
	types_lab_taken(lab);
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(refuses_changed_prototypes_of_exported_functions),
		LAB_TEST(takes_prototypes_that_are_called_alike),
		LAB_TEST(refuses_changed_prototype_with_a_caller_that_stays),
		LAB_TEST(takes_changed_prototype_whose_callers_are_replaced),
		LAB_TEST(refuses_changed_prototype_whose_address_is_stored),
		LAB_TEST(takes_call_without_a_prototype),
		LAB_TEST(refuses_call_with_another_prototype_than_the_targets),
		LAB_TEST(refuses_changed_initial_values),
		LAB_TEST(takes_the_same_initial_values),
		LAB_TEST(names_static_variables_of_functions),
		LAB_TEST(accepts_what_the_spec_gives_a_reason_for),
		LAB_TEST(accepts_by_a_typedefs_name),
		LAB_TEST(accepts_initial_values),
		LAB_TEST(warns_of_an_accepted_change_that_there_is_not),
		LAB_TEST(warns_where_debug_information_is_missing),
		LAB_TEST(compares_with_the_targets_debug_file),
		LAB_TEST(refuses_objects_of_another_class_byte_order_or_machine),
		LAB_TEST(takes_another_control_flow_protection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
