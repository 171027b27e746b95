/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The separate debug file of a stripped library.  Uses libelf and libdw, so only the
 * tools link it.
 */
#ifndef ULP_CONTAINER_DEBUG_FILE_H
#define ULP_CONTAINER_DEBUG_FILE_H

#include "container/err.h"

/*
 * Which file has the section of this name, with content, of the ELF file at path: the
 * file itself; else debug_file if that is not NULL, whose build ID must be that of the
 * file; else the debug file of the system (build-ID path, then .gnu_debuglink, both as
 * gdb's manual has them in "Debugging Information in Separate Files"; files of another
 * build ID are passed over).  Never asks a network (debuginfod).
 *
 * *found: its path, malloc'ed; NULL if none has the section.
 *
 * Errors: ULP_EELF; ULP_EPERM and ULP_ESYS (open); ULP_EMISMATCH (debug_file is of
 * another build); ULP_ENOMEM.  err->where names the file.
 */
ULP_MUST_CHECK enum ulp_code ulp_debug_file_find(const char *path, const char *debug_file,
						 const char *section, char **found,
						 struct ulp_err *err);

#endif
