/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/arch.h"
#include "engine/load_relocate.h"

#include <string.h>

/* The container's dynamic symbols. */
struct dynsyms {
	const unsigned char *syms; /* Elf64_Sym, perhaps misaligned */
	size_t nr;
	const char *strings;
	size_t strings_len; /* bytes; the last one is NUL */
};

static enum ulp_code dynsyms_find(const struct ulp_elf *elf, struct dynsyms *d, struct ulp_err *err)
{
	size_t index = ulp_elf_find_section(elf, ".dynsym");
	const unsigned char *strings;
	size_t len;
	enum ulp_code code;

	*d = (struct dynsyms){.strings = "", .strings_len = 1};
	if (!index)
		return ULP_OK;
	code = ulp_elf_section_data(elf, index, &d->syms, &len, err);
	if (code)
		return code;
	d->nr = len / sizeof(Elf64_Sym);
	index = ulp_elf_section(elf, index).sh_link;
	if (!index || index >= elf->nr_sections)
		return ulp_fail(err, ULP_EFORMAT, ".dynsym has no string table");
	code = ulp_elf_section_data(elf, index, &strings, &len, err);
	if (code)
		return code;
	if (!len || strings[len - 1])
		return ulp_fail(err, ULP_EFORMAT, ".dynstr is not terminated");
	d->strings = (const char *)strings;
	d->strings_len = len;
	return ULP_OK;
}

static bool import_value(const struct load *load, const char *name, uint64_t *ret)
{
	const struct ulp_patch *patch = &load->container->patch;

	for (size_t i = 0; i < patch->nr_imports; i++)
		if (strcmp(patch->imports[i].name, name) == 0) {
			*ret = load->import_values[i];
			return true;
		}
	return false;
}

/* S of the psABI. */
static enum ulp_code symbol_value(const struct load *load, const struct dynsyms *d, uint64_t index,
				  uint64_t *ret, struct ulp_err *err)
{
	Elf64_Sym sym;

	if (index >= d->nr)
		return ulp_fail(err, ULP_EFORMAT, "symbol %llu is out of the table",
				(unsigned long long)index);
	memcpy(&sym, d->syms + index * sizeof(sym), sizeof(sym));
	/* Its value is no address, or not the one that is meant. */
	if (ELF64_ST_TYPE(sym.st_info) == STT_TLS || ELF64_ST_TYPE(sym.st_info) == STT_GNU_IFUNC)
		return ulp_fail(err, ULP_ERELOC,
				"symbol %llu is thread-local or an indirect function",
				(unsigned long long)index);
	if (sym.st_shndx != SHN_UNDEF) {
		*ret = sym.st_shndx == SHN_ABS ? sym.st_value : load_addr(load, sym.st_value);
		return ULP_OK;
	}
	if (sym.st_name >= d->strings_len)
		return ulp_fail(err, ULP_EFORMAT, "symbol %llu has no name",
				(unsigned long long)index);
	if (!import_value(load, d->strings + sym.st_name, ret))
		return ulp_fail(err, ULP_EFORMAT, "symbol %s is not among the imports",
				d->strings + sym.st_name);
	return ULP_OK;
}

static enum ulp_code relocate_at(struct load *load, uint32_t type, uint64_t vaddr, uint64_t value,
				 struct ulp_err *err)
{
	uint64_t off = vaddr - load->first_vaddr;

	if (vaddr < load->first_vaddr || off >= load->image_len)
		return ulp_fail(err, ULP_ERELOC, "its place 0x%llx is outside the segments",
				(unsigned long long)vaddr);
	return arch_relocate(type, load->image + off, load->image_len - off, load_addr(load, vaddr),
			     value, err);
}

static enum ulp_code rela_apply(struct load *load, const struct dynsyms *d, const Elf64_Rela *rela,
				struct ulp_err *err)
{
	uint32_t type = ELF64_R_TYPE(rela->r_info);
	uint64_t value = load->load_bias;

	if (type == ULP_R_NONE)
		return ULP_OK;
	if (type != ULP_R_RELATIVE) {
		enum ulp_code code = symbol_value(load, d, ELF64_R_SYM(rela->r_info), &value, err);

		if (code)
			return code;
	}
	return relocate_at(load, type, rela->r_offset, value + (uint64_t)rela->r_addend, err);
}

static enum ulp_code section_apply(struct load *load, const struct dynsyms *d, size_t index,
				   struct ulp_err *err)
{
	const struct ulp_elf *elf = &load->container->elf;
	const unsigned char *bytes;
	size_t len;
	enum ulp_code code = ulp_elf_section_data(elf, index, &bytes, &len, err);

	for (size_t i = 0; !code && i < len / sizeof(Elf64_Rela); i++) {
		Elf64_Rela rela;

		memcpy(&rela, bytes + i * sizeof(rela), sizeof(rela));
		code = rela_apply(load, d, &rela, err);
		if (code)
			ulp_err_at(err, "%s[%zu]", ulp_elf_section_name(elf, index), i);
	}
	return code;
}

static enum ulp_code references_apply(struct load *load, struct ulp_err *err)
{
	const struct ulp_patch *patch = &load->container->patch;

	for (size_t i = 0; i < patch->nr_references; i++) {
		const struct ulp_reference *ref = &patch->references[i];
		uint64_t value = load->target->bias + ref->value + (uint64_t)ref->addend;
		enum ulp_code code = relocate_at(load, ref->type, ref->place, value, err);

		if (code) {
			ulp_err_at(err, "reference to %s", ref->name);
			return code;
		}
	}
	return ULP_OK;
}

enum ulp_code load_relocate(struct load *load, struct ulp_err *err)
{
	const struct ulp_elf *elf = &load->container->elf;
	struct dynsyms d;
	enum ulp_code code = dynsyms_find(elf, &d, err);

	for (size_t i = 1; !code && i < elf->nr_sections; i++) {
		Elf64_Shdr sh = ulp_elf_section(elf, i);

		if (sh.sh_type == SHT_REL && sh.sh_flags & SHF_ALLOC)
			code = ulp_fail(err, ULP_ERELOC, "section %zu has no addends", i);
		else if (sh.sh_type == SHT_RELA && sh.sh_flags & SHF_ALLOC)
			code = section_apply(load, &d, i, err);
	}
	if (!code)
		code = references_apply(load, err);
	if (code)
		ulp_err_at(err, "%s", load->container->base_name);
	return code;
}
