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

/* Entries are made where code is made: with -flto that is the link. */
static void lto_makes_entries_at_link_time(void **state)
{
	static const char *const kinds[] = {
		"-flto",
		"-flto -ffat-lto-objects",
		"-flto -flto-partition=none",
		"-flto -fcf-protection=full -ffunction-sections",
	};

	(void)state;
	lab_write("a.c",
		  "extern int b(int);\n"
		  "__attribute__((ulp_not_patchable, noipa)) int without(int x)\n"
		  "{ return x; }\n"
		  "int main(int argc, char **argv) { (void)argv; return without(b(argc)); }\n");
	lab_write("b.c", "__attribute__((noipa)) int b(int x) { return x - 1; }\n");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char command[256];
		(void)snprintf(command, sizeof(command), "@gcc @plugin -O2 %s -c a.c b.c",
			       kinds[i]);
		lab_must(command);
		(void)snprintf(command, sizeof(command), "@gcc @plugin -O2 %s a.o b.o -o out",
			       kinds[i]);
		lab_must(command);
		lab_must("./out");
		lab_open("out");
		lab_check_entries();
		assert_int_equal(lab_nr_entries(), 2);
		assert_true(lab_entry_offset("b") >= 0);
		assert_int_equal(lab_entry_offset("without"), -1);
	}
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
		cmocka_unit_test(equal_functions_do_not_share_a_body),
		cmocka_unit_test(asking_for_a_dangerous_optimisation_is_answered),
		cmocka_unit_test(lto_makes_entries_at_link_time),
		cmocka_unit_test(lto_keeps_callers_from_relying_on_bodies),
	};

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
