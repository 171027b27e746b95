/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/types*: layouts of types, changed and only seemingly so. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/types_lab.h"

#include <string.h>

#define NR_ITEMS(table) (sizeof(table) / sizeof((table)[0]))

/* Each pair must be refused with this text, at this line of the fix. */
struct changed {
	const char *then, *now, *line, *text;
};

static void all_refused(struct packer_lab *lab, const struct changed *list, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		types_lab_record(lab, list[i].then, list[i].now);
		types_lab_refused(lab, list[i].line, list[i].text);
	}
}

/* --- layouts ------------------------------------------------------------------------------- */

static void refuses_changed_fields(void **state)
{
	static const struct changed list[] = {
		{"struct record { char *packet; long length; int kind; };",
		 "struct record { char *packet; int kind; };", "fix.c:2",
		 "struct record: field 'length' (offset 8, 8 bytes) is not in the fix; in the "
		 "target (fix.c:2) it has 24 bytes, in the fix 16 bytes"},
		{"struct record { int a; };", "struct record { int a;\nshort more; };", "fix.c:3",
		 "field 'more' (offset 4, 2 bytes) is new in the fix"},
		{"struct record { int a, b; };", "struct record { int b,\na; };", "fix.c:3",
		 "field 'a' is at offset 0 in the target and at offset 4 in the fix"},
		{"struct record { int a; };", "struct record {\nlong a; };", "fix.c:3",
		 "field 'a' (offset 0) is 'int' (4 bytes) in the target and 'long"},
		{"struct record { int a; };", "struct record { float a; };", "fix.c:2",
		 "is 'int' (4 bytes) in the target and 'float' (4 bytes) in the fix"},
		{"struct record { unsigned a : 3, b : 5; };",
		 "struct record { unsigned a : 4, b : 4; };", "fix.c:2",
		 "field 'a' has bit 0 of offset 0, 3 bits in the target and bit 0 of offset 0, 4"},
		{"struct record { unsigned a : 3, b : 3, c : 2; };",
		 "struct record { unsigned b : 3, a : 3, c : 2; };", "fix.c:2",
		 "field 'a' is at bit 0 of offset 0 in the target and at bit 3 of offset 0"},
		{"struct record { char a[8]; };", "struct record { char a[12]; };", "fix.c:2",
		 "field 'a' (offset 0) has 8 elements in the target and 12 in the fix"},
		{"struct record { int a; } __attribute__((aligned(4)));",
		 "struct record { int a; } __attribute__((aligned(16)));", "fix.c:2",
		 "it has 4 bytes in the target and 16 bytes in the fix"},
		{"struct record { union { int a; char b; }; };",
		 "struct record { union { int a; char c; }; };", "fix.c:2",
		 "unnamed field 1 (offset 0) is"},
		{"struct record { int (*read)(int); };",
		 "struct record { int (*read)(int, int); };", "fix.c:2",
		 "field 'read' (offset 0) points to what it has 1 parameter in the target and 2"},
		{"struct a { int x; }; struct b { long x; }; struct record { struct a *p; };",
		 "struct a { int x; }; struct b { long x; }; struct record { struct b *p; };",
		 "fix.c:2", "field 'p' (offset 0) points to what is 'struct a' in the target"},
	};

	all_refused(*state, list, NR_ITEMS(list));
}

static void refuses_changed_enumerations_and_unions(void **state)
{
	static const struct changed list[] = {
		{"enum kind { A, B, C }; struct record { enum kind k; };",
		 "enum kind { A, NEW, B, C }; struct record { enum kind k; };", "fix.c:2",
		 "enum kind: B is 1 in the target and 2 in the fix"},
		{"enum kind { A, B }; struct record { enum kind k; };",
		 "enum kind { A, X }; struct record { enum kind k; };", "fix.c:2",
		 "enum kind: 1 is B in the target and X in the fix"},
		{"enum kind { A, B }; struct record { enum kind *k; };",
		 "enum kind { A, B, LONG = 1l << 40 }; struct record { enum kind *k; };", "fix.c:2",
		 "enum kind: it has 4 bytes in the target and 8 bytes in the fix"},
		{"union u { int a; long b; }; struct record { union u *p; };",
		 "union u { int a; char c[9]; }; struct record { union u *p; };", "fix.c:2",
		 "union u: field 'b' (offset 0, 8 bytes) is not in the fix"},
	};

	all_refused(*state, list, NR_ITEMS(list));
}

static void names_the_part_that_changed_before_the_whole(void **state)
{
	struct packer_lab *lab = *state;

	types_lab_record(
		lab, "struct inner { int a; }; struct record { long x; struct inner in; long y; };",
		"struct inner { int a[9]; }; struct record { long x; struct inner in; long y; "
		"};");
	types_lab_refused(lab, "fix.c:2", "struct inner: field 'a' (offset 0)");
	types_lab_says(lab, "also changed: struct record");
}

static void finds_types_behind_pointers_and_typedefs(void **state)
{
	static const struct changed list[] = {
		{"struct c { int v; }; struct b { struct c *c; }; struct record { struct b **b; };",
		 "struct c { long v; }; struct b { struct c *c; }; struct record { struct b **b; "
		 "};",
		 "fix.c:2", "struct c: field 'v'"},
		{"typedef struct { int v; } C; struct record { const C *c[4]; };",
		 "typedef struct { long v; } C; struct record { const C *c[4]; };", "fix.c:2",
		 "type C: field 'v'"},
		{"typedef struct tag { int v; } C; struct record { C *c; };",
		 "typedef struct tag { long v; } C; struct record { C *c; };", "fix.c:2",
		 "struct tag (C): field 'v'"},
		{"struct arg { int v; }; struct record { void (*call)(struct arg *); };",
		 "struct arg { long v; }; struct record { void (*call)(struct arg *); };",
		 "fix.c:2", "struct arg: field 'v'"},
	};

	all_refused(*state, list, NR_ITEMS(list));
}

/* As CVE-2026-54874 of OpenSSL: only untyped pointers take the type over the edge. */
static void refuses_type_behind_an_untyped_pointer(void **state)
{
	struct packer_lab *lab = *state;
	static const char rest[] =
		"\nvoid *queue; void g(void *item);\n"
		"static inline int first(void) { struct record *r = queue; return r->b; }\n"
		"int f(int a) { ENTRY_HERE(f); int b = a ? first() : 1; g(queue); return b + 1; "
		"}\n";

	types_lab_target(lab,
			 pool_printf(&lab->pool,
				     "struct record { int a, b; };%svoid g(void *i) { queue = i; }",
				     rest));
	types_lab_fix(lab, pool_printf(&lab->pool, "struct record { int b; };%s", rest), "");
	types_lab_refused(lab, "fix.c:2",
			  "struct record: field 'a' (offset 0, 4 bytes) is not in the fix");
	types_lab_says(lab, "f uses it");
}

static void refuses_type_of_a_variable_that_is_bound(void **state)
{
	struct packer_lab *lab = *state;
	static const char rest[] = "\nint f(int a) { ENTRY_HERE(f); return a + (int)shown.b; }\n";

	types_lab_target(lab, pool_printf(&lab->pool, "struct { int a; int b; } shown;%s", rest));
	types_lab_fix(lab, pool_printf(&lab->pool, "struct { int b; int a; } shown;%s", rest), "");
	types_lab_refused(lab, "fix.c:2", "variable shown: is 'struct (unnamed)'");
	types_lab_says(lab, "field 'a' is at offset 0 in the target and at offset 4");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F ACCEPT("struct-layout", "shown")),
			&lab->err);
}

static void refuses_type_that_only_another_unit_has(void **state)
{
	struct packer_lab *lab = *state;
	static const char fix[] = "#include \"record.h\"\n"
				  "int h(void *);\n"
				  "int f(void *p) { ENTRY_HERE(f);\n"
				  "  struct record *r = p; return h(p) + r->b; }\n";

	packer_lab_write(lab, "record.h", "struct record { int a; int b; };\n");
	packer_lab_compile(lab, "other",
			   "#include \"record.h\"\nint h(struct record *r) { return r->b; }\n", "");
	types_lab_target(lab, "int h(void *);\n__attribute__((noinline)) int f(void *p) {"
			      " ENTRY_HERE(f); return h(p) + 1; }\n");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 target.o "
			     "other.o -o liba.so.1");
	types_lab_fix(lab, fix, "");
	types_lab_taken(lab);
	packer_lab_write(lab, "record.h", "struct record { int b; };\n");
	types_lab_fix(lab, fix, "");
	types_lab_refused(lab, "record.h:1", "struct record: field 'a'");
	/* What the fix's own source calls so is something else. */
	types_lab_fix(lab,
		      "struct record { int b; };\nint h(void *);\n"
		      "int f(void *p) { ENTRY_HERE(f);\n"
		      "  struct record *r = p; return h(p) + r->b; }\n",
		      "");
	types_lab_taken(lab);
}

static void refuses_type_of_a_static_variable_of_a_function(void **state)
{
	struct packer_lab *lab = *state;
	static const char rest[] = "\nint f(int a) { ENTRY_HERE(f);\n"
				   "  static volatile struct state s; return s.a += a; }\n";

	types_lab_target(lab, pool_printf(&lab->pool, "struct state { int a, b; };%s", rest));
	types_lab_fix(lab, pool_printf(&lab->pool, "struct state { int b, a; };%s", rest), "");
	types_lab_refused(lab, "fix.c:2", "struct state: field 'a' is at offset 0 in the target");
}

static void refuses_type_of_a_variable_of_another_unit(void **state)
{
	struct packer_lab *lab = *state;
	static const char rest[] = "int f(int a) { ENTRY_HERE(f); return a + (shown != 0); }\n";

	packer_lab_compile(lab, "other", "int *shown;\n", "");
	types_lab_target(lab, "int f(int a) { ENTRY_HERE(f); return a; }\n");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 target.o "
			     "other.o -o liba.so.1");
	types_lab_fix(lab, pool_printf(&lab->pool, "int *shown;\n%s", rest), "");
	types_lab_taken(lab);
	types_lab_fix(lab, pool_printf(&lab->pool, "long shown;\n%s", rest), "");
	types_lab_refused(lab, "fix.c:2", "variable shown: is 'int *' (8 bytes) in the target");
}

static void warns_of_type_that_is_used_only_in_casts(void **state)
{
	struct packer_lab *lab = *state;
	static const char rest[] =
		"\nint g(void *);\n"
		"int f(void *p) { ENTRY_HERE(f); return g(p) + ((struct record *)p)->b; }\n";

	types_lab_target(lab, pool_printf(&lab->pool,
					  "struct record { int a, b; };%s"
					  "int g(void *p) { return p != 0; }\n",
					  rest));
	types_lab_fix(lab, pool_printf(&lab->pool, "struct record { int b; };%s", rest), "");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_true(types_lab_told(lab, NOTE_WARNING, "fix.c:2: struct record: field 'a'"));
}

static void takes_types_that_only_look_changed(void **state)
{
	static const char *const list[][2] = {
		{"struct record { int a; char *b; };", "struct record { const int a; "
						       "const char *volatile b; };"},
		{"struct record { int a; };", "typedef unsigned word; typedef word w2; struct "
					      "record { w2 a; };"},
		{"struct record { int a; void *p; };",
		 "struct other { int x; }; struct record { int a; struct other *p; };"},
		{"struct part { int a; }; struct record { struct part *p; };",
		 "struct part; struct record { struct part *p; };"},
		{"struct part { int a; }; struct record { struct part *p; };",
		 "struct other; struct record { struct other *p; };"},
		{"struct part; struct record { struct part *p; };",
		 "struct part { int a; }; struct record { struct part *p; };"},
		{"struct record { int n; int x[]; };", "struct record { int n; int x[0]; };"},
		{"struct record { struct record *next; struct loop *l; };"
		 " struct loop { struct record *r; struct loop *l; };",
		 "struct loop; struct record { struct record *next; struct loop *l; };"
		 " struct loop { struct record *r; struct loop *l; };"},
		{"enum kind { A, B }; struct record { enum kind k; };",
		 "enum kind { A, B, C }; struct record { enum kind k; };"},
		{"enum kind { A, B }; struct record { enum kind k; };",
		 "struct record { unsigned k; };"},
		{"struct record { int (*call)(char *, int); };",
		 "struct record { int (*call)(const char *name, int len); };"},
		{"struct unused { int a; }; struct record { int a; };",
		 "struct unused { long a; }; struct record { int a; };"},
	};
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < NR_ITEMS(list); i++) {
		types_lab_record(lab, list[i][0], list[i][1]);
		types_lab_taken(lab);
	}
}

static void takes_type_that_the_fix_holds_by_itself(void **state)
{
	struct packer_lab *lab = *state;
	static const char rest[] =
		"\nint g(int);\n"
		"__attribute__((noinline)) int f(int a) { ENTRY_HERE(f);\n"
		"  volatile struct own o = {0}; o.a = a; return g((int)o.a) + 1; }\n";

	types_lab_target(lab, pool_printf(&lab->pool,
					  "struct own { int a; };%sint g(int a)"
					  " { return a; }\n",
					  rest));
	types_lab_fix(lab, pool_printf(&lab->pool, "struct own { int b; long a; };%s", rest), "");
	types_lab_taken(lab);
}

static void compares_different_versions_of_debug_information(void **state)
{
	struct packer_lab *lab = *state;
	static const char record[] =
		"enum big { NEGATIVE = -1, BYTE = 255, LARGE = 0x7fffffff };\n"
		"struct record { char a; unsigned b : 3, c : 9; long d : 40; enum big e; };";
	static const char moved[] =
		"enum big { NEGATIVE = -1, BYTE = 255, LARGE = 0x7fffffff };\n"
		"struct record { char a; unsigned c : 9, b : 3; long d : 40; enum big e; };";

	types_lab_target(lab, pool_printf(&lab->pool, "%s" USE_RECORD OWN_RECORD, record));
	for (int version = 3; version <= 5; version++) {
		const char *flags = pool_printf(&lab->pool, "-gdwarf-%d", version);

		types_lab_fix(lab, pool_printf(&lab->pool, "%s" USE_RECORD, record), flags);
		types_lab_taken(lab);
		types_lab_fix(lab, pool_printf(&lab->pool, "%s" USE_RECORD, moved), flags);
		types_lab_refused(lab, "fix.c:3", "field 'b' is at bit 0 of offset 1");
	}
}

static void compares_classes_with_their_namespaces(void **state)
{
	struct packer_lab *lab = *state;
	static const char then[] =
		"extern \"C\" {\n"
		"#include \"packer_target.h\"\n"
		"}\n"
		"namespace one { struct part { int a; }; }\n"
		"namespace two { struct part { int a; };\n"
		"struct base { virtual int x(); int b; };\n"
		"struct plain { int i; }; struct record : plain { part *p; base "
		"*v; static int s; struct nested { int n; } *q; }; }\n"
		"extern \"C\" { int g(two::record *r);\n"
		"int f(two::record *r) { ENTRY_HERE(f); return g(r) + r->q->n; } }\n"
		"int two::base::x() { return b; }\n"
		"int g(two::record *r) { return r->v->x() + r->p->a; }\n";
	static const char *const changes[][3] = {
		{"two { struct part { int a; };", "two { struct part { long a; };",
		 "struct two::part: field 'a'"},
		{"struct nested { int n; }", "struct nested { long n; }",
		 "struct two::record::nested: field 'n'"},
		{"struct record : plain {", "struct more { int m; }; struct record : more, plain {",
		 "struct two::record: base class 'more' (offset 0, 4 bytes) is new in the fix"},
		{"struct plain { int i; }", "struct plain { long i; }",
		 "struct two::plain: field 'i' (offset 0) is"},
		{"virtual int x();", "virtual int y() { return 1; } virtual int x();",
		 "struct two::base: virtual function '_ZN3two4base1yEv' (place 0 of the table) is"},
	};

	packer_lab_write(lab, "liba.map", "{ global: f; g; local: *; };\n");
	packer_lab_compile(lab, "fix", then, "-xc++ -std=gnu++17");
	packer_lab_must(lab, "mv fix.o target.o");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map target.o -lstdc++ -o liba.so.1");
	for (size_t i = 0; i <= NR_ITEMS(changes); i++) {
		const char *source = strstr(then, "namespace one"), *at;

		if (i < NR_ITEMS(changes)) {
			at = strstr(source, changes[i][0]);
			assert_non_null(at);
			source = pool_printf(&lab->pool, "%.*s%s%s", (int)(at - source), source,
					     changes[i][1], at + strlen(changes[i][0]));
		}
		packer_lab_compile(lab, "fix", pool_printf(&lab->pool, TYPES_FIX_HEAD "%s", source),
				   TYPES_SECTIONS "-xc++ -std=gnu++17");
		if (i < NR_ITEMS(changes))
			types_lab_refused(lab, "fix.c:", changes[i][2]);
		else
			types_lab_taken(lab);
	}
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(refuses_changed_fields),
		LAB_TEST(refuses_changed_enumerations_and_unions),
		LAB_TEST(names_the_part_that_changed_before_the_whole),
		LAB_TEST(finds_types_behind_pointers_and_typedefs),
		LAB_TEST(refuses_type_behind_an_untyped_pointer),
		LAB_TEST(refuses_type_of_a_variable_that_is_bound),
		LAB_TEST(refuses_type_that_only_another_unit_has),
		LAB_TEST(refuses_type_of_a_static_variable_of_a_function),
		LAB_TEST(refuses_type_of_a_variable_of_another_unit),
		LAB_TEST(warns_of_type_that_is_used_only_in_casts),
		LAB_TEST(takes_types_that_only_look_changed),
		LAB_TEST(takes_type_that_the_fix_holds_by_itself),
		LAB_TEST(compares_different_versions_of_debug_information),
		LAB_TEST(compares_classes_with_their_namespaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
