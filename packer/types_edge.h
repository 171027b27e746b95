/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The named types at the patch's edge, found in the object of the fix. */
#ifndef ULP_PACKER_TYPES_EDGE_H
#define ULP_PACKER_TYPES_EDGE_H

#include "packer/types_dwarf.h"

/* A structure, union or enumeration that the fix knows completely. */
struct types_edge_type {
	Dwarf_Die die;
	const char *name;  /* with its namespaces, behind the keyword; NULL: has only an alias */
	const char *alias; /* a typedef of it, NULL for none */
	const char *via;   /* the function or variable by which it was reached */
};

struct types_mark;

struct types_edge {
	struct pool *pool;
	struct types_edge_type *types; /* parts before what contains them */
	size_t nr_types;
	size_t types_cap;
	/* Private: */
	struct types_pending *pending;
	size_t nr_pending;
	size_t pending_cap;
	struct types_mark *marks;
	size_t nr_marks;
	size_t marks_cap;
	const char *via;
	unsigned depth;
};

/* The edge of one object; starts empty.  index: of the object's whole file, outlives it. */
void types_edge_init(struct types_edge *edge, struct pool *pool, const struct types_index *index);

/*
 * Adds what a function with code uses: its result and parameters if others call it,
 * and what it and everything inlined into it has pointers to.  What it holds by value in
 * variables of its own is the fix's alone.
 */
void types_edge_function(struct types_edge *edge, Dwarf_Die *function, bool called_by_others,
			 const char *name);

/* Adds the result and the parameters of a function of the target that the fix calls. */
void types_edge_prototype(struct types_edge *edge, Dwarf_Die *function, const char *name);

/* Adds the type of a variable that is the target's. */
void types_edge_variable(struct types_edge *edge, Dwarf_Die *variable, const char *name);

/* Whether a type was met, be it at the edge or in what the fix holds by itself. */
bool types_edge_has_met(const struct types_edge *edge, const Dwarf_Die *type);

#endif
