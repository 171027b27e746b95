/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Symbol lookup in a target, with versions, the way its dynamic linker does it.
 */
#ifndef ULP_ENGINE_SYMBOLS_H
#define ULP_ENGINE_SYMBOLS_H

#include "engine/objects.h"

struct ulp_symbol {
	const struct ulp_object *object; /* that defines it; borrowed */
	uint64_t addr;
	uint64_t size;	    /* bytes */
	unsigned char type; /* STT_* */
};

/*
 * The definition of name in one object.  version "": the reference is
 * unversioned, any version that is not hidden fits.  A definition in an object
 * without versions fits every reference (glibc, elf/dl-lookup.c, do_lookup_x()).
 * false: not there, or its tables cannot be read.
 */
bool symbol_in_object(struct reader *r, const struct ulp_object *object, const char *name,
		      const char *version, struct ulp_symbol *ret);

/*
 * The definition that a reference binds to: first in the global scope, then in
 * the local one, each in link map order.
 */
bool symbol_lookup(struct reader *r, const struct ulp_objects *objects, const char *name,
		   const char *version, struct ulp_symbol *ret);

/*
 * Whether the index-th dynamic symbol of an object, which is undefined there,
 * asks for this version ("" fits each).  What has no version fits, too.
 */
bool symbol_wants_version(struct reader *r, const struct ulp_object *object, uint64_t index,
			  const char *version);

#endif
