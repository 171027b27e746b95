/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86-64.  Included by container/machine.c only. */
#ifndef ULP_CONTAINER_ARCH_X86_64_MACHINE_H
#define ULP_CONTAINER_ARCH_X86_64_MACHINE_H

#include "container/machine.h"

#include <elf.h>
#include <string.h>

/*
 * 14 NOPs, the function's label, endbr64 if built with -fcf-protection, then
 * two one-byte NOPs; `66 90` where somebody made one instruction of the two.
 */
static size_t x86_64_pfe_16_14_entry(const unsigned char *code, size_t len)
{
	static const unsigned char nops[14] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
					       0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90};
	static const unsigned char endbr64[4] = {0xf3, 0x0f, 0x1e, 0xfa};
	size_t at = sizeof(nops);

	if (len < sizeof(nops) + 2 || memcmp(code, nops, sizeof(nops)) != 0)
		return 0;
	if (len >= at + sizeof(endbr64) + 2 && memcmp(code + at, endbr64, sizeof(endbr64)) == 0)
		at += sizeof(endbr64);
	return (code[at] == 0x90 || code[at] == 0x66) && code[at + 1] == 0x90 ? at : 0;
}

static const struct ulp_machine ulp_machine_x86_64 = {
	.e_machine = EM_X86_64,
	.name = "x86-64",
	.relative_type = R_X86_64_RELATIVE,
	.entry_len = {[ULP_ENTRY_NOP5] = 5, [ULP_ENTRY_PFE_16_14] = 2},
	.pfe_16_14_entry = x86_64_pfe_16_14_entry,
	.pfe_16_14_max = 14 + 4 + 2,
	.pfe_16_14_before = 14,
};

#endif
