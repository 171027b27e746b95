/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of the machine's relocation types; implemented in trigger/arch/<cpu>/.
 */
#ifndef ULP_TRIGGER_RELOC_NAME_H
#define ULP_TRIGGER_RELOC_NAME_H

#include <stdint.h>

/* "R_X86_64_PC32", ...; "unknown relocation type" for others.  Static storage. */
const char *reloc_name(uint32_t type);

#endif
