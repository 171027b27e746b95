/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counting the patchable entries of a library's file; the layouts are in entry.h. */
#include "config.h"

#include "container/elf_view.h"
#include "container/machine.h"

#include <string.h>

/* The section's header and content; false if there is none or it is damaged. */
static bool find_content(const struct ulp_elf *elf, const char *name, Elf64_Shdr *shdr,
			 const unsigned char **data, size_t *len)
{
	size_t i = ulp_elf_find_section(elf, name);

	if (i == 0 || ulp_elf_section_data(elf, i, data, len, NULL) != ULP_OK)
		return false;
	*shdr = ulp_elf_section(elf, i);
	return true;
}

static bool is_pfe_entry(const struct ulp_elf *elf, const struct ulp_machine *machine,
			 uint64_t vaddr)
{
	/* The last function of a segment may end before the longest form does. */
	for (size_t len = machine->pfe_16_14_max; len != 0; len--) {
		const unsigned char *code = ulp_elf_at_vaddr(elf, vaddr, len);

		if (code != NULL)
			return machine->is_pfe_16_14(code, len);
	}
	return false;
}

static uint64_t read_u64(const unsigned char *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/*
 * Records whose address stands in the section itself: programs at a fixed
 * address, and libraries with packed relative relocations (DT_RELR).
 */
static size_t count_pfe_in_place(const struct ulp_elf *elf, const struct ulp_machine *machine,
				 const unsigned char *data, size_t len)
{
	size_t nr = 0;

	for (size_t off = 0; len - off >= sizeof(uint64_t); off += sizeof(uint64_t)) {
		uint64_t vaddr = read_u64(data + off);

		if (vaddr != 0 && is_pfe_entry(elf, machine, vaddr))
			nr++;
	}
	return nr;
}

/* Records that are zero in the file and filled at load from the addend of a relocation. */
static size_t count_pfe_relocated(const struct ulp_elf *elf, const struct ulp_machine *machine,
				  const Elf64_Shdr *pfe, const unsigned char *data, size_t len,
				  size_t rela_index)
{
	const unsigned char *relas;
	size_t relas_len;
	size_t nr = 0;

	if (ulp_elf_section_data(elf, rela_index, &relas, &relas_len, NULL) != ULP_OK)
		return 0;
	for (size_t off = 0; relas_len - off >= sizeof(Elf64_Rela); off += sizeof(Elf64_Rela)) {
		Elf64_Rela rela;
		uint64_t place;

		memcpy(&rela, relas + off, sizeof(rela));
		place = rela.r_offset - pfe->sh_addr;
		if (ELF64_R_TYPE(rela.r_info) == machine->relative_type &&
		    len >= sizeof(uint64_t) && rela.r_offset >= pfe->sh_addr &&
		    place <= len - sizeof(uint64_t) && read_u64(data + place) == 0 &&
		    is_pfe_entry(elf, machine, (uint64_t)rela.r_addend))
			nr++;
	}
	return nr;
}

static size_t count_pfe(const struct ulp_elf *elf)
{
	const struct ulp_machine *machine = ulp_machine_find(elf->ehdr.e_machine);
	const unsigned char *data;
	Elf64_Shdr shdr;
	size_t len;
	size_t nr;

	if (machine == NULL || !find_content(elf, ULP_PFE_SECTION, &shdr, &data, &len))
		return 0;
	nr = count_pfe_in_place(elf, machine, data, len);
	for (size_t i = 1; i < elf->nr_sections; i++)
		if (ulp_elf_section(elf, i).sh_type == SHT_RELA &&
		    (ulp_elf_section(elf, i).sh_flags & SHF_ALLOC) != 0)
			nr += count_pfe_relocated(elf, machine, &shdr, data, len, i);
	return nr;
}

size_t ulp_elf_count_entries(const struct ulp_elf *elf, enum ulp_entry_layout *layout)
{
	const unsigned char *data;
	Elf64_Shdr shdr;
	size_t len;
	size_t nr;

	if (find_content(elf, ULP_ENTRIES_SECTION, &shdr, &data, &len) && len >= sizeof(int32_t)) {
		*layout = ULP_ENTRY_NOP5;
		return len / sizeof(int32_t); /* one self-relative address a function */
	}
	nr = count_pfe(elf);
	*layout = nr != 0 ? ULP_ENTRY_PFE_16_14 : ULP_ENTRY_NONE;
	return nr;
}
