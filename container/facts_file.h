/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the plugin's facts of a library: in its file or in its debug file.  Uses
 * libelf and libdw, so only the tools link it.
 */
#ifndef ULP_CONTAINER_FACTS_FILE_H
#define ULP_CONTAINER_FACTS_FILE_H

#include "container/facts.h"

/*
 * Reads the facts of the ELF file at path: from its own section (decompressed where
 * need be); else from debug_file if that is not NULL, whose build ID must be that of
 * the file; else from the debug file of the system (build-ID path, then
 * .gnu_debuglink).  Never asks a network (debuginfod).
 *
 * Errors: those of ulp_facts_read(); ULP_EELF; ULP_EPERM and ULP_ESYS (open, read);
 * ULP_EMISMATCH (debug_file is of another build); ULP_ENOFACTS (there are none: built
 * without the plugin or with -fplugin-arg-ulp-facts=no, or the debug file is not here).
 * err->where names the file.
 */
ULP_MUST_CHECK enum ulp_code ulp_facts_open(const char *path, const char *debug_file,
					    struct ulp_facts *facts, struct ulp_err *err);

#endif
