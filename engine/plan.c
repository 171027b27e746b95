/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/pending.h"
#include "engine/plan.h"
#include "engine/plan_checks.h"
#include "engine/plan_commit.h"
#include "engine/plan_guards.h"
#include "engine/plan_leaving.h"
#include "engine/record.h"
#include "engine/relations.h"

#include <stdlib.h>
#include <string.h>

static void plan_init(struct plan *plan, struct engine *e, const struct ulp_container *c)
{
	*plan = (struct plan){.engine = e, .container = c, .index = PLAN_NO_INDEX};
}

void plan_deinit(struct plan *plan)
{
	if (plan->fresh)
		load_deinit(&plan->load);
	plan_commit_forget(plan);
	free(plan->record);
	free(plan->guards);
	free(plan->leaving);
	plan->record = NULL;
	plan->leaving = NULL;
	plan->nr_leaving = 0;
	plan->guards = NULL;
	plan->nr_guards = 0;
}

/* --- what the commit changes ------------------------------------------------------ */

bool plan_leaves(const struct plan *plan, const struct registry_patch *p)
{
	const struct relations_leaving leaving = plan_leaving(plan);

	return relations_leaves(&leaving, p);
}

/* next_state of every patch is its state, but for the one that comes and those that leave. */
static void intents_make(struct plan *plan)
{
	struct registry *reg = &plan->engine->registry;

	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];

		p->head.next_state = plan_leaves(plan, p) ? ULP_PATCH_REVERTED : p->head.state;
		p->head.next_sequence = p->head.sequence;
	}
	if (plan->index == PLAN_NO_INDEX)
		return;
	reg->patches[plan->index].head.next_state = ULP_PATCH_APPLIED;
	reg->patches[plan->index].head.next_sequence = reg->head.sequence + 1;
}

static enum ulp_code fresh_init(struct plan *plan, struct ulp_err *err)
{
	struct engine *e = plan->engine;
	enum ulp_code code =
		record_make(plan->container, plan->target, &plan->record, &plan->record_len, err);

	if (code)
		return code;
	code = load_init(&plan->load, plan->container, plan->target, plan->record_len,
			 e->space->page_size, err);
	if (code)
		return code;
	plan->fresh = true;
	plan->load.registry_at = e->registry.at;
	return load_resolve(&plan->load, &e->reader, &e->objects, err);
}

/*
 * Whether the container that is mapped already can be used again: what its code refers
 * to is where it was, and it has no data of a copy of the target that is gone.
 */
static bool is_reusable(const struct plan *plan, const struct registry_patch *p)
{
	return load_imports_sum(&plan->load) == p->head.imports &&
	       (!load_has_data(&plan->load) || p->head.state != ULP_PATCH_UNLOADED);
}

/* What the container would be if it were mapped anew; not kept if it need not be. */
static enum ulp_code load_make(struct plan *plan, const struct registry_patch *mapped,
			       struct ulp_err *err)
{
	enum ulp_code code = fresh_init(plan, err);

	if (code || !mapped || !is_reusable(plan, mapped))
		return code;
	load_deinit(&plan->load);
	free(plan->record);
	plan->record = NULL;
	plan->fresh = false;
	return ULP_OK;
}

/* The container is there and stays: only others leave. */
static enum ulp_code keep(struct plan *plan, struct ulp_err *err)
{
	const struct relations_leaving leaving = plan_leaving(plan);
	enum ulp_code code = relations_check_apply(&plan->engine->registry, plan->target,
						   &plan->container->patch, &leaving, err);

	return code ? code : changed_words_check(plan, err);
}

/* The container comes.  mapped: index of its record, -1 for none. */
static enum ulp_code come(struct plan *plan, long mapped, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	const struct registry_patch *record = mapped < 0 ? NULL : &reg->patches[mapped];
	const struct relations_leaving leaving = plan_leaving(plan);
	enum ulp_code code =
		relations_check_apply(reg, plan->target, &plan->container->patch, &leaving, err);

	plan->applies = true;
	if (!code)
		code = functions_check(plan, err);
	if (!code)
		code = changed_words_check(plan, err);
	if (!code && record)
		code = originals_check(plan, record, err);
	if (!code)
		code = load_make(plan, record, err);
	if (!code && !plan->fresh)
		plan->index = (size_t)mapped;
	return code;
}

/* Guards and intents, once it is known what comes and what leaves; or the end of the plan. */
static enum ulp_code complete(struct plan *plan, enum ulp_code code, struct ulp_err *err)
{
	if (!code)
		code = guards_make(plan, err);
	if (code)
		plan_deinit(plan);
	else
		intents_make(plan);
	return code;
}

/* Begins a plan of the container.  *index: its record, -1 if there is none; *applied: it is. */
static enum ulp_code begin(struct plan *plan, struct engine *e, const struct ulp_container *c,
			   long *index, bool *applied, struct ulp_err *err)
{
	enum ulp_code code;

	plan_init(plan, e, c);
	code = engine_target(e, c, &plan->target, err);
	if (code)
		return code;
	*index = registry_find(&e->registry, &c->build_id, plan->target->bias);
	*applied =
		*index >= 0 && registry_patch_applied(&e->registry, &e->registry.patches[*index]);
	return ULP_OK;
}

enum ulp_code plan_apply(struct plan *plan, struct engine *e, const struct ulp_container *c,
			 struct ulp_err *err)
{
	bool applied;
	long index;
	enum ulp_code code = begin(plan, e, c, &index, &applied, err);

	if (code)
		return code;
	if (applied)
		return ulp_fail(err, ULP_EAPPLIED, "it is applied already");
	code = leaving_superseded(plan, err);
	if (!code)
		code = come(plan, index, err);
	return complete(plan, code, err);
}

enum ulp_code plan_exchange(struct plan *plan, struct engine *e, const struct ulp_container *c,
			    struct ulp_err *err)
{
	bool applied;
	long index;
	enum ulp_code code = begin(plan, e, c, &index, &applied, err);

	if (code)
		return code;
	code = leaving_others(plan, index, err);
	if (!code)
		code = applied ? keep(plan, err) : come(plan, index, err);
	return complete(plan, code, err);
}

enum ulp_code plan_revert(struct plan *plan, struct engine *e, const struct ulp_container *c,
			  struct ulp_err *err)
{
	const struct registry_patch *p;
	struct relations_leaving leaving;
	bool applied;
	long index;
	enum ulp_code code = begin(plan, e, c, &index, &applied, err);

	if (code)
		return code;
	if (!applied)
		return ulp_fail(err, ULP_ENOTAPPLIED, "it is not applied");
	p = &e->registry.patches[index];
	code = leaving_one(plan, p, err);
	leaving = plan_leaving(plan);
	if (!code)
		code = relations_check_leave(&e->registry, plan->target, &leaving, err);
	if (!code)
		code = originals_check(plan, p, err);
	if (!code)
		code = changed_words_check(plan, err);
	return complete(plan, code, err);
}

enum ulp_code plan_revert_all(struct plan *plan, struct engine *e, const struct plan_library *lib,
			      struct ulp_err *err)
{
	enum ulp_code code;

	plan_init(plan, e, NULL);
	code = leaving_of_library(plan, lib, err);
	if (!code)
		code = changed_words_check(plan, err);
	return complete(plan, code, err);
}

enum ulp_code plan_map(struct plan *plan, struct ulp_err *err)
{
	struct registry *reg = &plan->engine->registry;
	enum ulp_code code;

	if (!plan->fresh)
		return ULP_OK;
	code = load_map(&plan->load, plan->engine->space, err);
	if (plan->load.map_start)
		reg->head.pending = load_pending(&plan->load);
	return code;
}

/* The image and the record of a container that comes. */
static enum ulp_code fresh_write(struct plan *plan, struct ulp_err *err)
{
	struct engine *e = plan->engine;
	uint8_t *record = plan->record;
	enum ulp_code code;

	code = load_write(&plan->load, e->space, err);
	if (!code)
		code = record_place(record, plan->container, &plan->load, e->registry.head.patches,
				    err);
	if (!code)
		code = space_write(e->space, load_record_at(&plan->load), record, plan->record_len,
				   err);
	if (code)
		return code;
	plan->record = NULL;
	code = registry_add(&e->registry, load_record_at(&plan->load), record, plan->record_len,
			    err);
	if (code)
		return code;
	plan->index = 0;
	intents_make(plan);
	return ULP_OK;
}

enum ulp_code plan_write(struct plan *plan, struct ulp_err *err)
{
	enum ulp_code code = plan->fresh ? fresh_write(plan, err) : ULP_OK;

	return code ? code : plan_commit_prepare(plan, err);
}

/* Another tool, which came in between, takes what it finds for left over, and unmaps it. */
static bool is_still_ours(const struct plan *plan)
{
	const struct registry *reg = &plan->engine->registry;
	struct ulp_reg_pending now;

	return !space_read(plan->engine->space, reg->at + offsetof(struct ulp_registry, pending),
			   &now, sizeof(now), NULL) &&
	       memcmp(&now, &reg->head.pending, sizeof(now)) == 0;
}

enum ulp_code plan_undo(struct plan *plan, struct ulp_err *err)
{
	struct registry *reg = &plan->engine->registry;

	/* Memory that a redirect may lead to stays, whatever that costs. */
	if (!plan->fresh || plan->committed || reg->torn || !plan->load.map_start)
		return ULP_OK;
	registry_drop(reg, load_record_at(&plan->load));
	if (!is_still_ours(plan))
		return ULP_OK;
	/* The call that was to map it may not have been made, and never will be now. */
	if (!pending_is_ours(reg, plan->engine->space))
		return pending_forget(reg, plan->engine->space, err);
	return pending_unmap(reg, plan->engine->space, err);
}

enum ulp_code plan_clean(struct plan *plan, struct ulp_err *err)
{
	return pending_unmap(&plan->engine->registry, plan->engine->space, err);
}
