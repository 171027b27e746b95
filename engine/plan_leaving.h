/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which applied patches leave with a commit; plan.c's own.  Error of all: ULP_ENOMEM. */
#ifndef ULP_ENGINE_PLAN_LEAVING_H
#define ULP_ENGINE_PLAN_LEAVING_H

#include "engine/plan.h"
#include "engine/relations.h"

/* What relations_*() want; borrows from the plan. */
struct relations_leaving plan_leaving(const struct plan *plan);

/* The record's own. */
ULP_MUST_CHECK enum ulp_code leaving_one(struct plan *plan, const struct registry_patch *p,
					 struct ulp_err *err);

/* Those of the target that the container supersedes. */
ULP_MUST_CHECK enum ulp_code leaving_superseded(struct plan *plan, struct ulp_err *err);

/* All of the target but the one at `index` of the registry; -1: all. */
ULP_MUST_CHECK enum ulp_code leaving_others(struct plan *plan, long index, struct ulp_err *err);

/* All of a library, of each copy that the process has.  Also ULP_ENOTARGET: it has none. */
ULP_MUST_CHECK enum ulp_code leaving_of_library(struct plan *plan, const struct plan_library *lib,
						struct ulp_err *err);

#endif
