/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The refusals of the comparison of types, as one error. */
#include "config.h"

#include "packer/types_refuse.h"

#include "i18n/i18n.h"

#include <string.h>

/* Of further refusals the names are enough, and not of all. */
#define MAX_OTHERS 6u

void types_refusals_init(struct types_refusals *r, struct pool *pool, const struct spec *spec,
			 struct report *report)
{
	*r = (struct types_refusals){.pool = pool, .spec = spec, .report = report};
	r->used = pool_alloc(pool, spec->nr_accepts + 1, sizeof(*r->used));
}

static const char *name_text(struct pool *pool, const struct types_refusal *refusal)
{
	return refusal->alias ? pool_printf(pool, "%s %s (%s)", refusal->keyword, refusal->name,
					    refusal->alias)
			      : pool_printf(pool, "%s %s", refusal->keyword, refusal->name);
}

static bool accepted(struct types_refusals *r, const struct types_refusal *refusal)
{
	const struct spec_accept *a = spec_accepted(r->spec, refusal->word, refusal->name);

	if (!a && refusal->alias)
		a = spec_accepted(r->spec, refusal->word, refusal->alias);
	if (!a)
		return false;
	if (!r->used[a - r->spec->accepts])
		report_add(r->report, r->pool, NOTE_WARNING, "%s: accepted, because: %s: %s",
			   a->refusal, a->reason, refusal->text);
	r->used[a - r->spec->accepts] = true;
	return true;
}

void types_refuse(struct types_refusals *r, const struct types_refusal *refusal)
{
	if (accepted(r, refusal))
		return;
	for (size_t i = 0; i < r->nr; i++)
		if (strcmp(r->list[i].word, refusal->word) == 0 &&
		    strcmp(r->list[i].name, refusal->name) == 0)
			return;
	r->list = pool_grow(r->pool, r->list, r->nr, &r->cap, sizeof(*r->list));
	r->list[r->nr++] = *refusal;
}

void types_refusals_unused(struct types_refusals *r, const char *word)
{
	for (size_t i = 0; i < r->spec->nr_accepts; i++) {
		const struct spec_accept *a = &r->spec->accepts[i];

		if (!r->used[i] && strcmp(a->refusal, word) == 0)
			report_add(r->report, r->pool, NOTE_WARNING,
				   "%s:%zu:%zu: there is no %s of '%s' to be accepted",
				   r->spec->source.path, a->place.line, a->place.column, a->refusal,
				   a->name);
	}
}

static const char *others_text(const struct types_refusals *r)
{
	const char *list = "";

	for (size_t i = 1; i < r->nr && i <= MAX_OTHERS; i++)
		list = pool_printf(r->pool, "%s%s%s", list, *list ? ", " : _("; also changed: "),
				   name_text(r->pool, &r->list[i]));
	if (r->nr > MAX_OTHERS + 1)
		list = pool_printf(r->pool, _("%s and %zu more"), list, r->nr - MAX_OTHERS - 1);
	return list;
}

enum ulp_code types_refusals_end(const struct types_refusals *r, struct ulp_err *err)
{
	const struct types_refusal *first = r->list;

	if (!r->nr)
		return ULP_OK;
	ulp_fail(err, ULP_EMISMATCH, "%s: %s%s (key accept of the spec: %s)",
		 name_text(r->pool, first), first->text, others_text(r), first->word);
	ulp_err_at(err, *first->place ? "%s (%s)" : "%s%s", first->place,
		   first->object->file.base_name);
	return ULP_EMISMATCH;
}
