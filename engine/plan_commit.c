/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of a plan: what the commit needs is made ready while the process runs, and looked at
 * again and written while it is stopped.
 */
#include "config.h"

#include "engine/plan_checks.h"
#include "engine/plan_commit.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

/* Of each record this is read, from `state` on: the states. */
#define RECORD_LEN \
	(offsetof(struct ulp_reg_patch, map_start) - offsetof(struct ulp_reg_patch, state))

static void words_of(struct plan *plan, const struct registry_patch *p)
{
	for (uint32_t i = 0; i < p->head.nr_functions; i++) {
		const struct ulp_reg_function *f = &p->functions[i];
		struct plan_word *w = &plan->words[plan->nr_words++];

		w->at = f->word_addr;
		if (!registry_word(&plan->engine->registry, w->at, false, w->want))
			memcpy(w->want, f->original, sizeof(w->want));
	}
}

static enum ulp_code words_make(struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	size_t max = 1;

	for (size_t i = 0; i < reg->nr; i++)
		max += reg->patches[i].head.nr_functions;
	plan->words = calloc(max, sizeof(*plan->words));
	if (!plan->words)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 0; i < reg->nr; i++)
		if (plan_changes(plan, i))
			words_of(plan, &reg->patches[i]);
	return ULP_OK;
}

/* Whether the commit writes to words of the object. */
static bool is_library(const struct plan *plan, const struct ulp_object *o)
{
	const struct registry *reg = &plan->engine->registry;

	for (size_t i = 0; i < reg->nr; i++)
		if (plan_changes(plan, i) && reg->patches[i].head.target_bias == o->bias)
			return true;
	return false;
}

/* All that plan_commit() reads, unless something is not as it was. */
static enum ulp_code snapshot_make(struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	struct snapshot *s = &plan->snapshot;
	enum ulp_code code;

	snapshot_init(s, plan->engine->space);
	code = snapshot_add(s, reg->at, offsetof(struct ulp_registry, messages), err);
	for (size_t i = 0; i < reg->nr && !code; i++)
		code = snapshot_add(s, reg->patches[i].at + offsetof(struct ulp_reg_patch, state),
				    RECORD_LEN, err);
	for (size_t i = 0; i < plan->engine->objects.nr && !code; i++) {
		const struct ulp_object *o = &plan->engine->objects.list[i];

		/* A few: those whose words change. */
		if (o->link_map && is_library(plan, o))
			code = snapshot_add(s, o->link_map, sizeof(struct link_map), err);
	}
	for (size_t i = 0; i < plan->nr_words && !code; i++)
		code = snapshot_add(s, plan->words[i].at, sizeof(plan->words[i].want), err);
	if (!code && reg->r_debug)
		code = snapshot_add(s, reg->r_debug, sizeof(struct ulp_reg_debug), err);
	return code ? code : snapshot_seal(s, err);
}

static enum ulp_code another_tool(struct ulp_err *err)
{
	return ulp_fail(err, ULP_ESTOP,
			"another tool has changed the registry meanwhile; try again");
}

/*
 * The lock is the seized first thread.  If that ends, another tool may come in
 * until the next one is seized: then its record must not be lost.
 */
static enum ulp_code registry_recheck(struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	struct ulp_registry now;
	enum ulp_code code = space_read(&plan->snapshot.space, reg->at, &now,
					offsetof(struct ulp_registry, messages), err);

	if (code)
		return code;
	if (now.patches != reg->head.patches || now.sequence != reg->head.sequence ||
	    now.commit != reg->head.commit ||
	    memcmp(&now.pending, &reg->head.pending, sizeof(now.pending)) != 0)
		return another_tool(err);
	return ULP_OK;
}

/* A revert by another tool shows in its record alone. */
static enum ulp_code records_recheck(struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;

	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];
		uint32_t state;
		enum ulp_code code = space_read(&plan->snapshot.space,
						p->at + offsetof(struct ulp_reg_patch, state),
						&state, sizeof(state), err);

		if (code)
			return code;
		if (state != registry_patch_stored_state(p))
			return another_tool(err);
	}
	return ULP_OK;
}

static enum ulp_code library_recheck(struct plan *plan, const struct ulp_object *library,
				     struct ulp_err *err)
{
	if (!library || object_still_loaded(&plan->snapshot.space, library))
		return ULP_OK;
	return ulp_fail(err, ULP_ENOTARGET, "the process has unloaded %s meanwhile",
			library->soname);
}

/* All that the commit writes to are where they were. */
static enum ulp_code libraries_recheck(struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	const struct ulp_object *before = plan->target;
	enum ulp_code code = library_recheck(plan, plan->target, err);

	for (size_t i = 0; i < reg->nr && !code; i++) {
		const struct ulp_object *library;

		if (!plan_leaves(plan, &reg->patches[i]))
			continue;
		library = plan_library_of(plan, &reg->patches[i]);
		if (library != before)
			code = library_recheck(plan, library, err);
		before = library;
	}
	return code;
}

/* All words are as they must be; where not, the longer way tells which one is not. */
static enum ulp_code words_recheck(struct plan *plan, struct ulp_err *err)
{
	for (size_t i = 0; i < plan->nr_words; i++) {
		const struct plan_word *w = &plan->words[i];
		uint8_t now[8];

		if (space_read(&plan->snapshot.space, w->at, now, sizeof(now), NULL) ||
		    memcmp(now, w->want, sizeof(now)) != 0)
			return changed_words_check(plan, err);
	}
	return ULP_OK;
}

/* What may have changed since the plan was made, cheap enough for the stop. */
static enum ulp_code recheck(struct plan *plan, struct ulp_err *err)
{
	enum ulp_code code = registry_recheck(plan, err);

	if (!code)
		code = records_recheck(plan, err);
	if (code)
		return code;
	code = libraries_recheck(plan, err);
	return code ? code : words_recheck(plan, err);
}

void plan_rehearse(struct plan *plan)
{
	enum ulp_code code;

	if (!plan->nr_words)
		return;
	snapshot_take(&plan->snapshot);
	code = recheck(plan, NULL);
	(void)code;
	snapshot_forget(&plan->snapshot);
}

enum ulp_code plan_commit_prepare(struct plan *plan, struct ulp_err *err)
{
	struct registry *reg = &plan->engine->registry;
	struct ulp_space *s = plan->engine->space;
	enum ulp_code code = registry_write_unloaded(reg, s, err);

	if (!code)
		code = word_edits_make(reg, true, &plan->edits, err);
	if (!code)
		code = words_make(plan, err);
	if (!code)
		code = snapshot_make(plan, err);
	if (code)
		return code;
	registry_copy_pages(reg, s);
	return ULP_OK;
}

void plan_commit_forget(struct plan *plan)
{
	word_edits_free(&plan->edits);
	snapshot_deinit(&plan->snapshot);
	free(plan->words);
	plan->words = NULL;
	plan->nr_words = 0;
}

enum ulp_code plan_commit(struct plan *plan, struct ulp_err *err)
{
	enum ulp_code code;

	snapshot_take(&plan->snapshot);
	code = recheck(plan, err);
	if (!code)
		code = registry_commit(&plan->engine->registry, plan->fresh, &plan->edits,
				       &plan->snapshot.space, err);
	snapshot_forget(&plan->snapshot);
	plan->committed = code == ULP_OK;
	return code;
}
