/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running the linker. */
#ifndef ULP_PACKER_LINK_H
#define ULP_PACKER_LINK_H

#include "packer/rewrite.h"
#include "packer/workdir.h"

struct linker {
	const char *program; /* searched in PATH unless it has a '/' */
	const char *soname;  /* of the container */
	const struct workdir *dir;
};

/*
 * Links the objects of the selection into the shared object `out` of the work
 * folder.  pass tells the file names of several links apart.
 *
 * Errors: ULP_ESYS (the linker cannot be run), ULP_ERELOC (it fails: the text
 * has the beginning of what it said), those of object_rewrite().
 */
ULP_MUST_CHECK enum ulp_code link_container(const struct linker *linker,
					    const struct selection *sel,
					    const struct rewrite_extra *extra, unsigned pass,
					    const char **out, struct ulp_err *err);

#endif
