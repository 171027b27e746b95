/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/plan_guards.h"
#include "engine/relations.h"

#include <stdlib.h>

static void guard_add(struct plan *plan, uint64_t start, uint64_t len, const char *name)
{
	plan->guards[plan->nr_guards++] = (struct plan_guard){start, start + len, name, false};
}

static void whole_add(struct plan *plan, uint64_t start, uint64_t end, const char *name)
{
	plan->guards[plan->nr_guards++] = (struct plan_guard){start, end, name, true};
}

/*
 * The functions of the record's patch where it is they that are in effect.  If all are, then
 * so is what the container brought for them, their unlikely parts for instance.
 */
static void record_add(struct plan *plan, const struct registry_patch *p)
{
	const struct registry *reg = &plan->engine->registry;
	bool all = true;

	for (uint32_t i = 0; i < p->head.nr_functions; i++) {
		const struct ulp_reg_function *f = &p->functions[i];
		const struct ulp_reg_function *now;

		if (registry_owner(reg, f->word_addr, false, &now) == p)
			guard_add(plan, now->new_addr, now->new_size, registry_string(p, f->name));
		else
			all = false;
	}
	if (all)
		whole_add(plan, p->head.map_start, p->head.map_start + p->head.map_len,
			  registry_string(p, p->head.file));
}

/* The old functions, and what stands in their place now. */
static void functions_add(struct plan *plan)
{
	const struct ulp_patch *patch = &plan->container->patch;
	const struct registry *reg = &plan->engine->registry;
	const uint64_t bias = plan->target->bias;

	for (size_t i = 0; i < patch->nr_functions; i++) {
		const struct ulp_function *f = &patch->functions[i];
		const struct ulp_reg_function *now;

		guard_add(plan, bias + f->old_vaddr, f->old_size, f->old_name);
		if (registry_owner(reg, bias + f->word_vaddr, false, &now))
			guard_add(plan, now->new_addr, now->new_size, f->old_name);
	}
	/* No function of their own: a jump leads to their start, too. */
	for (size_t i = 0; i < patch->nr_guards; i++) {
		const struct ulp_guard *g = &patch->guards[i];

		whole_add(plan, bias + g->vaddr, bias + g->vaddr + g->size, g->name);
	}
}

/*
 * All code of the target, and that of every container that was ever applied to it: a
 * frame may be left in a function that is reverted, too.
 */
static void library_add(struct plan *plan, const struct ulp_object *library)
{
	const struct registry *reg = &plan->engine->registry;

	whole_add(plan, library->text_start, library->text_end, library->soname);
	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];

		if (p->head.target_bias == library->bias)
			whole_add(plan, p->head.map_start, p->head.map_start + p->head.map_len,
				  registry_string(p, p->head.file));
	}
}

/* Whether the container that comes, or a patch that leaves, asks for the whole library. */
static bool asks_for_library(const struct plan *plan, const struct ulp_object *library)
{
	const struct registry *reg = &plan->engine->registry;

	/* Of a patch that leaves, the container at hand may ask for it, too. */
	if (library == plan->target &&
	    plan->container->patch.consistency == ULP_CONSISTENCY_LIBRARY)
		return true;
	for (size_t i = 0; i < reg->nr; i++)
		if (reg->patches[i].head.consistency == ULP_CONSISTENCY_LIBRARY &&
		    plan_leaves(plan, &reg->patches[i]) &&
		    plan_library_of(plan, &reg->patches[i]) == library)
			return true;
	return false;
}

/* More than any of the above adds: each record is of one library. */
static size_t count_max(const struct plan *plan)
{
	const struct registry *reg = &plan->engine->registry;
	size_t nr = 1 + 3 * reg->nr;

	if (plan->applies)
		nr += 2 * plan->container->patch.nr_functions + plan->container->patch.nr_guards;
	for (size_t i = 0; i < reg->nr; i++)
		nr += reg->patches[i].head.nr_functions;
	return nr;
}

/* What comes. */
static void coming_add(struct plan *plan)
{
	if (!plan->applies)
		return;
	if (asks_for_library(plan, plan->target))
		library_add(plan, plan->target);
	else if (plan->container->patch.consistency != ULP_CONSISTENCY_NONE)
		functions_add(plan);
}

/* Whether a record before the i-th one leaves the same library. */
static bool is_repeated(const struct plan *plan, size_t i, const struct ulp_object *library)
{
	const struct registry *reg = &plan->engine->registry;

	for (size_t k = 0; k < i; k++)
		if (plan_leaves(plan, &reg->patches[k]) &&
		    plan_library_of(plan, &reg->patches[k]) == library)
			return true;
	return false;
}

/* What leaves must not be in use, unless both it and what comes say that it may be. */
static void leaving_add(struct plan *plan, size_t i)
{
	const struct registry_patch *p = &plan->engine->registry.patches[i];
	const struct ulp_object *library = plan_library_of(plan, p);
	const bool any =
		plan->applies && plan->container->patch.consistency != ULP_CONSISTENCY_NONE;

	if (library && asks_for_library(plan, library)) {
		/* Of the container's own it is there already. */
		if (!(plan->applies && library == plan->target) && !is_repeated(plan, i, library))
			library_add(plan, library);
	} else if (any || p->head.consistency != ULP_CONSISTENCY_NONE) {
		record_add(plan, p);
	}
}

enum ulp_code guards_make(struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;

	plan->guards = calloc(count_max(plan), sizeof(*plan->guards));
	if (!plan->guards)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	coming_add(plan);
	for (size_t i = 0; i < reg->nr; i++)
		if (plan_leaves(plan, &reg->patches[i]))
			leaving_add(plan, i);
	return ULP_OK;
}
