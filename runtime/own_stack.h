/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ULP_RUNTIME_OWN_STACK_H
#define ULP_RUNTIME_OWN_STACK_H

#include "engine/plan.h"

/*
 * The first guard in which the calling thread is: a word of its stack, between
 * the caller's frame and `end`, lies inside.  NULL if there is none.  As with
 * other processes any word counts, so that one left over from an earlier call
 * may be taken for a return address.
 */
const struct plan_guard *own_stack_guard(const struct plan *plan, const void *end);

#endif
