/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ULP_ENGINE_ARCH_X86_64_H
#define ULP_ENGINE_ARCH_X86_64_H

#include <elf.h>

#define ULP_MACHINE EM_X86_64
#define ULP_MACHINE_NAME "x86-64"

/* The psABI's names for what every architecture has. */
#define ULP_R_NONE R_X86_64_NONE
#define ULP_R_RELATIVE R_X86_64_RELATIVE
#define ULP_R_ABS64 R_X86_64_64
#define ULP_R_GLOB_DAT R_X86_64_GLOB_DAT
#define ULP_R_JUMP_SLOT R_X86_64_JUMP_SLOT
#define ULP_R_IRELATIVE R_X86_64_IRELATIVE

/*
 * Bytes within which a direct jump and R_X86_64_PC32 reach: 2 GiB, less a
 * little for addends that point past the end of an object.
 */
#define ULP_REACH ((1ull << 31) - (1ull << 16))

/* Of one redirect: layout 16,14 has a long jump before the function, and the entry. */
#define ARCH_MAX_WORDS 2u

/* Bytes of the longest call instruction, from its opcode on. */
#define ARCH_MAX_CALL 7u

#endif
