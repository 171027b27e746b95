/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which code no thread may be inside of at a commit; plan.c's own. */
#ifndef ULP_ENGINE_PLAN_GUARDS_H
#define ULP_ENGINE_PLAN_GUARDS_H

#include "engine/plan.h"

/*
 * Makes plan->guards, by the consistency of the container that comes and of the patches
 * that leave.  Error: ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code guards_make(struct plan *plan, struct ulp_err *err);

#endif
