/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/arch.h"

#include <string.h>

#define WORD_MASK (~(uint64_t)7)

/* nopl 0x0(%rax,%rax,1): Intel SDM, volume 2B, NOP, "recommended multi-byte sequence". */
static const uint8_t nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

/* jmp rel32 and jmp rel8, counted from the next instruction. */
#define JMP_REL32 0xe9
#define JMP_REL32_LEN 5u
#define JMP_REL8 0xeb
#define JMP_REL8_LEN 2u

/* One-byte NOP, and the prefix that makes one instruction of it and itself. */
#define NOP 0x90
#define NOP_PREFIX 0x66

/* With -fcf-protection functions begin with this, and their NOPs follow. */
static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

static bool fits_s32(uint64_t value)
{
	return value + 0x80000000ull <= 0xffffffffull;
}

static uint8_t *byte_at(uint8_t word[8], const struct arch_word *w, uint64_t addr)
{
	return &word[addr - w->addr];
}

static enum ulp_code put_jump(struct arch_word *w, uint64_t at, uint64_t to, struct ulp_err *err)
{
	uint64_t distance = to - (at + JMP_REL32_LEN);
	uint32_t rel32 = (uint32_t)distance;

	if (!fits_s32(distance))
		return ulp_fail(err, ULP_EROOM, "the new function is out of a jump's reach");
	*byte_at(w->redirect, w, at) = JMP_REL32;
	memcpy(byte_at(w->redirect, w, at) + 1, &rel32, sizeof(rel32));
	return ULP_OK;
}

/* --- one 5-byte NOP ----------------------------------------------------------- */

static enum ulp_code nop5_words(const struct arch_entry *e, struct arch_word *words, size_t *nr,
				struct ulp_err *err)
{
	uint64_t off = e->entry_addr - e->word_addr;

	/* Past the word's end, the change would not be one store. */
	if (off > sizeof(e->word) - sizeof(nop5) || memcmp(e->word + off, nop5, sizeof(nop5)) != 0)
		return ulp_fail(err, ULP_EENTRY, "there is no 5-byte NOP at the entry");
	words[0] = (struct arch_word){.addr = e->word_addr};
	memcpy(words[0].original, e->word, sizeof(e->word));
	*nr = 1;
	return ULP_OK;
}

static enum ulp_code nop5_redirect(const struct arch_entry *e, uint64_t to, struct arch_word *words,
				   struct ulp_err *err)
{
	return put_jump(&words[0], e->entry_addr, to, err);
}

/* --- -fpatchable-function-entry=16,14 ------------------------------------------- */

/*
 * 14 NOPs, the function's address, perhaps endbr64, two NOPs.  The last two become
 * a short jump back to a long one among the 14:
 *
 *	90 90 90 90 90 90 90 90 90 e9 rel32 [f3 0f 1e fa] eb xx
 *
 * The long jump is as near to the function as it can be inside one aligned word:
 * at the 14 bytes' end, or else at the end of the last word that is among them.
 * In this way its word holds nothing of the function before.
 */
static uint64_t pfe_jump_addr(uint64_t function_addr)
{
	const uint64_t last = function_addr - 1;

	if ((last & 7) >= JMP_REL32_LEN - 1)
		return function_addr - JMP_REL32_LEN;
	return (last & WORD_MASK) - JMP_REL32_LEN;
}

/* What the file has in the word of the long jump: NOPs, then what the function begins with. */
static void pfe_jump_word(const struct arch_entry *e, struct arch_word *w)
{
	memset(w->original, NOP, sizeof(w->original));
	for (uint64_t at = e->function_addr; at < w->addr + sizeof(w->original); at++)
		*byte_at(w->original, w, at) = endbr64[at - e->function_addr];
}

static bool pfe_nops_ok(const struct arch_entry *e)
{
	const uint64_t off = e->entry_addr - e->word_addr;
	const uint64_t before = e->entry_addr - e->function_addr;

	/* Past the word's end, the change would not be one store. */
	if ((before != 0 && before != sizeof(endbr64)) || off > sizeof(e->word) - JMP_REL8_LEN)
		return false;
	for (uint64_t i = 0; i < off; i++)
		if (e->word_addr + i < e->function_addr && e->word[i] != NOP)
			return false;
	return (e->word[off] == NOP || e->word[off] == NOP_PREFIX) && e->word[off + 1] == NOP;
}

/* A thread may stand between the two NOPs of the entry, or in those that the jump takes. */
static void pfe_insides(const struct arch_entry *e, struct arch_word *jump, struct arch_word *entry)
{
	const uint64_t jump_off = pfe_jump_addr(e->function_addr) - jump->addr;
	const uint64_t entry_off = e->entry_addr - entry->addr;

	for (uint64_t i = 1; i < JMP_REL32_LEN; i++)
		jump->inside |= 1u << (jump_off + i);
	if (entry->original[entry_off] == NOP)
		entry->inside |= 1u << (entry_off + 1);
}

static enum ulp_code pfe_words(const struct arch_entry *e, struct arch_word *words, size_t *nr,
			       struct ulp_err *err)
{
	const uint64_t jump_word = pfe_jump_addr(e->function_addr) & WORD_MASK;
	struct arch_word *entry = &words[jump_word == e->word_addr ? 0 : 1];

	if (!pfe_nops_ok(e))
		return ulp_fail(err, ULP_EENTRY,
				"there are no 14 NOPs before the function and two at its entry");
	words[0] = (struct arch_word){.addr = jump_word};
	if (entry != &words[0])
		pfe_jump_word(e, &words[0]);
	*entry = (struct arch_word){.addr = e->word_addr};
	memcpy(entry->original, e->word, sizeof(e->word));
	pfe_insides(e, &words[0], entry);
	*nr = entry == &words[0] ? 1 : 2;
	return ULP_OK;
}

static enum ulp_code pfe_redirect(const struct arch_entry *e, uint64_t to, struct arch_word *words,
				  struct ulp_err *err)
{
	const uint64_t jump = pfe_jump_addr(e->function_addr);
	struct arch_word *entry = &words[words[0].addr == e->word_addr ? 0 : 1];
	uint8_t *at = byte_at(entry->redirect, entry, e->entry_addr);

	at[0] = JMP_REL8;
	at[1] = (uint8_t)(jump - (e->entry_addr + JMP_REL8_LEN));
	return put_jump(&words[0], jump, to, err);
}

/* --- both ------------------------------------------------------------------------ */

static const struct layout {
	enum ulp_code (*words)(const struct arch_entry *e, struct arch_word *words, size_t *nr,
			       struct ulp_err *err);
	enum ulp_code (*redirect)(const struct arch_entry *e, uint64_t to, struct arch_word *words,
				  struct ulp_err *err);
} layouts[] = {
	[ULP_ENTRY_NOP5] = {nop5_words, nop5_redirect},
	[ULP_ENTRY_PFE_16_14] = {pfe_words, pfe_redirect},
};

enum ulp_code arch_words(const struct arch_entry *entry, struct arch_word words[ARCH_MAX_WORDS],
			 size_t *nr, struct ulp_err *err)
{
	const size_t i = (size_t)entry->layout;

	if (i >= sizeof(layouts) / sizeof(*layouts) || !layouts[i].words)
		return ulp_fail(err, ULP_EUNSUP, "entries of layout %u are not supported",
				(unsigned)entry->layout);
	return layouts[i].words(entry, words, nr, err);
}

enum ulp_code arch_redirect(const struct arch_entry *entry, uint64_t to,
			    struct arch_word words[ARCH_MAX_WORDS], size_t *nr, struct ulp_err *err)
{
	enum ulp_code code = arch_words(entry, words, nr, err);

	for (size_t i = 0; !code && i < *nr; i++)
		memcpy(words[i].redirect, words[i].original, sizeof(words[i].redirect));
	return code ? code : layouts[(size_t)entry->layout].redirect(entry, to, words, err);
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

/* --- calls -------------------------------------------------------------------- */

/* call rel32, and call r/m64: the second is the opcode of a group, with its number in ModRM. */
#define CALL_REL32 0xe8
#define CALL_REL32_LEN 5u
#define GROUP5 0xff
#define GROUP5_CALL 2u

/* Of ModRM, SIB and displacement; at[1] is the SIB, if there is one (SDM, volume 2A, 2.1.5). */
static size_t modrm_len(const uint8_t *at)
{
	const unsigned mod = at[0] >> 6;
	const unsigned rm = at[0] & 7u;
	const bool sib = mod != 3 && rm == 4;
	size_t len = sib ? 2 : 1;

	if (mod == 1)
		return len + 1;
	if (mod == 2 || (mod == 0 && (sib ? at[1] & 7u : rm) == 5))
		return len + 4;
	return len;
}

static bool is_call(const uint8_t *at, size_t len)
{
	/* Behind the last byte of two there is no SIB. */
	const uint8_t modrm[2] = {at[1], len > 2 ? at[2] : 0};

	if (at[0] == CALL_REL32)
		return len == CALL_REL32_LEN;
	return at[0] == GROUP5 && ((at[1] >> 3) & 7u) == GROUP5_CALL && 1 + modrm_len(modrm) == len;
}

bool arch_ends_with_call(const uint8_t *code, size_t len)
{
	for (size_t n = 2; n <= ARCH_MAX_CALL && n <= len; n++)
		if (is_call(code + len - n, n))
			return true;
	return false;
}
