/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A container file: an ELF shared object with .ulp and .ulp.rev, read whole
 * and validated before anything else sees a byte of it.
 */
#ifndef ULP_CONTAINER_CONTAINER_H
#define ULP_CONTAINER_CONTAINER_H

#include "container/elf_view.h"
#include "container/patch.h"

struct ulp_container {
	char *path;		      /* as given; owned */
	const char *base_name;	      /* points into path */
	unsigned char *bytes;	      /* the whole file; owned (a private copy, not a mapping:
				       * the file may change under us) */
	size_t len;		      /* bytes */
	struct ulp_elf elf;	      /* borrows bytes */
	struct ulp_build_id build_id; /* the patch's identity */
	struct ulp_patch patch;	      /* from .ulp */
	struct ulp_patch revert;      /* from .ulp.rev */
};

/*
 * Reads and validates the file: a shared object of the running machine whose
 * PT_LOAD segments ascend without overlap and lie inside the file; one .ulp and
 * one .ulp.rev that agree; every new function whole in an executable segment's
 * file part; every reference's first byte in a segment's file part (how many
 * bytes it has depends on its type: whoever writes them checks that).
 * The place in err is "PATH: SECTION+0xOFF", "PATH: SECTION" for what is not
 * about one record, "PATH: +0xOFF" for what is outside of the two sections.
 * *c is written on success only.
 *
 * Errors: ULP_EPERM (may not be opened), ULP_ESYS (open, read), ULP_ENOMEM,
 * ULP_EELF (not an ELF shared object, tables or segments out of bounds, no
 * build ID, not a regular file, more than 512 MiB), ULP_EARCH (not this
 * machine's), ULP_EFORMAT (no .ulp or .ulp.rev: "not a live patch"; damage; the
 * two sections disagree; a function or reference outside of the segments),
 * ULP_EVERSION.
 */
ULP_MUST_CHECK enum ulp_code ulp_container_open(const char *path, struct ulp_container *c,
						struct ulp_err *err);

/* The same for bytes in memory, which are copied; path only names them. */
ULP_MUST_CHECK enum ulp_code ulp_container_from_bytes(const char *path, const void *bytes,
						      size_t len, struct ulp_container *c,
						      struct ulp_err *err);

/* Frees what *c owns and zeroes it.  Accepts a zeroed container, and NULL. */
void ulp_container_close(struct ulp_container *c);

#endif
