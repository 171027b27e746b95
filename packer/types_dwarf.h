/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The debug information of the fix's object or of the target, as far as types need
 * it: units, and an index of what stands at their top level.
 */
#ifndef ULP_PACKER_TYPES_DWARF_H
#define ULP_PACKER_TYPES_DWARF_H

#include "packer/dwarf_file.h"
#include "packer/object.h"

#include <elfutils/libdwfl.h>

/* Deeper nesting of scopes or types is not followed; compilers stay far below. */
#define TYPES_MAX_DEPTH 200u

/* A function, variable or type at the top level of a unit, or in a namespace or class. */
struct types_entry {
	Dwarf_Die die;
	int tag; /* DW_TAG_*; DW_TAG_structure_type also for classes */
	/* Of a function or variable: as in the symbol table.  Of a type: with its namespaces. */
	const char *name;
};

/* Sorted by tag and name. */
struct types_index {
	struct types_entry *entries;
	size_t nr;
	size_t cap;
};

struct types_unit {
	Dwarf_Die die;
	const char *name;	   /* path of the source as the compiler was given it */
	struct types_index *index; /* NULL until it was asked for */
};

/* Code of a unit: [start, end). */
struct types_range {
	uint64_t start, end;
	size_t unit;
};

struct types_file {
	struct dwarf_file target; /* not open for an object */
	const char *lack;	  /* of the target without units: why it has none */
	Dwfl *dwfl;		  /* of an object: has relocated it, and owns what it says */
	Dwfl_Module *module;
	struct types_unit *units;
	size_t nr_units;
	size_t units_cap;
	struct types_range *ranges;
	size_t nr_ranges;
	size_t ranges_cap;
	struct types_index *index; /* of all units; NULL until it was asked for */
};

/*
 * Opens; `file` has no units where there is no debug information.  types_close() also
 * after a failure.  Errors: ULP_EELF, ULP_ESYS, and for the target those of
 * ulp_debug_file_find().
 */
ULP_MUST_CHECK enum ulp_code types_open_object(struct pool *pool, const struct object *object,
					       struct types_file *file, struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code types_open_target(struct pool *pool, const struct target *target,
					       struct types_file *file, struct ulp_err *err);

/* Names and entries of the file end here; what is to stay is in the pool. */
void types_close(struct types_file *file);

/* What one unit, or the whole file, has at its top level.  Cannot fail; owned by the file. */
const struct types_index *types_unit_index(struct pool *pool, struct types_file *file, size_t unit);
const struct types_index *types_file_index(struct pool *pool, struct types_file *file);

/* The first entry of this tag and name, and in *nr how many follow each other; NULL: none. */
const struct types_entry *types_find(const struct types_index *index, int tag, const char *name,
				     size_t *nr);

/* The unit with code at this address of the target; false: none. */
bool types_unit_at(const struct types_file *file, uint64_t vaddr, size_t *unit);

/* The function of this unit whose code starts there. */
bool types_function_at(struct pool *pool, struct types_file *file, size_t unit, uint64_t vaddr,
		       Dwarf_Die *die);

/* Address that the object's debug information has for this place. */
uint64_t types_object_address(const struct types_file *file, size_t section, uint64_t off);

/* The entry that the attribute refers to, inherited ones included. */
bool types_reference(Dwarf_Die *die, unsigned attribute, Dwarf_Die *to);

/* Whether a flag attribute is set, inherited ones included. */
bool types_flag(Dwarf_Die *die, unsigned attribute);

/* Type of a variable, parameter, member, pointer ...; false: void. */
bool types_type_of(Dwarf_Die *die, Dwarf_Die *type);

/* As types_type_of() without typedefs and qualifiers; false: void. */
bool types_peel(Dwarf_Die *type, Dwarf_Die *peeled);

/* "dir/file.h:12" of the declaration, relative to the folder of the compilation; "" if unknown. */
const char *types_place(struct pool *pool, Dwarf_Die *die);

/* Base name of the file of the declaration, "" if unknown. */
const char *types_declared_in(Dwarf_Die *die);

#endif
