/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/change_note.h"

#include <stdio.h>

/* --- the messages of the process ------------------------------------------------ */

static void container_message(const struct change *change, const struct plan *plan)
{
	const struct ulp_container *c = change->container;
	char line[512];

	(void)snprintf(line, sizeof(line), "%s %s: %zu function%s of %s",
		       plan->applies ? "applied" : "reverted", c->base_name, c->patch.nr_functions,
		       c->patch.nr_functions == 1 ? "" : "s", c->patch.soname);
	registry_message(&plan->engine->registry, plan->engine->space, line);
}

/* One that left beside the container, or without one. */
static void leaving_message(const struct change *change, const struct plan *plan,
			    const struct registry_patch *p)
{
	char line[512];

	if (change->kind == CHANGE_REVERT_ALL)
		(void)snprintf(line, sizeof(line), "reverted %.200s: all of %.200s leave",
			       registry_string(p, p->head.file), change->library);
	else
		(void)snprintf(line, sizeof(line), "reverted %.200s: %s %.200s",
			       registry_string(p, p->head.file),
			       change->kind == CHANGE_EXCHANGE ? "all leave but" : "superseded by",
			       change->container->base_name);
	registry_message(&plan->engine->registry, plan->engine->space, line);
}

void change_messages(const struct change *change, const struct plan *plan)
{
	const struct registry *reg = &plan->engine->registry;

	if (plan->applies || change->kind == CHANGE_REVERT)
		container_message(change, plan);
	if (change->kind == CHANGE_REVERT)
		return;
	for (size_t i = 0; i < reg->nr; i++)
		if (plan_leaves(plan, &reg->patches[i]))
			leaving_message(change, plan, &reg->patches[i]);
}

/* --- the user's line ------------------------------------------------------------ */

/* "a.so, b.so" */
static void leaving_list(const struct plan *plan, char *text, size_t len)
{
	const struct registry *reg = &plan->engine->registry;
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < reg->nr; i++) {
		const struct registry_patch *p = &reg->patches[i];
		int n;

		if (!plan_leaves(plan, p))
			continue;
		n = snprintf(text + at, len - at, "%s%.100s", at ? ", " : "",
			     registry_string(p, p->head.file));
		if (n < 0 || (size_t)n >= len - at) {
			/* The end of a list that is too long. */
			(void)snprintf(text + (at < len - 6 ? at : len - 6), 6, ", ...");
			return;
		}
		at += (size_t)n;
	}
}

static const char *nothing_note(const struct change *change)
{
	return change->kind == CHANGE_REVERT_ALL ? _("no live patch is applied to it")
						 : _("it is applied already, and no other");
}

static const char *leaving_note(const struct change *change, const struct plan *plan)
{
	const bool kept = change->kind == CHANGE_EXCHANGE && !plan->applies;

	if (change->dry_run)
		return kept ? _("it is applied already; would leave") : _("would leave");
	return kept ? _("it was applied already; reverted") : _("reverted");
}

void change_note(const struct change *change, const struct plan *plan, char *text, size_t len)
{
	char list[512];

	text[0] = '\0';
	if (plan_is_empty(plan)) {
		(void)snprintf(text, len, "%s", nothing_note(change));
	} else if (plan->nr_leaving && change->kind != CHANGE_REVERT) {
		leaving_list(plan, list, sizeof(list));
		(void)snprintf(text, len, "%s: %s", leaving_note(change, plan), list);
	}
}
