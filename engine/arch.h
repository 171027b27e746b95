/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the engine has to know of a processor.  Each arch/<cpu>/ has the same
 * two files: engine_arch.h (numbers) and arch.c (these functions); the include
 * path chooses.
 */
#ifndef ULP_ENGINE_ARCH_H
#define ULP_ENGINE_ARCH_H

#include "container/entry.h"
#include "container/err.h"

#include "engine_arch.h"

#include <stdint.h>

/*
 * Puts the redirect into word, which holds the original eight bytes at
 * word_addr: the instruction at entry_addr then goes to `to`.
 *
 * Errors: ULP_EENTRY (the bytes at the entry are not the layout's),
 * ULP_EROOM (out of a direct jump's reach), ULP_EUNSUP (layout).
 */
ULP_MUST_CHECK enum ulp_code arch_redirect(enum ulp_entry_layout layout, uint64_t word_addr,
					   uint64_t entry_addr, uint64_t to, uint8_t word[8],
					   struct ulp_err *err);

/*
 * Applies one relocation to the bytes at `where` (len bytes remain there).
 * place: the address they will have; value: S + A of the psABI, without - P.
 *
 * Errors: ULP_ERELOC (unknown type, overflow, out of bounds).
 */
ULP_MUST_CHECK enum ulp_code arch_relocate(uint32_t type, void *where, uint64_t len, uint64_t place,
					   uint64_t value, struct ulp_err *err);

#endif
