/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of the x86-64 table. */
#ifndef ULP_PACKER_X86_64_TAILS_H
#define ULP_PACKER_X86_64_TAILS_H

#include <stdint.h>

/* See `tails` in packer/arch/arch.h. */
const int *x86_64_tails(const unsigned char *bytes, uint64_t off);

#endif
