/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A quick look for bytes that could be a distance, then the function around them is
 * disassembled.  A static function can be reached by a branch or `lea` in the target's code, or by
 * an address that the dynamic linker writes; the dynamic relocations tell of these.
 */
#include "config.h"

#include "packer/users.h"

#include "packer/disassemble.h"
#include "packer/match.h"

#include <stdlib.h>
#include <string.h>

const struct elf_symbol *users_function_at(const struct target *target, uint64_t vaddr)
{
	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (s->type == STT_FUNC && s->shndx != SHN_UNDEF && vaddr >= s->value &&
		    vaddr - s->value < s->size)
			return s;
	}
	return NULL;
}

/* A function that other files know stands behind no file's mark, but its unlikely part does. */
const struct elf_symbol *users_whole(const struct target *target, const struct elf_symbol *symbol)
{
	const char *cold = strstr(symbol->name, ".cold");
	const size_t len = cold ? (size_t)(cold - symbol->name) : 0;
	const struct elf_symbol *whole = symbol;

	if (!cold || !name_is_cold(symbol->name))
		return symbol;
	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (s->type != STT_FUNC || s->shndx == SHN_UNDEF ||
		    strncmp(s->name, symbol->name, len) != 0 || s->name[len])
			continue;
		if (*s->file && strcmp(s->file, symbol->file) == 0)
			return s;
		if (!*s->file)
			whole = s;
	}
	return whole;
}

struct search {
	struct pool *pool;
	const struct target *target;
	struct disassembler *disassembler;
	uint64_t vaddr; /* of the function that is searched for */
	struct users users;
	size_t cap;
};

static void add(struct search *s, const struct elf_symbol *function)
{
	struct users *u = &s->users;

	if (function->value == s->vaddr)
		return;
	for (size_t i = 0; i < u->nr_functions; i++)
		if (u->functions[i]->value == function->value)
			return;
	u->functions = pool_grow(s->pool, u->functions, u->nr_functions, &s->cap,
				 sizeof(struct elf_symbol *));
	u->functions[u->nr_functions++] = function;
}

/* Padding in front of a function ends in what looks like a distance of 0. */
static bool is_padding(const struct search *s, uint64_t site)
{
	for (uint64_t at = site; at < s->vaddr && at - site < 64; at++)
		if (users_function_at(s->target, at))
			return false;
	return site < s->vaddr && s->vaddr - site < 64;
}

static void see_site(struct search *s, uint64_t site)
{
	const struct elf_symbol *piece = users_function_at(s->target, site);

	if (piece && disassembler_refers(s->disassembler, piece->value, piece->size, s->vaddr))
		add(s, users_whole(s->target, piece));
	else if (!piece && !is_padding(s, site))
		s->users.others = true;
}

static enum ulp_code scan_code(struct search *s, size_t section, struct ulp_err *err)
{
	const struct elf_file *file = &s->target->library.file;
	const uint64_t start = ulp_elf_section(&file->elf, section).sh_addr;
	const struct packer_arch *arch = s->target->arch;
	const unsigned char *bytes;
	enum ulp_code code;
	size_t len;

	code = elf_file_data(file, section, &bytes, &len, err);
	if (code)
		return code;
	for (uint64_t off = arch->next_use(bytes, len, start, s->vaddr, 0); off < len;
	     off = arch->next_use(bytes, len, start, s->vaddr, off + 1))
		see_site(s, start + off);
	return ULP_OK;
}

/* Relative relocations have the address as their addend; RELR has it in place. */
static bool relocation_refers(struct elf_records *records, uint64_t vaddr)
{
	Elf64_Rela rela;

	while (elf_records_next(records, &rela, sizeof(rela)))
		if (!ELF64_R_SYM(rela.r_info) && (uint64_t)rela.r_addend == vaddr)
			return true;
	return false;
}

/* Tables without dynamic relocations: of an executable at a fixed place, or packed as RELR. */
static bool word_refers(struct elf_records *records, uint64_t vaddr)
{
	uint64_t word;

	while (elf_records_next(records, &word, sizeof(word)))
		if (word == vaddr)
			return true;
	return false;
}

static enum ulp_code scan_records(struct search *s, size_t section,
				  bool (*refers)(struct elf_records *records, uint64_t vaddr),
				  struct ulp_err *err)
{
	struct elf_records records;
	enum ulp_code code;

	code = elf_file_records(&s->target->library.file, section, &records, err);
	if (!code && refers(&records, s->vaddr))
		s->users.others = true;
	return code;
}

static bool is_exported(const struct target *target, uint64_t vaddr)
{
	for (size_t i = 1; i < target->library.nr_dynsyms; i++) {
		const struct elf_symbol *s = &target->library.dynsyms[i];

		if (s->shndx != SHN_UNDEF && s->type == STT_FUNC && s->value == vaddr)
			return true;
	}
	return false;
}

static int compare_vaddr(const void *a, const void *b)
{
	const struct elf_symbol *const *x = a, *const *y = b;

	return (*x)->value < (*y)->value ? -1 : (*x)->value > (*y)->value;
}

static enum ulp_code scan_section(struct search *s, size_t section, struct ulp_err *err)
{
	const Elf64_Shdr shdr = ulp_elf_section(&s->target->library.file.elf, section);

	if (shdr.sh_type == SHT_RELA && (shdr.sh_flags & SHF_ALLOC))
		return scan_records(s, section, relocation_refers, err);
	if (shdr.sh_type != SHT_PROGBITS || !(shdr.sh_flags & SHF_ALLOC))
		return ULP_OK;
	if (shdr.sh_flags & SHF_EXECINSTR)
		return scan_code(s, section, err);
	if (shdr.sh_flags & SHF_WRITE)
		return scan_records(s, section, word_refers, err);
	return ULP_OK;
}

enum ulp_code users_find(struct pool *pool, const struct target *target, uint64_t vaddr,
			 struct users *users, struct ulp_err *err)
{
	struct search s = {
		.pool = pool,
		.target = target,
		.disassembler = disassembler_create(pool, target),
		.vaddr = vaddr,
		.users = {.others = is_exported(target, vaddr)},
	};
	enum ulp_code code = ULP_OK;

	if (!s.disassembler)
		return ulp_fail(err, ULP_EARCH, "libopcodes cannot read the code of %s",
				target->library.soname);
	for (size_t i = 1; !code && i < target->library.file.elf.nr_sections; i++)
		code = scan_section(&s, i, err);
	if (code)
		return code;
	if (s.users.nr_functions)
		qsort(s.users.functions, s.users.nr_functions, sizeof(struct elf_symbol *),
		      compare_vaddr);
	*users = s.users;
	return ULP_OK;
}
