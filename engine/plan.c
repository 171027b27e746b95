/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/arch.h"
#include "engine/plan.h"
#include "engine/record.h"

#include <stdlib.h>
#include <string.h>

static void plan_init(struct plan *plan, struct engine *e, const struct ulp_container *c)
{
	*plan = (struct plan){.engine = e, .container = c};
}

void plan_deinit(struct plan *plan)
{
	if (plan->fresh)
		load_deinit(&plan->load);
	free(plan->record);
	free(plan->guards);
	plan->record = NULL;
	plan->guards = NULL;
	plan->nr_guards = 0;
}

static const char *hex8(const uint8_t bytes[8], char buf[24])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 8; i++) {
		buf[3 * i] = digits[bytes[i] >> 4];
		buf[3 * i + 1] = digits[bytes[i] & 15];
		buf[3 * i + 2] = i < 7 ? ' ' : '\0';
	}
	return buf;
}

/* The word in memory is what the registry, or else the container, says. */
static enum ulp_code word_check(const struct plan *plan, uint64_t word_addr,
				const uint8_t original[8], const char *name, struct ulp_err *err)
{
	uint8_t now[8];
	uint8_t want[8];
	char a[24];
	char b[24];
	enum ulp_code code = space_read(plan->engine->space, word_addr, now, sizeof(now), err);

	if (code)
		return code;
	if (!registry_word(&plan->engine->registry, word_addr, false, want))
		memcpy(want, original, sizeof(want));
	if (memcmp(now, want, sizeof(want)) == 0)
		return ULP_OK;
	return ulp_fail(err, ULP_EENTRY,
			"the entry of %s in %s is %s, expected %s: has a debugger or another tool "
			"changed it?",
			name, plan->target->soname, hex8(now, a), hex8(want, b));
}

/* The function's body is the one that the container was made against. */
static enum ulp_code body_check(const struct plan *plan, const struct ulp_function *f,
				struct ulp_err *err)
{
	uint64_t bias = plan->target->bias;
	uint64_t at = bias + f->old_vaddr;
	uint8_t *bytes;
	uint64_t sum;
	enum ulp_code code;

	if (at < plan->target->text_start || at > plan->target->text_end ||
	    f->old_size > plan->target->text_end - at)
		return ulp_fail(err, ULP_EENTRY, "%s is outside the code of %s", f->old_name,
				plan->target->soname);
	bytes = malloc(f->old_size);
	if (!bytes)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	code = space_read(plan->engine->space, at, bytes, f->old_size, err);
	/* Its own entry may be redirected by another patch: look at it as it was. */
	for (uint64_t i = 0; !code && i < 8; i++) {
		uint64_t off = f->word_vaddr + i - f->old_vaddr;

		if (off < f->old_size)
			bytes[off] = f->word[i];
	}
	sum = code ? 0 : ulp_checksum(bytes, f->old_size);
	free(bytes);
	if (!code && sum != f->old_checksum)
		code = ulp_fail(err, ULP_EENTRY,
				"the code of %s in %s is not that of its file: has a debugger or "
				"another tool changed it?",
				f->old_name, plan->target->soname);
	return code;
}

static enum ulp_code functions_check(const struct plan *plan, struct ulp_err *err)
{
	const struct ulp_patch *patch = &plan->container->patch;

	for (size_t i = 0; i < patch->nr_functions; i++) {
		const struct ulp_function *f = &patch->functions[i];
		enum ulp_code code = word_check(plan, plan->target->bias + f->word_vaddr, f->word,
						f->old_name, err);
		if (!code)
			code = body_check(plan, f, err);
		if (code)
			return code;
	}
	return ULP_OK;
}

/* What the registry would write back at a revert is what the container says. */
static enum ulp_code originals_check(const struct plan *plan, const struct registry_patch *p,
				     struct ulp_err *err)
{
	const struct ulp_patch *rev = &plan->container->revert;

	for (size_t i = 0; i < rev->nr_functions; i++) {
		const struct ulp_function *f = &rev->functions[i];
		uint64_t addr = plan->target->bias + f->word_vaddr;
		bool found = false;

		for (uint32_t k = 0; k < p->head.nr_functions && !found; k++)
			found = p->functions[k].word_addr == addr &&
				memcmp(p->functions[k].original, f->word, 8) == 0;
		if (!found)
			return ulp_fail(err, ULP_EREGISTRY,
					"the registry does not have the original bytes of %s",
					f->old_name);
	}
	if (p->head.nr_functions != rev->nr_functions)
		return ulp_fail(err, ULP_EREGISTRY, "the registry has %u functions, %s has %zu",
				p->head.nr_functions, plan->container->base_name,
				rev->nr_functions);
	return ULP_OK;
}

static void guard_add(struct plan *plan, uint64_t start, uint64_t len, const char *name)
{
	plan->guards[plan->nr_guards++] = (struct plan_guard){start, start + len, name};
}

/*
 * Apply: the old functions, and what stands in their place now.  Revert: the
 * functions of this patch where it is they that are in effect.
 */
static enum ulp_code guards_make(struct plan *plan, bool apply, struct ulp_err *err)
{
	const struct ulp_patch *patch = &plan->container->patch;
	const struct registry *reg = &plan->engine->registry;

	if (patch->consistency == ULP_CONSISTENCY_NONE)
		return ULP_OK;
	plan->guards = calloc(2 * patch->nr_functions, sizeof(*plan->guards));
	if (!plan->guards)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 0; i < patch->nr_functions; i++) {
		const struct ulp_function *f = &patch->functions[i];
		uint64_t bias = plan->target->bias;
		const struct ulp_reg_function *now = NULL;
		const struct registry_patch *owner =
			registry_owner(reg, bias + f->word_vaddr, false, &now);

		if (apply)
			guard_add(plan, bias + f->old_vaddr, f->old_size, f->old_name);
		if (owner && (apply || owner == &reg->patches[plan->index]))
			guard_add(plan, now->new_addr, now->new_size, f->old_name);
	}
	return ULP_OK;
}

/* next_state of every patch is its state, but for ours. */
static void intents_make(struct plan *plan, enum ulp_patch_state ours)
{
	struct registry *reg = &plan->engine->registry;

	for (size_t i = 0; i < reg->nr; i++) {
		reg->patches[i].head.next_state = reg->patches[i].head.state;
		reg->patches[i].head.next_sequence = reg->patches[i].head.sequence;
	}
	reg->patches[plan->index].head.next_state = ours;
	if (ours == ULP_PATCH_APPLIED)
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
	return load_resolve(&plan->load, &e->reader, &e->objects, err);
}

enum ulp_code plan_apply(struct plan *plan, struct engine *e, const struct ulp_container *c,
			 struct ulp_err *err)
{
	enum ulp_code code;
	long index;

	plan_init(plan, e, c);
	code = engine_target(e, c, &plan->target, err);
	if (code)
		return code;
	index = registry_find(&e->registry, &c->build_id, plan->target->bias);
	if (index >= 0 && registry_patch_applied(&e->registry, &e->registry.patches[index]))
		return ulp_fail(err, ULP_EAPPLIED, "it is applied already");
	code = functions_check(plan, err);
	if (!code && index >= 0)
		code = originals_check(plan, &e->registry.patches[index], err);
	if (!code)
		code = guards_make(plan, true, err);
	if (!code && index < 0)
		code = fresh_init(plan, err);
	if (!code && index >= 0) {
		plan->index = (size_t)index;
		intents_make(plan, ULP_PATCH_APPLIED);
	}
	if (code)
		plan_deinit(plan);
	return code;
}

enum ulp_code plan_revert(struct plan *plan, struct engine *e, const struct ulp_container *c,
			  struct ulp_err *err)
{
	const struct registry_patch *p;
	enum ulp_code code;
	long index;

	plan_init(plan, e, c);
	code = engine_target(e, c, &plan->target, err);
	if (code)
		return code;
	index = registry_find(&e->registry, &c->build_id, plan->target->bias);
	if (index < 0 || !registry_patch_applied(&e->registry, &e->registry.patches[index]))
		return ulp_fail(err, ULP_ENOTAPPLIED, "it is not applied");
	plan->index = (size_t)index;
	p = &e->registry.patches[index];
	code = originals_check(plan, p, err);
	for (uint32_t i = 0; !code && i < p->head.nr_functions; i++)
		code = word_check(plan, p->functions[i].word_addr, p->functions[i].original,
				  registry_string(p, p->functions[i].name), err);
	if (!code)
		code = guards_make(plan, false, err);
	if (code)
		plan_deinit(plan);
	else
		intents_make(plan, ULP_PATCH_REVERTED);
	return code;
}

enum ulp_code plan_map(struct plan *plan, struct ulp_err *err)
{
	return plan->fresh ? load_map(&plan->load, plan->engine->space, err) : ULP_OK;
}

enum ulp_code plan_write(struct plan *plan, struct ulp_err *err)
{
	struct engine *e = plan->engine;
	uint8_t *record = plan->record;
	enum ulp_code code;

	if (!plan->fresh)
		return ULP_OK;
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
	intents_make(plan, ULP_PATCH_APPLIED);
	return ULP_OK;
}

/*
 * The lock is the seized first thread.  If that ends, another tool may come in
 * until the next one is seized: then its record must not be lost.
 */
static enum ulp_code registry_recheck(const struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	struct ulp_registry now;
	enum ulp_code code = space_read(plan->engine->space, reg->at, &now,
					offsetof(struct ulp_registry, messages), err);

	if (code)
		return code;
	if (now.patches != reg->head.patches || now.sequence != reg->head.sequence ||
	    now.commit != reg->head.commit)
		return ulp_fail(err, ULP_ESTOP,
				"another tool has changed the registry meanwhile; try again");
	return ULP_OK;
}

/* What may have changed since the plan was made, cheap enough for the stop. */
static enum ulp_code recheck(const struct plan *plan, struct ulp_err *err)
{
	const struct registry_patch *p = &plan->engine->registry.patches[plan->index];

	enum ulp_code code = registry_recheck(plan, err);

	if (code)
		return code;
	if (!object_still_loaded(plan->engine->space, plan->target))
		return ulp_fail(err, ULP_ENOTARGET, "the process has unloaded %s meanwhile",
				plan->target->soname);
	for (uint32_t i = 0; !code && i < p->head.nr_functions; i++)
		code = word_check(plan, p->functions[i].word_addr, p->functions[i].original,
				  registry_string(p, p->functions[i].name), err);
	return code;
}

enum ulp_code plan_commit(struct plan *plan, struct ulp_err *err)
{
	enum ulp_code code = recheck(plan, err);

	if (!code)
		code = registry_commit(&plan->engine->registry, plan->fresh, plan->engine->space,
				       err);
	plan->committed = code == ULP_OK;
	return code;
}

enum ulp_code plan_undo(struct plan *plan, struct ulp_err *err)
{
	/* Memory that a redirect may lead to stays, whatever that costs. */
	if (!plan->fresh || plan->committed || plan->engine->registry.torn)
		return ULP_OK;
	if (plan->load.map_start)
		registry_drop(&plan->engine->registry, load_record_at(&plan->load));
	return load_unmap(&plan->load, plan->engine->space, err);
}
