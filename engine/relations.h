/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What live patches of one target say about each other: requires, conflicts,
 * supersedes.  They name each other by the name of the spec; patches of another
 * library, or of another copy of it in the process, are not meant.
 */
#ifndef ULP_ENGINE_RELATIONS_H
#define ULP_ENGINE_RELATIONS_H

#include "engine/registry.h"

/* The patches that a change takes out. */
struct relations_leaving {
	const uint64_t *records; /* their addresses; borrowed */
	size_t nr;
};

/* Whether the record is one of them. */
bool relations_leaves(const struct relations_leaving *leaving, const struct registry_patch *p);

/* Whether the record is of a patch that is applied to this object. */
bool relations_applied(const struct registry *reg, const struct ulp_object *target,
		       const struct registry_patch *p);

/* Whether applying `patch` reverts the record's: it is applied there, and named in supersedes. */
bool relations_superseded(const struct registry *reg, const struct ulp_object *target,
			  const struct ulp_patch *patch, const struct registry_patch *p);

/*
 * Whether the patch may be applied to the target, beside those that stay when these leave.
 * Errors: ULP_EREQUIRES, ULP_ECONFLICT (also where an applied one conflicts with
 * it or supersedes it), ULP_EREQUIRED (one that leaves is required).
 */
ULP_MUST_CHECK enum ulp_code relations_check_apply(const struct registry *reg,
						   const struct ulp_object *target,
						   const struct ulp_patch *patch,
						   const struct relations_leaving *leaving,
						   struct ulp_err *err);

/*
 * Whether these may leave the target while the others stay: none of the others
 * requires one.  Error: ULP_EREQUIRED.
 */
ULP_MUST_CHECK enum ulp_code relations_check_leave(const struct registry *reg,
						   const struct ulp_object *target,
						   const struct relations_leaving *leaving,
						   struct ulp_err *err);

#endif
