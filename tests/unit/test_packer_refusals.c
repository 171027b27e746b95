/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/: what cannot become a container, and the place that the error names. */
#include "config.h"

#include "packer/elf_file.h"
#include "packer/spec.h"
#include "tests/lib/check_err.h"
#include "tests/lib/elf_builder.h"
#include "tests/lib/packer_lab.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTIONS "-ffunction-sections -fdata-sections"
#define SPEC "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n"
#define REPLACE_F SPEC "  - replace: f\n"

/* The place of the first function in such a spec. */
#define SPEC_PLACE "fix.yaml:5:5"

#define TARGET_HEAD "#include \"packer_target.h\"\n"
#define TARGET_F "BODY int f_body(int a) { return a; }\nENTRY(f);\n"

static void make(struct packer_lab *lab, const char *target, const char *global, const char *fix)
{
	packer_lab_target(lab, target, global);
	packer_lab_compile(lab, "fix", fix, SECTIONS);
}

/* --- the functions of the spec ------------------------------------------------------------- */

static void refuses_function_that_does_not_exist(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;", "int frob(int a) { return a; } int f(void);\n");
	packer_lab_refused(lab, SPEC "  - replace: frob\n", ULP_ENOFUNC, SPEC_PLACE,
			   "inlined it into");
	packer_lab_refused(lab, REPLACE_F, ULP_ENOFUNC, SPEC_PLACE, "no object defines");
}

static void refuses_function_with_a_near_name(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD "BODY int encrypt_body(int a) { return a; }\nENTRY(encrypt);\n",
	     "encrypt;", "int encrpt(int a) { return a; }\n");
	packer_lab_refused(lab, SPEC "  - replace: encrpt\n", ULP_ENOFUNC, SPEC_PLACE, "encrypt");
}

static void refuses_function_that_exists_only_as_clone(void **state)
{
	struct packer_lab *lab = *state;

	make(lab,
	     TARGET_HEAD TARGET_F "int clone(int a) __asm__(\"parse.constprop.0\");\n"
				  "int clone(int a) { return a; }\n",
	     "f;", "int parse(int a) { return a; }\n");
	packer_lab_refused(lab, SPEC "  - replace: parse\n", ULP_ENOFUNC, SPEC_PLACE,
			   "parse.constprop.0 (clones");
}

static void refuses_function_that_several_files_have(void **state)
{
	struct packer_lab *lab = *state;
	static const char with_static[] =
		TARGET_HEAD "BODY int f_body(int a) { return a; }\nSTATIC_ENTRY(f);\n";

	packer_lab_target(lab, with_static, "none;");
	packer_lab_compile(lab, "other", with_static, "");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 target.o "
			     "other.o -o liba.so.1");
	packer_lab_compile(lab, "third", "int f(int a) { return a + 1; }\n", SECTIONS);
	lab->objects[0] = packer_lab_path(lab, "third.o");
	lab->options.nr_objects = 1;
	packer_lab_refused(lab, REPLACE_F, ULP_EAMBIGUOUS, SPEC_PLACE, "f in other.c at 0x");
	assert_succeeds(packer_lab_pack(lab, SPEC "  - {replace: f, source: lib/other.c}\n"),
			&lab->err);
}

static void refuses_function_that_two_objects_define(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;", "int f(int a) { return a + 1; }\n");
	lab->objects[0] = lab->objects[1] = packer_lab_path(lab, "fix.o");
	lab->options.nr_objects = 2;
	packer_lab_refused(lab, REPLACE_F, ULP_EAMBIGUOUS, SPEC_PLACE, "in 2 of the objects");
}

static void refuses_function_without_entry(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F "int bare(int a) { return a; }\n", "f; bare;",
	     "int bare(int a) { return a + 1; }\n");
	packer_lab_refused(lab, SPEC "  - replace: bare\n", ULP_ENOFUNC, SPEC_PLACE,
			   "no patchable entry");
}

static void refuses_target_without_entries(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, "int f(int a) { return a; }\n", "f;", "int f(int a) { return a + 1; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_ENOFUNC, SPEC_PLACE, "without the ulp plugin");
}

static void refuses_entry_with_other_bytes(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD "BODY int f_body(int a) { return a; }\nWRONG_ENTRY(f);\n", "f;",
	     "int f(int a) { return a + 1; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_ENOFUNC, SPEC_PLACE, "not the plugin's");
}

static void refuses_entries_of_another_patchable_area(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD "BODY int f_body(int a) { return a; }\nPFE_OTHER_ENTRY(f);\n", "f;",
	     "int f(int a) { return a + 1; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_ENOFUNC, SPEC_PLACE,
			   "those of -fpatchable-function-entry=16,14");
	make(lab,
	     TARGET_HEAD "BODY int f_body(int a) { return a; }\n"
			 "PFE_ENTRY_AS(f, \".balign 16\", \".fill 5, 1, 0x90\", \"ret\");\n",
	     "f;", "int f(int a) { return a + 1; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_ENOFUNC, SPEC_PLACE, "but not with 16,14");
}

static void refuses_an_entry_that_is_in_two_words(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD "BODY int f_body(int a) { return a; }\nPFE_CROSSING_ENTRY(f);\n",
	     "f;", "int f(int a) { return a + 1; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_EUNSUP, SPEC_PLACE, "two aligned words");
}

static void refuses_function_that_is_an_ifunc(void **state)
{
	struct packer_lab *lab = *state;

	make(lab,
	     TARGET_HEAD TARGET_F "static int fast(int a) { return a; }\n"
				  "static void *choose(void) { return fast; }\n"
				  "int pick(int a) __attribute__((ifunc(\"choose\")));\n",
	     "f; pick;", "int pick(int a) { return a + 1; }\n");
	packer_lab_refused(lab, SPEC "  - replace: pick\n", ULP_EUNSUP, SPEC_PLACE, "ifunc");
}

static void refuses_two_names_with_two_replacements(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F "__asm__(\".globl alias\\n.set alias, f\");\n", "f; alias;",
	     "int f(int a) { return a + 1; } int alias(int a) { return a + 2; }\n");
	packer_lab_refused(lab, REPLACE_F "  - replace: alias\n", ULP_EAMBIGUOUS, "fix.yaml:6:5",
			   "two names for one");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F "  - {replace: alias, with: f}\n"),
			&lab->err);
	assert_int_equal(lab->result.nr_functions, 1);
}

/* --- references ---------------------------------------------------------------------------- */

static void refuses_symbol_that_nobody_has(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;",
	     "int nowhere(int);\n"
	     "int f(int a) {\n"
	     "  return nowhere(a) + 1; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_ESYMBOL, "fix.c:3", "have nowhere");
}

static void refuses_symbol_that_several_files_have(void **state)
{
	struct packer_lab *lab = *state;
	static const char with_static[] = "__attribute__((used)) static int twice(int a)"
					  " { return a; }\n";

	packer_lab_target(lab, TARGET_HEAD TARGET_F, "f;");
	packer_lab_compile(lab, "one", with_static, "");
	packer_lab_compile(lab, "two", with_static, "");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 target.o one.o "
			     "two.o -o liba.so.1");
	packer_lab_compile(lab, "fix", "int twice(int);\nint f(int a) { return twice(a) + 1; }\n",
			   SECTIONS);
	packer_lab_refused(lab, REPLACE_F, ULP_EAMBIGUOUS, "fix.c:2", "twice in one.c at 0x");
}

static void refuses_data_of_another_size(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F "int table[4] = {1}; int get(void) { return table[1]; }\n",
	     "f; get;",
	     "int table[5] = {1};\n"
	     "int f(int a) { return table[a]; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_EMISMATCH, "fix.c:2",
			   "20 bytes in fix.o and 16 bytes");
}

static void refuses_thread_local_variables(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;",
	     "static _Thread_local int mine;\n"
	     "int f(int a) { return mine += a; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_ETLS, "fix.c:2", "thread-local");
}

static void refuses_code_for_a_fixed_address(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F "int where = 3; int get(void) { return where; }\n",
	     "f; get; where;",
	     "#include \"packer_target.h\"\n"
	     "int f(int a) {\n"
	     "  ABSOLUTE_REFERENCE(where); return a; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_ERELOC, "fix.c:3", "-fPIC");
}

static void refuses_distance_to_one_of_several_variables(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;",
	     "#include \"packer_target.h\"\n"
	     "DISTANCES_IN_DATA;\n"
	     "extern const int distance __attribute__((visibility(\"hidden\")));\n"
	     "int f(int a) { return a + distance; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_ERELOC, "fix.o: .rodata.distance+0x0",
			   "-fdata-sections");
}

static void refuses_ifunc_that_comes_along(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;",
	     "static int fast(int a) { return a; }\n"
	     "static void *choose(void) { return fast; }\n"
	     "int pick(int a) __attribute__((ifunc(\"choose\")));\n"
	     "int f(int a) { return pick(a) + 1; }\n");
	packer_lab_refused(lab, REPLACE_F, ULP_EUNSUP, "fix.c:4", "pick is an ifunc");
}

static void refuses_constructor_that_is_new(void **state)
{
	struct packer_lab *lab = *state;
	static const char source[] = "int started;\n"
				     "__attribute__((constructor)) static void start(void) { "
				     "__asm__ volatile(\"\"); started = 1; }\n"
				     "int f(int a) { return a + started; }\n";

	make(lab, TARGET_HEAD TARGET_F, "f;", source);
	packer_lab_refused(lab, REPLACE_F, ULP_EUNSUP, "fix.o: .init_array",
			   "start is a constructor");
	packer_lab_target(lab,
			  TARGET_HEAD TARGET_F
			  "int started;\n"
			  "__attribute__((constructor)) static void start(void)"
			  " { __asm__ volatile(\"\"); started = 1; }\n",
			  "f;");
	packer_lab_compile(lab, "fix", source, SECTIONS);
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
}

/* --- targets whose private symbols are not known ------------------------------------------- */

#define WITH_COUNTER                                                                \
	TARGET_HEAD "static int counter = 3; int get(void) { return ++counter; }\n" \
		    "int next(void) { static int serial = 5; return ++serial; }\n"  \
		    "int __attribute__((visibility(\"hidden\"))) deep = 4;\n"       \
		    "BODY int f_body(int a) { return a + counter + deep; }\nENTRY(f);\n"

static void refuses_second_copy(struct packer_lab *lab, const char *fix, const char *says)
{
	packer_lab_compile(lab, "fix", fix, SECTIONS);
	packer_lab_refused(lab, REPLACE_F, ULP_ESYMBOL, "fix.c:2", says);
	assert_non_null(strstr(lab->err.text, "stripped and its debug file was not found"));
	assert_int_equal(ulp_code_status(lab->err.code), 5);
}

static void refuses_copies(struct packer_lab *lab)
{
	refuses_second_copy(lab, "static int counter = 3;\nint f(int a) { return counter += a; }\n",
			    "whether liba.so.1 has its own 'counter':");
	refuses_second_copy(lab,
			    "__attribute__((visibility(\"hidden\"))) int deep = 4;\n"
			    "int f(int a) { return deep += a; }\n",
			    "its own 'deep':");
	refuses_second_copy(lab,
			    "static int serial __asm__(\"serial.0\") = 5;\n"
			    "int f(int a) { return serial += a; }\n",
			    "its own 'serial':");
	refuses_second_copy(lab, "static int counter;\nint f(int a) { return counter += a; }\n",
			    "its own 'counter':");
}

static void refuses_writable_data_that_a_stripped_target_may_have(void **state)
{
	struct packer_lab *lab = *state;

	lab->options.no_closure_check = true;
	packer_lab_target(lab, WITH_COUNTER, "f; get; next;");
	packer_lab_must(lab, "cp liba.so.1 whole.so");
	packer_lab_must(lab, "strip liba.so.1");
	refuses_copies(lab);
	/* The unstripped library knows; so does the debug file. */
	packer_lab_compile(lab, "fix",
			   "static int counter = 3;\nint f(int a) { return counter += a; }\n",
			   SECTIONS);
	lab->options.target = packer_lab_path(lab, "whole.so");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_int_not_equal(lab->result.nr_references, 0);
	packer_lab_must(lab, "rm fix.so");
	packer_lab_must(lab, "objcopy --only-keep-debug whole.so liba.debug");
	packer_lab_must(lab, "objcopy --add-gnu-debuglink=liba.debug liba.so.1");
	lab->options.target = packer_lab_path(lab, "liba.so.1");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_int_not_equal(lab->result.nr_references, 0);
}

static void refuses_writable_data_of_a_target_without_static_symbols(void **state)
{
	struct packer_lab *lab = *state;

	lab->options.no_closure_check = true;
	packer_lab_target(lab, WITH_COUNTER, "f; get; next;");
	packer_lab_must(lab, "strip -x liba.so.1");
	refuses_copies(lab);
}

/* strip -g takes the marks of source files, but no names: what is not there is not there. */
static void target_without_file_marks_is_known(void **state)
{
	struct packer_lab *lab = *state;

	lab->options.no_closure_check = true;
	packer_lab_target(lab, WITH_COUNTER, "f; get; next;");
	packer_lab_must(lab, "strip -g liba.so.1");
	packer_lab_compile(lab, "fix",
			   "static int counter = 3; static int fresh = 1;\n"
			   "int f(int a) { fresh += a; return counter += fresh; }\n",
			   SECTIONS);
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_int_not_equal(lab->result.nr_references, 0);
}

/* Hidden symbols are left, static ones are not: it must not be taken for the whole. */
static void refuses_writable_data_of_a_target_linked_without_static_symbols(void **state)
{
	struct packer_lab *lab = *state;

	lab->options.no_closure_check = true;
	packer_lab_target(lab, WITH_COUNTER, "f; get; next;");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=sha1 -Wl,-soname,liba.so.1 -Wl,-x "
			     "-Wl,--version-script,liba.map target.o -o liba.so.1");
	refuses_second_copy(lab, "static int counter = 3;\nint f(int a) { return counter += a; }\n",
			    "its own 'counter':");
}

static size_t count_warnings(const struct packer_lab *lab, const char *says)
{
	size_t nr = 0;

	for (size_t i = 0; i < lab->report.nr_notes; i++)
		nr += lab->report.notes[i].level == NOTE_WARNING &&
		      strstr(lab->report.notes[i].text, says);
	return nr;
}

static void warns_once_of_what_a_stripped_target_may_have(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;",
	     "static const int table[] = {3, 1, 4};\n"
	     "__attribute__((noinline)) static int one(int a) { __asm__(\"\"); return table[a]; }\n"
	     "__attribute__((noinline)) static int two(int a) { __asm__(\"\"); return a * 3; }\n"
	     "int f(int a) { return one(a) + two(a); }\n");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_int_equal(count_warnings(lab, "private symbols"), 0);
	packer_lab_must(lab, "strip liba.so.1");
	lab->options.no_closure_check = true;
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_int_equal(count_warnings(lab, "private symbols of liba.so.1 are not known"), 1);
}

/* --- files --------------------------------------------------------------------------------- */

static void write_object(struct packer_lab *lab, struct eb *eb)
{
	unsigned char *bytes;
	size_t len;
	FILE *file;

	bytes = eb_finish(eb, &len);
	file = fopen(packer_lab_path(lab, "fix.o"), "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	free(bytes);
}

static void refuses_object_for_another_machine(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, TARGET_HEAD TARGET_F, "f;");
	write_object(lab, eb_create(ET_REL, EM_AARCH64));
	packer_lab_refused(lab, REPLACE_F, ULP_EARCH, "fix.o", "machine");
	packer_lab_compile(lab, "good", "int f(int a) { return a; }\n", SECTIONS);
	lab->objects[0] = packer_lab_path(lab, "good.o");
	lab->objects[1] = packer_lab_path(lab, "fix.o");
	lab->options.nr_objects = 2;
	packer_lab_refused(lab, REPLACE_F, ULP_EARCH, "fix.o", "another machine");
}

static void refuses_object_with_bytecode_only(void **state)
{
	struct packer_lab *lab = *state;
	struct eb *eb = eb_create(ET_REL, EM_X86_64);

	packer_lab_target(lab, TARGET_HEAD TARGET_F, "f;");
	eb_section(eb, ".gnu.lto_.decls", SHT_PROGBITS, SHF_EXCLUDE, "x", 1);
	eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF, 0, 0);
	write_object(lab, eb);
	packer_lab_refused(lab, REPLACE_F, ULP_EUNSUP, "fix.o", "-ffat-lto-objects");
}

static void refuses_object_with_wrong_indices(void **state)
{
	struct packer_lab *lab = *state;
	Elf64_Rela rela = {.r_info = ELF64_R_INFO(99UL, R_X86_64_64)};
	struct eb *eb = eb_create(ET_REL, EM_X86_64);
	size_t text, relocs;

	packer_lab_target(lab, TARGET_HEAD TARGET_F, "f;");
	text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16);
	eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), text, 0, 16);
	relocs = eb_section(eb, ".rela.text", SHT_RELA, 0, &rela, sizeof(rela));
	eb_shdr(eb, relocs)->sh_info = (Elf64_Word)text;
	write_object(lab, eb);
	packer_lab_refused(lab, REPLACE_F, ULP_EELF, "fix.o: .rela.text",
			   "symbol that does not exist");
}

static void refuses_object_that_is_a_library(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, TARGET_HEAD TARGET_F, "f;");
	packer_lab_must(lab, "cp liba.so.1 fix.o");
	packer_lab_refused(lab, REPLACE_F, ULP_EUNSUP, "fix.o", "start files");
	packer_lab_write(lab, "fix.o",
			 "not ELF at all, but longer than an ELF header has to be, "
			 "so that the magic number is what fails");
	packer_lab_refused(lab, REPLACE_F, ULP_EELF, "fix.o",
			   "compile it first: an object file (.o)");
	assert_string_equal(lab->err.where, packer_lab_path(lab, "fix.o"));
	packer_lab_write(lab, "fix.o", "short");
	packer_lab_refused(lab, REPLACE_F, ULP_EELF, "fix.o", "compile it first");
	assert_string_equal(lab->err.where, packer_lab_path(lab, "fix.o"));
	packer_lab_compile(lab, "good", "int f(int a) { return a; }\n", SECTIONS);
	lab->objects[0] = packer_lab_path(lab, "good.o");
	lab->objects[1] = packer_lab_path(lab, "fix.o");
	lab->options.nr_objects = 2;
	packer_lab_refused(lab, REPLACE_F, ULP_EELF, "fix.o", "compile it first");
	lab->options.nr_objects = 1;
	lab->objects[0] = packer_lab_path(lab, "none.o");
	packer_lab_refused(lab, REPLACE_F, ULP_ESYS, "none.o", "");
}

static void refuses_target_that_is_not_the_specs(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;", "int f(int a) { return a + 1; }\n");
	packer_lab_refused(
		lab, "ulp: 1\nname: fix\ntarget: {soname: libb.so}\nfunctions: [{replace: f}]\n",
		ULP_EMISMATCH, "liba.so.1", "the spec is for libb.so");
	packer_lab_refused(lab,
			   "ulp: 1\nname: fix\ntarget: {soname: liba.so.1, build_id: aabb}\n"
			   "functions: [{replace: f}]\n",
			   ULP_EMISMATCH, "liba.so.1", "does not list");
	lab->options.target = packer_lab_path(lab, "fix.o");
	packer_lab_refused(lab, REPLACE_F, ULP_EELF, "fix.o", "neither a shared library");
	lab->options.target = packer_lab_path(lab, "none.so");
	packer_lab_refused(lab, REPLACE_F, ULP_ESYS, "none.so", "");
}

static void refuses_target_without_build_id(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;", "int f(int a) { return a + 1; }\n");
	packer_lab_must(lab, "@cc -shared -Wl,--build-id=none -Wl,-soname,liba.so.1 target.o "
			     "-o liba.so.1");
	packer_lab_refused(lab, REPLACE_F, ULP_EELF, "liba.so.1", "build ID");
}

static bool has_file_like(const struct packer_lab *lab, const char *prefix)
{
	DIR *dir = opendir(lab->dir);
	struct dirent *entry;
	bool found = false;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		found |= strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	closedir(dir);
	return found;
}

static void refuses_output_that_cannot_be_written(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;", "int f(int a) { return a + 1; }\n");
	lab->options.out = packer_lab_path(lab, "nowhere/fix.so");
	packer_lab_refused(lab, REPLACE_F, ULP_ESYS, "nowhere/fix.so", "cannot be written");
	/* What is no regular file keeps its place, and no temporary file stays beside it. */
	packer_lab_must(lab, "mkdir folder");
	packer_lab_must(lab, "mkfifo pipe");
	lab->options.out = packer_lab_path(lab, "folder");
	assert_int_equal(packer_lab_pack(lab, REPLACE_F), ULP_EUSAGE);
	assert_non_null(strstr(lab->err.where, "folder"));
	lab->options.out = packer_lab_path(lab, "pipe");
	assert_int_equal(packer_lab_pack(lab, REPLACE_F), ULP_EUSAGE);
	assert_non_null(strstr(lab->err.where, "pipe"));
	packer_lab_must(lab, "rmdir folder");
	packer_lab_must(lab, "rm pipe");
	assert_false(has_file_like(lab, "folder"));
	assert_false(has_file_like(lab, "pipe"));
}

static void refuses_output_onto(struct packer_lab *lab, const char *input, const char *out)
{
	const unsigned char *before, *after;
	size_t before_len, after_len;

	lab->options.out = packer_lab_path(lab, out);
	input = packer_lab_path(lab, input);
	assert_succeeds(file_read(&lab->pool, input, 1 << 24, &before, &before_len, &lab->err),
			&lab->err);
	assert_int_equal(packer_lab_pack(lab, REPLACE_F), ULP_EUSAGE);
	assert_string_equal(lab->err.where, lab->options.out);
	assert_non_null(strstr(lab->err.text, "is an input of this packing; give another"));
	assert_succeeds(file_read(&lab->pool, input, 1 << 24, &after, &after_len, &lab->err),
			&lab->err);
	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
}

static void refuses_output_that_is_an_input(void **state)
{
	struct packer_lab *lab = *state;

	make(lab, TARGET_HEAD TARGET_F, "f;", "int f(int a) { return a + 1; }\n");
	packer_lab_compile(lab, "more", "int more(void); int more(void) { return 1; }\n", SECTIONS);
	lab->objects[0] = packer_lab_path(lab, "fix.o");
	lab->objects[1] = packer_lab_path(lab, "more.o");
	lab->options.nr_objects = 2;
	packer_lab_write(lab, "fix.yaml", REPLACE_F);
	packer_lab_must(lab, "ln -s liba.so.1 link.so");
	packer_lab_must(lab, "ln more.o hard.so");
	refuses_output_onto(lab, "fix.yaml", "fix.yaml");
	refuses_output_onto(lab, "fix.o", "./fix.o");
	refuses_output_onto(lab, "more.o", "hard.so");
	refuses_output_onto(lab, "liba.so.1", "liba.so.1");
	refuses_output_onto(lab, "liba.so.1", "link.so");
	packer_lab_must(lab, "objcopy --only-keep-debug liba.so.1 liba.debug");
	packer_lab_must(lab, "strip liba.so.1");
	packer_lab_must(lab, "objcopy --add-gnu-debuglink=liba.debug liba.so.1");
	refuses_output_onto(lab, "liba.debug", "liba.debug");
	lab->options.out = packer_lab_path(lab, "fix.so");
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err); /* an old container may go */
}

static void refuses_object_in_the_place_of_the_spec(void **state)
{
	struct packer_lab *lab = *state;
	struct pool pool = {0};
	struct spec spec;
	const char *path;

	packer_lab_compile(lab, "fix", "int f(int a) { return a; }\n", SECTIONS);
	/* Larger than a spec may be: that must not be what it complains about. */
	packer_lab_must(lab, "truncate -s 3M fix.o");
	path = packer_lab_path(lab, "fix.o");
	assert_fails_at(spec_load(&pool, path, &spec, &lab->err), ULP_ESPEC, &lab->err, path);
	assert_string_equal(lab->err.text, "is an object file, not a spec; the spec comes first: "
					   "ulp-packer SPEC.yaml OBJECT.o");
	pool_deinit(&pool);
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(refuses_function_that_does_not_exist),
		LAB_TEST(refuses_function_with_a_near_name),
		LAB_TEST(refuses_function_that_exists_only_as_clone),
		LAB_TEST(refuses_function_that_several_files_have),
		LAB_TEST(refuses_function_that_two_objects_define),
		LAB_TEST(refuses_function_without_entry),
		LAB_TEST(refuses_target_without_entries),
		LAB_TEST(refuses_entry_with_other_bytes),
		LAB_TEST(refuses_entries_of_another_patchable_area),
		LAB_TEST(refuses_an_entry_that_is_in_two_words),
		LAB_TEST(refuses_function_that_is_an_ifunc),
		LAB_TEST(refuses_two_names_with_two_replacements),
		LAB_TEST(refuses_symbol_that_nobody_has),
		LAB_TEST(refuses_symbol_that_several_files_have),
		LAB_TEST(refuses_data_of_another_size),
		LAB_TEST(refuses_thread_local_variables),
		LAB_TEST(refuses_code_for_a_fixed_address),
		LAB_TEST(refuses_distance_to_one_of_several_variables),
		LAB_TEST(refuses_ifunc_that_comes_along),
		LAB_TEST(refuses_constructor_that_is_new),
		LAB_TEST(refuses_writable_data_that_a_stripped_target_may_have),
		LAB_TEST(refuses_writable_data_of_a_target_without_static_symbols),
		LAB_TEST(target_without_file_marks_is_known),
		LAB_TEST(refuses_writable_data_of_a_target_linked_without_static_symbols),
		LAB_TEST(warns_once_of_what_a_stripped_target_may_have),
		LAB_TEST(refuses_object_for_another_machine),
		LAB_TEST(refuses_object_with_bytecode_only),
		LAB_TEST(refuses_object_with_wrong_indices),
		LAB_TEST(refuses_object_that_is_a_library),
		LAB_TEST(refuses_target_that_is_not_the_specs),
		LAB_TEST(refuses_target_without_build_id),
		LAB_TEST(refuses_output_that_cannot_be_written),
		LAB_TEST(refuses_output_that_is_an_input),
		LAB_TEST(refuses_object_in_the_place_of_the_spec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
