/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/elf_builder.h"

#include "container/elf_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUILD_ID "0123456789abcdefghij"
#define BUILD_ID_LEN 20

static const unsigned char code_bytes[64] = {0xc3, 1, 2, 3};

/* Addresses of the builder: a page for each change of rights, from 0x1000 on. */
#define NOTE_VADDR 0x1000
#define TEXT_VADDR 0x2000
#define BSS_VADDR 0x3000

static unsigned char *build_library(size_t *len)
{
	struct eb *eb = eb_create(ET_DYN, EM_X86_64);

	eb_build_id(eb, BUILD_ID, BUILD_ID_LEN);
	eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code_bytes,
		   sizeof(code_bytes));
	eb_section(eb, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 0x100);
	return eb_finish(eb, len);
}

struct file {
	unsigned char *bytes;
	size_t len;
	struct ulp_elf elf;
	struct ulp_err err;
};

static int setup(void **state)
{
	struct file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return -1;
	file->bytes = build_library(&file->len);
	*state = file;
	return 0;
}

static int teardown(void **state)
{
	struct file *file = *state;

	free(file->bytes);
	free(file);
	return 0;
}

static void view(struct file *file)
{
	assert_succeeds(ulp_elf_init(&file->elf, file->bytes, file->len, &file->err), &file->err);
}

/* --- headers -------------------------------------------------------------- */

static void view_reads_headers_and_sections(void **state)
{
	struct file *file = *state;
	const unsigned char *data;
	size_t text;
	size_t len;

	view(file);
	assert_int_equal(file->elf.ehdr.e_machine, EM_X86_64);
	assert_int_equal(file->elf.nr_phdrs, 5); /* headers, note, text, bss, PT_NOTE */
	assert_int_equal(ulp_elf_phdr(&file->elf, 2).p_vaddr, TEXT_VADDR);
	text = ulp_elf_find_section(&file->elf, ".text");
	assert_int_equal(text, 2);
	assert_string_equal(ulp_elf_section_name(&file->elf, text), ".text");
	assert_int_equal(ulp_elf_section(&file->elf, text).sh_addr, TEXT_VADDR);
	assert_succeeds(ulp_elf_section_data(&file->elf, text, &data, &len, &file->err),
			&file->err);
	assert_int_equal(len, sizeof(code_bytes));
	assert_memory_equal(data, code_bytes, len);
	assert_int_equal(ulp_elf_find_section(&file->elf, ".nothing"), 0);
}

static void view_reads_an_object_without_segments(void **state)
{
	struct eb *eb = eb_create(ET_REL, EM_X86_64);
	struct ulp_elf elf;
	struct ulp_err err;
	unsigned char *bytes;
	size_t text;
	size_t len;

	(void)state;
	text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code_bytes, 16);
	eb_symbol(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), text, 0, 16);
	bytes = eb_finish(eb, &len);
	assert_succeeds(ulp_elf_init(&elf, bytes, len, &err), &err);
	assert_int_equal(elf.nr_phdrs, 0);
	assert_true(ulp_elf_find_section(&elf, ".symtab") != 0);
	assert_null(ulp_elf_at_vaddr(&elf, 0, 1));
	free(bytes);
}

static void view_reads_a_file_at_an_odd_address(void **state)
{
	struct file *file = *state;
	unsigned char *odd = malloc(file->len + 1);
	struct ulp_build_id id;

	assert_non_null(odd);
	memcpy(odd + 1, file->bytes, file->len);
	assert_succeeds(ulp_elf_init(&file->elf, odd + 1, file->len, &file->err), &file->err);
	assert_true(ulp_elf_find_section(&file->elf, ".text") != 0);
	assert_true(ulp_elf_build_id(&file->elf, &id));
	free(odd);
}

/* A change of some bytes of the ELF header, and where the error has to be. */
struct header_damage {
	size_t off;
	size_t len;
	uint64_t value;
	const char *place;
};

#define EHDR(member) offsetof(Elf64_Ehdr, member), sizeof(((Elf64_Ehdr *)0)->member)

static const struct header_damage header_damages[] = {
	{EI_MAG0, 1, 0, "+0x0"},
	{EI_CLASS, 1, ELFCLASS32, "+0x4"},
	{EI_DATA, 1, ELFDATA2MSB, "+0x5"},
	{EI_VERSION, 1, 2, "+0x6"},
	{EHDR(e_type), ET_CORE, "+0x10"},
	{EHDR(e_version), 0, "+0x14"},
	{EHDR(e_ehsize), 52, "+0x34"},
	{EHDR(e_phentsize), 32, "+0x36"},
	{EHDR(e_shentsize), 40, "+0x3a"},
	{EHDR(e_phoff), UINT64_MAX - 63, "+0x20"},
	{EHDR(e_phoff), 0x7fffffff, "+0x20"},
	{EHDR(e_phnum), 0xfff0, "+0x20"},
	{EHDR(e_phnum), PN_XNUM, ""}, /* section header 0 says 0 */
	{EHDR(e_shoff), UINT64_MAX - 63, "+0x28"},
	{EHDR(e_shoff), 0x7fffffff, "+0x28"},
	{EHDR(e_shoff), 0, "+0x3c"},
	{EHDR(e_shnum), 0xff00, "+0x28"},
};

static void view_rejects_damaged_headers(void **state)
{
	struct file *file = *state;

	for (size_t i = 0; i < sizeof(header_damages) / sizeof(header_damages[0]); i++) {
		const struct header_damage *d = &header_damages[i];
		unsigned char saved[8];
		enum ulp_code code;

		memcpy(saved, file->bytes + d->off, d->len);
		memcpy(file->bytes + d->off, &d->value, d->len);
		code = ulp_elf_init(&file->elf, file->bytes, file->len, &file->err);
		if (d->place[0] != '\0')
			assert_fails_at(code, ULP_EELF, &file->err, d->place);
		else
			assert_succeeds(code, &file->err);
		memcpy(file->bytes + d->off, saved, d->len);
	}
	view(file);
}

static void view_rejects_every_truncation_of_the_headers(void **state)
{
	struct file *file = *state;

	for (size_t len = 0; len < file->len; len++) {
		unsigned char *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, file->bytes, len);
		/* The section headers are the end of the file. */
		assert_int_equal(ulp_elf_init(&file->elf, cut, len, &file->err), ULP_EELF);
		free(cut);
	}
	assert_fails_at(ulp_elf_init(&file->elf, file->bytes, 63, &file->err), ULP_EELF, &file->err,
			"+0x3f");
}

static void view_takes_counts_from_section_header_0(void **state)
{
	struct file *file = *state;
	Elf64_Ehdr *ehdr = eb_ehdr_of(file->bytes);
	Elf64_Shdr *first = (Elf64_Shdr *)(file->bytes + ehdr->e_shoff);
	size_t nr_sections = ehdr->e_shnum;

	first->sh_size = ehdr->e_shnum;
	first->sh_info = ehdr->e_phnum;
	first->sh_link = ehdr->e_shstrndx;
	ehdr->e_shnum = 0;
	ehdr->e_phnum = PN_XNUM;
	ehdr->e_shstrndx = SHN_XINDEX;
	view(file);
	assert_int_equal(file->elf.nr_sections, nr_sections);
	assert_int_equal(file->elf.nr_phdrs, 5);
	assert_int_equal(ulp_elf_find_section(&file->elf, ".text"), 2);

	first->sh_size = UINT64_MAX / sizeof(Elf64_Shdr) + 2; /* * 64 wraps around to 64 */
	assert_fails_at(ulp_elf_init(&file->elf, file->bytes, file->len, &file->err), ULP_EELF,
			&file->err, "+0x28");
}

static void view_does_without_section_headers(void **state)
{
	struct file *file = *state;
	struct ulp_build_id id;

	eb_ehdr_of(file->bytes)->e_shoff = 0;
	eb_ehdr_of(file->bytes)->e_shnum = 0;
	view(file);
	assert_int_equal(file->elf.nr_sections, 0);
	assert_int_equal(ulp_elf_find_section(&file->elf, ".text"), 0);
	assert_string_equal(ulp_elf_section_name(&file->elf, 1), "");
	assert_true(ulp_elf_build_id(&file->elf, &id));
}

/* --- sections ------------------------------------------------------------- */

static void view_gives_no_name_where_the_names_are_damaged(void **state)
{
	struct file *file = *state;
	Elf64_Shdr *names = eb_shdr_of(file->bytes, ".shstrtab");
	Elf64_Shdr *text = eb_shdr_of(file->bytes, ".text");
	Elf64_Shdr good = *names;

	view(file);
	text->sh_name = (Elf64_Word)names->sh_size;
	assert_string_equal(ulp_elf_section_name(&file->elf, 2), "");
	text->sh_name = 1;
	names->sh_size--; /* the last name is not terminated */
	assert_string_equal(ulp_elf_section_name(&file->elf, 2), "");
	names->sh_size = 0;
	assert_string_equal(ulp_elf_section_name(&file->elf, 2), "");
	*names = good;
	names->sh_offset = file->len;
	assert_string_equal(ulp_elf_section_name(&file->elf, 2), "");
	*names = good;
	assert_string_equal(ulp_elf_section_name(&file->elf, 2), ".note.gnu.build-id");
	assert_string_equal(ulp_elf_section_name(&file->elf, file->elf.nr_sections), "");

	eb_ehdr_of(file->bytes)->e_shstrndx = 0xff00;
	view(file);
	assert_string_equal(ulp_elf_section_name(&file->elf, 2), "");
}

static void view_rejects_a_section_past_the_end(void **state)
{
	static const struct {
		uint64_t off;
		uint64_t len;
	} ranges[] = {
		{0, UINT64_MAX}, {UINT64_MAX, 1}, {UINT64_MAX, UINT64_MAX}, {UINT64_MAX - 7, 8}};
	struct file *file = *state;
	Elf64_Shdr *text = eb_shdr_of(file->bytes, ".text");
	const unsigned char *data;
	char place[32];
	size_t len;

	snprintf(place, sizeof(place), "+0x%zx", (size_t)((unsigned char *)text - file->bytes));
	view(file);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		text->sh_offset = ranges[i].off;
		text->sh_size = ranges[i].len;
		assert_fails_at(ulp_elf_section_data(&file->elf, 2, &data, &len, &file->err),
				ULP_EELF, &file->err, place);
	}
	text->sh_offset = file->len - 8;
	text->sh_size = 8;
	assert_succeeds(ulp_elf_section_data(&file->elf, 2, &data, &len, &file->err), &file->err);
	text->sh_size = 9;
	assert_fails_at(ulp_elf_section_data(&file->elf, 2, &data, &len, &file->err), ULP_EELF,
			&file->err, place);
}

static void view_gives_no_bytes_for_a_section_without_content(void **state)
{
	struct file *file = *state;
	const unsigned char *data = file->bytes;
	size_t len = 1;

	view(file);
	assert_succeeds(ulp_elf_section_data(&file->elf, ulp_elf_find_section(&file->elf, ".bss"),
					     &data, &len, &file->err),
			&file->err);
	assert_null(data);
	assert_int_equal(len, 0);
}

/* --- loaded bytes --------------------------------------------------------- */

static void view_at_vaddr_stays_inside_the_file_part_of_one_segment(void **state)
{
	struct file *file = *state;

	view(file);
	assert_ptr_equal(ulp_elf_at_vaddr(&file->elf, TEXT_VADDR, sizeof(code_bytes)),
			 file->bytes + TEXT_VADDR);
	assert_ptr_equal(ulp_elf_at_vaddr(&file->elf, TEXT_VADDR + 63, 1),
			 file->bytes + TEXT_VADDR + 63);
	assert_null(ulp_elf_at_vaddr(&file->elf, TEXT_VADDR - 1, 2));
	assert_null(ulp_elf_at_vaddr(&file->elf, TEXT_VADDR, sizeof(code_bytes) + 1));
	assert_null(ulp_elf_at_vaddr(&file->elf, TEXT_VADDR + 1, UINT64_MAX));
	assert_null(ulp_elf_at_vaddr(&file->elf, BSS_VADDR, 1));
	assert_null(ulp_elf_at_vaddr(&file->elf, UINT64_MAX, 1));
}

static void view_at_vaddr_rejects_a_segment_past_the_end(void **state)
{
	struct file *file = *state;
	Elf64_Phdr *text = eb_phdr_of(file->bytes, 2);

	view(file);
	text->p_offset = file->len - 8;
	assert_null(ulp_elf_at_vaddr(&file->elf, TEXT_VADDR, 1));
	text->p_offset = UINT64_MAX;
	assert_null(ulp_elf_at_vaddr(&file->elf, TEXT_VADDR, 1));
}

/* --- notes ---------------------------------------------------------------- */

static void view_finds_the_build_id_by_segment_and_by_section(void **state)
{
	struct file *file = *state;
	struct ulp_build_id id;

	view(file);
	assert_true(ulp_elf_build_id(&file->elf, &id));
	assert_int_equal(id.len, BUILD_ID_LEN);
	assert_memory_equal(id.bytes, BUILD_ID, BUILD_ID_LEN);

	eb_segment_of(file->bytes, PT_NOTE)->p_type = PT_NULL;
	memset(&id, 0, sizeof(id));
	assert_true(ulp_elf_build_id(&file->elf, &id));
	assert_memory_equal(id.bytes, BUILD_ID, BUILD_ID_LEN);

	eb_shdr_of(file->bytes, ".note.gnu.build-id")->sh_type = SHT_PROGBITS;
	assert_false(ulp_elf_build_id(&file->elf, &id));
}

static void view_ignores_notes_past_the_end_of_the_file(void **state)
{
	struct file *file = *state;
	struct ulp_build_id id;

	view(file);
	eb_segment_of(file->bytes, PT_NOTE)->p_offset = file->len - 4;
	eb_shdr_of(file->bytes, ".note.gnu.build-id")->sh_offset = UINT64_MAX;
	assert_false(ulp_elf_build_id(&file->elf, &id));
}

/* A note as it stands in memory, the name padded for `align`; returns its length. */
static size_t put_note(unsigned char *at, uint32_t type, const char *name, uint32_t desc_len,
		       size_t align)
{
	Elf64_Nhdr nhdr = {(Elf64_Word)strlen(name) + 1, desc_len, type};
	size_t desc_at = (sizeof(nhdr) + nhdr.n_namesz + align - 1) / align * align;

	memcpy(at, &nhdr, sizeof(nhdr));
	memcpy(at + sizeof(nhdr), name, nhdr.n_namesz);
	memset(at + desc_at, 'b', desc_len);
	return (desc_at + desc_len + align - 1) / align * align;
}

static void notes_are_walked_by_their_alignment(void **state)
{
	static const size_t aligns[] = {0, 1, 4, 8};

	(void)state;
	for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++) {
		size_t align = aligns[i] == 8 ? 8 : 4;
		unsigned char notes[256] = {0};
		struct ulp_build_id id = {0};
		size_t len;

		len = put_note(notes, NT_GNU_PROPERTY_TYPE_0, "GNU", 5, align);
		len += put_note(notes + len, NT_GNU_BUILD_ID, "other", 7, align);
		len += put_note(notes + len, NT_GNU_BUILD_ID, "GNU", 16, align);
		assert_true(ulp_notes_build_id(notes, len, aligns[i], &id));
		assert_int_equal(id.len, 16);
		assert_memory_equal(id.bytes, "bbbbbbbbbbbbbbbb", 16);
	}
}

static void notes_without_a_usable_build_id_give_none(void **state)
{
	unsigned char notes[256] = {0};
	struct ulp_build_id id;
	size_t len;

	(void)state;
	assert_false(ulp_notes_build_id(notes, 0, 4, &id));
	len = put_note(notes, NT_GNU_BUILD_ID, "GNU", ULP_BUILD_ID_MAX + 1, 4);
	assert_false(ulp_notes_build_id(notes, len, 4, &id));
	len = put_note(notes, NT_GNU_BUILD_ID, "GNU", 0, 4);
	assert_false(ulp_notes_build_id(notes, len, 4, &id));
	len = put_note(notes, NT_GNU_BUILD_ID, "GNU", ULP_BUILD_ID_MAX, 4);
	assert_true(ulp_notes_build_id(notes, len, 4, &id));
	for (size_t cut = 0; cut < len; cut++)
		assert_false(ulp_notes_build_id(notes, cut, 4, &id));
}

static void notes_with_huge_lengths_end_the_walk(void **state)
{
	static const Elf64_Nhdr nhdrs[] = {
		{UINT32_MAX, 4, NT_GNU_BUILD_ID},
		{4, UINT32_MAX, NT_GNU_BUILD_ID},
		{UINT32_MAX, UINT32_MAX, NT_GNU_BUILD_ID},
	};
	struct ulp_build_id id;

	(void)state;
	for (size_t i = 0; i < sizeof(nhdrs) / sizeof(nhdrs[0]); i++) {
		unsigned char notes[64] = {0};

		memcpy(notes, &nhdrs[i], sizeof(nhdrs[i]));
		memcpy(notes + sizeof(nhdrs[i]), "GNU", 4);
		assert_false(ulp_notes_build_id(notes, sizeof(notes), 4, &id));
	}
}

/* --- entries -------------------------------------------------------------- */

static const unsigned char nops_and_nops[16] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
						0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90};
static const unsigned char nops_and_nop2[16] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
						0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x66, 0x90};
static const unsigned char nops_endbr_nops[20] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
						  0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
						  0xf3, 0x0f, 0x1e, 0xfa, 0x90, 0x90};
static const unsigned char nops_and_code[16] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
						0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x55, 0x53};

/* .text with the four forms at +0, +0x20, +0x40, +0x60, of which the last is none. */
#define NR_PFE ((size_t)4)
static struct eb *build_pfe_text(uint16_t machine)
{
	struct eb *eb = eb_create(ET_DYN, machine);
	unsigned char text[0x70] = {0};

	memcpy(text + 0x00, nops_and_nops, sizeof(nops_and_nops));
	memcpy(text + 0x20, nops_endbr_nops, sizeof(nops_endbr_nops));
	memcpy(text + 0x40, nops_and_code, sizeof(nops_and_code));
	memcpy(text + 0x60, nops_and_nop2, sizeof(nops_and_nop2));
	eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text, sizeof(text));
	return eb;
}

#define PFE_TEXT_VADDR 0x1000u

/* The addresses that were visited last, in their order. */
static uint64_t entries[8];
static size_t nr_entries;

static void visit_entry(void *ctx, uint64_t vaddr)
{
	assert_ptr_equal(ctx, entries);
	assert_true(nr_entries < 8);
	entries[nr_entries++] = vaddr;
}

static size_t count_entries(struct eb *eb, enum ulp_entry_layout *layout)
{
	enum ulp_entry_layout again;
	struct ulp_elf elf;
	struct ulp_err err;
	unsigned char *bytes;
	size_t len;
	size_t nr;

	bytes = eb_finish(eb, &len);
	assert_succeeds(ulp_elf_init(&elf, bytes, len, &err), &err);
	nr = ulp_elf_count_entries(&elf, layout);
	nr_entries = 0;
	assert_int_equal(ulp_elf_each_entry(&elf, &again, visit_entry, entries), nr);
	assert_int_equal(nr_entries, nr);
	assert_int_equal(again, *layout);
	free(bytes);
	return nr;
}

static void entries_of_the_plugins_table_are_counted(void **state)
{
	/* Each counts from its own place. */
	static const int32_t distances[] = {0x100, -0x80, INT32_MIN};
	struct eb *eb = eb_create(ET_DYN, EM_X86_64);
	enum ulp_entry_layout layout;
	uint64_t at;

	(void)state;
	at = eb_shdr(eb, eb_section(eb, ULP_ENTRIES_SECTION, SHT_PROGBITS, SHF_ALLOC, distances,
				    sizeof(distances)))
		     ->sh_addr;
	assert_int_equal(count_entries(eb, &layout), 3);
	assert_int_equal(layout, ULP_ENTRY_NOP5);
	assert_true(entries[0] == at + 0x100);
	assert_true(entries[1] == at + 4 - 0x80);
	assert_true(entries[2] == at + 8 - 0x80000000);
}

static void entries_of_16_14_are_counted_by_their_relocations(void **state)
{
	enum ulp_entry_layout layout;
	Elf64_Rela relas[NR_PFE + 3];
	struct eb *eb = build_pfe_text(EM_X86_64);
	size_t pfe = eb_section(eb, ULP_PFE_SECTION, SHT_PROGBITS,
				SHF_ALLOC | SHF_WRITE | SHF_LINK_ORDER, NULL, NR_PFE * 8);
	uint64_t at = eb_shdr(eb, pfe)->sh_addr;

	(void)state;
	for (size_t i = 0; i < NR_PFE; i++)
		relas[i] = (Elf64_Rela){at + i * 8, ELF64_R_INFO(0, R_X86_64_RELATIVE),
					(int64_t)(PFE_TEXT_VADDR + i * 0x20)};
	/* Outside of the section before and after it, and of another type. */
	relas[NR_PFE] = (Elf64_Rela){at - 8, relas[0].r_info, relas[0].r_addend};
	relas[NR_PFE + 1] = (Elf64_Rela){at + NR_PFE * 8, relas[0].r_info, relas[0].r_addend};
	relas[NR_PFE + 2] = (Elf64_Rela){at, ELF64_R_INFO(1, R_X86_64_64), (int64_t)PFE_TEXT_VADDR};
	eb_section(eb, ".rela.dyn", SHT_RELA, SHF_ALLOC, relas, sizeof(relas));
	eb_section(eb, ".rela.unused", SHT_RELA, 0, relas, sizeof(relas)); /* not for ld.so */
	assert_int_equal(count_entries(eb, &layout), 3);
	assert_int_equal(layout, ULP_ENTRY_PFE_16_14);
	assert_true(entries[0] == PFE_TEXT_VADDR + 14);
	assert_true(entries[1] == PFE_TEXT_VADDR + 0x20 + 14 + 4); /* behind endbr64 */
}

static void entries_of_16_14_are_counted_by_their_addresses(void **state)
{
	enum ulp_entry_layout layout;
	uint64_t addrs[NR_PFE + 2];
	struct eb *eb = build_pfe_text(EM_X86_64);

	(void)state;
	for (size_t i = 0; i < NR_PFE; i++)
		addrs[i] = PFE_TEXT_VADDR + i * 0x20;
	addrs[NR_PFE] = UINT64_MAX - 4;
	addrs[NR_PFE + 1] = PFE_TEXT_VADDR + 0x6f; /* the end of the segment */
	/* Three odd bytes at the end are no record. */
	eb_section(eb, ULP_PFE_SECTION, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, addrs,
		   sizeof(addrs) - 5);
	assert_int_equal(count_entries(eb, &layout), 3);
	assert_int_equal(layout, ULP_ENTRY_PFE_16_14);
	assert_true(entries[0] == PFE_TEXT_VADDR + 14);
	assert_true(entries[1] == PFE_TEXT_VADDR + 0x20 + 14 + 4); /* behind endbr64 */
}

static void entries_are_none_without_a_list_or_for_an_unknown_machine(void **state)
{
	uint64_t addr = PFE_TEXT_VADDR;
	enum ulp_entry_layout layout = ULP_ENTRY_NOP5;
	struct eb *eb;

	(void)state;
	assert_int_equal(count_entries(build_pfe_text(EM_X86_64), &layout), 0);
	assert_int_equal(layout, ULP_ENTRY_NONE);
	eb = build_pfe_text(EM_NONE);
	eb_section(eb, ULP_PFE_SECTION, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, &addr, sizeof(addr));
	layout = ULP_ENTRY_NOP5;
	assert_int_equal(count_entries(eb, &layout), 0);
	assert_int_equal(layout, ULP_ENTRY_NONE);
}

static void entries_are_none_where_the_list_is_past_the_end(void **state)
{
	struct eb *eb = build_pfe_text(EM_X86_64);
	enum ulp_entry_layout layout;
	struct ulp_elf elf;
	struct ulp_err err;
	unsigned char *bytes;
	size_t len;

	(void)state;
	eb_section(eb, ULP_ENTRIES_SECTION, SHT_PROGBITS, SHF_ALLOC, NULL, 12);
	eb_section(eb, ULP_PFE_SECTION, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, NULL, 8);
	eb_section(eb, ".rela.dyn", SHT_RELA, SHF_ALLOC, NULL, sizeof(Elf64_Rela));
	bytes = eb_finish(eb, &len);
	eb_shdr_of(bytes, ULP_ENTRIES_SECTION)->sh_size = len;
	eb_shdr_of(bytes, ".rela.dyn")->sh_offset = len;
	assert_succeeds(ulp_elf_init(&elf, bytes, len, &err), &err);
	assert_int_equal(ulp_elf_count_entries(&elf, &layout), 0);
	assert_int_equal(layout, ULP_ENTRY_NONE);
	free(bytes);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FILE(view_reads_headers_and_sections),
		cmocka_unit_test(view_reads_an_object_without_segments),
		WITH_FILE(view_reads_a_file_at_an_odd_address),
		WITH_FILE(view_rejects_damaged_headers),
		WITH_FILE(view_rejects_every_truncation_of_the_headers),
		WITH_FILE(view_takes_counts_from_section_header_0),
		WITH_FILE(view_does_without_section_headers),
		WITH_FILE(view_gives_no_name_where_the_names_are_damaged),
		WITH_FILE(view_rejects_a_section_past_the_end),
		WITH_FILE(view_gives_no_bytes_for_a_section_without_content),
		WITH_FILE(view_at_vaddr_stays_inside_the_file_part_of_one_segment),
		WITH_FILE(view_at_vaddr_rejects_a_segment_past_the_end),
		WITH_FILE(view_finds_the_build_id_by_segment_and_by_section),
		WITH_FILE(view_ignores_notes_past_the_end_of_the_file),
		cmocka_unit_test(notes_are_walked_by_their_alignment),
		cmocka_unit_test(notes_without_a_usable_build_id_give_none),
		cmocka_unit_test(notes_with_huge_lengths_end_the_walk),
		cmocka_unit_test(entries_of_the_plugins_table_are_counted),
		cmocka_unit_test(entries_of_16_14_are_counted_by_their_relocations),
		cmocka_unit_test(entries_of_16_14_are_counted_by_their_addresses),
		cmocka_unit_test(entries_are_none_without_a_list_or_for_an_unknown_machine),
		cmocka_unit_test(entries_are_none_where_the_list_is_past_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
