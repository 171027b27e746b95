/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/plan_checks.h"
#include "engine/record.h"
#include "engine/word_runs.h"

#include <stdlib.h>
#include <string.h>

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
static enum ulp_code word_check(const struct plan *plan, struct word_run *run,
				const struct ulp_object *library, uint64_t word_addr,
				const uint8_t original[8], const char *name, struct ulp_err *err)
{
	uint8_t now[8];
	uint8_t want[8];
	char a[24];
	char b[24];
	enum ulp_code code = word_run_read(run, word_addr, now, err);

	if (code)
		return code;
	if (!registry_word(&plan->engine->registry, word_addr, false, want))
		memcpy(want, original, sizeof(want));
	if (memcmp(now, want, sizeof(want)) == 0)
		return ULP_OK;
	return ulp_fail(err, ULP_EENTRY,
			"the entry of %s in %s is %s, expected %s: has a debugger or another tool "
			"changed it?",
			name, library->soname, hex8(now, a), hex8(want, b));
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
	struct word_run run;
	struct arch_word words[ARCH_MAX_WORDS];
	size_t nr;
	enum ulp_code code = arch_words(&entry, words, &nr, err);

	if (code) {
		(void)ulp_err_at(err, "%s", f->old_name);
		return code;
	}
	word_run_init(&run, plan->engine->space);
	for (size_t i = 0; i < nr && !code; i++) {
		if (!in_text(plan->target, words[i].addr, sizeof(words[i].original)))
			return ulp_fail(err, ULP_EENTRY,
					"the entry of %s is outside the code of %s", f->old_name,
					plan->target->soname);
		code = word_check(plan, &run, plan->target, words[i].addr, words[i].original,
				  f->old_name, err);
	}
	return code;
}

enum ulp_code functions_check(const struct plan *plan, struct ulp_err *err)
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

enum ulp_code originals_check(const struct plan *plan, const struct registry_patch *p,
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

enum ulp_code words_check(const struct plan *plan, const struct registry_patch *p,
			  struct ulp_err *err)
{
	const struct ulp_object *library = plan_library_of(plan, p);
	struct word_run run;
	enum ulp_code code = ULP_OK;

	if (!library)
		return ulp_fail(err, ULP_EREGISTRY, "the library of a live patch is not loaded");
	word_run_init(&run, plan->engine->space);
	for (uint32_t i = 0; !code && i < p->head.nr_functions; i++) {
		const struct ulp_reg_function *f = &p->functions[i];

		if (!in_text(library, f->word_addr, sizeof(f->original)))
			return ulp_fail(err, ULP_EREGISTRY,
					"the registry has an entry outside the code of %s",
					library->soname);
		code = word_check(plan, &run, library, f->word_addr, f->original,
				  registry_string(p, f->name), err);
	}
	return code;
}

bool plan_changes(const struct plan *plan, size_t i)
{
	return i == plan->index || plan_leaves(plan, &plan->engine->registry.patches[i]);
}

enum ulp_code changed_words_check(const struct plan *plan, struct ulp_err *err)
{
	const struct registry *reg = &plan->engine->registry;
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < reg->nr && !code; i++)
		if (plan_changes(plan, i))
			code = words_check(plan, &reg->patches[i], err);
	return code;
}
