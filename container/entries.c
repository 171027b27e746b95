/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding the patchable entries of a library's file; the layouts are in entry.h. */
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

/* Who is told of the entries; visit may be NULL. */
struct walk {
	const struct ulp_elf *elf;
	const struct ulp_machine *machine;
	void (*visit)(void *ctx, uint64_t vaddr);
	void *ctx;
	size_t nr; /* found so far */
};

static void found(struct walk *walk, uint64_t vaddr)
{
	walk->nr++;
	if (walk->visit != NULL)
		walk->visit(walk->ctx, vaddr);
}

static uint64_t read_u64(const unsigned char *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* --- 16,14 ---------------------------------------------------------------- */

/* A record of the table points here: an entry if the bytes look like one. */
static void look_at_pfe(struct walk *walk, uint64_t vaddr)
{
	const struct ulp_machine *machine = walk->machine;
	size_t entry;

	/* The last function of a segment may end before the longest form does. */
	for (size_t len = machine->pfe_16_14_max; len != 0; len--) {
		const unsigned char *code = ulp_elf_at_vaddr(walk->elf, vaddr, len);

		if (code == NULL)
			continue;
		entry = machine->pfe_16_14_entry(code, len);
		if (entry != 0)
			found(walk, vaddr + entry);
		return;
	}
}

/*
 * Records whose address stands in the section itself: programs at a fixed
 * address, and libraries with packed relative relocations (DT_RELR).
 */
static void walk_pfe_in_place(struct walk *walk, const unsigned char *data, size_t len)
{
	for (size_t off = 0; len - off >= sizeof(uint64_t); off += sizeof(uint64_t)) {
		uint64_t vaddr = read_u64(data + off);

		if (vaddr != 0)
			look_at_pfe(walk, vaddr);
	}
}

/* Records that are zero in the file and filled at load from the addend of a relocation. */
static void walk_pfe_relocated(struct walk *walk, const Elf64_Shdr *pfe, const unsigned char *data,
			       size_t len, size_t rela_index)
{
	const unsigned char *relas;
	size_t relas_len;

	if (ulp_elf_section_data(walk->elf, rela_index, &relas, &relas_len, NULL) != ULP_OK)
		return;
	for (size_t off = 0; relas_len - off >= sizeof(Elf64_Rela); off += sizeof(Elf64_Rela)) {
		Elf64_Rela rela;
		uint64_t place;

		memcpy(&rela, relas + off, sizeof(rela));
		place = rela.r_offset - pfe->sh_addr;
		if (ELF64_R_TYPE(rela.r_info) == walk->machine->relative_type &&
		    len >= sizeof(uint64_t) && rela.r_offset >= pfe->sh_addr &&
		    place <= len - sizeof(uint64_t) && read_u64(data + place) == 0)
			look_at_pfe(walk, (uint64_t)rela.r_addend);
	}
}

static void walk_pfe(struct walk *walk)
{
	const struct ulp_elf *elf = walk->elf;
	const unsigned char *data;
	Elf64_Shdr shdr;
	size_t len;

	walk->machine = ulp_machine_find(elf->ehdr.e_machine);
	if (walk->machine == NULL || !find_content(elf, ULP_PFE_SECTION, &shdr, &data, &len))
		return;
	walk_pfe_in_place(walk, data, len);
	for (size_t i = 1; i < elf->nr_sections; i++)
		if (ulp_elf_section(elf, i).sh_type == SHT_RELA &&
		    (ulp_elf_section(elf, i).sh_flags & SHF_ALLOC) != 0)
			walk_pfe_relocated(walk, &shdr, data, len, i);
}

/* --- the plugin's layout ---------------------------------------------------- */

/* One self-relative address a function, see entry.h. */
static void walk_table(struct walk *walk, const Elf64_Shdr *table, const unsigned char *data,
		       size_t len)
{
	for (size_t off = 0; len - off >= sizeof(int32_t); off += sizeof(int32_t)) {
		int32_t distance;

		memcpy(&distance, data + off, sizeof(distance));
		found(walk, table->sh_addr + off + (uint64_t)(int64_t)distance);
	}
}

size_t ulp_elf_each_entry(const struct ulp_elf *elf, enum ulp_entry_layout *layout,
			  void (*visit)(void *ctx, uint64_t vaddr), void *ctx)
{
	struct walk walk = {.elf = elf, .visit = visit, .ctx = ctx};
	const unsigned char *data;
	Elf64_Shdr shdr;
	size_t len;

	if (find_content(elf, ULP_ENTRIES_SECTION, &shdr, &data, &len) && len >= sizeof(int32_t)) {
		*layout = ULP_ENTRY_NOP5;
		walk_table(&walk, &shdr, data, len);
	} else {
		walk_pfe(&walk);
		*layout = walk.nr != 0 ? ULP_ENTRY_PFE_16_14 : ULP_ENTRY_NONE;
	}
	return walk.nr;
}

size_t ulp_elf_count_entries(const struct ulp_elf *elf, enum ulp_entry_layout *layout)
{
	return ulp_elf_each_entry(elf, layout, NULL, NULL);
}
