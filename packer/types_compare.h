/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether two types, the fix's and the target's, are laid out alike, and whether two
 * functions are called alike.  Qualifiers, typedefs, signedness and the names of
 * parameters do not count; a type that is only declared is like any other.
 */
#ifndef ULP_PACKER_TYPES_COMPARE_H
#define ULP_PACKER_TYPES_COMPARE_H

#include "packer/types_dwarf.h"

/* The first difference that was found. */
struct types_difference {
	const char *text; /* "field 'x' (offset 8, 4 bytes) is not in the fix" */
	Dwarf_Die now;	  /* what the fix declares there, for the source line */
};

struct types_pair {
	const void *now, *then;
};

/* State of one comparison; zeroed but for the pool. */
struct types_compare {
	struct pool *pool;
	struct types_pair *pairs; /* under comparison: taken for alike, which ends cycles */
	size_t nr_pairs;
	size_t cap;
	unsigned depth;
};

/* Who relies on whom, for prototypes. */
enum types_call {
	TYPES_CALL_FIX,	   /* the target calls the fix's function */
	TYPES_CALL_TARGET, /* the fix calls the target's function */
	TYPES_CALL_BOTH,   /* a pointer to a function */
};

/*
 * Compares by structure.  Structures, unions and enumerations of one name that are met
 * on the way are left out, because the edge has them of their own; not so `now` and
 * `then` themselves.  true: they differ, and *difference says how.
 */
bool types_differ(struct types_compare *compare, Dwarf_Die *now, Dwarf_Die *then,
		  struct types_difference *difference);

/* As types_differ() for any two types, which are left out too where they have one name. */
bool types_member_differs(struct types_compare *compare, Dwarf_Die *now, Dwarf_Die *then,
			  struct types_difference *difference);

/* The parts of types_differ() for two that are complete. */
bool types_fields_differ(struct types_compare *compare, Dwarf_Die *now, Dwarf_Die *then,
			 struct types_difference *difference);
bool types_enumerators_differ(struct types_compare *compare, Dwarf_Die *now, Dwarf_Die *then,
			      struct types_difference *difference);

/* now, then: functions or types of functions. */
bool types_prototypes_differ(struct types_compare *compare, Dwarf_Die *now, Dwarf_Die *then,
			     enum types_call call, struct types_difference *difference);

/* Fills *difference; returns true. */
bool types_found(struct types_compare *compare, struct types_difference *difference, Dwarf_Die *now,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "struct", "union", "enum", "class", or "" for other types. */
const char *types_keyword(Dwarf_Die *type);

/* As in C: "struct x *", "unsigned int", "char [8]". */
const char *types_text(struct pool *pool, Dwarf_Die *type);

/* As in C: "int (struct x *, char)". */
const char *types_prototype_text(struct pool *pool, Dwarf_Die *function);

/* "8 bytes", "1 byte", or "unknown size". */
const char *types_size_text(struct pool *pool, Dwarf_Die *type);

#endif
