/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A shared object as sections, symbols and relocations; see linked.h. */
#include "config.h"

#include "packer/linked.h"

#include <stdlib.h>
#include <string.h>

/* --- sections ----------------------------------------------------------------------------- */

/* What only the loader writes: the linker's own tables, and all of the relocated read-only part. */
static bool is_loaders(const struct ulp_elf *elf, const char *name, const Elf64_Shdr *shdr)
{
	if (strcmp(name, ".got") == 0 || strcmp(name, ".got.plt") == 0 ||
	    shdr->sh_type == SHT_DYNAMIC)
		return true;
	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		const Elf64_Phdr p = ulp_elf_phdr(elf, i);

		if (p.p_type == PT_GNU_RELRO && shdr->sh_addr >= p.p_vaddr &&
		    shdr->sh_addr - p.p_vaddr <= p.p_memsz &&
		    shdr->sh_size <= p.p_memsz - (shdr->sh_addr - p.p_vaddr))
			return true;
	}
	return false;
}

static enum section_class classify(const struct ulp_elf *elf, const char *name,
				   const Elf64_Shdr *shdr)
{
	if (!(shdr->sh_flags & SHF_ALLOC))
		return SECTION_OTHER;
	if (shdr->sh_flags & SHF_TLS)
		return SECTION_THREAD;
	if (shdr->sh_flags & SHF_EXECINSTR)
		return SECTION_CODE;
	if (!(shdr->sh_flags & SHF_WRITE) || is_loaders(elf, name, shdr))
		return SECTION_READ_ONLY;
	return SECTION_WRITABLE;
}

static enum ulp_code sections_read(struct pool *pool, struct object *o, struct ulp_err *err)
{
	const struct ulp_elf *elf = &o->file.elf;

	o->nr_sections = elf->nr_sections;
	o->sections = pool_alloc(pool, o->nr_sections + 1, sizeof(*o->sections));
	for (size_t i = 0; i < o->nr_sections; i++) {
		struct object_section *s = &o->sections[i];
		enum ulp_code code;

		s->name = ulp_elf_section_name(elf, i);
		s->shdr = ulp_elf_section(elf, i);
		s->class = classify(elf, s->name, &s->shdr);
		s->kept = s->visited = s->class != SECTION_OTHER;
		if (i == 0)
			continue;
		code = elf_file_data(&o->file, i, &s->bytes, &s->len, err);
		if (code)
			return code;
		if (s->kept && s->shdr.sh_size > UINT64_MAX - s->shdr.sh_addr)
			return linked_fail(o, i, err, ULP_EELF, "has a size that cannot be");
	}
	return ULP_OK;
}

/* --- symbols ------------------------------------------------------------------------------ */

/* From addresses to distances in their sections. */
static enum ulp_code place_symbol(struct object *o, struct elf_symbol *s, struct ulp_err *err)
{
	const struct object_section *section;

	if (s->shndx == SHN_XINDEX)
		return linked_fail(o, o->symtab, err, ULP_EUNSUP,
				   "a file with that many sections is not supported");
	if (s->shndx == SHN_UNDEF || s->shndx >= SHN_LORESERVE)
		return ULP_OK;
	if (s->shndx >= o->nr_sections)
		return linked_fail(o, o->symtab, err, ULP_EELF,
				   "a symbol is in a section that does not exist");
	section = &o->sections[s->shndx];
	if (s->type == STT_TLS || s->type == STT_FILE || !section->kept)
		return ULP_OK;
	/* Linkers put marks of a section's end behind it, and drop empty sections. */
	if (s->value < section->shdr.sh_addr ||
	    s->value - section->shdr.sh_addr > section->shdr.sh_size) {
		s->shndx = SHN_ABS;
		return ULP_OK;
	}
	s->value -= section->shdr.sh_addr;
	return ULP_OK;
}

/* Appends a table's symbols. */
static enum ulp_code table_add(struct pool *pool, struct object *o, size_t section, bool dynamic,
			       struct ulp_err *err)
{
	struct object_symbol *all;
	struct elf_symbol *list;
	enum ulp_code code;
	size_t nr;

	code = elf_symbols_read(pool, &o->file, section, &list, &nr, err);
	if (!code && dynamic)
		code = elf_versions_read(pool, &o->file, list, nr, err);
	if (!code && !nr)
		code = linked_fail(o, section, err, ULP_EELF, "the symbol table is empty");
	if (code)
		return code;
	o->symtab = section;
	all = pool_alloc(pool, o->nr_symbols + nr, sizeof(*all));
	if (o->nr_symbols)
		memcpy(all, o->symbols, o->nr_symbols * sizeof(*all));
	for (size_t i = 0; !code && i < nr; i++) {
		all[o->nr_symbols + i].elf = list[i];
		code = place_symbol(o, &all[o->nr_symbols + i].elf, err);
	}
	o->symbols = all;
	o->nr_symbols += nr;
	return code;
}

static bool is_file(const struct elf_symbol *s)
{
	return s->type == STT_FILE && *s->name;
}

/* The source, where all symbols are of one. */
static void find_source(struct object *o)
{
	o->source = "";
	for (size_t i = 1; i < o->nr_symbols; i++) {
		const struct elf_symbol *s = &o->symbols[i].elf;

		if (!is_file(s) || strcmp(path_base_name(s->name), o->source) == 0)
			continue;
		if (*o->source) {
			o->source = "";
			return;
		}
		o->source = path_base_name(s->name);
	}
}

static enum ulp_code symbols_read(struct pool *pool, struct object *o, struct ulp_err *err)
{
	const size_t symtab = elf_file_find_type(&o->file, SHT_SYMTAB);
	enum ulp_code code = ULP_OK;

	if (symtab)
		code = table_add(pool, o, symtab, false, err);
	o->dynsyms = o->nr_symbols;
	if (!code)
		code = table_add(pool, o, elf_file_find_type(&o->file, SHT_DYNSYM), true, err);
	if (!code)
		find_source(o);
	return code;
}

/* --- relocations -------------------------------------------------------------------------- */

/* The section with the 8 bytes at this address, 0 for none. */
static size_t section_at(const struct object *o, uint64_t vaddr)
{
	for (size_t i = 1; i < o->nr_sections; i++) {
		const struct object_section *s = &o->sections[i];

		if (s->kept && s->bytes && vaddr >= s->shdr.sh_addr &&
		    vaddr - s->shdr.sh_addr < s->len &&
		    s->len - (vaddr - s->shdr.sh_addr) >= sizeof(uint64_t))
			return i;
	}
	return 0;
}

static enum ulp_code reloc_add(struct pool *pool, struct object *o, size_t table, size_t off,
			       size_t *caps, struct ulp_err *err)
{
	Elf64_Rela raw;
	struct object_section *s;
	struct object_reloc *r;
	size_t at;

	memcpy(&raw, o->sections[table].bytes + off, sizeof(raw));
	at = section_at(o, raw.r_offset);
	if (!at)
		return linked_fail(o, table, err, ULP_EELF,
				   "a relocation lies outside of what is loaded");
	if (ELF64_R_SYM(raw.r_info) >= o->nr_symbols - o->dynsyms)
		return linked_fail(o, table, err, ULP_EELF,
				   "a relocation names a symbol that does not exist");
	if (!object_addend_fits(raw.r_addend))
		return linked_fail(o, table, err, ULP_EELF,
				   "a relocation's addend is larger than any address");
	s = &o->sections[at];
	s->relocs = pool_grow(pool, s->relocs, s->nr_relocs, &caps[at], sizeof(*s->relocs));
	r = &s->relocs[s->nr_relocs++];
	*r = (struct object_reloc){
		.off = raw.r_offset - s->shdr.sh_addr,
		.type = (uint32_t)ELF64_R_TYPE(raw.r_info),
		.addend = raw.r_addend,
		.file_off = (size_t)(o->sections[table].bytes - o->file.bytes) + off,
	};
	if (ELF64_R_SYM(raw.r_info))
		r->symbol = (uint32_t)(o->dynsyms + ELF64_R_SYM(raw.r_info));
	return ULP_OK;
}

static int compare_offset(const void *a, const void *b)
{
	const struct object_reloc *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return x->file_off < y->file_off ? -1 : x->file_off > y->file_off;
}

static enum ulp_code relocs_read(struct pool *pool, struct object *o, struct ulp_err *err)
{
	size_t *caps = pool_alloc(pool, o->nr_sections, sizeof(*caps));

	for (size_t i = 1; i < o->nr_sections; i++) {
		const struct object_section *s = &o->sections[i];
		enum ulp_code code = ULP_OK;

		if (s->shdr.sh_type != SHT_RELA || !s->kept)
			continue;
		for (size_t off = 0; !code && off + sizeof(Elf64_Rela) <= s->len;
		     off += sizeof(Elf64_Rela))
			code = reloc_add(pool, o, i, off, caps, err);
		if (code)
			return code;
	}
	for (size_t i = 1; i < o->nr_sections; i++)
		if (o->sections[i].nr_relocs)
			qsort(o->sections[i].relocs, o->sections[i].nr_relocs,
			      sizeof(struct object_reloc), compare_offset);
	return ULP_OK;
}

enum ulp_code linked_model(struct pool *pool, struct object *object, struct ulp_err *err)
{
	enum ulp_code code = sections_read(pool, object, err);

	if (!code)
		code = symbols_read(pool, object, err);
	if (!code)
		code = relocs_read(pool, object, err);
	return code;
}
