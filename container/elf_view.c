/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bounds-checked view of an ELF file in memory: headers, section names and
 * contents, loaded bytes, notes.
 */
#include "config.h"

#include "container/elf_view.h"

#include <stdio.h>
#include <string.h>

/*
 * What is done for each header is done at most so often: a file may come from
 * somebody who wants us to be busy.
 */
#define MAX_PHDRS 4096u
#define MAX_SECTIONS (1u << 20)
#define MAX_NOTES (64u << 10) /* bytes of one segment or section */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "headers are copied as they are; a big-endian host needs a swap here");

/* Whether [off, off + len) lies inside [0, limit). */
static bool range_inside(uint64_t off, uint64_t len, uint64_t limit)
{
	return off <= limit && len <= limit - off;
}

static enum ulp_code elf_fail(struct ulp_err *err, uint64_t off, const char *text)
{
	ulp_fail(err, ULP_EELF, "%s", ulp_err_text(text));
	ulp_err_at(err, "+0x%llx", (unsigned long long)off);
	return ULP_EELF;
}

/* The tests of the ELF header that need nothing but the header, one row each. */
static enum ulp_code check_ehdr(const Elf64_Ehdr *h, struct ulp_err *err)
{
	const struct {
		bool good;
		size_t off;
		const char *text;
	} checks[] = {
		{memcmp(h->e_ident, ELFMAG, SELFMAG) == 0, 0, ULP_TEXT("not an ELF file")},
		{h->e_ident[EI_CLASS] == ELFCLASS64, EI_CLASS, ULP_TEXT("not a 64-bit ELF file")},
		{h->e_ident[EI_DATA] == ELFDATA2LSB, EI_DATA,
		 ULP_TEXT("not a little-endian ELF file")},
		{h->e_ident[EI_VERSION] == EV_CURRENT, EI_VERSION,
		 ULP_TEXT("unknown version of ELF")},
		{h->e_type == ET_REL || h->e_type == ET_EXEC || h->e_type == ET_DYN,
		 offsetof(Elf64_Ehdr, e_type),
		 ULP_TEXT("neither an object, a library nor a program")},
		{h->e_version == EV_CURRENT, offsetof(Elf64_Ehdr, e_version),
		 ULP_TEXT("unknown version of ELF")},
		{h->e_ehsize == sizeof(Elf64_Ehdr), offsetof(Elf64_Ehdr, e_ehsize),
		 ULP_TEXT("the ELF header has an unknown size")},
		{h->e_phnum == 0 || h->e_phentsize == sizeof(Elf64_Phdr),
		 offsetof(Elf64_Ehdr, e_phentsize),
		 ULP_TEXT("the program headers have an unknown size")},
		{h->e_shoff == 0 || h->e_shentsize == sizeof(Elf64_Shdr),
		 offsetof(Elf64_Ehdr, e_shentsize),
		 ULP_TEXT("the section headers have an unknown size")},
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!checks[i].good)
			return elf_fail(err, checks[i].off, checks[i].text);
	return ULP_OK;
}

/*
 * Counts that do not fit into the ELF header stand in section header 0 (gABI,
 * chapter 4, e_phnum PN_XNUM, e_shnum 0, e_shstrndx SHN_XINDEX).
 */
static enum ulp_code init_tables(struct ulp_elf *elf, struct ulp_err *err)
{
	const Elf64_Ehdr *h = &elf->ehdr;
	uint64_t nr_sections = h->e_shnum;
	uint64_t nr_phdrs = h->e_phnum;
	uint64_t shstrndx = h->e_shstrndx;

	if (h->e_shoff != 0) {
		Elf64_Shdr first;

		if (!range_inside(h->e_shoff, sizeof(first), elf->len))
			return elf_fail(err, offsetof(Elf64_Ehdr, e_shoff),
					"the section headers reach past the end of the file");
		memcpy(&first, elf->bytes + h->e_shoff, sizeof(first));
		if (h->e_shnum == 0)
			nr_sections = first.sh_size;
		if (h->e_phnum == PN_XNUM)
			nr_phdrs = first.sh_info;
		if (h->e_shstrndx == SHN_XINDEX)
			shstrndx = first.sh_link;
		if (nr_sections > (elf->len - h->e_shoff) / sizeof(Elf64_Shdr))
			return elf_fail(err, offsetof(Elf64_Ehdr, e_shoff),
					"the section headers reach past the end of the file");
	} else if (h->e_shnum != 0) {
		return elf_fail(err, offsetof(Elf64_Ehdr, e_shnum),
				"no section headers, but a number of them");
	}
	if (nr_phdrs != 0 &&
	    (h->e_phoff > elf->len || nr_phdrs > (elf->len - h->e_phoff) / sizeof(Elf64_Phdr)))
		return elf_fail(err, offsetof(Elf64_Ehdr, e_phoff),
				"the program headers reach past the end of the file");

	if (nr_phdrs > MAX_PHDRS || nr_sections > MAX_SECTIONS)
		return elf_fail(err, offsetof(Elf64_Ehdr, e_phnum),
				"more headers than any linker makes");

	elf->nr_sections = nr_sections;
	elf->nr_phdrs = nr_phdrs;
	/* Without names a section cannot be found, but the file may be usable. */
	elf->shstrndx = shstrndx < nr_sections ? shstrndx : SHN_UNDEF;
	return ULP_OK;
}

enum ulp_code ulp_elf_init(struct ulp_elf *elf, const void *bytes, size_t len, struct ulp_err *err)
{
	struct ulp_elf view = {.bytes = bytes, .len = len};
	enum ulp_code code;

	if (len < sizeof(view.ehdr))
		return elf_fail(err, len, "too short for an ELF file");
	memcpy(&view.ehdr, bytes, sizeof(view.ehdr));
	code = check_ehdr(&view.ehdr, err);
	if (code != ULP_OK)
		return code;
	code = init_tables(&view, err);
	if (code != ULP_OK)
		return code;
	*elf = view;
	return ULP_OK;
}

Elf64_Phdr ulp_elf_phdr(const struct ulp_elf *elf, size_t i)
{
	Elf64_Phdr phdr;

	memcpy(&phdr, elf->bytes + elf->ehdr.e_phoff + i * sizeof(phdr), sizeof(phdr));
	return phdr;
}

Elf64_Shdr ulp_elf_section(const struct ulp_elf *elf, size_t i)
{
	Elf64_Shdr shdr;

	memcpy(&shdr, elf->bytes + elf->ehdr.e_shoff + i * sizeof(shdr), sizeof(shdr));
	return shdr;
}

/* The table of section names; false where it cannot be used (gABI: it ends with a NUL). */
static bool section_names(const struct ulp_elf *elf, const char **names, size_t *len)
{
	const unsigned char *data;

	if (elf->shstrndx == SHN_UNDEF ||
	    ulp_elf_section_data(elf, elf->shstrndx, &data, len, NULL) != ULP_OK || *len == 0 ||
	    data[*len - 1] != '\0')
		return false;
	*names = (const char *)data;
	return true;
}

const char *ulp_elf_section_name(const struct ulp_elf *elf, size_t i)
{
	const char *names;
	Elf64_Word name;
	size_t len;

	if (i >= elf->nr_sections || !section_names(elf, &names, &len))
		return "";
	name = ulp_elf_section(elf, i).sh_name;
	return name < len ? names + name : "";
}

size_t ulp_elf_find_section(const struct ulp_elf *elf, const char *name)
{
	for (size_t i = 1; i < elf->nr_sections; i++)
		if (strcmp(ulp_elf_section_name(elf, i), name) == 0)
			return i;
	return 0;
}

enum ulp_code ulp_elf_section_data(const struct ulp_elf *elf, size_t i, const unsigned char **data,
				   size_t *len, struct ulp_err *err)
{
	Elf64_Shdr shdr = ulp_elf_section(elf, i);

	if (shdr.sh_type == SHT_NOBITS || shdr.sh_type == SHT_NULL) {
		*data = NULL;
		*len = 0;
		return ULP_OK;
	}
	if (!range_inside(shdr.sh_offset, shdr.sh_size, elf->len))
		return elf_fail(err, elf->ehdr.e_shoff + i * sizeof(shdr),
				"a section reaches past the end of the file");
	*data = elf->bytes + shdr.sh_offset;
	*len = shdr.sh_size;
	return ULP_OK;
}

const unsigned char *ulp_elf_at_vaddr(const struct ulp_elf *elf, uint64_t vaddr, uint64_t len)
{
	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr phdr = ulp_elf_phdr(elf, i);

		if (phdr.p_type == PT_LOAD && vaddr >= phdr.p_vaddr &&
		    range_inside(vaddr - phdr.p_vaddr, len, phdr.p_filesz) &&
		    range_inside(phdr.p_offset, phdr.p_filesz, elf->len))
			return elf->bytes + phdr.p_offset + (vaddr - phdr.p_vaddr);
	}
	return NULL;
}

static bool note_is_build_id(const Elf64_Nhdr *nhdr, const unsigned char *name)
{
	return nhdr->n_type == NT_GNU_BUILD_ID && nhdr->n_namesz == sizeof(ELF_NOTE_GNU) &&
	       memcmp(name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 && nhdr->n_descsz != 0 &&
	       nhdr->n_descsz <= ULP_BUILD_ID_MAX;
}

bool ulp_notes_build_id(const void *notes, size_t len, size_t align, struct ulp_build_id *id)
{
	const unsigned char *bytes = notes;
	uint64_t mask = align == 8 ? 7 : 3; /* gABI: 4 unless the segment's alignment is 8 */
	uint64_t off = 0;

	while (range_inside(off, sizeof(Elf64_Nhdr), len)) {
		Elf64_Nhdr nhdr;
		uint64_t name_off = off + sizeof(nhdr);
		uint64_t desc_off;

		memcpy(&nhdr, bytes + off, sizeof(nhdr));
		desc_off = (name_off + nhdr.n_namesz + mask) & ~mask;
		if (!range_inside(desc_off, nhdr.n_descsz, len))
			return false;
		if (note_is_build_id(&nhdr, bytes + name_off)) {
			*id = (struct ulp_build_id){.len = nhdr.n_descsz};
			memcpy(id->bytes, bytes + desc_off, nhdr.n_descsz);
			return true;
		}
		off = (desc_off + nhdr.n_descsz + mask) & ~mask;
	}
	return false;
}

bool ulp_elf_build_id(const struct ulp_elf *elf, struct ulp_build_id *id)
{
	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		Elf64_Phdr phdr = ulp_elf_phdr(elf, i);

		if (phdr.p_type == PT_NOTE && phdr.p_filesz <= MAX_NOTES &&
		    range_inside(phdr.p_offset, phdr.p_filesz, elf->len) &&
		    ulp_notes_build_id(elf->bytes + phdr.p_offset, phdr.p_filesz, phdr.p_align, id))
			return true;
	}
	for (size_t i = 1; i < elf->nr_sections; i++) {
		Elf64_Shdr shdr = ulp_elf_section(elf, i);

		if (shdr.sh_type == SHT_NOTE && shdr.sh_size <= MAX_NOTES &&
		    range_inside(shdr.sh_offset, shdr.sh_size, elf->len) &&
		    ulp_notes_build_id(elf->bytes + shdr.sh_offset, shdr.sh_size, shdr.sh_addralign,
				       id))
			return true;
	}
	return false;
}
