/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Initial values of variables that the fix defines and that are the target's. */
#ifndef ULP_PACKER_TYPES_VALUES_H
#define ULP_PACKER_TYPES_VALUES_H

#include "packer/select.h"
#include "packer/types_refuse.h"

/* A symbol of the target that a symbol of an object is bound to. */
struct types_bound {
	const struct elf_symbol *target; /* NULL: it is not bound to the target */
};

/* Where the object's symbol leads in the target: by a private reference or by lookup. */
struct types_bound types_bound_to(const struct selection *sel, const struct object_symbol *symbol);

/*
 * Whether the bytes of a variable differ from those of the target's; *text says how.
 * Pointers are compared by the name or the string that they lead to; where that is not
 * possible, *uncertain is set.  A variable that the object does not define is like any.
 */
bool types_value_differs(const struct selection *sel, const struct object *object, size_t symbol,
			 const char **text, bool *uncertain);

#endif
