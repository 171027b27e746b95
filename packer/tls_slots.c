/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the target has for its thread-local variables: cells that its dynamic linker fills at
 * start-up or at dlopen(), each named by a dynamic relocation.  "ELF Handling For Thread-Local
 * Storage", chapter 4.
 */
#include "config.h"

#include "packer/target.h"

#include <string.h>

/* The second word of a pair whose module alone is relocated: the linker has written it. */
static bool read_offset(const struct target *t, uint64_t vaddr, uint64_t *offset)
{
	const unsigned char *word = ulp_elf_at_vaddr(&t->library.file.elf, vaddr, sizeof(*offset));

	if (word)
		memcpy(offset, word, sizeof(*offset));
	return word != NULL;
}

/* Which variable it is for; false for what makes no sense. */
static bool slot_variable(const struct target *t, const Elf64_Rela *rela, struct tls_slot *slot)
{
	const size_t symbol = ELF64_R_SYM(rela->r_info);
	const struct elf_symbol *s;

	slot->variable = (uint64_t)rela->r_addend;
	if (!symbol)
		return slot->way != TLS_WAY_PAIR ||
		       read_offset(t, rela->r_offset + sizeof(uint64_t), &slot->variable);
	if (symbol >= t->library.nr_dynsyms)
		return false;
	s = &t->library.dynsyms[symbol];
	slot->looked_up = true;
	slot->variable += s->value;
	if (s->shndx == SHN_UNDEF)
		slot->import = s->name;
	return true;
}

static void slot_add(struct pool *pool, struct target *t, size_t *cap, const Elf64_Rela *rela)
{
	const uint32_t types[TLS_NR_WAYS] = {
		[TLS_WAY_OFFSET] = t->arch->tls_offset,
		[TLS_WAY_PAIR] = t->arch->tls_module,
		[TLS_WAY_DESCRIPTOR] = t->arch->tls_descriptor,
	};

	for (unsigned way = 0; way < TLS_NR_WAYS; way++) {
		struct tls_slot slot = {.way = (enum tls_way)way, .vaddr = rela->r_offset};

		if (ELF64_R_TYPE(rela->r_info) != types[way] || !slot_variable(t, rela, &slot))
			continue;
		t->tls_slots =
			pool_grow(pool, t->tls_slots, t->nr_tls_slots, cap, sizeof(*t->tls_slots));
		t->tls_slots[t->nr_tls_slots++] = slot;
	}
}

enum ulp_code target_tls_slots_read(struct pool *pool, struct target *target, struct ulp_err *err)
{
	const struct elf_file *file = &target->library.file;
	size_t cap = 0;

	for (size_t i = 1; i < file->elf.nr_sections; i++) {
		const Elf64_Shdr shdr = ulp_elf_section(&file->elf, i);
		struct elf_records records;
		enum ulp_code code;
		Elf64_Rela rela;

		if (shdr.sh_type != SHT_RELA || !(shdr.sh_flags & SHF_ALLOC))
			continue;
		code = elf_file_records(file, i, &records, err);
		if (code)
			return code;
		while (elf_records_next(&records, &rela, sizeof(rela)))
			slot_add(pool, target, &cap, &rela);
	}
	return ULP_OK;
}

const struct tls_slot *target_tls_slot(const struct target *target, enum tls_way way,
				       const struct elf_symbol *variable)
{
	const bool import = variable->shndx == SHN_UNDEF;

	for (size_t i = 0; i < target->nr_tls_slots; i++) {
		const struct tls_slot *s = &target->tls_slots[i];

		if (s->way != way || import != (s->import != NULL))
			continue;
		if (import ? strcmp(s->import, variable->name) == 0
			   : s->variable == variable->value)
			return s;
	}
	return NULL;
}

const struct tls_slot *target_tls_block(const struct target *target, enum tls_way way)
{
	for (size_t i = 0; i < target->nr_tls_slots; i++) {
		const struct tls_slot *s = &target->tls_slots[i];

		if (s->way == way && !s->looked_up && s->variable == 0)
			return s;
	}
	return NULL;
}

bool target_tls_offset(const struct target *target, const struct elf_symbol *variable,
		       int64_t *offset)
{
	const struct ulp_elf *elf = &target->library.file.elf;

	/* A library's block lies where the dynamic linker of the process has room for it. */
	if (!target->library.is_program || variable->shndx == SHN_UNDEF)
		return false;
	for (size_t i = 0; i < elf->nr_phdrs; i++) {
		const Elf64_Phdr phdr = ulp_elf_phdr(elf, i);

		if (phdr.p_type != PT_TLS)
			continue;
		*offset = target->arch->tls->program_offset(&phdr, variable->value);
		return true;
	}
	return false;
}
