/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/copies.h"

#include "i18n/i18n.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct copies {
	uint64_t *at; /* their biases; owned */
	size_t nr;
	size_t *changed; /* indices into at; owned */
	size_t nr_changed;
};

/* What has been committed moves records and objects in our copy of them. */
static enum ulp_code select_copy(struct target *t, uint64_t at, uint64_t deadline_ns, bool fresh,
				 struct ulp_err *err)
{
	enum ulp_code code = fresh ? ULP_OK : target_refresh(t, deadline_ns, err);

	t->engine.copy = at;
	return code;
}

/* The reason stays the first failure; what is left behind is told with it. */
static void change_back(struct target *t, const struct copies *copies, uint64_t deadline_ns,
			const struct copies_steps *steps, struct ulp_err *err)
{
	size_t nr_left = 0;

	for (size_t i = copies->nr_changed; i-- > 0;) {
		struct ulp_err second;
		enum ulp_code code =
			select_copy(t, copies->at[copies->changed[i]], deadline_ns, false, &second);

		if (!code)
			code = steps->back(steps->ctx, &second);
		nr_left += code != ULP_OK;
	}
	if (nr_left) {
		const size_t len = strlen(err->text);

		(void)snprintf(err->text + len, sizeof(err->text) - len,
			       _("; %zu of %zu copies of the library have been changed and could "
				 "not be changed back"),
			       nr_left, copies->nr);
	}
}

/* *nothing: why the last copy that was passed over had nothing to be done. */
static enum ulp_code change_each(struct target *t, struct copies *copies, uint64_t deadline_ns,
				 const struct copies_steps *steps, struct ulp_err *nothing,
				 struct ulp_err *err)
{
	for (size_t i = 0; i < copies->nr; i++) {
		struct ulp_err why = {0};
		enum ulp_code code = select_copy(t, copies->at[i], deadline_ns, i == 0, &why);

		if (!code)
			code = steps->change(steps->ctx, &why);
		if (!code) {
			copies->changed[copies->nr_changed++] = i;
		} else if (code == steps->already || code == ULP_ENOTARGET) {
			*nothing = why; /* or it has been unloaded meanwhile */
		} else {
			(void)ulp_err_at(&why, "copy %zu of %zu", i + 1, copies->nr);
			*err = why;
			return code;
		}
	}
	return ULP_OK;
}

static enum ulp_code change_all(struct target *t, struct copies *copies, uint64_t deadline_ns,
				const struct copies_steps *steps, struct ulp_err *err)
{
	struct ulp_err nothing = {0}, why = {0};
	enum ulp_code code = change_each(t, copies, deadline_ns, steps, &nothing, &why);

	if (code)
		change_back(t, copies, deadline_ns, steps, &why);
	else if (!copies->nr_changed)
		why = nothing;
	t->engine.copy = 0;
	if (why.code && err)
		*err = why;
	return why.code;
}

enum ulp_code copies_change(struct target *t, const struct ulp_container *c, uint64_t deadline_ns,
			    const struct copies_steps *steps, struct ulp_err *err)
{
	struct copies copies = {0};
	enum ulp_code code = engine_copies(&t->engine, c, &copies.at, &copies.nr, err);

	if (code)
		return code;
	if (copies.nr == 1) {
		free(copies.at);
		return steps->change(steps->ctx, err);
	}
	copies.changed = calloc(copies.nr, sizeof(*copies.changed));
	code = copies.changed ? change_all(t, &copies, deadline_ns, steps, err)
			      : ulp_fail(err, ULP_ENOMEM, "out of memory");
	free(copies.changed);
	free(copies.at);
	return code;
}
