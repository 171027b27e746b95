/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs that were started through the dynamic linker by hand ("ld.so
 * PROGRAM ..."): what the kernel started, and describes in /proc/PID/auxv, is
 * ld.so.  ld.so's own _r_debug leads to the list of objects, and the list's
 * first object is the program.
 */
#ifndef ULP_ENGINE_LINKER_PROGRAM_H
#define ULP_ENGINE_LINKER_PROGRAM_H

#include "engine/object_headers.h"

/*
 * *ret: address of struct r_debug in the dynamic linker `prog`.
 * Errors: ULP_EUNSUP (it is none: a static PIE), and those of reading.
 */
ULP_MUST_CHECK enum ulp_code linker_program_r_debug(struct reader *r,
						    const struct main_program *prog, uint64_t *ret,
						    struct ulp_err *err);

/*
 * Makes *prog, the dynamic linker, the program that it has loaded: the object
 * of the struct link_map at `map_at`.
 * Errors: ULP_ESTOP (it has not loaded one yet), ULP_EELF, ULP_ENOMEM, those of
 * reading and of listing the mappings.
 */
ULP_MUST_CHECK enum ulp_code linker_program_find(struct reader *r, uint64_t map_at,
						 struct main_program *prog, struct ulp_err *err);

#endif
