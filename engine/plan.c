/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/plan.h"
#include "engine/plan_guards.h"
#include "engine/record.h"
#include "engine/relations.h"

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
	free(plan->superseded);
	plan->record = NULL;
	plan->superseded = NULL;
	plan->nr_superseded = 0;
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

static bool in_text(const struct ulp_object *target, uint64_t addr, uint64_t len)
{
	return addr >= target->text_start && addr <= target->text_end &&
	       len <= target->text_end - addr;
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

	if (!in_text(plan->target, at, f->old_size))
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

/* Each word of the entry is the target's code, as the container or the registry has it. */
static enum ulp_code entry_check(const struct plan *plan, const struct ulp_function *f,
				 struct ulp_err *err)
{
	const struct arch_entry entry = record_entry(f, plan->target->bias);
	struct arch_word words[ARCH_MAX_WORDS];
	size_t nr;
	enum ulp_code code = arch_words(&entry, words, &nr, err);

	if (code) {
		(void)ulp_err_at(err, "%s", f->old_name);
		return code;
	}
	for (size_t i = 0; i < nr && !code; i++) {
		if (!in_text(plan->target, words[i].addr, sizeof(words[i].original)))
			return ulp_fail(err, ULP_EENTRY,
					"the entry of %s is outside the code of %s", f->old_name,
					plan->target->soname);
		code = word_check(plan, words[i].addr, words[i].original, f->old_name, err);
	}
	return code;
}

static enum ulp_code functions_check(const struct plan *plan, struct ulp_err *err)
{
	const struct ulp_patch *patch = &plan->container->patch;
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < patch->nr_functions && !code; i++) {
		code = entry_check(plan, &patch->functions[i], err);
		if (!code)
			code = body_check(plan, &patch->functions[i], err);
	}
	return code;
}

static bool record_has_word(const struct registry_patch *p, const struct arch_word *w)
{
	for (uint32_t i = 0; i < p->head.nr_functions; i++)
		if (p->functions[i].word_addr == w->addr &&
		    memcmp(p->functions[i].original, w->original, sizeof(w->original)) == 0)
			return true;
	return false;
}

/* What the registry would write back at a revert is what the container says. */
static enum ulp_code originals_check(const struct plan *plan, const struct registry_patch *p,
				     struct ulp_err *err)
{
	const struct ulp_patch *rev = &plan->container->revert;
	size_t nr_words = 0;

	for (size_t i = 0; i < rev->nr_functions; i++) {
		const struct arch_entry entry =
			record_entry(&rev->functions[i], plan->target->bias);
		struct arch_word words[ARCH_MAX_WORDS];
		size_t nr;
		enum ulp_code code = arch_words(&entry, words, &nr, err);

		if (code)
			return code;
		for (size_t k = 0; k < nr; k++)
			if (!record_has_word(p, &words[k]))
				return ulp_fail(
					err, ULP_EREGISTRY,
					"the registry does not have the original bytes of %s",
					rev->functions[i].old_name);
		nr_words += nr;
	}
	if (p->head.nr_functions != nr_words)
		return ulp_fail(err, ULP_EREGISTRY, "the registry has %u entries, %s has %zu",
				p->head.nr_functions, plan->container->base_name, nr_words);
	return ULP_OK;
}

/* --- what the commit changes ------------------------------------------------------ */

bool plan_supersedes(const struct plan *plan, const struct registry_patch *p)
{
	for (size_t i = 0; i < plan->nr_superseded; i++)
		if (plan->superseded[i] == p->at)
			return true;
	return false;
}

/* The applied patches of the target that the container supersedes. */
static enum ulp_code superseded_find(struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;

	if (!reg->nr)
		return ULP_OK;
	plan->superseded = calloc(reg->nr, sizeof(*plan->superseded));
	if (!plan->superseded)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 0; i < reg->nr; i++)
		if (relations_superseded(reg, plan->target, &plan->container->patch,
					 &reg->patches[i]))
			plan->superseded[plan->nr_superseded++] = reg->patches[i].at;
	return ULP_OK;
}

/* Whether the commit changes the state of the i-th patch. */
static bool is_changed(const struct plan *plan, size_t i)
{
	return i == plan->index || plan_supersedes(plan, &plan->engine->registry.patches[i]);
}

/* next_state of every patch is its state, but for ours and those that it supersedes. */
static void intents_make(struct plan *plan, enum ulp_patch_state ours)
{
	struct registry *reg = &plan->engine->registry;

	for (size_t i = 0; i < reg->nr; i++) {
		struct registry_patch *p = &reg->patches[i];

		p->head.next_state = plan_supersedes(plan, p) ? ULP_PATCH_REVERTED : p->head.state;
		p->head.next_sequence = p->head.sequence;
	}
	reg->patches[plan->index].head.next_state = ours;
	if (ours == ULP_PATCH_APPLIED)
		reg->patches[plan->index].head.next_sequence = reg->head.sequence + 1;
}

/* The words of a record are what the registry says, and inside the target's code. */
static enum ulp_code words_check(const struct plan *plan, const struct registry_patch *p,
				 struct ulp_err *err)
{
	const struct ulp_object *target = plan->target;
	enum ulp_code code = ULP_OK;

	for (uint32_t i = 0; !code && i < p->head.nr_functions; i++) {
		const struct ulp_reg_function *f = &p->functions[i];

		if (!in_text(target, f->word_addr, sizeof(f->original)))
			return ulp_fail(err, ULP_EREGISTRY,
					"the registry has an entry outside the code of %s",
					target->soname);
		code = word_check(plan, f->word_addr, f->original, registry_string(p, f->name),
				  err);
	}
	return code;
}

/* Those of all patches that change, ours if it is in the registry already. */
static enum ulp_code changed_words_check(const struct plan *plan, bool with_ours,
					 struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < reg->nr && !code; i++)
		if (with_ours ? is_changed(plan, i) : plan_supersedes(plan, &reg->patches[i]))
			code = words_check(plan, &reg->patches[i], err);
	return code;
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
	code = relations_check_apply(&e->registry, plan->target, &c->patch, err);
	if (!code)
		code = superseded_find(plan, err);
	if (!code)
		code = functions_check(plan, err);
	if (!code)
		code = changed_words_check(plan, false, err);
	if (!code && index >= 0)
		code = originals_check(plan, &e->registry.patches[index], err);
	if (!code)
		code = guards_make(plan, NULL, err);
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
	code = relations_check_revert(&e->registry, plan->target, p, &c->patch, err);
	if (!code)
		code = originals_check(plan, p, err);
	if (!code)
		code = words_check(plan, p, err);
	if (!code)
		code = guards_make(plan, p, err);
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

static enum ulp_code another_tool(struct ulp_err *err)
{
	return ulp_fail(err, ULP_ESTOP,
			"another tool has changed the registry meanwhile; try again");
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
		return another_tool(err);
	return ULP_OK;
}

/* A revert by another tool shows in its record alone. */
static enum ulp_code records_recheck(const struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;

	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];
		uint32_t state;
		enum ulp_code code = space_read(plan->engine->space,
						p->at + offsetof(struct ulp_reg_patch, state),
						&state, sizeof(state), err);

		if (code)
			return code;
		if (state != p->head.state)
			return another_tool(err);
	}
	return ULP_OK;
}

/* What may have changed since the plan was made, cheap enough for the stop. */
static enum ulp_code recheck(const struct plan *plan, struct ulp_err *err)
{
	enum ulp_code code = registry_recheck(plan, err);

	if (!code)
		code = records_recheck(plan, err);
	if (code)
		return code;
	if (!object_still_loaded(plan->engine->space, plan->target))
		return ulp_fail(err, ULP_ENOTARGET, "the process has unloaded %s meanwhile",
				plan->target->soname);
	return changed_words_check(plan, true, err);
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
