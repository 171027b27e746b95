/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Program headers and dynamic sections of loaded objects, read from memory.
 * The part of objects.c that knows ELF.
 */
#ifndef ULP_ENGINE_OBJECT_HEADERS_H
#define ULP_ENGINE_OBJECT_HEADERS_H

#include "engine/objects.h"

#define OBJECT_MAX_PHDRS 512u

/* The executable, as the auxiliary vector describes it. */
struct main_program {
	Elf64_Phdr phdrs[OBJECT_MAX_PHDRS];
	size_t nr;
	uint64_t bias;
	uint64_t dynamic_at;
	struct ulp_build_id build_id;
	bool has_linker; /* it names a dynamic linker; false: static, or is one (linker_program.h)
			  */
};

/* Offsets of names in the string table of a dynamic section. */
struct object_dyn_names {
	bool soname; /* whether there is one */
	uint64_t soname_off;
	uint64_t *needed_off; /* malloc'ed; free() even after a failure */
	size_t nr_needed;
};

/* Errors: ULP_EUNSUP (no dynamic section), ULP_EELF, and those of reading. */
ULP_MUST_CHECK enum ulp_code main_program_read(struct reader *r, uint64_t at_phdr,
					       uint64_t at_phnum, struct main_program *prog,
					       struct ulp_err *err);

/*
 * The same for an executable whose ELF header lies at header_at: for where the
 * auxiliary vector describes another one.  dynamic_at: what the link map gives.
 * Errors: ULP_EELF, and those of reading.
 */
ULP_MUST_CHECK enum ulp_code main_program_read_at(struct reader *r, uint64_t header_at,
						  uint64_t bias, uint64_t dynamic_at,
						  struct main_program *prog, struct ulp_err *err);

/* *ret: address of struct r_debug, 0 if the dynamic linker has not set it yet. */
ULP_MUST_CHECK enum ulp_code main_program_r_debug(struct reader *r, const struct main_program *prog,
						  uint64_t *ret, struct ulp_err *err);

/* Fills start, end, text_* and build_id of the executable from its headers. */
ULP_MUST_CHECK enum ulp_code main_program_headers(const struct main_program *prog,
						  struct ulp_object *o, struct ulp_err *err);

/*
 * Fills the same for any other object, from the ELF header at its first
 * mapping.  Error: ULP_EELF if the header's PT_DYNAMIC is not the one that the
 * link map gives.
 */
ULP_MUST_CHECK enum ulp_code object_read_headers(struct reader *r, struct ulp_object *o,
						 struct ulp_err *err);

/* Fills o->dyn from the dynamic section at o->dynamic_at, and *names. */
ULP_MUST_CHECK enum ulp_code object_read_dynamic(struct reader *r, struct ulp_object *o,
						 struct object_dyn_names *names,
						 struct ulp_err *err);

#endif
