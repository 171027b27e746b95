/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An ELF file opened with libelf, for what elf_view.h does not do: sections that are
 * compressed, and files too large to be read as a whole.  For the tools only.
 */
#ifndef ULP_CONTAINER_ELF_HANDLE_H
#define ULP_CONTAINER_ELF_HANDLE_H

#include "container/err.h"

#include <gelf.h>

struct ulp_elf_handle {
	const char *path; /* borrowed */
	int fd;
	Elf *elf;
};

/*
 * Opens a regular file that is ELF64, little-endian.  Nothing is left open on failure.
 * Errors: ULP_EPERM and ULP_ESYS (open), ULP_EELF; where is the path.
 */
ULP_MUST_CHECK enum ulp_code ulp_elf_handle_open(struct ulp_elf_handle *file, const char *path,
						 struct ulp_err *err);

void ulp_elf_handle_close(struct ulp_elf_handle *file);

/*
 * The first section of this name that has content in the file (not SHT_NOBITS, not
 * empty), its header in *shdr; NULL if there is none.
 */
Elf_Scn *ulp_elf_handle_section(const struct ulp_elf_handle *file, const char *name,
				GElf_Shdr *shdr);

#endif
