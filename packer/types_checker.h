/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of types_check(), and its parts. */
#ifndef ULP_PACKER_TYPES_CHECKER_H
#define ULP_PACKER_TYPES_CHECKER_H

#include "packer/types.h"
#include "packer/types_edge.h"
#include "packer/types_refuse.h"

struct types_checker {
	struct pool *pool;
	const struct selection *sel;
	const struct target *target;
	struct report *report;
	struct types_refusals refusals;
	struct types_file then; /* the target's debug information */

	/* Of the object that is being checked: */
	const struct object *object;
	struct types_file now;
	const struct types_index *index; /* of `now`; NULL: it has no debug information */
	size_t *units; /* of `then`: those that the object was compiled anew for */
	size_t nr_units;
	size_t units_cap;
	struct types_edge edge;
};

/* Refuses for the current object; what the refusal points to may end with its debug information. */
void types_checker_refuse(struct types_checker *checker, struct types_refusal *refusal);

/* Finds units: by the code that is replaced, else by the name of the source. */
void types_checker_find_units(struct types_checker *checker);

/* Compares each type of checker->edge with the target's; warns of what else differs. */
void types_check_layouts(struct types_checker *checker);

/* Compares a variable's type with the one that it has in the target. */
void types_check_variable(struct types_checker *checker, Dwarf_Die *variable, const char *name);

/*
 * Compares a function that the fix defines with the one that it replaces.
 * Error: ULP_EELF (the target's code cannot be searched for callers).
 */
ULP_MUST_CHECK enum ulp_code types_check_replaced(struct types_checker *checker,
						  Dwarf_Die *function,
						  const struct replacement *replacement,
						  struct ulp_err *err);

/* Compares the fix's idea of a function that is the target's with what that is. */
void types_check_called(struct types_checker *checker, Dwarf_Die *function,
			const struct elf_symbol *target);

/* Compares the initial values of the object's variables that are the target's. */
void types_check_values(struct types_checker *checker);

#endif
