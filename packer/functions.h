/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of the spec, found in the target and in the objects. */
#ifndef ULP_PACKER_FUNCTIONS_H
#define ULP_PACKER_FUNCTIONS_H

#include "packer/object.h"
#include "packer/spec.h"
#include "packer/target.h"

struct replacement {
	const struct spec_function *spec;
	const struct elf_symbol *old; /* in the target */
	uint64_t entry_vaddr;
	uint64_t word_vaddr;
	uint8_t word[8];
	enum ulp_entry_layout layout;
	uint64_t old_checksum;
	struct object *object; /* that defines the new one */
	size_t symbol;
	const char *new_name; /* in the container, unique */
};

/*
 * Finds each function of the spec on both sides.  closure_check: refuse where
 * copies of the old code would stay.  *list has *nr items: one for each entry
 * (aliases of one function that are replaced by the same one count once).
 *
 * Errors (where: the function's place in the spec): ULP_ENOFUNC, ULP_EAMBIGUOUS,
 * ULP_EUNSUP (ifunc, other entry layout), ULP_EMISMATCH (clones).
 */
ULP_MUST_CHECK enum ulp_code functions_find(struct pool *pool, const struct spec *spec,
					    const struct target *target, struct object *objects,
					    size_t nr_objects, bool closure_check,
					    struct report *report, struct replacement **list,
					    size_t *nr, struct ulp_err *err);

/*
 * The parts of functions_find(); `r->spec` is given.  entry: ULP_ENOFUNC or
 * ULP_EUNSUP if the function cannot be redirected.
 */
ULP_MUST_CHECK enum ulp_code functions_find_old(struct pool *pool, const struct spec *spec,
						const struct target *target, const char *source,
						struct replacement *r, struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code functions_find_entry(const struct spec *spec,
						  const struct target *target,
						  struct replacement *r, struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code functions_check_clones(struct pool *pool, const struct spec *spec,
						    const struct target *target,
						    const struct replacement *r,
						    struct ulp_err *err);

/* Names of functions in a symbol table that look like `name`: ", did you mean ...", or "". */
const char *functions_near(struct pool *pool, const struct elf_symbol *symbols, size_t nr,
			   const char *name);

#endif
