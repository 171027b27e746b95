/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * x86-64.  Relocation types: System V ABI, AMD64 supplement, table 4.9.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "packer/arch/arch.h"
#include "packer/arch/x86_64/normalise.h"
#include "packer/arch/x86_64/tails.h"
#include "packer/arch/x86_64/tls_code.h"

#include <elf.h>
#include <string.h>

#define NOT_PIC N_("the code depends on its load address; compile with -fPIC")
#define MODEL N_("only the small code model is supported; compile without -mcmodel")
#define STRANGE N_("compilers do not emit it for C or C++")

static const struct reloc_type types[] = {
	{R_X86_64_NONE, "R_X86_64_NONE", RELOC_NOTHING, NULL},
	{R_X86_64_64, "R_X86_64_64", RELOC_ADDRESS, NULL},
	{R_X86_64_PC32, "R_X86_64_PC32", RELOC_PLACE, NULL},
	{R_X86_64_PLT32, "R_X86_64_PLT32", RELOC_CALL, NULL},
	{R_X86_64_GOTPCREL, "R_X86_64_GOTPCREL", RELOC_GOT, NULL},
	{R_X86_64_GOTPCRELX, "R_X86_64_GOTPCRELX", RELOC_GOT, NULL},
	{R_X86_64_REX_GOTPCRELX, "R_X86_64_REX_GOTPCRELX", RELOC_GOT, NULL},
	{R_X86_64_TLSGD, "R_X86_64_TLSGD", RELOC_TLS_PAIR, NULL},
	{R_X86_64_TLSLD, "R_X86_64_TLSLD", RELOC_TLS_MODULE, NULL},
	{R_X86_64_DTPMOD64, "R_X86_64_DTPMOD64", RELOC_TLS, NULL},
	{R_X86_64_DTPOFF64, "R_X86_64_DTPOFF64", RELOC_TLS, NULL},
	{R_X86_64_DTPOFF32, "R_X86_64_DTPOFF32", RELOC_TLS_IN_BLOCK, NULL},
	{R_X86_64_TPOFF64, "R_X86_64_TPOFF64", RELOC_TLS, NULL},
	{R_X86_64_TPOFF32, "R_X86_64_TPOFF32", RELOC_TLS_FIXED, NULL},
	{R_X86_64_GOTTPOFF, "R_X86_64_GOTTPOFF", RELOC_TLS_GOT, NULL},
	{R_X86_64_GOTPC32_TLSDESC, "R_X86_64_GOTPC32_TLSDESC", RELOC_TLS_DESC, NULL},
	{R_X86_64_TLSDESC_CALL, "R_X86_64_TLSDESC_CALL", RELOC_TLS_DESC_CALL, NULL},
	{R_X86_64_TLSDESC, "R_X86_64_TLSDESC", RELOC_TLS, NULL},
	{R_X86_64_32, "R_X86_64_32", RELOC_REFUSED, NOT_PIC},
	{R_X86_64_32S, "R_X86_64_32S", RELOC_REFUSED, NOT_PIC},
	{R_X86_64_16, "R_X86_64_16", RELOC_REFUSED, NOT_PIC},
	{R_X86_64_8, "R_X86_64_8", RELOC_REFUSED, NOT_PIC},
	{R_X86_64_PC16, "R_X86_64_PC16", RELOC_REFUSED, STRANGE},
	{R_X86_64_PC8, "R_X86_64_PC8", RELOC_REFUSED, STRANGE},
	{R_X86_64_GOT32, "R_X86_64_GOT32", RELOC_REFUSED, MODEL},
	{R_X86_64_PC64, "R_X86_64_PC64", RELOC_REFUSED, MODEL},
	{R_X86_64_GOTOFF64, "R_X86_64_GOTOFF64", RELOC_REFUSED, MODEL},
	{R_X86_64_GOTPC32, "R_X86_64_GOTPC32", RELOC_REFUSED, MODEL},
	{R_X86_64_GOT64, "R_X86_64_GOT64", RELOC_REFUSED, MODEL},
	{R_X86_64_GOTPCREL64, "R_X86_64_GOTPCREL64", RELOC_REFUSED, MODEL},
	{R_X86_64_GOTPC64, "R_X86_64_GOTPC64", RELOC_REFUSED, MODEL},
	{R_X86_64_GOTPLT64, "R_X86_64_GOTPLT64", RELOC_REFUSED, MODEL},
	{R_X86_64_PLTOFF64, "R_X86_64_PLTOFF64", RELOC_REFUSED, MODEL},
	{R_X86_64_SIZE32, "R_X86_64_SIZE32", RELOC_REFUSED, STRANGE},
	{R_X86_64_SIZE64, "R_X86_64_SIZE64", RELOC_REFUSED, STRANGE},
	{R_X86_64_COPY, "R_X86_64_COPY", RELOC_REFUSED, STRANGE},
	{R_X86_64_GLOB_DAT, "R_X86_64_GLOB_DAT", RELOC_REFUSED, STRANGE},
	{R_X86_64_JUMP_SLOT, "R_X86_64_JUMP_SLOT", RELOC_REFUSED, STRANGE},
	{R_X86_64_RELATIVE, "R_X86_64_RELATIVE", RELOC_REFUSED, STRANGE},
	{R_X86_64_IRELATIVE, "R_X86_64_IRELATIVE", RELOC_REFUSED, STRANGE},
};

static const struct reloc_type *reloc(uint32_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return &types[i];
	return NULL;
}

/* call rel32, jmp rel32, jcc rel32.  Intel SDM volume 2. */
static bool is_branch(const unsigned char *bytes, uint64_t off)
{
	if (off >= 1 && (bytes[off - 1] == 0xe8 || bytes[off - 1] == 0xe9))
		return true;
	return off >= 2 && bytes[off - 2] == 0x0f && (bytes[off - 1] & 0xf0) == 0x80;
}

/* Branches and `lea` have a rel32 or a rel8 at their end, counted from there.  Intel SDM volume 2.
 */
static uint64_t next_use(const unsigned char *bytes, uint64_t len, uint64_t vaddr, uint64_t wanted,
			 uint64_t from)
{
	for (uint64_t off = from; off < len; off++) {
		const uint64_t at = vaddr + off;
		int32_t distance = 0;

		if (at + 1 + (uint64_t)(int64_t)(int8_t)bytes[off] == wanted)
			return off;
		if (len - off < sizeof(distance))
			continue;
		memcpy(&distance, bytes + off, sizeof(distance));
		if (at + sizeof(distance) + (uint64_t)(int64_t)distance == wanted)
			return off;
	}
	return len;
}

static enum ulp_entry_layout entry(const uint8_t word[8], unsigned off)
{
	static const uint8_t nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};

	if (off + sizeof(nop5) <= 8 && memcmp(word + off, nop5, sizeof(nop5)) == 0)
		return ULP_ENTRY_NOP5;
	return ULP_ENTRY_NONE;
}

static const struct {
	uint32_t type;
	enum dynamic_kind kind;
} dynamic_types[] = {
	{R_X86_64_NONE, DYNAMIC_NOTHING},     {R_X86_64_RELATIVE, DYNAMIC_RELATIVE},
	{R_X86_64_64, DYNAMIC_SYMBOL},	      {R_X86_64_GLOB_DAT, DYNAMIC_SYMBOL},
	{R_X86_64_JUMP_SLOT, DYNAMIC_SYMBOL}, {R_X86_64_DTPMOD64, DYNAMIC_TLS},
	{R_X86_64_DTPOFF64, DYNAMIC_TLS},     {R_X86_64_TPOFF64, DYNAMIC_TLS},
	{R_X86_64_TLSDESC, DYNAMIC_TLS},      {R_X86_64_IRELATIVE, DYNAMIC_INDIRECT},
};

static enum dynamic_kind dynamic(uint32_t type)
{
	for (size_t i = 0; i < sizeof(dynamic_types) / sizeof(dynamic_types[0]); i++)
		if (dynamic_types[i].type == type)
			return dynamic_types[i].kind;
	return DYNAMIC_OTHER;
}

static const char *const library_dirs[] = {
	"/lib/x86_64-linux-gnu",
	"/usr/lib/x86_64-linux-gnu",
	"/lib64",
	"/usr/lib64",
	"/usr/local/lib",
	"/lib",
	"/usr/lib",
	NULL,
};

const struct packer_arch packer_arch_x86_64 = {
	.machine = EM_X86_64,
	.name = "x86_64",
	.none = R_X86_64_NONE,
	.address = R_X86_64_64,
	.place = R_X86_64_PC32,
	.call = R_X86_64_PLT32,
	.tls_offset = R_X86_64_TPOFF64,
	.tls_module = R_X86_64_DTPMOD64,
	.tls_descriptor = R_X86_64_TLSDESC,
	.tls = &x86_64_tls_code,
	.reloc = reloc,
	.tails = x86_64_tails,
	.is_branch = is_branch,
	.next_use = next_use,
	.normalise = x86_64_normalise,
	.entry = entry,
	.dynamic = dynamic,
	.library_dirs = library_dirs,
};
