/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing the ELF file of an extract (extract.h), whole or not at all. */
#ifndef ULP_TRIGGER_EXTRACT_OUT_H
#define ULP_TRIGGER_EXTRACT_OUT_H

#include "container/err.h"

#include <gelf.h>
#include <stdbool.h>

struct extract_out {
	const char *path; /* borrowed */
	char *beside;	  /* owned: the temporary file, NULL once it has its name */
	int fd;		  /* -1: none */
	Elf *elf;
	char *names; /* the section names: names_len bytes; owned */
	size_t names_len;
	uint64_t len; /* of the finished file, bytes */
};

/* ULP_EUSAGE if `path` is the file `input` (NULL: passed over) under whatever name. */
ULP_MUST_CHECK enum ulp_code extract_out_is_other(const char *path, const char *input,
						  struct ulp_err *err);

/* Begins a file of the same machine and type as `like`.  Error: ULP_ESYS, ULP_EELF. */
ULP_MUST_CHECK enum ulp_code extract_out_init(struct extract_out *out, const char *path, Elf *like,
					      struct ulp_err *err);

/*
 * Appends a copy of a section, whose file must stay open until the end; without bytes it
 * becomes SHT_NOBITS.  *number (may be NULL): its index.  Error: ULP_EELF, ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code extract_out_copy(struct extract_out *out, Elf_Scn *scn,
					      const char *name, bool bytes, size_t *number,
					      struct ulp_err *err);

/* Sets sh_link of a section.  Error: ULP_EELF. */
ULP_MUST_CHECK enum ulp_code extract_out_link(struct extract_out *out, size_t section,
					      size_t linked, struct ulp_err *err);

/* Adds the mark, the segments and the names, and gives the file its name.  As above, ULP_ESYS. */
ULP_MUST_CHECK enum ulp_code extract_out_finish(struct extract_out *out, const char *mark,
						struct ulp_err *err);

/* Removes what is not finished.  Accepts a zeroed one with fd -1. */
void extract_out_deinit(struct extract_out *out);

#endif
