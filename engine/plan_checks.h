/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the code in memory is what container and registry say of it; plan.c's own. */
#ifndef ULP_ENGINE_PLAN_CHECKS_H
#define ULP_ENGINE_PLAN_CHECKS_H

#include "engine/plan.h"

/*
 * The entry and the body of each function that the container replaces are those that it
 * was made against.  Errors: ULP_EENTRY (names the function), ULP_ENOMEM, those of
 * arch_words() and of reading.
 */
ULP_MUST_CHECK enum ulp_code functions_check(const struct plan *plan, struct ulp_err *err);

/*
 * What the registry would write back at a revert of the record's patch is what the
 * plan's container says.  Error: ULP_EREGISTRY.
 */
ULP_MUST_CHECK enum ulp_code originals_check(const struct plan *plan,
					     const struct registry_patch *p, struct ulp_err *err);

/*
 * The words of a record are in memory what the registry says, and inside the code of its
 * library.  Errors: ULP_EENTRY (names the function and the bytes), ULP_EREGISTRY.
 */
ULP_MUST_CHECK enum ulp_code words_check(const struct plan *plan, const struct registry_patch *p,
					 struct ulp_err *err);

/* Whether the commit changes the state of the i-th patch of the registry. */
bool plan_changes(const struct plan *plan, size_t i);

/* words_check() of all patches that change. */
ULP_MUST_CHECK enum ulp_code changed_words_check(const struct plan *plan, struct ulp_err *err);

#endif
