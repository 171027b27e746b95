/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GCC plugin: one table of small sources and options; for each, who has an
 * entry and who has none.  What holds for every row is in check().
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

/* Calls one function, so that none is a leaf; a parameter, so that -O0 stores one. */
#define CALLEE "extern int q(int);\n"

static const char usual_source[] =
	CALLEE "int usual(int x) { return q(x) + 1; }\n"
	       "static __attribute__((noinline)) int local(int x) { return q(x) * 3; }\n"
	       "int caller(int x) { return local(x) + 2; }\n";

static const char loop_source[] =
	CALLEE "int loop(int n) { do n = q(n) + n; while (n > 3); return n; }\n"
	       "void forever(void) { for (;;) q(1); }\n"
	       "int self(int n) { return n > 9 ? n : self(n * 3 + 1); }\n";

static const char empty_source[] =
	"void empty(void) { }\n"
	"int zero(void) { return 0; }\n"
	"void no_end(void) { __builtin_unreachable(); }\n"
	"__attribute__((section(\".text.last\"))) void last(void) { __builtin_unreachable(); }\n";

static const char special_source[] = CALLEE
	"__attribute__((constructor)) static void startup(void) { q(1); }\n"
	"__attribute__((destructor)) static void finish(void) { q(2); }\n"
	"__attribute__((section(\".text.special\"))) int placed(int x) { return q(x); }\n"
	"__attribute__((target(\"avx2\"))) int for_avx2(int x) { return q(x) + 1; }\n"
	"__attribute__((optimize(\"O0\"))) int slow(int x) { return q(x) + 2; }\n"
	"__attribute__((optimize(\"Os\"))) int small(int x) { return q(x) + 3; }\n"
	"__attribute__((cold)) int cold(int x) { return q(x) + 4; }\n"
	"__attribute__((noreturn)) void never(void) { q(3); __builtin_trap(); }\n"
	"int variadic(int n, ...) { __builtin_va_list l; __builtin_va_start(l, n);\n"
	"  int x = __builtin_va_arg(l, int); __builtin_va_end(l); return q(n + x); }\n"
	"__attribute__((ms_abi)) int other_abi(int x) { return q(x) + 5; }\n"
	"int realigned(int x) { _Alignas(64) int a[16]; a[0] = x; __asm__(\"\" :: \"r\"(a)); "
	"return q(a[0]); }\n"
	"int by_alloca(int n) { char *p = __builtin_alloca(n); __asm__(\"\" :: \"r\"(p)); "
	"return q(*p); }\n"
	"int main(int argc, char **argv) { (void)argv; return q(argc); }\n";

static const char clones_source[] = "__attribute__((target_clones(\"avx2\", \"default\")))\n"
				    "int many(int x) { return x * 7; }\n";

static const char nested_source[] =
	CALLEE "int outer(int a)\n"
	       "{ int inner(int b) { return a + q(b); } int (*f)(int) = inner; return q(f(a)); }\n";

static const char area_source[] =
	CALLEE "__attribute__((patchable_function_entry(3))) int behind(int x) { return q(x); }\n"
	       "__attribute__((patchable_function_entry(9, 7))) int both(int x) { return q(x); }\n"
	       "__attribute__((patchable_function_entry(0))) int none(int x) { return q(x); }\n"
	       "int usual(int x) { return q(x) + 1; }\n";

static const char weak_source[] =
	CALLEE "__attribute__((weak)) int weak(int x) { return q(x); }\n"
	       "__attribute__((visibility(\"hidden\"))) int hidden(int x) { return q(x) + 1; }\n"
	       "extern int also(int) __attribute__((alias(\"weak\")));\n"
	       "int renamed(int x) __asm__(\"other_name\");\n"
	       "int renamed(int x) { return q(x) + 2; }\n";

static const char cplusplus_source[] =
	"extern int q(int);\n"
	"struct base { virtual ~base() {} virtual int f(int x) { return q(x); } };\n"
	"struct derived : virtual base { int f(int x) override { return q(x) + 1; } };\n"
	"namespace { struct hidden { __attribute__((noipa)) int g(int x) { return q(x); } }; }\n"
	"static int at_start = q(4);\n"
	"int user(int x) { hidden h; derived d; return h.g(x) + d.f(at_start); }\n"
	"int lambda(int x) { auto l = [&](int y) { return q(x + y); }; return l(1); }\n"
	"int catches(int x) { try { return q(x); } catch (int y) { return y; } }\n"
	"inline int operator\"\" _twice(unsigned long long x) { return q((int)x * 2); }\n"
	"int literal() { return 7_twice; }\n";

struct row {
	const char *what;
	const char *text;
	const char *options;
	const char *with;    /* functions that must have an entry, parted by blanks */
	const char *without; /* functions that must exist and have none */
	const char *needs;   /* option for the link only, or NULL */
};

#define USUAL "usual local caller"
#define SPECIAL                                                                              \
	"startup finish placed for_avx2 slow small cold never variadic other_abi realigned " \
	"by_alloca main"

static const struct row rows[] = {
	{"loop head", loop_source, "-fPIC", "loop forever self", "", NULL},
	{"loop head, CET", loop_source, "-fPIC -fcf-protection", "loop forever self", "", NULL},
	{"empty", empty_source, "-fPIC", "empty zero no_end last", "", NULL},
	{"empty, CET", empty_source, "-fPIC -fcf-protection -ffunction-sections",
	 "empty zero no_end last", "", NULL},
	{"attributes", special_source, "-fPIC", SPECIAL, "", NULL},
	{"attributes, CET", special_source, "-fPIC -fcf-protection", SPECIAL, "", NULL},
	{"clones", clones_source, "-fPIC", "", "many.resolver", NULL},
	{"nested", nested_source, "-fPIC", "outer inner.0", "", NULL},
	{"areas", area_source, "-fPIC", "usual", "behind both none", NULL},
	{"linkage", weak_source, "-fPIC", "weak also hidden other_name", "", NULL},
	{"fPIE", usual_source, "-fPIE", USUAL, "", NULL},
	{"no PIC", usual_source, "-fno-pic", USUAL, "", "-no-pie"},
	{"large model", usual_source, "-fPIC -mcmodel=large", USUAL, "", NULL},
	{"kernel model", usual_source, "-fno-pic -mcmodel=kernel", USUAL, "",
	 "-no-pie -static -Wl,-Ttext-segment=0xffffffff81000000"},
	{"Intel syntax", special_source, "-fPIC -masm=intel", SPECIAL, "", NULL},
	{"Intel syntax, CET", special_source, "-fPIC -masm=intel -fcf-protection", SPECIAL, "",
	 NULL},
	{"alignment 1", usual_source, "-fPIC -fcf-protection -falign-functions=1", USUAL, "", NULL},
	{"alignment 32", usual_source, "-fPIC -fcf-protection -falign-functions=32", USUAL, "",
	 NULL},
	{"alignment with a limit", usual_source, "-fPIC -fcf-protection -falign-functions=32:9:8",
	 USUAL, "", NULL},
	{"limited alignment", usual_source, "-fPIC -fcf-protection -flimit-function-alignment",
	 USUAL, "", NULL},
	{"address sanitizer", usual_source, "-fPIC -fsanitize=address,undefined", USUAL, "", NULL},
	{"thread sanitizer", usual_source, "-fPIC -fsanitize=thread", USUAL, "", NULL},
	{"stack protector", usual_source, "-fPIC -fstack-protector-all -fstack-clash-protection",
	 USUAL, "", NULL},
	{"split stack", usual_source, "-fPIC -fsplit-stack", USUAL, "", NULL},
	{"split stack, CET", usual_source, "-fPIC -fsplit-stack -fcf-protection", USUAL, "", NULL},
	{"instrumented", usual_source, "-fPIC -finstrument-functions", USUAL, "", NULL},
	{"coverage", usual_source, "-fPIC --coverage", USUAL, "", NULL},
	{"no unwind tables", usual_source, "-fPIC -fno-asynchronous-unwind-tables", USUAL, "",
	 NULL},
	{"unwind tables by GCC", usual_source, "-fPIC -fno-dwarf2-cfi-asm -g", USUAL, "", NULL},
	{"no frame pointer", usual_source, "-fPIC -fomit-frame-pointer", USUAL, "", NULL},
	{"frame pointer", usual_source, "-fPIC -fno-omit-frame-pointer -g", USUAL, "", NULL},
	{"hardened", usual_source,
	 "-fPIC -mindirect-branch=thunk -mfunction-return=thunk "
	 "-fzero-call-used-regs=used-gpr -mharden-sls=all",
	 USUAL, "", NULL},
	{"tuned", usual_source, "-fPIC -fcf-protection -mtune=bdver1", USUAL, "", NULL},
	{"manual endbr", usual_source, "-fPIC -fcf-protection -mmanual-endbr", USUAL, "", NULL},
};

static const struct row cplusplus_rows[] = {
	{"C++", cplusplus_source, "-fPIC -fno-inline",
	 "_Z4useri _Z6lambdai _Z7catchesi _Z7literalv "
	 "_ZN4base1fEi _ZN7derived1fEi _ZN12_GLOBAL__N_16hidden1gEi _Zli6_twicey",
	 "", NULL},
	{"C++, CET", cplusplus_source, "-fPIC -fno-inline -fcf-protection -g",
	 "_Z4useri _Z6lambdai _Z7catchesi _ZN4base1fEi _ZN7derived1fEi", "", NULL},
	{"C++, no exceptions", "extern int q(int);\nint f(int x) { return q(x); }\n",
	 "-fPIC -fno-exceptions -fno-rtti", "_Z1fi", "", NULL},
};

static const char *const levels[] = {"-O0", "-O1", "-Og", "-O2", "-O3", "-Os"};
#define NR_LEVELS (sizeof(levels) / sizeof(*levels))

/* Calls visit for each word of the list. */
static void each_word(const char *list, void (*visit)(const char *word))
{
	char copy[512];
	char *save = NULL;

	(void)snprintf(copy, sizeof(copy), "%s", list);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		visit(word);
}

static void has_entry(const char *name)
{
	if (lab_entry_offset(name) < 0)
		fail_msg("%s has no entry", name);
}

static void has_no_entry(const char *name)
{
	if (lab_entry_offset(name) >= 0)
		fail_msg("%s has an entry", name);
}

static void compile(const struct row *row, const char *source, const char *level,
		    const char *plugin, const char *output)
{
	char command[512];

	(void)snprintf(command, sizeof(command), "@gcc %s %s %s -c %s -o %s", plugin, level,
		       row->options, source, output);
	lab_must(command);
	if (*lab_messages())
		fail_msg("%s: %s", command, lab_messages());
}

/* A shared library without startup code, or what the row asks for. */
static void link_row(const struct row *row)
{
	char command[512];

	(void)snprintf(command, sizeof(command),
		       "@gcc -nostdlib %s -Wl,--unresolved-symbols=ignore-all out.o -o out",
		       row->needs ? row->needs : "-shared");
	lab_must(command);
}

/* An object must not get undefined symbols from the plugin. */
static void compare_undefined(const struct row *row, const char *source, const char *level)
{
	size_t nr;

	compile(row, source, level, "", "plain.o");
	lab_open("plain.o");
	nr = lab_nr_undefined();
	lab_open("out.o");
	assert_int_equal(lab_nr_undefined(), nr);
}

static void check(const struct row *row, const char *source, const char *level)
{
	print_message("%s %s\n", row->what, level);
	lab_write(source, row->text);
	compile(row, source, level, "@plugin", "out.o");
	link_row(row);
	lab_open("out");
	lab_check_entries();
	assert_true(lab_entries_are_sorted());
	each_word(row->with, has_entry);
	each_word(row->without, has_no_entry);
}

/* Every row without optimisation and at one other level, each of which is used by some. */
static void check_rows(const struct row *table, size_t nr, const char *source)
{
	for (size_t i = 0; i < nr; i++) {
		const char *level = levels[1 + i % (NR_LEVELS - 1)];
		check(&table[i], source, levels[0]);
		check(&table[i], source, level);
		compare_undefined(&table[i], source, level);
	}
}

static void each_case_of_c_has_the_right_entries(void **state)
{
	(void)state;
	check_rows(rows, sizeof(rows) / sizeof(*rows), "in.c");
}

static void each_case_of_cplusplus_has_the_right_entries(void **state)
{
	(void)state;
	check_rows(cplusplus_rows, sizeof(cplusplus_rows) / sizeof(*cplusplus_rows), "in.cc");
}

/* A loop that jumps to the entry would run the NOP each time, or the redirect. */
static void no_loop_jumps_to_the_entry(void **state)
{
	static const char *const kinds[] = {"-fPIC", "-fPIC -fcf-protection"};

	(void)state;
	if (!lab_has_program("objdump"))
		skip();
	for (size_t i = 0; i < 2; i++) {
		const struct row row = {"", loop_source, kinds[i], "", "", NULL};
		lab_write("in.c", loop_source);
		for (size_t level = 0; level < NR_LEVELS; level++) {
			compile(&row, "in.c", levels[level], "@plugin", "out.o");
			lab_must("objdump -dr --no-show-raw-insn out.o");
			assert_non_null(strstr(lab_messages(), "nopl"));
			for (const char *j = lab_messages(); (j = strstr(j, "\tj")); j++)
				if (memmem(j, strcspn(j, "\n"), "<loop>", 6) ||
				    memmem(j, strcspn(j, "\n"), "<forever>", 9))
					fail_msg("%.*s", (int)strcspn(j, "\n"), j);
		}
	}
}

/* Functions f1, f2, ... of all lengths: 9 bytes of entry, n of these, 3 of the rest. */
#define NR_LENGTHS 40

static void write_lengths(char *text, size_t size)
{
	size_t len = 0;

	for (int n = 1; n <= NR_LENGTHS; n++)
		len += (size_t)snprintf(
			text + len, size - len,
			"int f%d(int x) { __asm__(\".skip %d,0x90\"); return x; }\n", n, n);
}

/* The place of a function, by the assembler's computation, costs no more than need be. */
static void check_place(int n, uint64_t alignment, uint64_t most_padding)
{
	char name[16], before[16];

	(void)snprintf(name, sizeof(name), "f%d", n);
	assert_int_equal(lab_entry_offset(name), 4);
	assert_int_equal(lab_function(name) % alignment, 4);
	if (n == 1)
		return;
	(void)snprintf(before, sizeof(before), "f%d", n - 1);
	assert_in_range(lab_function(name) - lab_function(before), 1,
			9 + (uint64_t)n - 1 + 3 + most_padding);
}

static void functions_behind_endbr64_stand_where_their_alignment_puts_them(void **state)
{
	static const struct {
		const char *options;
		uint64_t alignment;
		uint64_t most_padding;
	} kinds[] = {
		{"-O2", 16, 15},
		{"-O2 -falign-functions=64", 64, 63},
		{"-Os", 8, 7},
		{"-O2 -falign-functions=32:9:8", 8, 12},
	};
	char text[8192];

	(void)state;
	write_lengths(text, sizeof(text));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct row row = {"", text, kinds[i].options, "", "", NULL};
		check(&row, "in.c", "-fPIC -fcf-protection");
		for (int n = 1; n <= NR_LENGTHS; n++)
			check_place(n, kinds[i].alignment, kinds[i].most_padding);
	}
}

static void very_many_functions_have_their_entries_in_order(void **state)
{
	enum { NR = 3000 };
	static char text[NR * 64];
	size_t len = 0;

	(void)state;
	for (int f = 0; f < NR; f++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"int f%d(int x) { return x %% %d; }\n", f, f + 1);
	lab_write("in.c", text);
	lab_must("@gcc @plugin -O1 -fcf-protection -fPIC -shared -nostdlib in.c -o out");
	lab_open("out");
	assert_int_equal(lab_nr_entries(), NR);
	assert_true(lab_entries_are_sorted());
	assert_int_equal(lab_entry_offset("f0"), 4);
	assert_int_equal(lab_entry_offset("f2999"), 4);
}

/* What gdb looks for: see arch/x86_64/entry.cc. */
static void without_optimisation_a_frame_is_in_front_of_the_entry(void **state)
{
	const struct row plain = {"", usual_source, "-fPIC -fcf-protection=none", "", "", NULL};
	const struct row cet = {"", usual_source, "-fPIC -fcf-protection", "", "", NULL};
	const struct row frameless = {
		"", usual_source, "-fPIC -fcf-protection=none -fomit-frame-pointer", "", "", NULL};

	(void)state;
	check(&plain, "in.c", "-O0");
	assert_int_equal(lab_entry_offset("usual"), 8);
	check(&cet, "in.c", "-O0");
	assert_int_equal(lab_entry_offset("usual"), 9);
	check(&frameless, "in.c", "-O0");
	assert_int_equal(lab_entry_offset("usual"), 0);
	check(&plain, "in.c", "-Og");
	assert_int_equal(lab_entry_offset("usual"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case_of_c_has_the_right_entries),
		cmocka_unit_test(each_case_of_cplusplus_has_the_right_entries),
		cmocka_unit_test(no_loop_jumps_to_the_entry),
		cmocka_unit_test(functions_behind_endbr64_stand_where_their_alignment_puts_them),
		cmocka_unit_test(very_many_functions_have_their_entries_in_order),
		cmocka_unit_test(without_optimisation_a_frame_is_in_front_of_the_entry),
	};

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
