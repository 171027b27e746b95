/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/: small fixes against small targets; what the containers hold. */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/packer_lab.h"

#include "packer/target.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTIONS "-ffunction-sections -fdata-sections"
#define SPEC "ulp: 1\nname: fix\nlabels: [CVE-1]\ntarget: {soname: liba.so.1}\nfunctions:\n"
#define REPLACE_F SPEC "  - replace: f\n"

/* What the target and the fix share, as two versions of one file. */
static const char target_source[] = //
	"#include \"packer_target.h\"\n"
	"#include <string.h>\n"
	"int shown = 1;\n"
	"int hidden_counter = 2;\n"
	"static int state = 3;\n"
	"static const char *const names[] = {\"a\", \"b\"};\n"
	"int hidden(int a) { return a + hidden_counter; }\n"
	"int exported(int a) { return hidden(a); }\n"
	"__attribute__((noinline)) static int helper(int a) { return state += a; }\n"
	"int count(void) { static int counter = 5; return ++counter; }\n"
	"BODY int f_body(int a) { shown++; return helper(a) + (int)strlen(names[a & 1]); }\n"
	"BODY int s_body(int a) { return a - state; }\n"
	"BODY int g_body(int a) { return hidden(a); }\n"
	"ENTRY(f);\n"
	"ENTRY(g);\n"
	"STATIC_ENTRY(s);\n";
static const char target_global[] = "shown; exported; f; g; count;";

static struct ulp_elf elf_of(const struct ulp_container *c)
{
	return c->elf;
}

static bool has_symbol(struct packer_lab *lab, const char *path, const char *name)
{
	struct elf_symbol *symbols;
	struct elf_file file;
	size_t nr;

	assert_succeeds(elf_file_read(&lab->pool, path, &file, &lab->err), &lab->err);
	assert_succeeds(elf_symbols_read(&lab->pool, &file, elf_file_find_type(&file, SHT_SYMTAB),
					 &symbols, &nr, &lab->err),
			&lab->err);
	for (size_t i = 1; i < nr; i++)
		if (strcmp(symbols[i].name, name) == 0 && symbols[i].shndx != SHN_UNDEF)
			return true;
	return false;
}

static struct target open_target(struct packer_lab *lab)
{
	struct report report = {0};
	struct target target;

	assert_succeeds(target_open(&lab->pool, packer_lab_path(lab, "liba.so.1"), NULL, &target,
				    &report, &lab->err),
			&lab->err);
	return target;
}

static uint64_t target_value(struct packer_lab *lab, const char *name)
{
	const struct target target = open_target(lab);

	for (size_t i = 1; i < target.nr_symbols; i++)
		if (strcmp(target.symbols[i].name, name) == 0)
			return target.symbols[i].value;
	fail_msg("the target has no %s", name);
	return 0;
}

static void fix(struct packer_lab *lab, const char *source)
{
	packer_lab_target(lab, target_source, target_global);
	packer_lab_compile(lab, "fix", source, SECTIONS);
}

/* --- what a container holds ------------------------------------------------------------ */

static void container_names_the_function_and_its_entry(void **state)
{
	struct packer_lab *lab = *state;
	const struct ulp_function *f;
	struct ulp_container c;
	struct target target;
	struct ulp_elf elf;

	fix(lab, "int f(int a) { return a * 7; }\n");
	packer_lab_packed(lab, REPLACE_F, &c);
	target = open_target(lab);
	elf = elf_of(&c);
	assert_string_equal(c.patch.name, "fix");
	assert_int_equal(c.patch.nr_labels, 1);
	assert_string_equal(c.patch.soname, "liba.so.1");
	assert_true(ulp_build_id_equal(&c.patch.build_id, &target.library.build_id));
	assert_int_equal(c.patch.nr_functions, 1);
	f = &c.patch.functions[0];
	assert_string_equal(f->old_name, "f");
	assert_string_equal(f->new_name, "f");
	assert_int_equal(f->old_vaddr, target_value(lab, "f"));
	assert_int_equal(f->entry_vaddr, f->old_vaddr);
	assert_int_equal(f->word_vaddr, f->entry_vaddr & ~(uint64_t)7);
	assert_int_equal(f->layout, ULP_ENTRY_NOP5);
	assert_memory_equal(f->word, ulp_elf_at_vaddr(&target.library.file.elf, f->word_vaddr, 8),
			    8);
	assert_int_equal(f->old_checksum, ulp_checksum(ulp_elf_at_vaddr(&target.library.file.elf,
									f->old_vaddr, f->old_size),
						       f->old_size));
	assert_non_null(ulp_elf_at_vaddr(&elf, f->new_vaddr, f->new_size));
	assert_int_equal(c.patch.nr_imports, 0);
	assert_int_equal(c.patch.nr_references, 0);
	assert_int_equal(c.revert.nr_functions, 1);
	ulp_container_close(&c);
}

#define LINK_TARGET                                              \
	"@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 " \
	"-Wl,--version-script,liba.map target.o -o liba.so.1"

/* --- entries of the compiler itself ------------------------------------------------------ */

static const char stock_source[] = "#include \"packer_target.h\"\n"
				   "BODY int f_body(int a) { return a; }\nPFE_ENTRY(f);\n"
				   "BODY int g_body(int a) { return a; }\nPFE_ENDBR_ENTRY(g);\n";

static const char *const stock_fix = "int f(int a) { return a + 1; }\n"
				     "int g(int a) { return a + 2; }\n";

static bool is_warned(const struct packer_lab *lab, const char *says)
{
	for (size_t i = 0; i < lab->report.nr_notes; i++)
		if (lab->report.notes[i].level == NOTE_WARNING &&
		    strstr(lab->report.notes[i].text, says))
			return true;
	return false;
}

static void container_names_the_entries_of_the_compiler(void **state)
{
	struct packer_lab *lab = *state;
	const struct ulp_function *f;
	struct ulp_container c;

	packer_lab_target(lab, stock_source, "f; g;");
	packer_lab_compile(lab, "fix", stock_fix, SECTIONS);
	packer_lab_packed(lab, REPLACE_F "  - replace: g\n", &c);
	assert_int_equal(c.patch.nr_functions, 2);
	f = c.patch.functions;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(f[i].layout, ULP_ENTRY_PFE_16_14);
		assert_int_equal(f[i].word_vaddr, f[i].entry_vaddr & ~(uint64_t)7);
	}
	assert_int_equal(f[0].entry_vaddr, f[0].old_vaddr);
	assert_int_equal(f[1].entry_vaddr, f[1].old_vaddr + 4); /* behind endbr64 */
	assert_int_equal(f[0].word[f[0].entry_vaddr & 7], 0x90);
	assert_int_equal(f[1].word[f[1].entry_vaddr & 7], 0x66);
	ulp_container_close(&c);
}

static void warns_of_callers_that_rely_on_the_old_body(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, stock_source, "f; g;");
	packer_lab_compile(lab, "fix", stock_fix, SECTIONS);
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_true(is_warned(lab, "-flive-patching=inline-clone"));
	assert_true(is_warned(lab, "1 of 1 source files"));
	packer_lab_compile(lab, "target", stock_source, "-g0");
	packer_lab_must(lab, LINK_TARGET);
	lab->options.no_closure_check = true;
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_true(is_warned(lab, "-flive-patching=inline-clone"));
	assert_true(is_warned(lab, "no debug information"));
}

static void does_not_warn_where_all_was_built_with_live_patching(void **state)
{
	struct packer_lab *lab = *state;

	if (strstr(getenv("ULP_CC") ? getenv("ULP_CC") : "", "clang")) {
		print_message("# clang has no -flive-patching\n");
		return;
	}
	packer_lab_target(lab, stock_source, "f; g;");
	packer_lab_compile(lab, "fix", stock_fix, SECTIONS);
	packer_lab_compile(lab, "target", stock_source, "-flive-patching=inline-clone");
	packer_lab_must(lab, LINK_TARGET);
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_false(is_warned(lab, "-flive-patching"));
}

static void container_has_nothing_but_what_is_loaded(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	fix(lab, "int f(int a) { return a * 7; }\n"
		 "int unrelated(int a) { return f(a); }\n");
	packer_lab_packed(lab, REPLACE_F, &c);
	for (size_t i = 0; i < c.elf.nr_phdrs; i++) {
		const Elf64_Phdr p = ulp_elf_phdr(&c.elf, i);

		assert_int_not_equal(p.p_type, PT_INTERP);
		assert_int_not_equal(p.p_type, PT_TLS);
		if (p.p_type == PT_LOAD) {
			assert_int_equal(p.p_align, 4096);
			assert_int_not_equal(p.p_flags & (PF_W | PF_X), PF_W | PF_X);
		}
	}
	assert_false(has_symbol(lab, lab->options.out, "unrelated"));
	assert_false(has_symbol(lab, lab->options.out, "ulp.place.0"));
	assert_int_not_equal(ulp_elf_find_section(&c.elf, ".debug_info"), 0);
	assert_int_not_equal(ulp_elf_find_section(&c.elf, ".eh_frame_hdr"), 0);
	ulp_container_close(&c);
}

static void exported_symbols_become_imports(void **state)
{
	struct packer_lab *lab = *state;
	const struct ulp_import *i;
	struct ulp_container c;

	/* `shown` and `exported` are defined in the object too: the target's are used. */
	fix(lab, "#include <string.h>\n"
		 "#include <unistd.h>\n"
		 "extern int maybe(void) __attribute__((weak));\n"
		 "int shown = 1;\n"
		 "__attribute__((noinline)) int exported(int a) { return a + shown; }\n"
		 "int f(int a) { shown++; memset(&a, a, a); return exported(a) + getpid() +\n"
		 "  (maybe ? maybe() : 0); }\n");
	packer_lab_packed(lab, REPLACE_F, &c);
	i = packer_lab_import(&c, "shown");
	assert_non_null(i);
	assert_string_equal(i->version, "LIBA_1");
	assert_string_equal(i->provider, "liba.so.1");
	assert_int_equal(i->flags, 0);
	assert_non_null(packer_lab_import(&c, "exported"));
	i = packer_lab_import(&c, "getpid");
	assert_non_null(i);
	assert_memory_equal(i->version, "GLIBC_", 6);
	assert_string_equal(i->provider, "libc.so.6");
	i = packer_lab_import(&c, "maybe");
	assert_non_null(i);
	assert_int_equal(i->flags, ULP_IMPORT_WEAK);
	assert_string_equal(i->provider, "");
	assert_int_equal(c.patch.nr_references, 0);
	assert_false(has_symbol(lab, lab->options.out, "shown"));
	ulp_container_close(&c);
}

static void import_takes_the_version_that_the_target_uses(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_target(lab,
			  "#include \"packer_target.h\"\n"
			  "__asm__(\".symver old_memcpy, memcpy@GLIBC_2.2.5\");\n"
			  "void *old_memcpy(void *, const void *, unsigned long);\n"
			  "BODY void *f_body(void *a, void *b, unsigned long n)\n"
			  "{ return old_memcpy(a, b, n); }\n"
			  "ENTRY(f);\n",
			  "f;");
	packer_lab_compile(
		lab, "fix",
		"void *memcpy(void *, const void *, unsigned long);\n"
		"void *f(void *a, void *b, unsigned long n) { return memcpy(a, b, n + 1); }\n",
		SECTIONS);
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_string_equal(packer_lab_import(&c, "memcpy")->version, "GLIBC_2.2.5");
	ulp_container_close(&c);
}

/* A library that needs no other names none; the fix may call the libc all the same. */
static void libc_is_a_provider_for_every_target(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_target(lab,
			  "#include \"packer_target.h\"\n"
			  "BODY int f_body(int a) { return a; }\n"
			  "ENTRY(f);\n",
			  "f;");
	packer_lab_must(lab, "@cc -shared -nostdlib -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "target.o -o liba.so.1");
	packer_lab_compile(lab, "fix", "int getpid(void); int f(int a) { return a + getpid(); }\n",
			   SECTIONS);
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_string_equal(packer_lab_import(&c, "getpid")->provider, "libc.so.6");
	ulp_container_close(&c);
}

static void private_symbols_become_references(void **state)
{
	struct packer_lab *lab = *state;
	const struct ulp_reference *r;
	struct ulp_container c;

	fix(lab, "int hidden(int); extern int hidden_counter;\n"
		 "static int state = 3;\n"
		 "__attribute__((noinline)) static int helper(int a) { return state += a; }\n"
		 "int f(int a) { hidden_counter++; state++; return helper(a) + hidden(a); }\n");
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_int_equal(c.patch.nr_imports, 0);

	r = packer_lab_reference(&c, "helper");
	assert_non_null(r);
	assert_int_equal(r->type, R_X86_64_PC32);
	assert_int_equal(r->value, target_value(lab, "helper"));
	assert_int_equal(r->addend, -4);
	assert_true(r->place > c.patch.functions[0].new_vaddr);
	assert_true(r->place < c.patch.functions[0].new_vaddr + c.patch.functions[0].new_size);

	r = packer_lab_reference(&c, "state");
	assert_non_null(r);
	assert_int_equal(r->type, R_X86_64_PC32);
	assert_int_equal(r->value, target_value(lab, "state"));
	assert_true(r->addend == -4 || r->addend == -5);

	/* Through the GOT in the object: a slot of our own, filled by the engine. */
	r = packer_lab_reference(&c, "hidden_counter");
	assert_non_null(r);
	assert_int_equal(r->type, R_X86_64_64);
	assert_int_equal(r->value, target_value(lab, "hidden_counter"));
	assert_int_equal(r->addend, 0);
	assert_int_equal(r->place % 8, 0);

	assert_int_equal(packer_lab_reference(&c, "hidden")->value, target_value(lab, "hidden"));
	assert_false(has_symbol(lab, lab->options.out, "helper"));
	assert_false(has_symbol(lab, lab->options.out, "state"));
	ulp_container_close(&c);
}

/* The slot's distance from the instruction: what the linker wrote must lead to the place. */
static void slot_is_what_the_instruction_reads(void **state)
{
	struct packer_lab *lab = *state;
	const unsigned char *code;
	struct ulp_container c;
	uint64_t slot;
	int found = 0;

	fix(lab, "extern int hidden_counter; int hidden(int);\n"
		 "static int (*volatile pointer)(int);\n"
		 "int *f(void) { pointer = hidden; return &hidden_counter; }\n");
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_int_equal(packer_lab_reference(&c, "hidden")->type, R_X86_64_64);
	slot = packer_lab_reference(&c, "hidden_counter")->place;
	assert_int_not_equal(packer_lab_reference(&c, "hidden")->place, slot);
	code = ulp_elf_at_vaddr(&c.elf, c.patch.functions[0].new_vaddr,
				c.patch.functions[0].new_size);
	assert_non_null(code);
	for (size_t i = 0; i + 4 <= c.patch.functions[0].new_size; i++) {
		int32_t distance;

		memcpy(&distance, code + i, sizeof(distance));
		found += c.patch.functions[0].new_vaddr + i + 4 + (uint64_t)(int64_t)distance ==
			 slot;
	}
	assert_int_equal(found, 1);
	ulp_container_close(&c);
}

static void new_things_come_along(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	fix(lab, "#include <stdio.h>\n"
		 "static int fresh = 9;\n"
		 "static const char *const words[] = {\"one\", \"two\"};\n"
		 "__attribute__((noinline)) static int added(int a) { return fresh++ * a; }\n"
		 "__attribute__((noinline)) int also_added(int a) { return added(a) ^ 5; }\n"
		 "int f(int a) {\n"
		 "  switch (a) {\n"
		 "  case 0: return added(3); case 1: return also_added(8); case 2: return fresh;\n"
		 "  case 3: return puts(words[a & 1]); case 4: return 77; case 5: return a * 99;\n"
		 "  case 6: return added(9); case 7: return -a; }\n"
		 "  return 0; }\n");
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_int_equal(c.patch.nr_references, 0);
	assert_int_equal(c.patch.nr_imports, 1);
	assert_true(has_symbol(lab, lab->options.out, "fresh"));
	assert_true(has_symbol(lab, lab->options.out, "added"));
	assert_true(has_symbol(lab, lab->options.out, "also_added"));
	ulp_container_close(&c);
}

/* The target's may have been made for other constants, or be a part of other code. */
static void cold_parts_and_clones_always_come_along(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;
	static const char parts[] =
		"#define PART(c, name, n) static __attribute__((noinline)) int c(int a) "
		"__asm__(name); static int c(int a) { __asm__(\"\" : \"+r\"(a)); return a + n; }\n"
		"PART(cold, \"f.cold\", 1) PART(clone, \"x.constprop.0\", 2) PART(plain, "
		"\"plain\", 3)\n";
	char target[2000], source[2000];

	(void)snprintf(target, sizeof(target),
		       "#include \"packer_target.h\"\n%s"
		       "BODY int f_body(int a) { return cold(a) + clone(a) + plain(a); }\n"
		       "ENTRY(f);\n",
		       parts);
	(void)snprintf(source, sizeof(source),
		       "%sint f(int a) { return cold(a) - clone(a) - plain(a); }\n", parts);
	packer_lab_target(lab, target, "f;");
	packer_lab_compile(lab, "fix", source, SECTIONS);
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_non_null(packer_lab_reference(&c, "plain"));
	assert_null(packer_lab_reference(&c, "f.cold"));
	assert_null(packer_lab_reference(&c, "x.constprop.0"));
	assert_true(has_symbol(lab, lab->options.out, "f.cold"));
	assert_true(has_symbol(lab, lab->options.out, "x.constprop.0"));
	ulp_container_close(&c);
}

/* A new global function of the fix and another file's static one only share a name. */
static void new_global_is_not_another_files_static(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_target(lab,
			  "#include \"packer_target.h\"\n"
			  "BODY int f_body(int a) { return a; }\n"
			  "ENTRY(f);\n",
			  "f;");
	packer_lab_compile(lab, "other",
			   "__attribute__((used)) static int fresh(void) { return 1; }\n", "");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 target.o "
			     "other.o -o liba.so.1");
	packer_lab_compile(
		lab, "third",
		"__attribute__((noinline)) int fresh(void) { __asm__(\"\"); return 2; }\n"
		"int f(int a) { return a + fresh(); }\n",
		SECTIONS);
	lab->objects[0] = packer_lab_path(lab, "third.o");
	lab->options.nr_objects = 1;
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_int_equal(c.patch.nr_references, 0);
	assert_true(has_symbol(lab, lab->options.out, "fresh"));
	ulp_container_close(&c);
}

static void import_is_weak_only_where_all_references_are(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	fix(lab, "extern int getpid(void) __attribute__((weak)); int more(void);\n"
		 "extern int getppid(void) __attribute__((weak));\n"
		 "int f(int a) { return getpid() + getppid() + more(); }\n");
	packer_lab_compile(lab, "more",
			   "int getpid(void); int more(void) { return getpid() + 1; }\n", SECTIONS);
	lab->objects[0] = packer_lab_path(lab, "fix.o");
	lab->objects[1] = packer_lab_path(lab, "more.o");
	lab->options.nr_objects = 2;
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_int_equal(packer_lab_import(&c, "getpid")->flags, 0);
	assert_int_equal(packer_lab_import(&c, "getppid")->flags, ULP_IMPORT_WEAK);
	ulp_container_close(&c);
}

static void static_local_is_found_under_another_number(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_target(lab,
			  "#include \"packer_target.h\"\n"
			  "static int counter __asm__(\"counter.7\") = 1;\n"
			  "BODY int f_body(void) { return ++counter; }\n"
			  "ENTRY(f);\n",
			  "f;");
	packer_lab_compile(lab, "fix",
			   "static int counter __asm__(\"counter.0\") = 1;\n"
			   "int f(void) { return counter += 2; }\n",
			   SECTIONS);
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_non_null(packer_lab_reference(&c, "counter.7"));
	assert_int_equal(packer_lab_reference(&c, "counter.7")->value,
			 target_value(lab, "counter.7"));
	assert_false(has_symbol(lab, lab->options.out, "counter.0"));
	ulp_container_close(&c);
}

static void static_locals_of_one_name_are_ambiguous(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(
		lab,
		"#include \"packer_target.h\"\n"
		"static int one __asm__(\"n.0\") = 1; static int two __asm__(\"n.1\") = 2;\n"
		"int other(void) { return ++one; }\n"
		"BODY int f_body(void) { return ++two; }\n"
		"ENTRY(f);\n",
		"f; other;");
	packer_lab_compile(lab, "fix",
			   "static int two __asm__(\"n.0\") = 2;\n"
			   "int f(void) { return two += 2; }\n",
			   SECTIONS);
	packer_lab_refused(lab, REPLACE_F, ULP_EAMBIGUOUS, "fix.c:2", "n.1 in fix.c");
}

static void replaced_functions_see_each_other(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	fix(lab, "__attribute__((noinline)) int g(int a) { return a * 3; }\n"
		 "int f(int a) { return a < 0 ? f(-a) + 1 : g(a) + 1; }\n");
	packer_lab_packed(lab, REPLACE_F "  - replace: g\n", &c);
	assert_int_equal(c.patch.nr_functions, 2);
	assert_int_equal(c.patch.nr_imports, 0);
	assert_int_equal(c.patch.nr_references, 0);
	ulp_container_close(&c);
}

static void static_function_is_replaced_by_another_name(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	fix(lab, "__attribute__((used)) static int better_s(int a) { return a; }\n");
	packer_lab_packed(lab, SPEC "  - {replace: s, with: better_s}\n", &c);
	assert_string_equal(c.patch.functions[0].old_name, "s");
	assert_string_equal(c.patch.functions[0].new_name, "better_s");
	assert_int_equal(c.patch.functions[0].old_vaddr, target_value(lab, "s"));
	ulp_container_close(&c);
}

static void several_objects_make_one_container(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	fix(lab, "int shared(int); extern int common_state;\n"
		 "int f(int a) { return shared(a) + common_state; }\n");
	packer_lab_compile(lab, "more",
			   "int common_state = 4; int g(int); int hidden(int);\n"
			   "int g(int a) { return hidden(a) + 1; }\n"
			   "int shared(int a) { return ++common_state + g(a); }\n",
			   SECTIONS);
	lab->objects[0] = packer_lab_path(lab, "fix.o");
	lab->objects[1] = packer_lab_path(lab, "more.o");
	lab->options.nr_objects = 2;
	packer_lab_packed(lab, REPLACE_F "  - replace: g\n", &c);
	assert_int_equal(c.patch.nr_functions, 2);
	assert_int_equal(c.patch.nr_imports, 0);
	assert_non_null(packer_lab_reference(&c, "hidden"));
	assert_true(has_symbol(lab, lab->options.out, "common_state"));
	ulp_container_close(&c);
}

static void objects_without_sections_of_their_own_work(void **state)
{
	struct packer_lab *lab = *state;
	const struct ulp_reference *r;
	struct ulp_container c;

	packer_lab_target(lab,
			  "#include \"packer_target.h\"\n"
			  "static int one = 1, two = 2; static char three = 3;\n"
			  "int other(int a) { return one += two += three += (char)a; }\n"
			  "BODY int f_body(int a) { return one = a; }\n"
			  "ENTRY(f);\n",
			  "f; other;");
	packer_lab_compile(lab, "fix",
			   "static int one = 1, two = 2; static char three = 3;\n"
			   "int other(int a) { return one += two += three += (char)a; }\n"
			   "int f(int a) { two = 0x12345678; three = 7; return one + a; }\n",
			   "");
	packer_lab_packed(lab, REPLACE_F, &c);
	for (size_t i = 0; i < c.patch.nr_references; i++) {
		r = &c.patch.references[i];
		assert_int_equal(r->value, target_value(lab, r->name));
		/* An immediate behind the displacement and nothing else is in the addend. */
		assert_in_range(-r->addend, 4, 8);
	}
	assert_non_null(packer_lab_reference(&c, "one"));
	assert_non_null(packer_lab_reference(&c, "two"));
	assert_non_null(packer_lab_reference(&c, "three"));
	ulp_container_close(&c);
}

static void pie_executable_is_a_target(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_compile(lab, "main",
			   "#include \"packer_target.h\"\n"
			   "int value = 3; int f(int);\n"
			   "BODY int f_body(int a) { return a + value; }\n"
			   "ENTRY(f);\n"
			   "int main(void) { return f(value); }\n",
			   "-fPIE");
	packer_lab_must(lab, "@cc -pie -Wl,--build-id main.o -o server");
	packer_lab_compile(lab, "fix", "extern int value; int f(int a) { return a - value; }\n",
			   "-fPIE " SECTIONS);
	lab->options.target = packer_lab_path(lab, "server");
	packer_lab_packed(lab,
			  "ulp: 1\nname: fix\ntarget: {soname: server}\n"
			  "functions: [{replace: f}]\n",
			  &c);
	assert_string_equal(c.patch.soname, "server");
	assert_non_null(packer_lab_reference(&c, "value"));
	ulp_container_close(&c);
}

static void symbols_come_from_the_debug_file(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	fix(lab, "int hidden(int); int f(int a) { return hidden(a); }\n");
	packer_lab_must(lab, "objcopy --only-keep-debug liba.so.1 liba.debug");
	packer_lab_must(lab, "strip liba.so.1");
	lab->options.no_closure_check = true;
	packer_lab_refused(lab, REPLACE_F, ULP_ESYMBOL, "fix.c:1", "no debug file was found");
	lab->options.no_closure_check = false;
	packer_lab_must(lab, "objcopy --add-gnu-debuglink=liba.debug liba.so.1");
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_non_null(packer_lab_reference(&c, "hidden"));
	ulp_container_close(&c);
}

/* As Fedora's find-debuginfo.sh makes it: functions only, and not the exported ones. */
static void functions_come_from_mini_debug_info(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	fix(lab, "int hidden(int); int f(int a) { return hidden(a); }\n");
	packer_lab_must(lab, "objcopy -S --remove-section .comment --keep-symbol=hidden liba.so.1 "
			     "mini");
	packer_lab_must(lab, "strip liba.so.1");
	lab->options.no_closure_check = true;
	packer_lab_refused(lab, REPLACE_F, ULP_ESYMBOL, "fix.c:1", "no debug file was found");
	packer_lab_must(lab, "xz mini");
	packer_lab_must(lab, "objcopy --add-section .gnu_debugdata=mini.xz liba.so.1");
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_non_null(packer_lab_reference(&c, "hidden"));
	ulp_container_close(&c);
}

static void same_input_gives_the_same_bytes(void **state)
{
	struct packer_lab *lab = *state;
	const unsigned char *a, *b;
	struct ulp_container c;
	size_t a_len, b_len;

	fix(lab, "int hidden(int); int shown = 1; int f(int a) { return shown + hidden(a); }\n");
	packer_lab_packed(lab, REPLACE_F, &c);
	ulp_container_close(&c);
	lab->options.out = packer_lab_path(lab, "again.so");
	packer_lab_packed(lab, REPLACE_F, &c);
	ulp_container_close(&c);
	assert_succeeds(file_read(&lab->pool, packer_lab_path(lab, "fix.so"), 1 << 24, &a, &a_len,
				  &lab->err),
			&lab->err);
	assert_succeeds(file_read(&lab->pool, lab->options.out, 1 << 24, &b, &b_len, &lab->err),
			&lab->err);
	assert_int_equal(a_len, b_len);
	assert_memory_equal(a, b, a_len);
	assert_null(memmem(a, a_len, "ulp-packer.", 11));
}

static void unwinding_finds_the_personality_routine(void **state)
{
	struct packer_lab *lab = *state;
	struct ulp_container c;

	packer_lab_target(lab, target_source, target_global);
	packer_lab_compile(lab, "fix",
			   "int exported(int);\n"
			   "static __attribute__((noinline)) void clean(int *p) { exported(*p); }\n"
			   "int f(int a) { int x __attribute__((cleanup(clean))) = a;"
			   " return exported(x); }\n",
			   "-fexceptions " SECTIONS);
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 "
			     "-Wl,--version-script,liba.map target.o -Wl,--no-as-needed -lgcc_s "
			     "-o liba.so.1");
	packer_lab_packed(lab, REPLACE_F, &c);
	assert_string_equal(packer_lab_import(&c, "__gcc_personality_v0")->provider,
			    "libgcc_s.so.1");
	assert_non_null(packer_lab_import(&c, "_Unwind_Resume"));
	assert_int_not_equal(ulp_elf_find_section(&c.elf, ".gcc_except_table"), 0);
	ulp_container_close(&c);
}

static void failure_leaves_the_old_container_and_nothing_else(void **state)
{
	struct packer_lab *lab = *state;
	const unsigned char *bytes;
	size_t len;
	glob_t left;

	fix(lab, "int f(int a) { return a; }\n");
	packer_lab_write(lab, "fix.so", "old");
	assert_int_equal(setenv("TMPDIR", lab->dir, 1), 0);
	lab->options.linker = "false";
	assert_int_equal(packer_lab_pack(lab, REPLACE_F), ULP_ERELOC);
	lab->options.linker = "/nowhere/ld";
	assert_int_equal(packer_lab_pack(lab, REPLACE_F), ULP_ESYS);
	assert_succeeds(
		file_read(&lab->pool, packer_lab_path(lab, "fix.so"), 100, &bytes, &len, &lab->err),
		&lab->err);
	assert_int_equal(len, 3);
	assert_int_equal(unsetenv("TMPDIR"), 0);
	assert_int_equal(glob(packer_lab_path(lab, "*ulp-packer*"), 0, NULL, &left), GLOB_NOMATCH);
	assert_int_equal(glob(packer_lab_path(lab, "fix.so?*"), 0, NULL, &left), GLOB_NOMATCH);
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(container_names_the_function_and_its_entry),
		LAB_TEST(container_names_the_entries_of_the_compiler),
		LAB_TEST(warns_of_callers_that_rely_on_the_old_body),
		LAB_TEST(does_not_warn_where_all_was_built_with_live_patching),
		LAB_TEST(container_has_nothing_but_what_is_loaded),
		LAB_TEST(exported_symbols_become_imports),
		LAB_TEST(import_takes_the_version_that_the_target_uses),
		LAB_TEST(libc_is_a_provider_for_every_target),
		LAB_TEST(private_symbols_become_references),
		LAB_TEST(slot_is_what_the_instruction_reads),
		LAB_TEST(new_things_come_along),
		LAB_TEST(static_local_is_found_under_another_number),
		LAB_TEST(static_locals_of_one_name_are_ambiguous),
		LAB_TEST(replaced_functions_see_each_other),
		LAB_TEST(static_function_is_replaced_by_another_name),
		LAB_TEST(several_objects_make_one_container),
		LAB_TEST(objects_without_sections_of_their_own_work),
		LAB_TEST(pie_executable_is_a_target),
		LAB_TEST(symbols_come_from_the_debug_file),
		LAB_TEST(functions_come_from_mini_debug_info),
		LAB_TEST(same_input_gives_the_same_bytes),
		LAB_TEST(cold_parts_and_clones_always_come_along),
		LAB_TEST(new_global_is_not_another_files_static),
		LAB_TEST(import_is_weak_only_where_all_references_are),
		LAB_TEST(unwinding_finds_the_personality_routine),
		LAB_TEST(failure_leaves_the_old_container_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
