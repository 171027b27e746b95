/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The debug information of the target: its own, or that of its debug file; and what several
 * readers ask of its entries.
 */
#ifndef ULP_PACKER_DWARF_FILE_H
#define ULP_PACKER_DWARF_FILE_H

#include "packer/target.h"

#include <elfutils/libdw.h>

struct dwarf_file {
	char *path;   /* owned; NULL: there is none */
	int fd;	      /* -1: not open */
	Dwarf *dwarf; /* owned; NULL: there is no debug information */
};

/*
 * Finds it and opens it; that there is none is no failure.  dwarf_file_close() also after a
 * failure.  Errors: ULP_ESYS, ULP_EELF, those of ulp_debug_file_find().
 */
ULP_MUST_CHECK enum ulp_code dwarf_file_open(const struct target *target, struct dwarf_file *file,
					     struct ulp_err *err);

/* Ends all that was read out of it. */
void dwarf_file_close(struct dwarf_file *file);

/* The entry's name as in the symbol table; NULL: it has none.  Lives as long as the file. */
const char *dwarf_file_symbol_name(Dwarf_Die *die);

/* Where a function's code starts; false: it has none. */
bool dwarf_file_code_start(Dwarf_Die *die, uint64_t *vaddr);

#endif
