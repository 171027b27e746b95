/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of selection_bind(): each decides about one kind of symbol and fills its binding.
 * Errors of all: those of selection_run().
 */
#ifndef ULP_PACKER_BIND_PARTS_H
#define ULP_PACKER_BIND_PARTS_H

#include "packer/match.h"
#include "packer/select.h"

/* To what a lookup by name finds; wanted (copied) is made an import once. */
ULP_MUST_CHECK enum ulp_code bind_import(struct selection *sel, struct object_symbol *s,
					 const struct import *wanted, struct ulp_err *err);

/* To this private symbol of the target. */
ULP_MUST_CHECK enum ulp_code bind_private(struct selection *sel, struct object *object,
					  size_t symbol, const struct elf_symbol *target,
					  struct ulp_err *err);

/*
 * To this exported symbol of the target: by lookup, unless the object was compiled to see only
 * the target's own.
 */
ULP_MUST_CHECK enum ulp_code bind_exported(struct selection *sel, struct object *object,
					   size_t symbol, const struct elf_symbol *target,
					   struct ulp_err *err);

/* ULP_EAMBIGUOUS: the name may mean several symbols of the target, which the text lists. */
ULP_MUST_CHECK enum ulp_code bind_ambiguous(struct selection *sel, const char *name,
					    const struct match *m, struct ulp_err *err);

/* A symbol that the object defines, and no other object of the fix. */
ULP_MUST_CHECK enum ulp_code bind_defined(struct selection *sel, struct object *object,
					  size_t symbol, struct ulp_err *err);

#endif
