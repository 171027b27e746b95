/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who calls a function of the target, or takes its address, seen in its machine code. */
#ifndef ULP_PACKER_USERS_H
#define ULP_PACKER_USERS_H

#include "packer/target.h"

struct users {
	const struct elf_symbol *
		*functions; /* ascending by vaddr; .cold parts as their functions */
	size_t nr_functions;
	bool others; /* exported, in a table of addresses, or in code that no symbol covers */
};

/*
 * Everything in the target that leads to vaddr, the function there itself left out.
 * Errors: ULP_EELF (a section lies outside the file), ULP_EARCH (libopcodes does not
 * know the machine).
 */
ULP_MUST_CHECK enum ulp_code users_find(struct pool *pool, const struct target *target,
					uint64_t vaddr, struct users *users, struct ulp_err *err);

/* The function whose code covers vaddr, NULL if no symbol does. */
const struct elf_symbol *users_function_at(const struct target *target, uint64_t vaddr);

/* The function that NAME.cold is a piece of; the symbol itself if it is none, or has none. */
const struct elf_symbol *users_whole(const struct target *target, const struct elf_symbol *symbol);

#endif
