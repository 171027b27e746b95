/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The closure as a tree for people. */
#include "config.h"

#include "packer/closure.h"

#include "i18n/i18n.h"

static const char *const causes[] = {
	[CLOSURE_SPEC] = N_("named by the spec"),
	[CLOSURE_COPY] = N_("holds a copy"),
	[CLOSURE_CLONE] = N_("made of it by the compiler"),
	[CLOSURE_USER] = N_("leads to it"),
};

static const char *const fates[] = {
	[CLOSURE_OPEN] = N_("not decided"),
	[CLOSURE_REPLACED] = N_("replaced"),
	[CLOSURE_GONE] = N_("has no code of its own in the target"),
	[CLOSURE_LEFT] = N_("not replaced itself, but all that lead to it are"),
	[CLOSURE_ABOVE] = N_("see elsewhere in this list"),
	[CLOSURE_REFUSED] = N_("CANNOT be replaced"),
	[CLOSURE_STALE] = N_("keeps the old code, as the spec accepts"),
};

static const char *line(struct pool *pool, const struct closure_node *n)
{
	return pool_printf(pool, "%s%s%s%s: %s%s; %s\n", n->name, *n->unit ? " (" : "", n->unit,
			   *n->unit ? ")" : "", _(causes[n->cause]), n->within, _(fates[n->fate]));
}

static bool is_last_child(const struct closure *c, size_t node)
{
	for (size_t i = node + 1; i < c->nr_nodes; i++)
		if (c->nodes[i].parent == c->nodes[node].parent)
			return false;
	return true;
}

/* margin: what stands before the lines of the children. */
static const char *subtree(struct pool *pool, const struct closure *c, size_t node,
			   const char *margin)
{
	const char *text = line(pool, &c->nodes[node]);

	for (size_t i = node + 1; i < c->nr_nodes; i++) {
		bool last;

		if (c->nodes[i].parent != node)
			continue;
		last = is_last_child(c, i);
		text = pool_printf(
			pool, "%s%s%s%s", text, margin, last ? "`-- " : "|-- ",
			subtree(pool, c, i,
				pool_printf(pool, "%s%s", margin, last ? "    " : "|   ")));
	}
	return text;
}

const char *closure_explain(struct pool *pool, const struct closure *closure)
{
	const char *text = "";

	for (size_t i = 0; i < closure->nr_nodes; i++)
		if (closure->nodes[i].parent == CLOSURE_ROOT)
			text = pool_printf(pool, "%s%s", text, subtree(pool, closure, i, ""));
	return text;
}
