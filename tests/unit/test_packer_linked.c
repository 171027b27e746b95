/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packer/: a fix that was linked into a shared object, packed and run in this process; and what
 * such an object must not have.
 */
#include "config.h"

#include "packer/elf_file.h"
#include "tests/lib/check_err.h"
#include "tests/lib/running.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEC "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n"
#define REPLACE_F SPEC "  - replace: f\n"

#define TARGET_HEAD                      \
	"#include \"packer_target.h\"\n" \
	"static long state = 100; long *where(void) { return &state; }\n"

/* `shown`, f() and twice() are for all, `state` and helper() static. */
static const char target_source[] =
	TARGET_HEAD "long shown = 1000;\n"
		    "static int helper(int a) { return a + 5; }\n"
		    "int (*keep(void))(int) { return helper; }\n"
		    "BODY int f_body(int a) { state++; return helper(a); }\n"
		    "ENTRY(f);\n"
		    "BODY int twice_body(int a) { return 2 * a; }\n"
		    "ENTRY(twice);\n";

#define GLOBAL "f; twice; where; keep; shown;"

static void give(struct packer_lab *lab, const char *name)
{
	lab->objects[0] = packer_lab_path(lab, name);
	lab->options.nr_objects = 1;
	lab->options.out = NULL;
}

/* Compiles `source` and links it into given.so, which is the fix then. */
static void link_fix(struct packer_lab *lab, const char *source, const char *flags)
{
	packer_lab_compile(lab, "fix", source, "");
	packer_lab_must(lab, pool_printf(&lab->pool,
					 "@cc -shared -nostdlib -Wl,--build-id=sha1 fix.o "
					 "-o given.so %s",
					 flags));
	give(lab, "given.so");
}

/* --- what works ----------------------------------------------------------------------------- */

/* Of libc by lookup, exported ones of the target, static ones, its own. */
static const char everything[] =
	"#include <string.h>\n"
	"extern long state, shown; int helper(int); int twice(int); int f(int);\n"
	"static long fresh = 7; long *const table[] = {&state, &shown};\n"
	"static const char *const names[] = {\"a\", \"seven77\"};\n"
	"int f(int a) { if (a < 0) return f(-a);\n"
	"*table[0] += a; *table[1] += 2 * a; fresh++;\n"
	"return helper(a) + twice(a) + (int)strlen(names[a & 1]) + (int)fresh; }\n";

static void check_everything(struct packer_lab *lab)
{
	struct running r;
	long *shown;
	long *(*where)(void);

	running_begin(lab, REPLACE_F, &r);
	shown = running_symbol(&r, "shown");
	*(void **)&where = running_symbol(&r, "where");
	assert_int_equal(*where(), 100);
	assert_int_equal(r.f(3), 8 + 6 + 7 + 8);
	assert_int_equal(r.f(-4), 9 + 8 + 1 + 9);
	assert_int_equal(*where(), 107);
	assert_int_equal(*shown, 1014);
	running_end(&r);
}

static void linked_fix_reaches_what_an_object_would(void **state)
{
	static const char *const flags[] = {
		"",
		"-Wl,-Bsymbolic",
		"-Wl,-z,now",
		"-Wl,-z,lazy",
		"-Wl,-q",
		"-Wl,--hash-style=both",
		"-Wl,-z,noseparate-code",
		"liba.so.1 -Wl,--unresolved-symbols=ignore-all -Wl,-rpath,/nowhere",
		"-lc",
	};
	struct packer_lab *lab = *state;

	packer_lab_target(lab, target_source, GLOBAL);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		link_fix(lab, everything, flags[i]);
		check_everything(lab);
	}
}

/* The function that replaces f(), found in .symtab only. */
static void linked_fix_may_be_a_static_function(void **state)
{
	struct packer_lab *lab = *state;
	struct running r;

	packer_lab_target(lab, target_source, GLOBAL);
	link_fix(lab,
		 "__attribute__((used, noinline)) static int mine(int a) { return a * 11; }\n"
		 "int other(int a) { return mine(a); }\n",
		 "");
	running_begin(lab, SPEC "  - {replace: f, with: mine}\n", &r);
	assert_int_equal(r.f(3), 33);
	running_end(&r);
}

static bool needs_libraries(struct packer_lab *lab, const char *file)
{
	const unsigned char *data;
	struct elf_file elf;
	size_t len;

	assert_succeeds(elf_file_read(&lab->pool, packer_lab_path(lab, file), &elf, &lab->err),
			&lab->err);
	assert_succeeds(
		elf_file_data(&elf, elf_file_find_type(&elf, SHT_DYNAMIC), &data, &len, &lab->err),
		&lab->err);
	for (size_t off = 0; off + sizeof(Elf64_Dyn) <= len; off += sizeof(Elf64_Dyn)) {
		Elf64_Dyn dyn;

		memcpy(&dyn, data + off, sizeof(dyn));
		if (dyn.d_tag == DT_NEEDED || dyn.d_tag == DT_RPATH || dyn.d_tag == DT_RUNPATH)
			return true;
	}
	return false;
}

static void needed_libraries_are_dropped(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_target(lab, target_source, GLOBAL);
	link_fix(lab, everything,
		 "liba.so.1 -Wl,--unresolved-symbols=ignore-all "
		 "-Wl,-rpath,/nowhere");
	assert_true(needs_libraries(lab, "given.so"));
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_false(needs_libraries(lab, "fix.so"));
	ulp_container_close(&c);
}

/* Its build ID is that of the patch, so another spec gives another one. */
static void each_spec_gives_a_build_id_of_its_own(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container first, again, other;

	packer_lab_target(lab, target_source, GLOBAL);
	link_fix(lab, everything, "");
	packer_lab_packed(lab, REPLACE_F, &first);
	packer_lab_packed(lab, REPLACE_F, &again);
	packer_lab_packed(lab, REPLACE_F "labels: [other]\n", &other);
	assert_true(ulp_build_id_equal(&first.build_id, &again.build_id));
	assert_int_equal(first.len, again.len);
	assert_memory_equal(first.bytes, again.bytes, first.len);
	assert_false(ulp_build_id_equal(&first.build_id, &other.build_id));
	ulp_container_close(&first);
	ulp_container_close(&again);
	ulp_container_close(&other);
}

static bool told(const struct packer_lab *lab, enum note_level level, const char *text)
{
	for (size_t i = 0; i < lab->report.nr_notes; i++)
		if (lab->report.notes[i].level == level && strstr(lab->report.notes[i].text, text))
			return true;
	return false;
}

/* A copy of a function is harmless; one that is not what the target has may be part of the fix. */
static void copies_of_functions_are_told(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, target_source, GLOBAL);
	link_fix(lab,
		 "__attribute__((noinline)) static int helper(int a) { return a + 5; }\n"
		 "int f(int a) { return helper(a) + helper(a + 1); }\n",
		 "");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_true(told(lab, NOTE_DETAIL, "helper: a second copy"));
	assert_false(told(lab, NOTE_WARNING, "helper of given.so is not what the target has"));
	link_fix(lab,
		 "__attribute__((noinline)) static int helper(int a) { return a * 99 - 5; }\n"
		 "int f(int a) { return helper(a) + helper(a + 1); }\n",
		 "");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_true(told(lab, NOTE_WARNING, "helper of given.so is not what the target has"));
}

/* An exported function is bound by lookup, although the linked file has one, too. */
static void exported_function_of_the_target_is_used(void **state)
{
	struct packer_lab *lab = *state;
	struct running r;

	packer_lab_target(lab, target_source, GLOBAL);
	packer_lab_compile(lab, "fix",
			   "__attribute__((noinline)) int twice(int a) { return 77; }\n"
			   "int f(int a) { return twice(a); }\n",
			   "-fsemantic-interposition");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 fix.o -o given.so");
	give(lab, "given.so");
	running_begin(lab, REPLACE_F, &r);
	assert_int_equal(r.f(4), 8);
	running_end(&r);
}

/* --- what is refused -------------------------------------------------------------------------- */

static void refused(struct packer_lab *lab, const char *spec, enum ulp_code code, const char *place,
		    const char *says)
{
	lab->options.out = packer_lab_path(lab, "refused.so");
	packer_lab_refused(lab, spec, code, place, says);
}

#define F "int f(int a) { return a; }\n"
/* A use that the compiler cannot do without. */
#define USES(variable) "int f(int a) { return (int)(" #variable " += a); }\n"

static const struct refusal {
	const char *source;
	const char *flags; /* of the linker */
	enum ulp_code code;
	const char *place;
	const char *says;
} refusals[] = {
	{"static long state = 100;\n" USES(state), "", ULP_EMISMATCH, ".data", "the object file"},
	{"long state = 100;\n" USES(state), "-Wl,-Bsymbolic", ULP_EMISMATCH, ".data", "state is"},
	{"static long state;\n" USES(state), "", ULP_EMISMATCH, ".bss", "state is a variable"},
	{"long shown = 1;\n" USES(shown), "", ULP_EMISMATCH, ".data", "shown is a variable"},
	{"static int state;\n" USES(state), "", ULP_EMISMATCH, ".bss", "4 bytes"},
	{"static long fresh = 4;\n" USES(fresh), "-s", ULP_EUNSUP, ".data", "keep its symbols"},
	{"static long fresh = 4;\n" USES(fresh), "-Wl,-x", ULP_EUNSUP, ".data", "keep its symbols"},
	{"static _Thread_local long t;\n" USES(t), "", ULP_ETLS, "given.so", "thread-local"},
	{"extern _Thread_local long t;\n" USES(t), "", ULP_ETLS, ".got", "give the object file"},
	{F "__attribute__((constructor)) static void init(void) { __asm__ volatile(\"\"); }\n", "",
	 ULP_EUNSUP, ".dynamic", "constructors"},
	{F "__attribute__((destructor)) static void done(void) { __asm__ volatile(\"\"); }\n", "",
	 ULP_EUNSUP, ".dynamic", "destructors"},
	{F "void begin(void) {}\n", "-Wl,-init,begin", ULP_EUNSUP, ".dynamic", "initialisation"},
	{F "void end(void) {}\n", "-Wl,-fini,end", ULP_EUNSUP, ".dynamic", "finalisation"},
	{"static int one(void) { return 1; }\nstatic int (*choose(void))(void) { return one; }\n"
	 "__attribute__((visibility(\"hidden\"), ifunc(\"choose\"))) int chosen(void);\n"
	 "int f(int a) { return a + chosen(); }\n",
	 "", ULP_EUNSUP, "given.so", "ifunc"},
	{"extern int nowhere(int);\nint f(int a) { return nowhere(a); }\n", "", ULP_ESYMBOL, ".got",
	 "nowhere"},
	{F "__asm__(\".pushsection .data,\\\"aw\\\"\\n.quad 7\\n.popsection\");\n", "", ULP_EUNSUP,
	 ".data", "variables without symbols"},
	{F "__attribute__((aligned(8192))) long wide = 1;\n", "", ULP_EUNSUP, ".data",
	 "aligned to 8192"},
	{"static long near; long *far = &near;\n" USES(*far), "-Wl,-z,pack-relative-relocs",
	 ULP_ERELOC, "given.so", "nopack-relative-relocs"},
	{F, "-Wl,--omagic", ULP_EUNSUP, "given.so", "writable and executable"},
	{F "long fresh = 4;\n", "-Wl,-z,noseparate-code,-z,max-page-size=512", ULP_EUNSUP,
	 "given.so", "separate-code"},
	{F, "-Wl,--build-id=none", ULP_EELF, "given.so", "--build-id=sha1"},
	{F, "-Wl,--build-id=0x1234", ULP_EELF, "given.so", "--build-id=sha1"},
	{"extern char shown;\n__asm__(\".pushsection .text\\nmovabs $shown, "
	 "%rax\\n.popsection\");\n" F,
	 "-Wl,-z,notext", ULP_ERELOC, "given.so", "relocations in code"},
};

/* Linkers that do not know the option for this machine only warn. */
static bool is_as_wanted(struct packer_lab *lab, const struct refusal *r)
{
	struct elf_file elf;

	if (!strstr(r->flags, "pack-relative-relocs"))
		return true;
	assert_succeeds(
		elf_file_read(&lab->pool, packer_lab_path(lab, "given.so"), &elf, &lab->err),
		&lab->err);
	return elf_file_find_type(&elf, SHT_RELR) != 0;
}

static void refuses_what_a_container_cannot_have(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, target_source, GLOBAL);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];

		link_fix(lab, r->source, r->flags);
		if (is_as_wanted(lab, r))
			refused(lab, REPLACE_F, r->code, r->place, r->says);
	}
}

static void refuses_programs_and_containers(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_target(lab, target_source, GLOBAL);
	packer_lab_compile(lab, "fix", F "int main(void) { return 0; }\n", "");
	packer_lab_must(lab, "@cc -pie -Wl,--build-id=sha1 fix.o -o given.so");
	give(lab, "given.so");
	refused(lab, REPLACE_F, ULP_EELF, "given.so", "is a program");
	link_fix(lab, F, "");
	packer_lab_packed(lab, REPLACE_F, &c);
	ulp_container_close(&c);
	give(lab, "fix.so");
	refused(lab, REPLACE_F, ULP_EELF, ".ulp", "a container already");
}

static void refuses_a_linked_file_among_others(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, target_source, GLOBAL);
	link_fix(lab, F, "");
	packer_lab_compile(lab, "other", "int g(int a) { return a; }\n", "");
	lab->objects[1] = packer_lab_path(lab, "other.o");
	lab->options.nr_objects = 2;
	refused(lab, REPLACE_F, ULP_EUSAGE, "given.so", "the only input");
}

static void refuses_a_name_that_two_functions_have(void **state)
{
	struct packer_lab *lab = *state;
	static const char source[] =
		"__attribute__((used, noinline)) static int mine(int a) { return a * 3; }\n";

	packer_lab_target(lab, target_source, GLOBAL);
	packer_lab_compile(lab, "fix", source, "");
	packer_lab_compile(lab, "other", source, "");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 fix.o other.o -o given.so");
	give(lab, "given.so");
	refused(lab, SPEC "  - {replace: f, with: mine}\n", ULP_EAMBIGUOUS, "fix.yaml",
		"name of 2 functions");
}

/* Another source's `state` is another variable; the file's own marks tell which is whose. */
static void static_variables_of_several_sources_are_told_apart(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, target_source, GLOBAL);
	packer_lab_compile(lab, "other",
			   "static long state = 3;\n"
			   "long more(long a) { return state += a; }\n",
			   "");
	packer_lab_compile(lab, "fix",
			   "long more(long);\n"
			   "int f(int a) { return (int)more(a); }\n",
			   "");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 other.o fix.o -o given.so");
	give(lab, "given.so");
	/* No source of this name is in the target: it may be the one. */
	refused(lab, REPLACE_F, ULP_EMISMATCH, ".data", "state is a variable");
}

static void refuses_type_information_of_the_target(void **state)
{
	static const char types[] = "struct Base { virtual ~Base(); long a; };\n"
				    "Base::~Base() {}\n";
	struct packer_lab *lab = *state;

	packer_lab_write(lab, "liba.map", "{ global: f; local: *; };\n");
	packer_lab_compile(lab, "target",
			   pool_printf(&lab->pool,
				       "#include \"packer_target.h\"\n%s"
				       "extern \"C\" { BODY int f_body(int a) { throw Base(); }\n"
				       "ENTRY(f); }\n",
				       types),
			   "-xc++");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map target.o -o liba.so.1");
	packer_lab_compile(
		lab, "fix",
		pool_printf(&lab->pool, "%sextern \"C\" int f(int a) { throw Base(); }\n", types),
		"-xc++");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 fix.o -o given.so");
	give(lab, "given.so");
	refused(lab, REPLACE_F, ULP_EUNSUP, "given.so", "type information");
}

/* --- the closure ------------------------------------------------------------------------------ */

static void closure_names_the_source_to_link_in(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab,
			  "#include \"packer_target.h\"\n"
			  "static volatile int seed;\n"
			  "static inline __attribute__((always_inline)) int inner(int a)\n"
			  "{ return a * seed; }\n"
			  "__attribute__((noinline)) int inner_user(int a)\n"
			  "{ ENTRY_HERE(inner_user); return inner(a); }\n"
			  "__attribute__((noinline)) int g(int a) { ENTRY_HERE(g);\n"
			  "return inner(a) + 1; }\n",
			  "inner_user; g;");
	packer_lab_compile(lab, "inner",
			   "int inner(int a) { return a * 4; }\n"
			   "int g(int a) { return inner(a) + 1; }\n",
			   "");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 inner.o -o given.so");
	give(lab, "given.so");
	refused(lab, SPEC "  - replace: inner\n", ULP_EMISMATCH, "fix.yaml", "inner_user");
	assert_non_null(strstr(lab->err.text, "link in the object of"));
	/* Once it is in, the functions with copies are replaced, too. */
	packer_lab_compile(lab, "more",
			   "int inner(int);\n"
			   "int inner_user(int a) { return inner(a); }\n",
			   "");
	packer_lab_must(lab,
			"@cc -shared -nostdlib -Wl,--build-id=sha1 inner.o more.o -o given.so");
	give(lab, "given.so");
	assert_succeeds(packer_lab_pack(lab, SPEC "  - replace: inner\n"), &lab->err);
	assert_int_equal(lab->result.nr_functions, 2);
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(linked_fix_reaches_what_an_object_would),
		LAB_TEST(linked_fix_may_be_a_static_function),
		LAB_TEST(needed_libraries_are_dropped),
		LAB_TEST(each_spec_gives_a_build_id_of_its_own),
		LAB_TEST(copies_of_functions_are_told),
		LAB_TEST(exported_function_of_the_target_is_used),
		LAB_TEST(refuses_what_a_container_cannot_have),
		LAB_TEST(refuses_programs_and_containers),
		LAB_TEST(refuses_a_linked_file_among_others),
		LAB_TEST(refuses_a_name_that_two_functions_have),
		LAB_TEST(static_variables_of_several_sources_are_told_apart),
		LAB_TEST(refuses_type_information_of_the_target),
		LAB_TEST(closure_names_the_source_to_link_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
