/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packer/: each relocation type that compilers emit for C, from what a small source is compiled
 * to over what the container holds to what the packed code computes in this process.
 */
#include "config.h"

#include "packer/object.h"
#include "tests/lib/check_err.h"
#include "tests/lib/own_load.h"
#include "tests/lib/packer_lab.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTIONS " -ffunction-sections -fdata-sections "
#define REPLACE_F "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n  - replace: f\n"

static const char target_source[] = //
	"#include \"packer_target.h\"\n"
	"int shown = 1;\n"
	"__attribute__((visibility(\"hidden\"))) int inner = 2;\n"
	"static int state = 3;\n"
	"int exported(int a) { return a + shown; }\n"
	"__attribute__((visibility(\"hidden\"))) int hidden(int a) { return a + inner; }\n"
	"__attribute__((noinline)) static int helper(int a) { return state += a; }\n"
	"int get_state(void) { return state; }\n"
	"BODY int f_body(int a) { return helper(a) + hidden(a); }\n"
	"ENTRY(f);\n";
static const char target_global[] = "f; shown; exported; get_state;";

/* Written to somewhere, or the compiler takes it for a constant. */
#define STATE "static int state = 3; void set_state(int a) { state = a; }\n"
#define HELPER                                                                                  \
	STATE "__attribute__((noinline, used)) static int helper(int a)\n{ return state += a; " \
	      "}\n"

/* How code reaches one thing. */
struct way {
	const char *flags;
	const char *source;    /* of the fix; f(40) is called */
	uint32_t type;	       /* the relocation that the object must have */
	const char *reference; /* a private symbol that the container refers to, NULL for none */
	uint32_t recorded;     /* the reference's type */
	const char *import;    /* NULL for none */
	int answer;
};

static const struct way ways[] = {
	/* A branch, by the linker's choice of a way. */
	{"", HELPER "int f(int a) { return helper(a); }\n", R_X86_64_PC32, "helper", R_X86_64_PC32,
	 NULL, 43},
	{"", "int hidden(int); int f(int a) { return hidden(a) + 1; }\n", R_X86_64_PLT32, "hidden",
	 R_X86_64_PC32, NULL, 43},
	{"", "int exported(int); int f(int a) { return exported(a) + 1; }\n", R_X86_64_PLT32, NULL,
	 0, "exported", 42},
	{"",
	 "__attribute__((noinline)) int fresh(int a) { __asm__(\"\"); return a; }\n"
	 "int f(int a) { return fresh(a) + 1; }\n",
	 R_X86_64_PLT32, NULL, 0, NULL, 41},
	/* A distance. */
	{"", STATE "int f(int a) { return state + a; }\n", R_X86_64_PC32, "state", R_X86_64_PC32,
	 NULL, 43},
	{"",
	 "extern __attribute__((visibility(\"hidden\"))) int inner;\n"
	 "int f(int a) { return inner += a; }\n",
	 R_X86_64_PC32, "inner", R_X86_64_PC32, NULL, 42},
	{"", HELPER "int (*f(int a))(int) { return a ? helper : 0; }\n", R_X86_64_PC32, "helper",
	 R_X86_64_PC32, NULL, 0},
	{"", "const char *f(int a) { return &\"text\"[a & 1]; }\n", R_X86_64_PC32, NULL, 0, NULL,
	 0},
	/* Through a slot, with and without the mark that the linker may relax it. */
	{"-Wa,-mrelax-relocations=no", "extern int shown; int f(int a) { return shown + a; }\n",
	 R_X86_64_GOTPCREL, NULL, 0, "shown", 41},
	{"-Wa,-mrelax-relocations=no", "extern int inner; int f(int a) { return inner + a; }\n",
	 R_X86_64_GOTPCREL, "inner", R_X86_64_64, NULL, 42},
	{"", "extern int shown; int f(int a) { return shown + a; }\n", R_X86_64_REX_GOTPCRELX, NULL,
	 0, "shown", 41},
	{"", "extern int inner; int f(int a) { return inner + a; }\n", R_X86_64_REX_GOTPCRELX,
	 "inner", R_X86_64_64, NULL, 42},
	{"", "int fresh = 7; int f(int a) { return fresh + a; }\n", R_X86_64_REX_GOTPCRELX, NULL, 0,
	 NULL, 47},
	{"-fno-plt", "int exported(int); int f(int a) { return exported(a) + 1; }\n",
	 R_X86_64_GOTPCRELX, NULL, 0, "exported", 42},
	{"-fno-plt", "int hidden(int); int f(int a) { return hidden(a) + 1; }\n",
	 R_X86_64_GOTPCRELX, "hidden", R_X86_64_64, NULL, 43},
	{"-fno-plt", "int hidden(int); int f(int a) { return hidden(a); }\n", R_X86_64_GOTPCRELX,
	 "hidden", R_X86_64_64, NULL, 42},
	{"-fno-plt",
	 "__attribute__((noinline)) int fresh(int a) { __asm__(\"\"); return a; }\n"
	 "int f(int a) { return fresh(a) + 1; }\n",
	 R_X86_64_GOTPCRELX, NULL, 0, NULL, 41},
	/* An address in data. */
	{"", STATE "int *const table[] = {&state, 0}; int f(int a) { return *table[a - 40]; }\n",
	 R_X86_64_64, "state", R_X86_64_64, NULL, 3},
	{"",
	 "int hidden(int); static int (*const table[])(int) = {0, hidden};\n"
	 "int f(int a) { return table[a - 39](a); }\n",
	 R_X86_64_64, "hidden", R_X86_64_64, NULL, 42},
	{"",
	 "int exported(int); static int (*const table[])(int) = {0, exported};\n"
	 "int f(int a) { return table[a - 39](a); }\n",
	 R_X86_64_64, NULL, 0, "exported", 41},
	{"",
	 "extern int shown; static int *fresh = &shown;\n"
	 "int f(int a) { return a + *fresh++; }\n",
	 R_X86_64_64, NULL, 0, "shown", 41},
	{"",
	 "static const char *const table[] = {\"one\", \"two\"};\n"
	 "int f(int a) { return table[a - 39][2]; }\n",
	 R_X86_64_64, NULL, 0, NULL, 'o'},
};

/* The types in the tables are GCC's choice; where clang takes another way, there is nothing to see.
 */
static bool is_gcc(void)
{
	const char *cc = getenv("ULP_CC");

	return !cc || !strstr(cc, "clang");
}

static bool has_reloc(struct packer_lab *lab, uint32_t type)
{
	struct object object;

	assert_succeeds(object_read(&lab->pool, packer_lab_path(lab, "fix.o"),
				    packer_arch_find(EM_X86_64), &object, &lab->err),
			&lab->err);
	for (size_t i = 1; i < object.nr_sections; i++)
		for (size_t k = 0; k < object.sections[i].nr_relocs; k++)
			if (object.sections[i].relocs[k].type == type &&
			    object.sections[i].class != SECTION_OTHER &&
			    object.sections[i].class != SECTION_UNWIND)
				return true;
	return false;
}

static void check_content(const struct ulp_container *c, const struct way *way)
{
	const struct ulp_reference *r;

	if (!way->reference && c->patch.nr_references)
		fail_msg("a reference to %s for: %s", c->patch.references[0].name, way->source);
	if (way->reference) {
		r = packer_lab_reference(c, way->reference);
		if (!r)
			fail_msg("no reference to %s for: %s", way->reference, way->source);
		assert_int_equal(r->type, way->recorded);
		assert_non_null(ulp_elf_at_vaddr(&c->elf, r->place, 4));
	}
	assert_int_equal(c->patch.nr_imports, way->import != NULL);
	if (way->import)
		assert_string_equal(c->patch.imports[0].name, way->import);
}

/* f() of the container, in this process. */
static int run(struct packer_lab *lab, const struct ulp_container *c)
{
	void *target = dlopen(packer_lab_path(lab, "liba.so.1"), RTLD_NOW);
	struct own_load own;
	int (*f)(int);
	int answer;

	assert_non_null(target);
	own_load_begin(&own, c);
	*(void **)&f = own_load_function(&own, "f");
	answer = f(40);
	own_load_end(&own);
	assert_int_equal(dlclose(target), 0);
	return answer;
}

static void check_way(struct packer_lab *lab, const struct way *way)
{
	struct ulp_container c;

	packer_lab_compile(lab, "fix", way->source,
			   pool_printf(&lab->pool, "%s" SECTIONS, way->flags));
	if (!has_reloc(lab, way->type)) {
		if (!is_gcc())
			return;
		fail_msg("the compiler emits no relocation of type %u for: %s", way->type,
			 way->source);
	}
	packer_lab_packed(lab, REPLACE_F, &c);
	check_content(&c, way);
	if (way->answer)
		assert_int_equal(run(lab, &c), way->answer);
	else
		(void)run(lab, &c);
	ulp_container_close(&c);
}

static void each_way_to_reach_a_symbol_is_packed_and_runs(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, target_source, target_global);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		check_way(lab, &ways[i]);
}

/* --- what is refused ---------------------------------------------------------------- */

/* Code that cannot be loaded anywhere, or is made for another code model. */
static const struct refusal {
	const char *flags;
	const char *source;
	uint32_t type;
	enum ulp_code code;
	const char *says;
} refusals[] = {
	{"-fno-pic", "static int list[9]; int f(int a) { return list[a] += a; }\n", R_X86_64_32S,
	 ULP_ERELOC, "compile with -fPIC"},
	{"-fno-pic", "int exported(int); int (*f(void))(int) { return exported; }\n", R_X86_64_32,
	 ULP_ERELOC, "compile with -fPIC"},
	{"-fno-pic",
	 "int exported(int); int f(int a) { switch (a) { case 0: return exported(3);\n"
	 "case 1: return exported(9); case 2: return a * 9; case 3: return exported(8);\n"
	 "case 4: return 99; case 5: return exported(a); case 6: return exported(2); }\n"
	 "return 0; }\n",
	 R_X86_64_32S, ULP_ERELOC, "compile with -fPIC"},
	{"-fPIE", "extern int shown; int f(int a) { return shown + a; }\n", R_X86_64_PC32,
	 ULP_ERELOC, "compile with -fPIC"},
	{"-fno-pic", "extern int shown; int f(int a) { return shown + a; }\n", R_X86_64_PC32,
	 ULP_ERELOC, "compile with -fPIC"},
	{"-mcmodel=medium", "static int list[99999]; int *f(int a) { list[a]++; return list; }\n",
	 R_X86_64_GOTOFF64, ULP_ERELOC, "without -mcmodel"},
	{"-mcmodel=medium", "static int list[99999]; int *f(int a) { list[a]++; return list; }\n",
	 R_X86_64_GOTPC32, ULP_ERELOC, "without -mcmodel"},
	{"-mcmodel=large", "int exported(int); int f(int a) { return exported(a) + 1; }\n",
	 R_X86_64_GOTPC64, ULP_ERELOC, "without -mcmodel"},
	{"-mcmodel=large", "int exported(int); int f(int a) { return exported(a) + 1; }\n",
	 R_X86_64_PLTOFF64, ULP_ERELOC, "without -mcmodel"},
	{"-mcmodel=large", "extern int shown; int f(int a) { return shown + 1; }\n", R_X86_64_GOT64,
	 ULP_ERELOC, "without -mcmodel"},
};

static void code_for_another_place_or_model_is_refused(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, target_source, target_global);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];

		packer_lab_compile(lab, "fix", r->source,
				   pool_printf(&lab->pool, "%s" SECTIONS, r->flags));
		if (!has_reloc(lab, r->type)) {
			if (!is_gcc())
				continue;
			fail_msg("no relocation of type %u with %s for: %s", r->type, r->flags,
				 r->source);
		}
		if (packer_lab_pack(lab, REPLACE_F) != r->code)
			fail_msg("%s: %s with %s for: %s", ulp_code_name(lab->err.code),
				 lab->err.text, r->flags, r->source);
		if (!strstr(lab->err.where, "fix.") || !strstr(lab->err.text, r->says))
			fail_msg("%s at '%s' does not say '%s'", lab->err.text, lab->err.where,
				 r->says);
		assert_int_equal(access(lab->options.out, F_OK), -1);
	}
}

/* --- a program ------------------------------------------------------------------------- */

/* What a program exports is its own for all libraries, too: no lookup is needed. */
static void program_reaches_its_own_exported_data_directly(void **state)
{
	struct packer_lab *lab = *state;
	const struct ulp_reference *r;
	struct ulp_container c;

	packer_lab_compile(lab, "main",
			   "#include \"packer_target.h\"\n"
			   "int value = 3; int f(int);\n"
			   "BODY int f_body(int a) { return a + value; }\n"
			   "ENTRY(f);\n"
			   "int main(void) { return f(value); }\n",
			   "-fPIE");
	packer_lab_must(lab, "@cc -pie -rdynamic -Wl,--build-id main.o -o server");
	packer_lab_compile(lab, "fix", "extern int value; int f(int a) { return a - value; }\n",
			   "-fPIE" SECTIONS);
	lab->options.target = packer_lab_path(lab, "server");
	packer_lab_packed(lab,
			  "ulp: 1\nname: fix\ntarget: {soname: server}\n"
			  "functions: [{replace: f}]\n",
			  &c);
	if (is_gcc()) { /* clang looks it up, which is as good */
		r = packer_lab_reference(&c, "value");
		assert_non_null(r);
		assert_int_equal(r->type, R_X86_64_PC32);
		assert_int_equal(c.patch.nr_imports, 0);
	}
	ulp_container_close(&c);
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(each_way_to_reach_a_symbol_is_packed_and_runs),
		LAB_TEST(code_for_another_place_or_model_is_refused),
		LAB_TEST(program_reaches_its_own_exported_data_directly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
