/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of the relocation types of the x86-64 psABI, section "Relocation Types".
 */
#include "config.h"

#include "trigger/reloc_name.h"

#include <elf.h>
#include <stddef.h>

#define NAME(type) [type] = #type

static const char *const names[] = {
	NAME(R_X86_64_NONE),
	NAME(R_X86_64_64),
	NAME(R_X86_64_PC32),
	NAME(R_X86_64_GOT32),
	NAME(R_X86_64_PLT32),
	NAME(R_X86_64_COPY),
	NAME(R_X86_64_GLOB_DAT),
	NAME(R_X86_64_JUMP_SLOT),
	NAME(R_X86_64_RELATIVE),
	NAME(R_X86_64_GOTPCREL),
	NAME(R_X86_64_32),
	NAME(R_X86_64_32S),
	NAME(R_X86_64_16),
	NAME(R_X86_64_PC16),
	NAME(R_X86_64_8),
	NAME(R_X86_64_PC8),
	NAME(R_X86_64_DTPMOD64),
	NAME(R_X86_64_DTPOFF64),
	NAME(R_X86_64_TPOFF64),
	NAME(R_X86_64_TLSGD),
	NAME(R_X86_64_TLSLD),
	NAME(R_X86_64_DTPOFF32),
	NAME(R_X86_64_GOTTPOFF),
	NAME(R_X86_64_TPOFF32),
	NAME(R_X86_64_PC64),
	NAME(R_X86_64_GOTOFF64),
	NAME(R_X86_64_GOTPC32),
	NAME(R_X86_64_SIZE32),
	NAME(R_X86_64_SIZE64),
	NAME(R_X86_64_GOTPC32_TLSDESC),
	NAME(R_X86_64_TLSDESC_CALL),
	NAME(R_X86_64_TLSDESC),
	NAME(R_X86_64_IRELATIVE),
	NAME(R_X86_64_GOTPCRELX),
	NAME(R_X86_64_REX_GOTPCRELX),
};

const char *reloc_name(uint32_t type)
{
	const char *name = type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;

	return name ? name : "unknown relocation type";
}
