/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/arch.h"

#include <string.h>

#define NOP5_LEN 5u

/* nopl 0x0(%rax,%rax,1): Intel SDM, volume 2B, NOP, "recommended multi-byte sequence". */
static const uint8_t nop5[NOP5_LEN] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

/* jmp rel32, counted from the next instruction. */
#define JMP_REL32 0xe9

static bool fits_s32(uint64_t value)
{
	return value + 0x80000000ull <= 0xffffffffull;
}

enum ulp_code arch_redirect(enum ulp_entry_layout layout, uint64_t word_addr, uint64_t entry_addr,
			    uint64_t to, uint8_t word[8], struct ulp_err *err)
{
	uint64_t off = entry_addr - word_addr;
	uint64_t distance = to - (entry_addr + NOP5_LEN);
	uint32_t rel32 = (uint32_t)distance;

	if (layout != ULP_ENTRY_NOP5)
		return ulp_fail(err, ULP_EUNSUP, "entries of layout %u are not supported yet",
				(unsigned)layout);
	/* Past the word's end, the change would not be one store. */
	if (off > 8 - NOP5_LEN || memcmp(word + off, nop5, NOP5_LEN) != 0)
		return ulp_fail(err, ULP_EENTRY, "there is no 5-byte NOP at the entry");
	if (!fits_s32(distance))
		return ulp_fail(err, ULP_EROOM, "the new function is out of a jump's reach");
	word[off] = JMP_REL32;
	memcpy(word + off + 1, &rel32, sizeof(rel32));
	return ULP_OK;
}

/* Row: a relocation type of the psABI (x86-64 psABI 1.0, table 4.9). */
static const struct relocation {
	uint32_t type;
	uint8_t len; /* bytes */
	bool pc_relative;
} relocations[] = {
	{R_X86_64_64, 8, false},	{R_X86_64_GLOB_DAT, 8, false},
	{R_X86_64_JUMP_SLOT, 8, false}, {R_X86_64_RELATIVE, 8, false},
	{R_X86_64_PC32, 4, true},	{R_X86_64_PC64, 8, true},
};

enum ulp_code arch_relocate(uint32_t type, void *where, uint64_t len, uint64_t place,
			    uint64_t value, struct ulp_err *err)
{
	for (size_t i = 0; i < sizeof(relocations) / sizeof(*relocations); i++) {
		const struct relocation *rel = &relocations[i];
		uint64_t result = rel->pc_relative ? value - place : value;

		if (rel->type != type)
			continue;
		if (len < rel->len)
			return ulp_fail(err, ULP_ERELOC, "it reaches past its segment");
		if (rel->len == 4 && !fits_s32(result))
			return ulp_fail(err, ULP_ERELOC, "it does not reach its symbol");
		memcpy(where, &result, rel->len); /* little-endian, as the psABI has it */
		return ULP_OK;
	}
	return ulp_fail(err, ULP_ERELOC, "type %u is unknown", type);
}
