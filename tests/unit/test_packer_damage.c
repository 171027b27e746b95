/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packer/: damaged and strange objects, most of them found by tests/fuzz/fuzz_object.c. */
#include "config.h"

#include "packer/arch/arch.h"
#include "packer/elf_file.h"
#include "tests/lib/check_err.h"
#include "tests/lib/elf_builder.h"
#include "tests/lib/packer_lab.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECTIONS "-ffunction-sections -fdata-sections"
#define REPLACE_F "ulp: 1\nname: fix\ntarget: {soname: liba.so.1}\nfunctions:\n  - replace: f\n"
#define TARGET                           \
	"#include \"packer_target.h\"\n" \
	"BODY int f_body(int a) { return a; }\nENTRY(f);\n"

#define GLOBAL_FUNCTION ELF64_ST_INFO(STB_GLOBAL, STT_FUNC)

static void refused(struct packer_lab *lab, enum ulp_code code, const char *place, const char *says)
{
	packer_lab_refused(lab, REPLACE_F, code, place, says);
}

static void write_bytes(struct packer_lab *lab, unsigned char *bytes, size_t len)
{
	FILE *file = fopen(packer_lab_path(lab, "fix.o"), "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	free(bytes);
}

static void write_object(struct packer_lab *lab, struct eb *eb)
{
	size_t len;
	unsigned char *bytes = eb_finish(eb, &len);

	write_bytes(lab, bytes, len);
}

static void add_relocation(struct eb *eb, const char *name, size_t section, const Elf64_Rela *rela)
{
	const size_t relocs = eb_section(eb, name, SHT_RELA, SHF_INFO_LINK, rela, sizeof(*rela));

	eb_shdr(eb, relocs)->sh_info = (Elf64_Word)section;
}

/* f() in `text`, and one relocation of it, against `name`. */
static void add_function_far(struct eb *eb, size_t text, const char *name, uint32_t type,
			     int64_t addend)
{
	Elf64_Rela rela = {.r_offset = 4, .r_addend = addend};
	size_t symbol;

	eb_symbol(eb, "f", GLOBAL_FUNCTION, text, 0, 16);
	symbol = eb_symbol(eb, name, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF, 0, 0);
	rela.r_info = ELF64_R_INFO(symbol, type);
	add_relocation(eb, ".rela.text.f", text, &rela);
}

static void add_function(struct eb *eb, size_t text, const char *name, uint32_t type)
{
	add_function_far(eb, text, name, type, -4);
}

static void write_function(struct packer_lab *lab, const char *name, uint32_t type)
{
	struct eb *eb = eb_create(ET_REL, EM_X86_64);

	add_function(eb,
		     eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16),
		     name, type);
	write_object(lab, eb);
}

static void refuses_relocations_for_a_section_without_content(void **state)
{
	struct packer_lab *lab = *state;
	struct eb *eb = eb_create(ET_REL, EM_X86_64);

	packer_lab_target(lab, TARGET, "f;");
	add_function(eb, eb_section(eb, ".text.f", SHT_NOBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16),
		     "nobody", R_X86_64_PC32);
	write_object(lab, eb);
	refused(lab, ULP_EELF, "fix.o: .rela.text.f", "without content");
}

/* Sums of such an addend and a distance inside the file would overflow. */
static void refuses_addends_that_are_larger_than_any_address(void **state)
{
	static const int64_t addends[] = {INT64_MAX - 3, INT64_MIN, INT64_C(1) << 56};
	struct packer_lab *lab = *state;

	packer_lab_target(lab, TARGET, "f;");
	for (size_t i = 0; i < sizeof(addends) / sizeof(addends[0]); i++) {
		struct eb *eb = eb_create(ET_REL, EM_X86_64);

		add_function_far(eb,
				 eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
					    NULL, 16),
				 "g", R_X86_64_PC32, addends[i]);
		write_object(lab, eb);
		refused(lab, ULP_EELF, ".rela.text.f", "larger than any address");
	}
}

static void refuses_symbols_beyond_any_address(void **state)
{
	struct packer_lab *lab = *state;
	struct eb *eb = eb_create(ET_REL, EM_X86_64);
	const size_t text =
		eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16);

	packer_lab_target(lab, TARGET, "f;");
	add_function(eb, text, "g", R_X86_64_PC32);
	eb_symbol(eb, "far", GLOBAL_FUNCTION, text, UINT64_C(1) << 63, 4);
	write_object(lab, eb);
	refused(lab, ULP_EELF, ".symtab", "larger than any address");
}

/* In the list of constructors, which is looked at before any other relocation. */
static void refuses_a_section_symbol_of_no_section(void **state)
{
	static const uint16_t places[] = {SHN_ABS, SHN_COMMON, 0xffee};
	struct packer_lab *lab = *state;

	packer_lab_target(lab, TARGET, "f;");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct eb *eb = eb_create(ET_REL, EM_X86_64);
		const size_t list = eb_section(eb, ".init_array", SHT_INIT_ARRAY,
					       SHF_ALLOC | SHF_WRITE, NULL, 8);
		const size_t symbol =
			eb_symbol(eb, "", ELF64_ST_INFO(STB_LOCAL, STT_SECTION), places[i], 0, 0);
		const Elf64_Rela rela = {.r_info = ELF64_R_INFO(symbol, R_X86_64_64)};

		add_function(eb,
			     eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
					NULL, 16),
			     "g", R_X86_64_PC32);
		add_relocation(eb, ".rela.init_array", list, &rela);
		write_object(lab, eb);
		refused(lab, ULP_EELF, ".symtab", "a section that does not exist");
	}
}

/* One past the last that the psABI knows, and its gaps. */
#define NR_RELOC_TYPES 46u

/*
 * Every type that there is, against a private function: those that no compiler emits for position
 * independent code are refused by name, and none makes a container that would not be true.
 */
static void each_relocation_type_is_known_or_refused(void **state)
{
	const struct packer_arch *arch = packer_arch_find(EM_X86_64);
	struct packer_lab *lab = *state;

	packer_lab_target(lab,
			  TARGET "__attribute__((used, noinline)) static int helper(int a)\n"
				 "{ return a; }\n",
			  "f;");
	for (uint32_t i = 0; i < NR_RELOC_TYPES; i++) {
		const struct reloc_type *type = arch->reloc(i);
		enum ulp_code code;

		write_function(lab, "helper", i);
		code = packer_lab_pack(lab, REPLACE_F);
		if (!code) {
			assert_non_null(type);
			assert_true(type->kind < RELOC_TLS_GOT);
			continue;
		}
		assert_true(code == ULP_ERELOC || code == ULP_ETLS);
		assert_non_null(strstr(lab->err.where, "fix.o: .text.f+0x4"));
		if (!type)
			assert_non_null(strstr(lab->err.text, "is not known"));
		else if (type->kind == RELOC_REFUSED)
			assert_non_null(strstr(lab->err.text, type->name));
	}
}

/* A container is placed at a page. */
static void refuses_data_that_is_aligned_to_more_than_a_page(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, TARGET, "f;");
	packer_lab_compile(lab, "fix",
			   "__attribute__((aligned(8192))) static char room[8192];\n"
			   "char *f(int a) { room[a]++; return room; }\n",
			   SECTIONS);
	refused(lab, ULP_EUNSUP, "fix.o: .bss.room", "aligned to 8192 bytes");
	packer_lab_compile(lab, "fix",
			   "__attribute__((aligned(8192))) char room[8192];\n"
			   "__attribute__((aligned(4096))) static char page[4096];\n"
			   "char *f(int a) { page[a]++; return page; }\n",
			   SECTIONS);
	assert_succeeds(packer_lab_pack(lab, REPLACE_F), &lab->err);
}

/* Packs, with a limit so that a mistake does not fill the disk. */
static void packed_into_a_small_file(struct packer_lab *lab)
{
	struct rlimit usual, small;
	enum ulp_code code;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
	small = usual;
	small.rlim_cur = 1 << 24;
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	code = packer_lab_pack(lab, REPLACE_F);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
	assert_succeeds(code, &lab->err);
}

/* As it would be in a damaged file: libelf would write all the bytes between. */
static void alignment_of_what_stays_behind_costs_nothing(void **state)
{
	struct packer_lab *lab = *state;
	struct eb *eb = eb_create(ET_REL, EM_X86_64);
	size_t huge;

	packer_lab_target(lab, TARGET, "f;");
	huge = eb_section(eb, ".data.huge", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 16);
	eb_symbol(eb, "f", GLOBAL_FUNCTION,
		  eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16), 0,
		  16);
	eb_shdr(eb, huge)->sh_addralign = (uint64_t)1 << 40;
	write_object(lab, eb);
	packed_into_a_small_file(lab);
}

static void write_relocations_with_huge_alignment(struct packer_lab *lab, uint64_t flags)
{
	struct eb *eb = eb_create(ET_REL, EM_X86_64);
	unsigned char *bytes;
	Elf64_Shdr *relocs;
	size_t len;

	add_function(eb,
		     eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16),
		     "g", R_X86_64_GOTPCREL);
	bytes = eb_finish(eb, &len);
	relocs = eb_shdr_of(bytes, ".rela.text.f");
	relocs->sh_flags |= flags;
	relocs->sh_addralign = (uint64_t)1 << 40;
	write_bytes(lab, bytes, len);
}

/* An object's relocations are not loaded: that they are is as wrong as their alignment. */
static void alignment_of_relocations_costs_nothing(void **state)
{
	struct packer_lab *lab = *state;

	packer_lab_target(lab, TARGET "int g(int a) { return a; }\n", "f; g;");
	write_relocations_with_huge_alignment(lab, 0);
	refused(lab, ULP_EUNSUP, "fix.o: .rela.text.f", "aligned to 1099511627776 bytes");
	write_relocations_with_huge_alignment(lab, SHF_ALLOC);
	packed_into_a_small_file(lab);
}

/* libbfd, which finds the source lines, prints what it thinks of a file unless it is hindered. */
static void nothing_is_printed_of_a_damaged_object(void **state)
{
	struct packer_lab *lab = *state;
	struct eb *eb = eb_create(ET_REL, EM_X86_64);
	const int usual = dup(STDERR_FILENO);
	const unsigned char *bytes;
	size_t len;
	int fd;

	packer_lab_target(lab, TARGET, "f;");
	eb_section(eb, ".strange", 0x42, SHF_ALLOC, NULL, 16); /* no such type */
	add_function(eb,
		     eb_section(eb, ".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, NULL, 16),
		     "nobody", R_X86_64_PC32);
	write_object(lab, eb);
	fd = open(packer_lab_path(lab, "stderr"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	(void)packer_lab_pack(lab, REPLACE_F);
	(void)fflush(stderr);
	assert_int_equal(dup2(usual, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(usual) | close(fd), 0);
	assert_int_equal(lab->err.code, ULP_ESYMBOL);
	assert_succeeds(file_read(&lab->pool, packer_lab_path(lab, "stderr"), 1 << 20, &bytes, &len,
				  &lab->err),
			&lab->err);
	if (len)
		fail_msg("printed: %.*s", (int)len, (const char *)bytes);
}

int main(void)
{
#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, packer_lab_setup, packer_lab_teardown)
	const struct CMUnitTest tests[] = {
		LAB_TEST(refuses_relocations_for_a_section_without_content),
		LAB_TEST(refuses_addends_that_are_larger_than_any_address),
		LAB_TEST(refuses_symbols_beyond_any_address),
		LAB_TEST(refuses_a_section_symbol_of_no_section),
		LAB_TEST(each_relocation_type_is_known_or_refused),
		LAB_TEST(refuses_data_that_is_aligned_to_more_than_a_page),
		LAB_TEST(alignment_of_what_stays_behind_costs_nothing),
		LAB_TEST(alignment_of_relocations_costs_nothing),
		LAB_TEST(nothing_is_printed_of_a_damaged_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
