/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the container's reader and the ELF view have to know of an architecture:
 * one const table an architecture, in container/arch/<cpu>/machine.h.  Every
 * host knows all of them, so that it can judge a file that is not its own.
 */
#ifndef ULP_CONTAINER_MACHINE_H
#define ULP_CONTAINER_MACHINE_H

#include "container/entry.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ULP_NR_ENTRY_LAYOUTS (ULP_ENTRY_PFE_16_14 + 1)

struct ulp_machine {
	uint16_t e_machine; /* EM_* */
	const char *name;   /* as a person calls it */
	/* Dynamic relocation "load bias + addend" (psABI: R_<cpu>_RELATIVE). */
	uint32_t relative_type;
	/* Bytes of the instruction that a redirect overwrites; 0: no such layout here. */
	size_t entry_len[ULP_NR_ENTRY_LAYOUTS];
	/*
	 * Whether code[0..len), where code is what a record of
	 * __patchable_function_entries points at, is what
	 * -fpatchable-function-entry=16,14 emits: the offset of the instruction that a
	 * redirect overwrites; 0: it is not.
	 */
	size_t (*pfe_16_14_entry)(const unsigned char *code, size_t len);
	size_t pfe_16_14_max;	 /* bytes of it that pfe_16_14_entry() may look at */
	size_t pfe_16_14_before; /* bytes of it before the function's own address */
};

/* The table of e_machine, NULL if this version does not know it. */
const struct ulp_machine *ulp_machine_find(uint16_t e_machine);

/* e_machine of the running program. */
uint16_t ulp_machine_host(void);

#endif
