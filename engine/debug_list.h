/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Debuggers see containers.  The dynamic linker keeps, for them, a list of
 * namespaces (struct r_debug_extended of <link.h>, glibc 2.35), each with a list
 * of link maps.  The registry has a node of that list with the containers' link
 * maps; it is put behind the linker's own.
 *
 * The linker appends the namespaces of later dlmopen() calls behind ours (glibc 2.35
 * to 2.38; elf/dl-debug.c), or puts the first of them in its place (sources of 2024);
 * then the next commit puts ours in again.  It follows the list for nothing else.
 *
 *   _r_debug --next--> namespaces of dlmopen() --next--> ulp_registry.debug
 *                                                          .map --> link maps
 */
#ifndef ULP_ENGINE_DEBUG_LIST_H
#define ULP_ENGINE_DEBUG_LIST_H

#include "engine/registry.h"

/*
 * Address of the dynamic linker's struct r_debug if that has the member r_next;
 * 0 where it has not (glibc before 2.35, other libcs) or that cannot be told.
 */
uint64_t debug_list_find(struct reader *r, const struct ulp_objects *objects);

/*
 * Brings the list of link maps in step with the records from index `first` on
 * (0: all; 1: all but the newest).  All threads must be stopped.  Writes only what
 * differs, and each write leaves a list that can be read.  Errors: those of writing.
 */
ULP_MUST_CHECK enum ulp_code debug_list_chain(struct registry *reg, size_t first,
					      struct ulp_space *space, struct ulp_err *err);

/*
 * Puts the registry's node into the dynamic linker's list, if it is not there.
 * All threads must be stopped.  Names for debuggers are no condition: a list that
 * makes no sense is left alone, and a failure has no consequence.
 */
void debug_list_link(struct registry *reg, struct ulp_space *space);

#endif
