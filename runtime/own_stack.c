/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "runtime/own_stack.h"

#include "engine/arch.h"

/* Where that cannot be read: true. */
static bool is_after_call(const struct plan *plan, uint64_t at)
{
	uint8_t code[ARCH_MAX_CALL];

	return space_read(plan->engine->space, at - sizeof(code), code, sizeof(code), NULL) ||
	       arch_ends_with_call(code, sizeof(code));
}

static bool is_inside(const struct plan *plan, const struct plan_guard *g, uint64_t word)
{
	/*
	 * At its start a function is still to be entered; at its end it may be left for one
	 * that never returns, whose call comes last.  Else that is where the next one starts.
	 */
	if (word == g->end)
		return is_after_call(plan, word);
	return word < g->end && (g->whole ? word >= g->start : word > g->start);
}

/* Not sanitized: it reads what lies between the variables. */
__attribute__((noinline, no_sanitize_address)) const struct plan_guard *
own_stack_guard(const struct plan *plan, const void *end)
{
	const uint64_t *word = __builtin_frame_address(0);

	for (; word < (const uint64_t *)end; word++)
		for (size_t i = 0; i < plan->nr_guards; i++)
			if (is_inside(plan, &plan->guards[i], *word))
				return &plan->guards[i];
	return NULL;
}
