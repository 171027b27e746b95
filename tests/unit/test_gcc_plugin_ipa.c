/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GCC plugin: callers must not rely on the body of a function that may be
 * replaced.  The programs here replace a function of their own and look whether
 * its callers still compute right; with -fplugin-arg-ulp-ipa=keep they do not, so
 * the tests show that they can tell.
 */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/plugin_lab.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* The way the engine does it: the entry NOP becomes a jump.  Needs -fcf-protection=none. */
static const char redirect_source[] =
	"#include <stdint.h>\n"
	"#include <string.h>\n"
	"#include <stdlib.h>\n"
	"#include <sys/mman.h>\n"
	"static void redirect(void *from, void *to)\n"
	"{\n"
	"	char *entry = (char *)from;\n"
	"	if (*entry == 0x55) entry += 8; /* -O0, see arch/x86_64/entry.cc */\n"
	"	int32_t distance = (int32_t)((char *)to - entry - 5);\n"
	"	if (memcmp(entry, \"\\x0f\\x1f\\x44\\0\\0\", 5)) exit(90);\n"
	"	if (mprotect((void *)((uintptr_t)entry & ~4095ul), 8192, 7)) exit(91);\n"
	"	entry[0] = (char)0xe9;\n"
	"	memcpy(entry + 1, &distance, 4);\n"
	"}\n";

/* The new body uses the registers that the calling convention lets it use. */
static const char registers_source[] =
	"#include \"redirect.h\"\n"
	"__attribute__((naked)) static long replacement(void)\n"
	"{\n"
	"	__asm__(\"lea 1(%rdi),%rax; mov $-1,%rdi; mov $-1,%rsi; mov $-1,%rdx;\"\n"
	"		\"mov $-1,%rcx; mov $-1,%r8; mov $-1,%r9; mov $-1,%r10; mov $-1,%r11; "
	"ret\");\n"
	"}\n"
	"ATTRIBUTE __attribute__((noinline)) static long callee(long x) { return x + 1; }\n"
	"ATTRIBUTE __attribute__((noinline)) static long caller(long a, long b, long c)\n"
	"{\n"
	"	return callee(a) + b * c;\n"
	"}\n"
	"long (*volatile call)(long, long, long) = caller;\n"
	"int main(void)\n"
	"{\n"
	"	if (call(1, 2, 3) != 8) return 92;\n"
	"	redirect((void *)callee, (void *)replacement);\n"
	"	return call(1, 2, 3) != 8;\n"
	"}\n";

/* The new body reads a variable and counts its calls, the old one did neither. */
static const char effects_source[] =
	"#include \"redirect.h\"\n"
	"static int calls, setting = 4;\n"
	"static __attribute__((noinline)) int callee(int x) { return x * 3; }\n"
	"static int replacement(int x) { calls++; return x * 3 + setting; }\n"
	"static __attribute__((noinline)) int caller(int x)\n"
	"{\n"
	"	setting = 1;\n"
	"	int first = callee(x);\n"
	"	setting = 2;\n"
	"	return first + callee(x);\n"
	"}\n"
	"int (*volatile call)(int) = caller;\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)callee, (void *)replacement);\n"
	"	return !(call(1) == 9 && calls == 2);\n"
	"}\n";

/* Two functions with one body; only one of them is replaced. */
static const char twins_source[] =
	"#include \"redirect.h\"\n"
	"static __attribute__((noinline)) int first(int x) { return x * 3 + x / 7; }\n"
	"static __attribute__((noinline)) int second(int x) { return x * 3 + x / 7; }\n"
	"static int replacement(int x) { return -x; }\n"
	"int call_second(int x) { return second(x) + 1; }\n"
	"int (*volatile call[])(int) = { first, call_second };\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)first, (void *)replacement);\n"
	"	return !(call[0](7) == -7 && call[1](7) == 23);\n"
	"}\n";

/* The old body has no effect and reads nothing: one call instead of two is enough. */
static const char no_effect_source[] =
	"#include \"redirect.h\"\n"
	"static int calls;\n"
	"static __attribute__((noinline)) int callee(int x) { return x * 3; }\n"
	"static int replacement(int x) { calls++; return x * 3; }\n"
	"static __attribute__((noinline)) int caller(int x) { int a = callee(x); return a + "
	"callee(x); }\n"
	"int (*volatile call)(int) = caller;\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)callee, (void *)replacement);\n"
	"	return !(call(1) == 6 && calls == 2);\n"
	"}\n";

/* The old body changes what its parameter points to, and nothing else. */
static const char only_parameter_source[] =
	"#include \"redirect.h\"\n"
	"int setting;\n"
	"static __attribute__((noinline)) void callee(int *p) { *p += 1; }\n"
	"static void replacement(int *p) { *p += 1; setting = 7; }\n"
	"static __attribute__((noinline)) int caller(void) { int x = 0; setting = 1; callee(&x); "
	"return setting + x; }\n"
	"int (*volatile call)(void) = caller;\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)callee, (void *)replacement);\n"
	"	return !(call() == 8);\n"
	"}\n";

/* The old body does not touch the static variable. */
static const char no_static_source[] =
	"#include \"redirect.h\"\n"
	"static int setting;\n"
	"int *volatile elsewhere;\n"
	"static __attribute__((noinline)) void callee(void) { if (elsewhere) ++*elsewhere; }\n"
	"static void replacement(void) { setting = 7; }\n"
	"static __attribute__((noinline)) int caller(void) { setting = 1; callee(); return "
	"setting; }\n"
	"int (*volatile call)(void) = caller;\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)callee, (void *)replacement);\n"
	"	return !(call() == 7);\n"
	"}\n";

/* All callers pass 5 to 70 until one of them is replaced: the callee leaves its test out. */
static const char range_source[] =
	"#include \"redirect.h\"\n"
	"volatile int sink;\n"
	"static __attribute__((noinline)) int callee(int x) { sink = x; return x > 100; }\n"
	"static __attribute__((noinline)) int caller(int x) { return callee(x < 5 ? 5 : x > 70 ? "
	"70 : x); }\n"
	"__attribute__((naked, used)) static int replacement(void) { __asm__(\"mov $1000,%edi; jmp "
	"callee\"); }\n"
	"int (*volatile call)(int) = caller;\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)caller, (void *)replacement);\n"
	"	return call(1) != 1;\n"
	"}\n";

/* All callers pass multiples of 8 until one of them is replaced. */
static const char bits_source[] =
	"#include \"redirect.h\"\n"
	"volatile int sink;\n"
	"static __attribute__((noinline)) int callee(int x) { sink = x; return x & 7; }\n"
	"static __attribute__((noinline)) int caller(int x) { return callee(x * 8); }\n"
	"__attribute__((naked, used)) static int replacement(void) { __asm__(\"mov $13,%edi; jmp "
	"callee\"); }\n"
	"int (*volatile call)(int) = caller;\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)caller, (void *)replacement);\n"
	"	return call(1) != 5;\n"
	"}\n";

/* The old body needs no aligned stack.  The new one tells what it got. */
static const char stack_source[] =
	"#include \"redirect.h\"\n"
	"static __attribute__((noinline)) long callee(long x) { return x * 3; }\n"
	"__attribute__((naked, used)) static long replacement(void) { __asm__(\"lea 8(%rsp),%rax; "
	"and $15,%eax; ret\"); }\n"
	"static __attribute__((noinline)) long caller(long x) { return callee(x) + x; }\n"
	"static __attribute__((noinline)) long caller2(long x, long y) { return callee(x) + x*y; "
	"}\n"
	"long (*volatile call)(long) = caller;\n"
	"long (*volatile call2)(long,long) = caller2;\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)callee, (void *)replacement);\n"
	"	return !(call(32) == 32 && call2(16,16) == 256);\n"
	"}\n";

/* The old body does not follow the pointer in the global variable. */
static const char pointer_source[] =
	"#include \"redirect.h\"\n"
	"int *leaked;\n"
	"static __attribute__((noinline)) void callee(int *p) { *p = 3; }\n"
	"static void replacement(int *p) { *p = 3; *leaked = 7; }\n"
	"static __attribute__((noinline)) int caller(void) { int x = 5, y = 0; leaked = &x; "
	"callee(&y); return x + y; }\n"
	"int (*volatile call)(void) = caller;\n"
	"int main(void)\n"
	"{\n"
	"	redirect((void *)callee, (void *)replacement);\n"
	"	return call() != 10;\n"
	"}\n";

/* The old body throws nothing, the new one does.  C++. */
static const char throw_source[] =
	"#include \"redirect.h\"\n"
	"static __attribute__((noinline)) int callee(int x) { return x * 3; }\n"
	"template<class T> static __attribute__((noinline)) int callee2(T x) { return x * 3; }\n"
	"static int replacement(int x) { throw x; }\n"
	"static int caller(int x) { try { return callee(x); } catch (int) { return -1; } }\n"
	"static int caller2(int x) { try { return callee2(x); } catch (int) { return -1; } }\n"
	"int (*volatile call[])(int) = { caller, caller2 };\n"
	"int main()\n"
	"{\n"
	"	int (*second)(int) = callee2<int>;\n"
	"	redirect((void *)callee, (void *)replacement);\n"
	"	redirect((void *)second, (void *)replacement);\n"
	"	return !(call[0](7) == -1 && call[1](7) == -1);\n"
	"}\n";

/* Status of the program that the options make from the text. */
static int result_of(const char *text, const char *options)
{
	char command[512];

	lab_write("redirect.h", redirect_source);
	lab_write("in.c", text);
	(void)snprintf(command, sizeof(command),
		       "@gcc @plugin -O2 -fcf-protection=none %s in.c -o out", options);
	lab_must(command);
	return lab_run("./out");
}

static void caller_keeps_nothing_in_registers_the_old_body_spared(void **state)
{
	(void)state;
	assert_int_equal(result_of(registers_source, "-DATTRIBUTE="), 0);
	assert_int_equal(result_of(registers_source, "-DATTRIBUTE= -O3"), 0);
	assert_int_equal(result_of(registers_source, "-DATTRIBUTE= -Os"), 0);
	assert_int_equal(result_of(registers_source, "-DATTRIBUTE= -fplugin-arg-ulp-ipa=keep"), 1);
}

static void functions_with_options_of_their_own_are_no_exception(void **state)
{
	static const char *const own[] = {
		"-DATTRIBUTE=__attribute__((optimize(\"O3\")))",
		"-DATTRIBUTE=__attribute__((optimize(\"ipa-ra\")))",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		char keep[128];
		assert_int_equal(result_of(registers_source, own[i]), 0);
		(void)snprintf(keep, sizeof(keep), "%s -fplugin-arg-ulp-ipa=keep", own[i]);
		assert_int_equal(result_of(registers_source, keep), 1);
	}
}

static void caller_does_not_rely_on_missing_effects(void **state)
{
	(void)state;
	assert_int_equal(result_of(effects_source, ""), 0);
	assert_int_equal(result_of(effects_source, "-O3"), 0);
	assert_int_equal(result_of(effects_source, "-fplugin-arg-ulp-ipa=keep"), 1);
}

static void caller_does_not_rely_on_missing_exceptions(void **state)
{
	static const char *const options[] = {"-O0", "-O2", "-O3 -flto"};
	char command[256];

	(void)state;
	lab_write("redirect.h", redirect_source);
	lab_write("in.cc", throw_source);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		(void)snprintf(command, sizeof(command),
			       "@gcc @plugin -fcf-protection=none %s in.cc -lstdc++ -o out",
			       options[i]);
		lab_must(command);
		lab_must("./out");
	}
	lab_must("@gcc @plugin -fcf-protection=none -O2 -fplugin-arg-ulp-ipa=keep in.cc "
		 "-lstdc++ -o out");
	assert_int_equal(lab_run("./out"), 128 + SIGABRT);
}

static void declared_nothrow_is_believed(void **state)
{
	static const char source[] =
		"static __attribute__((noinline)) int f(int x) noexcept { return x; }\n"
		"static __attribute__((noinline, nothrow)) int g(int x) { return x + 1; }\n"
		"int caller(int x) { try { return f(x) + g(x); } catch (...) { return -1; } }\n";

	(void)state;
	lab_write("in.cc", source);
	lab_must("@gcc @plugin -O0 -fPIC -c in.cc -o out.o");
	lab_open("out.o");
	assert_false(lab_has_symbol("__cxa_begin_catch"));
}

#define KEEP "-fplugin-arg-ulp-ipa=keep "
#define NO_EFFECTS "-fno-ipa-pure-const -fno-ipa-modref -fno-ipa-reference "

/*
 * One row an optimisation: with it alone (and the others that might do the same harm
 * switched off) the program computes wrong, without it right.
 */
static const struct {
	const char *text;
	const char *with;
	const char *without;
} alone[] = {
	{no_effect_source, KEEP "-fno-ipa-modref -fno-ipa-reference", KEEP "-fno-ipa-pure-const"},
	{only_parameter_source, KEEP "-fno-ipa-pure-const -fno-ipa-reference",
	 KEEP "-fno-ipa-modref"},
	{no_static_source, KEEP "-fno-ipa-pure-const -fno-ipa-modref", KEEP "-fno-ipa-reference"},
	{range_source, KEEP "-fno-ipa-bit-cp", KEEP "-fno-ipa-vrp"},
	{bits_source, KEEP "-fno-ipa-vrp", KEEP "-fno-ipa-bit-cp"},
	{stack_source, KEEP "-fno-ipa-ra", KEEP "-fno-ipa-stack-alignment"},
	{pointer_source, KEEP NO_EFFECTS "-fipa-pta", KEEP NO_EFFECTS},
};

static void each_optimisation_that_does_harm_alone_is_off(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(alone) / sizeof(*alone); i++) {
		print_message("%s\n", alone[i].without);
		assert_int_equal(result_of(alone[i].text, alone[i].with), 1);
		assert_int_equal(result_of(alone[i].text, alone[i].without), 0);
		assert_int_equal(result_of(alone[i].text, ""), 0);
	}
	assert_int_equal(result_of(pointer_source, "-fipa-pta"), 0);
}

static void equal_functions_do_not_share_a_body(void **state)
{
	(void)state;
	assert_int_equal(result_of(twins_source, ""), 0);
	assert_int_equal(result_of(twins_source, "-fplugin-arg-ulp-ipa=keep"), 1);
}

static void asking_for_a_dangerous_optimisation_is_answered(void **state)
{
	(void)state;
	assert_int_equal(result_of(registers_source, "-DATTRIBUTE= -fipa-ra"), 0);
	lab_must("@gcc @plugin -O2 -DATTRIBUTE= -fipa-ra -c in.c -o out.o");
	assert_non_null(strstr(lab_messages(), "-fipa-ra"));
	assert_non_null(strstr(lab_messages(), "ipa=keep"));
	lab_must("@gcc @plugin -O2 -DATTRIBUTE= -fno-ipa-ra -c in.c -o out.o");
	assert_string_equal(lab_messages(), "");
}

/* GCC knows from the caller that two digits are enough; the plugin takes that away. */
static void a_build_with_werror_passes_as_it_does_without_the_plugin(void **state)
{
	static const char source[] = "#include <stdio.h>\n"
				     "char text[3];\n"
				     "static __attribute__((noinline)) void put(int x)\n"
				     "{ snprintf(text, sizeof(text), \"%d\", x); }\n"
				     "void one(int x) { put(x < 5 ? 5 : x > 70 ? 70 : x); }\n";
	static const char warning[] = "-Wformat-truncation";

	(void)state;
	lab_write("in.c", source);
	lab_must("@gcc -O2 -Werror -Wall -Wformat-truncation=2 -c in.c -o out.o");
	assert_string_equal(lab_messages(), "");
	lab_must("@gcc @plugin -O2 -Werror -Wall -Wformat-truncation=2 -c in.c -o out.o");
	assert_non_null(strstr(lab_messages(), warning));
	lab_must("@gcc @plugin -O2 -Werror -Wall -c in.c -o out.o");
	assert_string_equal(lab_messages(), "");
	assert_int_equal(
		lab_run("@gcc @plugin -O2 -Werror -Werror=format-truncation=2 -c in.c -o out.o"),
		1);
	assert_int_equal(lab_run("@gcc @plugin -O2 -Werror=format-truncation=2 -c in.c -o out.o"),
			 1);
	/* Other warnings are errors as before. */
	lab_write("in.c", "static int unused(void) { return 0; }\n");
	assert_int_equal(lab_run("@gcc @plugin -O2 -Werror -Wall -c in.c -o out.o"), 1);
	assert_non_null(strstr(lab_messages(), "-Werror=unused-function"));
}

static void lto_keeps_callers_from_relying_on_bodies(void **state)
{
	(void)state;
	assert_int_equal(result_of(registers_source, "-DATTRIBUTE= -flto"), 0);
	assert_int_equal(result_of(effects_source, "-flto"), 0);
	assert_int_equal(result_of(twins_source, "-flto"), 0);
	assert_int_equal(
		result_of(registers_source, "-DATTRIBUTE= -flto -fplugin-arg-ulp-ipa=keep"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caller_keeps_nothing_in_registers_the_old_body_spared),
		cmocka_unit_test(functions_with_options_of_their_own_are_no_exception),
		cmocka_unit_test(caller_does_not_rely_on_missing_effects),
		cmocka_unit_test(caller_does_not_rely_on_missing_exceptions),
		cmocka_unit_test(declared_nothrow_is_believed),
		cmocka_unit_test(each_optimisation_that_does_harm_alone_is_off),
		cmocka_unit_test(equal_functions_do_not_share_a_body),
		cmocka_unit_test(a_build_with_werror_passes_as_it_does_without_the_plugin),
		cmocka_unit_test(asking_for_a_dangerous_optimisation_is_answered),
		cmocka_unit_test(lto_keeps_callers_from_relying_on_bodies),
	};

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
