/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An extract: what ulp-packer needs of one build of a library, in one small file, so
 * that patches can be packed when the library and its debug package are long gone.
 *
 * It is an ELF file with the library's sections under their own numbers and addresses.
 * Without their bytes are those that the packer never looks at (read-only data, unwind
 * tables, hash tables).  From the debug file come the symbol table, the plugin's facts
 * and the debug information, compressed; not the line programs' companions that only a
 * debugger wants.  Each section that has bytes is a segment of its own; there is no
 * PT_DYNAMIC, so that no dynamic linker takes it for a library.  The section
 * EXTRACT_SECTION marks it.
 */
#ifndef ULP_TRIGGER_EXTRACT_H
#define ULP_TRIGGER_EXTRACT_H

#include "container/err.h"

#include <stdbool.h>
#include <stdint.h>

#define EXTRACT_SECTION ".ulp.extract"

/* What has got into an extract. */
struct extract_result {
	bool symbols; /* private ones */
	bool facts;
	bool types;   /* debug information */
	uint64_t len; /* bytes */
};

/*
 * Writes the extract of `library` to `out`, whole or not at all.  debug_file: its
 * separate debug file, NULL: looked for where debug packages put it.
 *
 * Errors (where: the file): those of ulp_debug_file_find(); ULP_EELF (damaged, neither
 * library nor executable, or an extract itself), ULP_EUSAGE (out is one of the inputs),
 * ULP_ESYS.
 */
ULP_MUST_CHECK enum ulp_code extract_write(const char *library, const char *debug_file,
					   const char *out, struct extract_result *result,
					   struct ulp_err *err);

#endif
