/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packer/: what compilers make of functions besides plain code (jump tables, unlikely parts,
 * merged strings, COMDAT groups, static variables of functions), packed and run in this process.
 */
#include "config.h"

#include "packer/match.h"
#include "tests/lib/check_err.h"
#include "tests/lib/running.h"

#include <stdio.h>
#include <string.h>

#define SECTIONS "-ffunction-sections -fdata-sections "
#define CXX "-xc++ -std=gnu++17 "

/* The target's code is in f_body(), behind its entry f(). */
#define REPLACE "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n"
#define REPLACE_F REPLACE "  - replace: f\n"
#define REPLACE_BY_BODY REPLACE "  - {replace: f, with: f_body}\n"

#define TARGET_F                         \
	"#include \"packer_target.h\"\n" \
	"int calls;\n"                   \
	"int note(int a) { return calls += a; }\n"

/* How many symbols with this part in their names the object defines. */
static size_t count_symbols(struct packer_lab *lab, const char *file, const char *part)
{
	struct elf_symbol *list;
	struct elf_file elf;
	size_t nr, found = 0;

	assert_succeeds(elf_file_read(&lab->pool, packer_lab_path(lab, file), &elf, &lab->err),
			&lab->err);
	assert_succeeds(elf_symbols_read(&lab->pool, &elf, elf_file_find_type(&elf, SHT_SYMTAB),
					 &list, &nr, &lab->err),
			&lab->err);
	for (size_t i = 1; i < nr; i++)
		found += list[i].shndx != SHN_UNDEF && strstr(list[i].name, part) != NULL;
	return found;
}

static const char *const flags[] = {"", SECTIONS};
#define NR_FLAGS (sizeof(flags) / sizeof(flags[0]))

static void jump_table_leads_into_its_own_function(void **state)
{
	static const int wanted[] = {5, 18, 27, 3, -4, 99, 6, 0};
	struct packer_lab *lab = *state;

	packer_lab_target(lab, TARGET_F "BODY int f_body(int a) { return note(a); }\nENTRY(f);\n",
			  "f; note;");
	for (size_t i = 0; i < NR_FLAGS; i++) {
		struct running r;

		packer_lab_compile(lab, "fix",
				   "extern int note(int);\n"
				   "int other(int a) { switch (a) { case 0: return note(1);\n"
				   "case 1: return note(4); case 2: return note(a * 9);\n"
				   "case 3: return note(3); case 4: return -a; case 5: return 9;\n"
				   "case 6: return note(a); } return 1; }\n"
				   "int f(int a) { switch (a) { case 0: return note(5);\n"
				   "case 1: return note(0) + 13; case 2: return 27;\n"
				   "case 3: return note(-5) + 3; case 4: return -a;\n"
				   "case 5: return 99; case 6: return note(6); }\n"
				   "return note(-6); }\n",
				   flags[i]);
		running_begin(lab, REPLACE_F, &r);
		for (int a = 0; a < 8; a++)
			assert_int_equal(r.f(a), wanted[a]);
		running_end(&r);
	}
}

static void unlikely_part_comes_along_with_its_function(void **state)
{
	struct packer_lab *lab = *state;
	static const char body[] = "extern int note(int);\n"
				   "static int state = 3;\n"
				   "void set_state(int a) { state = a; }\n"
				   "__attribute__((cold, noinline)) static int seldom(int a)\n"
				   "{ __asm__ volatile(\"\"); return state + a; }\n"
				   "int %s(int a) { if (__builtin_expect(a > 1000, 0)) {\n"
				   "  note(seldom(a)); note(2); return seldom(note(a)); }\n"
				   "  return a + %d; }\n";
	char target[1000], fix[1000];

	(void)snprintf(target, sizeof(target), body, "f_body", 0);
	(void)snprintf(fix, sizeof(fix), body, "f", 1);
	packer_lab_target(
		lab,
		pool_printf(&lab->pool, TARGET_F "BODY int f_body(int);\n%s\nENTRY(f);\n", target),
		"f; note; set_state;");
	for (size_t i = 0; i < NR_FLAGS; i++) {
		struct running r;

		packer_lab_compile(lab, "fix", fix, flags[i]);
		running_begin(lab, REPLACE_F, &r);
		assert_int_equal(r.f(3), 4);
		/* note(): the calls before, 2003, 2, 2000; seldom() adds 3. */
		assert_int_equal(r.f(2000), 2003 + 2 + 2000 + 3);
		running_end(&r);
	}
}

/* A function whose first test is inlined where it is called, the rest kept apart. */
static void part_of_a_split_function_comes_along(void **state)
{
	struct packer_lab *lab = *state;
	struct running r;

	packer_lab_target(lab, TARGET_F "BODY int f_body(int a) { return note(a); }\nENTRY(f);\n",
			  "f; note;");
	packer_lab_compile(lab, "fix",
			   "extern int note(int);\n"
			   "static int part(int a) __asm__(\"work.part.0\");\n"
			   "static __attribute__((noinline)) int part(int a)\n"
			   "{ __asm__(\"\"); return note(a) + 1; }\n"
			   "static inline int work(int a) { return a < 0 ? 0 : part(a); }\n"
			   "int f(int a) { return work(a) + work(a - 5); }\n",
			   SECTIONS);
	assert_int_equal(count_symbols(lab, "fix.o", "work.part.0"), 1);
	running_begin(lab, REPLACE_F, &r);
	assert_int_equal(r.f(-1), 0);
	assert_int_equal(r.f(1), 2);
	running_end(&r);
}

static void strings_may_be_merged(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, TARGET_F "BODY int f_body(int a) { return note(a); }\nENTRY(f);\n",
			  "f; note;");
	for (size_t i = 0; i < NR_FLAGS; i++) {
		struct running r;
		const char *(*f)(int);

		packer_lab_compile(lab, "other",
				   "const char *other(int a)\n"
				   "{ return a & 1 ? \"a longer text\" : \"one more\"; }\n",
				   flags[i]);
		packer_lab_compile(lab, "fix",
				   "const char *other(int); void g(const char **);\n"
				   "const char *f(int a) { switch (a) {\n"
				   "case 0: return \"text\"; case 1: return \"longer text\";\n"
				   "case 2: return other(0); case 3: return other(1);\n"
				   "case 4: return \"more\"; } return \"\"; }\n",
				   flags[i]);
		lab->objects[0] = packer_lab_path(lab, "fix.o");
		lab->objects[1] = packer_lab_path(lab, "other.o");
		lab->options.nr_objects = 2;
		running_begin(lab, REPLACE_F, &r);
		memcpy(&f, &r.f, sizeof(f));
		assert_string_equal(f(0), "text");
		assert_string_equal(f(1), "longer text");
		assert_string_equal(f(2), "one more");
		assert_string_equal(f(3), "a longer text");
		assert_string_equal(f(4), "more");
		assert_string_equal(f(5), "");
		running_end(&r);
	}
}

static void static_variables_of_functions_are_the_targets(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab,
			  TARGET_F "int g(int a) { static int other = 50; return other += a; }\n"
				   "BODY int f_body(int a) { static int n = 5; return n += a; }\n"
				   "ENTRY(f);\n",
			  "f; g;");
	for (size_t i = 0; i < NR_FLAGS; i++) {
		struct running r;
		int (*old)(int);

		packer_lab_compile(lab, "fix",
				   "int g(int a) { static int other = 50; return other += a; }\n"
				   "int f_body(int a) { static int fresh = 7; static int n = 5;\n"
				   "  n += a; return n * 100 + ++fresh; }\n",
				   flags[i]);
		running_begin(lab, REPLACE_BY_BODY, &r);
		*(void **)&old = running_symbol(&r, "f");
		assert_int_equal(old(1), 6);
		assert_int_equal(r.f(2), 808);
		assert_int_equal(old(1), 9);
		assert_int_equal(r.f(0), 909);
		running_end(&r);
	}
}

/* --- C++ ----------------------------------------------------------------------------- */

#define INLINE                                                                         \
	"int secret() __attribute__((visibility(\"hidden\")));\n"                      \
	"template<int N> __attribute__((noinline)) int twice(int a)\n"                 \
	"{ static int calls; __asm__(\"\"); calls++; return (a + N) * 2 + secret() + " \
	"calls * 1000; }\n"

static void cxx_target(struct packer_lab *lab)
{
	packer_lab_write(lab, "liba.map", "{ global: f; note; local: *; };\n");
	packer_lab_compile(lab, "fix",
			   "extern \"C\" {\n" TARGET_F
			   "BODY int f_body(int a) { return note(a); }\nENTRY(f);\n}\n"
			   "int secret() { return calls; }\n"
			   "int keep(void) { return secret(); }\n",
			   CXX);
	packer_lab_must(lab, "mv fix.o target.o");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map target.o -o liba.so.1");
}

/*
 * Two objects bring the same function, in a group of which the linker keeps one.  It refers to a
 * private function of the target, and has a variable that both must share.
 */
static void function_in_a_group_comes_along_once(void **state)
{
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < NR_FLAGS; i++) {
		const char *cxx = pool_printf(&lab->pool, CXX "%s", flags[i]);
		struct running r;

		cxx_target(lab);
		packer_lab_compile(lab, "other",
				   INLINE "int other(int a) { return twice<1>(a); }\n", cxx);
		packer_lab_compile(lab, "fix",
				   INLINE
				   "int other(int);\n"
				   "extern \"C\" int f(int a) { return twice<1>(a) + other(a); }\n",
				   cxx);
		lab->objects[0] = packer_lab_path(lab, "fix.o");
		lab->objects[1] = packer_lab_path(lab, "other.o");
		lab->options.nr_objects = 2;
		running_begin(lab, REPLACE_F, &r);
		assert_int_equal(count_symbols(lab, "fix.so", "twiceILi1"),
				 2); /* and its variable */
		assert_int_equal(r.f(4), 10 + 1000 + 10 + 2000);
		assert_int_equal(r.f(4), 10 + 3000 + 10 + 4000);
		running_end(&r);
	}
}

/* In either order of the objects, with the spec's function in a group itself. */
static void virtual_functions_and_tables_come_along(void **state)
{
	static const char types[] =
		"struct Base { virtual int get(int) { return 1; } virtual ~Base() {} };\n"
		"struct Derived : Base { int get(int a) override { return a * 3; } };\n"
		"extern \"C\" void *malloc(unsigned long); extern \"C\" void free(void *);\n"
		"inline void *operator new(unsigned long, void *p) { return p; }\n"
		"void operator delete(void *p, unsigned long) noexcept;\n"
		"void operator delete(void *p) noexcept;\n";
	struct packer_lab *lab = *state;

	for (size_t i = 0; i < NR_FLAGS; i++) {
		const char *cxx = pool_printf(&lab->pool, CXX "-fno-rtti %s", flags[i]);
		struct running r;

		cxx_target(lab);
		packer_lab_compile(
			lab, "other",
			pool_printf(&lab->pool,
				    "%sBase *make(void *p) { return new (p) Derived; }\n"
				    "void operator delete(void *p, unsigned long) noexcept "
				    "{ free(p); }\n"
				    "void operator delete(void *p) noexcept { free(p); }\n",
				    types),
			cxx);
		packer_lab_compile(
			lab, "fix",
			pool_printf(&lab->pool,
				    "%sBase *make(void *);\n"
				    "extern \"C\" int f(int a) { alignas(8) char room[64];\n"
				    "Base *b = a > 5 ? make(room) : new (room) Base;\n"
				    "__asm__(\"\" : \"+r\"(b));\n"
				    "int got = b->get(a); b->~Base(); return got; }\n",
				    types),
			cxx);
		lab->objects[0] = packer_lab_path(lab, "fix.o");
		lab->objects[1] = packer_lab_path(lab, "other.o");
		lab->options.nr_objects = 2;
		running_begin(lab, REPLACE_F, &r);
		assert_int_equal(r.f(4), 1);
		assert_int_equal(r.f(7), 21);
		running_end(&r);
	}
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(jump_table_leads_into_its_own_function),
		LAB_TEST(unlikely_part_comes_along_with_its_function),
		LAB_TEST(part_of_a_split_function_comes_along),
		LAB_TEST(strings_may_be_merged),
		LAB_TEST(static_variables_of_functions_are_the_targets),
		LAB_TEST(function_in_a_group_comes_along_once),
		LAB_TEST(virtual_functions_and_tables_come_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
