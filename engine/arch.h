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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The entry of a function, as a container has it, where the target is loaded. */
struct arch_entry {
	enum ulp_entry_layout layout;
	uint64_t function_addr;
	uint64_t entry_addr; /* of the instruction that changes */
	uint64_t word_addr;  /* of the aligned eight bytes that hold it */
	uint8_t word[8];     /* these, as they are in the target's file */
};

/* Eight aligned bytes, which change by one store. */
struct arch_word {
	uint64_t addr;
	uint8_t original[8];
	uint8_t redirect[8];
	/*
	 * Bit i: byte i is inside of an instruction of the redirect, but may be the
	 * start of one in the original: no thread may stand there when it changes.
	 */
	uint32_t inside;
};

/*
 * The words that a redirect changes, with `original` and `inside`.  They must be
 * written in this order: what an entry leads to is there before it leads there.
 * They are taken back in the reverse order.
 *
 * Errors: ULP_EENTRY (the bytes at the entry are not the layout's),
 * ULP_EUNSUP (layout).
 */
ULP_MUST_CHECK enum ulp_code arch_words(const struct arch_entry *entry,
					struct arch_word words[ARCH_MAX_WORDS], size_t *nr,
					struct ulp_err *err);

/*
 * Fills `redirect` of the words that arch_words() gave: calls then go to `to`.
 *
 * Errors: ULP_EROOM (out of a direct jump's reach), those of arch_words().
 */
ULP_MUST_CHECK enum ulp_code arch_redirect(const struct arch_entry *entry, uint64_t to,
					   struct arch_word words[ARCH_MAX_WORDS], size_t *nr,
					   struct ulp_err *err);

/*
 * Applies one relocation to the bytes at `where` (len bytes remain there).
 * place: the address they will have; value: S + A of the psABI, without - P.
 *
 * Errors: ULP_ERELOC (unknown type, overflow, out of bounds).
 */
ULP_MUST_CHECK enum ulp_code arch_relocate(uint32_t type, void *where, uint64_t len, uint64_t place,
					   uint64_t value, struct ulp_err *err);

/* Whether the bytes can end with a call instruction: what follows them is a return address. */
bool arch_ends_with_call(const uint8_t *code, size_t len);

#endif
