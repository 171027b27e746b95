/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the linker made: read back, and checked against what the engine can load. */
#ifndef ULP_PACKER_RESULT_H
#define ULP_PACKER_RESULT_H

#include "packer/select.h"

struct result {
	struct elf_file file;
	struct elf_symbol *symbols; /* .symtab */
	size_t nr_symbols;
	struct elf_symbol *dynsyms;
	size_t nr_dynsyms;
};

ULP_MUST_CHECK enum ulp_code result_read(struct pool *pool, const char *path, struct result *result,
					 struct ulp_err *err);

/*
 * Errors: ULP_ERELOC (dynamic relocation that the engine does not know, or one
 * in read-only code), ULP_EUNSUP (constructors, needed libraries), ULP_ETLS,
 * ULP_ESYMBOL (undefined symbols are not exactly the imports).
 */
ULP_MUST_CHECK enum ulp_code result_check(const struct result *result, const struct selection *sel,
					  struct ulp_err *err);

/* Whether everything that is loaded is the same but for the build ID: ULP_EUNSUP if not. */
ULP_MUST_CHECK enum ulp_code result_same(const struct result *a, const struct result *b,
					 struct ulp_err *err);

#endif
