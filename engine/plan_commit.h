/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ULP_ENGINE_PLAN_COMMIT_H
#define ULP_ENGINE_PLAN_COMMIT_H

#include "engine/plan.h"

/*
 * Works out all that plan_commit() writes and reads, and has the pages of the words copied: the
 * last of plan_write().  Error: ULP_ENOMEM; plan_commit_forget() frees all the same.
 */
ULP_MUST_CHECK enum ulp_code plan_commit_prepare(struct plan *plan, struct ulp_err *err);
void plan_commit_forget(struct plan *plan);

#endif
