/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing the tree: roots from the spec, then what each function brings with it. */
#include "config.h"

#include "packer/closure.h"

#include "i18n/i18n.h"
#include "packer/copies.h"
#include "packer/match.h"
#include "packer/users.h"

#include <string.h>

static struct pool *pool_of(const struct closure *c)
{
	return c->in->pool;
}

static size_t add_node(struct closure *c, const struct closure_node *node)
{
	c->nodes = pool_grow(pool_of(c), c->nodes, c->nr_nodes, &c->cap, sizeof(*node));
	c->nodes[c->nr_nodes] = *node;
	return c->nr_nodes++;
}

/* Whether an earlier node decides about this piece of code. */
static bool is_above(const struct closure *c, uint64_t vaddr)
{
	for (size_t i = 0; i < c->nr_nodes; i++)
		if (c->nodes[i].vaddr == vaddr && c->nodes[i].fate != CLOSURE_ABOVE)
			return true;
	return false;
}

static enum ulp_code grow(struct closure *c, const struct closure_node *node, struct ulp_err *err);

/* --- leaving a body without callers -------------------------------------------------- */

static enum ulp_code refuse(struct closure *c, size_t node, struct ulp_err *err, const char *why)
{
	const struct closure_node *n = &c->nodes[node];

	c->nodes[node].fate = CLOSURE_REFUSED;
	return spec_fail(c->in->spec, n->spec->place, ULP_EMISMATCH, err,
			 "%s%s%s%s would keep the old code of %s: %s", n->name,
			 *n->unit ? " (" : "", n->unit, *n->unit ? ")" : "", n->spec->replace, why);
}

/* A static function is led to from its own unit only. */
static const char *unit_of_user(const struct closure *c, const struct closure_node *of,
				const struct elf_symbol *user)
{
	const struct elf_symbol *symbol = users_function_at(c->in->target, of->vaddr);

	return symbol && *symbol->file ? of->unit : user->file;
}

static enum ulp_code leave(struct closure *c, size_t node, struct ulp_err *err)
{
	struct users users;
	enum ulp_code code =
		users_find(pool_of(c), c->in->target, c->nodes[node].vaddr, &users, err);

	if (!code && users.others)
		code = refuse(
			c, node, err,
			_("it cannot be replaced by itself, and not all of its callers are known "
			  "(it is exported or its address is in a table)"));
	if (!code) {
		const struct elf_symbol *left =
			users_function_at(c->in->target, c->nodes[node].vaddr);

		c->nodes[node].fate = CLOSURE_LEFT;
		if (left)
			functions_guard(c->in, c->functions, left);
	}
	for (size_t i = 0; !code && i < users.nr_functions; i++) {
		const struct elf_symbol *user = users.functions[i];
		const struct closure_node child = {
			.parent = node,
			.name = user->name,
			.unit = unit_of_user(c, &c->nodes[node], user),
			.within = "",
			.vaddr = user->value,
			.cause = CLOSURE_USER,
			.spec = c->nodes[node].spec,
		};

		code = grow(c, &child, err);
	}
	return code;
}

/* --- replacing one that the spec does not name --------------------------------------- */

/* The object that has the fixed form of this unit, NULL if it is not given. */
static struct object *object_of_unit(const struct closure *c, const char *unit)
{
	for (size_t i = 0; i < c->in->nr_objects; i++) {
		struct object *o = &c->in->objects[i];

		if (object_has_source(o, unit))
			return o;
	}
	return NULL;
}

/* A function of the objects for this name: that unit's own, or one that is global. */
static bool find_new(const struct closure *c, const struct closure_node *node, const char *name,
		     struct replacement *r)
{
	struct object *own = object_of_unit(c, node->unit);

	for (size_t i = 0; i < c->in->nr_objects; i++) {
		struct object *o = &c->in->objects[i];
		const size_t symbol = object_find_function(o, name);

		if (!symbol || o->symbols[symbol].elf.type == STT_GNU_IFUNC ||
		    (own ? o != own : o->symbols[symbol].elf.bind == STB_LOCAL))
			continue;
		r->object = o;
		r->symbol = symbol;
		return true;
	}
	return false;
}

/* The pair for a piece of the target's code, under any of its names; false if there is none. */
static bool find_pair(const struct closure *c, const struct closure_node *node,
		      struct replacement *r)
{
	const struct target *target = c->in->target;

	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];
		struct spec_function *f;

		if (s->value != node->vaddr || s->type != STT_FUNC || s->shndx == SHN_UNDEF ||
		    !s->size || !find_new(c, node, s->name, r))
			continue;
		f = pool_alloc(pool_of(c), 1, sizeof(*f));
		*f = (struct spec_function){s->name, s->name, NULL, node->spec->place};
		r->spec = f;
		r->old = s;
		return true;
	}
	return false;
}

static void tell_added(const struct closure *c, const struct closure_node *n)
{
	const struct closure_node *parent = &c->nodes[n->parent];

	if (n->cause == CLOSURE_USER)
		report_add(c->in->report, pool_of(c), NOTE_CHOICE,
			   "%s is replaced too: it calls %s", n->name, parent->name);
	else
		report_add(c->in->report, pool_of(c), NOTE_CHOICE,
			   "%s is replaced too: %s was inlined into it%s", n->name, parent->name,
			   n->within);
}

static enum ulp_code no_pair(struct closure *c, size_t node, struct ulp_err *err)
{
	const char *unit = c->nodes[node].unit;
	const struct object *own = object_of_unit(c, unit);

	if (own)
		return leave(c, node, err);
	return refuse(c, node, err,
		      pool_printf(pool_of(c),
				  c->in->objects[0].linked
					  ? _("link in the object of %s too, compiled from the "
					      "fixed source, or pack with --no-closure-check")
					  : _("give the object of %s too, compiled from the fixed "
					      "source, or pack with --no-closure-check"),
				  *unit ? unit : _("its source")));
}

static enum ulp_code replace(struct closure *c, size_t node, struct ulp_err *err)
{
	struct replacement r = {.no_entry = c->nodes[node].no_entry};
	enum ulp_code code;

	if (!find_pair(c, &c->nodes[node], &r))
		return no_pair(c, node, err);
	code = functions_checksum_old(c->in, &r, err);
	if (!code)
		code = functions_add(c->in, c->functions, &r, err);
	c->nodes[node].fate = code ? CLOSURE_REFUSED : CLOSURE_REPLACED;
	if (!code)
		tell_added(c, &c->nodes[node]);
	return code;
}

/* --- one node ---------------------------------------------------------------------------- */

static bool is_stale_accepted(const struct closure *c, const struct closure_node *n)
{
	const struct spec_accept *accept = spec_accepted(c->in->spec, "stale-copy", n->name);

	if (accept)
		report_add(c->in->report, pool_of(c), NOTE_WARNING,
			   "%s keeps the old code of %s, as the spec accepts: %s", n->name,
			   n->spec->replace, accept->reason);
	return accept != NULL;
}

static enum ulp_code grow(struct closure *c, const struct closure_node *node, struct ulp_err *err)
{
	const bool above = is_above(c, node->vaddr);
	const size_t i = add_node(c, node);

	if (above)
		c->nodes[i].fate = CLOSURE_ABOVE;
	else if (is_stale_accepted(c, node))
		c->nodes[i].fate = CLOSURE_STALE;
	else if (name_is_clone(node->name))
		return leave(c, i, err);
	else
		return replace(c, i, err);
	return ULP_OK;
}

static enum ulp_code grow_copies(struct closure *c, size_t root, const struct copies_query *q,
				 struct ulp_err *err)
{
	for (size_t i = 0; i < q->nr_copies; i++) {
		const struct copy *copy = &q->copies[i];
		const size_t len = strlen(q->name);
		const bool clone = strncmp(copy->name, q->name, len) == 0 &&
				   (!copy->name[len] || copy->name[len] == '.');
		const struct closure_node node = {
			.parent = root,
			.name = copy->name,
			.unit = copy->unit,
			.within = copy->within,
			.no_entry = copy->no_entry,
			.vaddr = copy->vaddr,
			.cause = clone ? CLOSURE_CLONE : CLOSURE_COPY,
			.spec = c->nodes[root].spec,
		};
		enum ulp_code code = grow(c, &node, err);

		if (code)
			return code;
	}
	return ULP_OK;
}

/* --- the roots ------------------------------------------------------------------------------ */

static enum ulp_code add_root(struct closure *c, const struct replacement *r,
			      const struct copies_query *q, struct ulp_err *err)
{
	struct closure_node node = {
		.parent = CLOSURE_ROOT,
		.name = r->spec->replace,
		.unit = q->unit ? q->unit : "",
		.within = "",
		.vaddr = r->old ? r->old->value : 0,
		.cause = CLOSURE_SPEC,
		.spec = r->spec,
	};
	const size_t i = add_node(c, &node);
	struct replacement pair = *r;
	enum ulp_code code;

	if (!r->old) {
		c->nodes[i].fate = CLOSURE_GONE;
		return q->nr_copies ? ULP_OK : functions_no_old(c->in, r, err);
	}
	pair.no_entry = q->no_entry;
	if (!r->object)
		return ULP_OK; /* left without callers, once all roots are known */
	code = functions_add(c->in, c->functions, &pair, err);
	c->nodes[i].fate = code ? CLOSURE_REFUSED : CLOSURE_REPLACED;
	return code;
}

static enum ulp_code grow_root(struct closure *c, size_t root, const struct replacement *r,
			       const struct copies_query *q, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	if (r->old && !r->object) {
		if (!object_of_unit(c, c->nodes[root].unit))
			return functions_no_new(c->in, r, err);
		code = leave(c, root, err);
	}
	return code ? code : grow_copies(c, root, q, err);
}

static enum ulp_code check_answer(const struct closure *c, const struct replacement *r,
				  const struct copies_query *q, struct ulp_err *err)
{
	if (q->nr_functions < 2)
		return ULP_OK;
	return spec_fail(c->in->spec, r->spec->place, ULP_EAMBIGUOUS, err,
			 "%s names %zu functions of the target's source: %s; say which with "
			 "'source:'",
			 r->spec->replace, q->nr_functions, q->functions);
}

static enum ulp_code ask(struct closure *c, const struct replacement *roots, size_t nr,
			 struct copies_query **queries, struct ulp_err *err)
{
	struct copies_query *q = pool_alloc(pool_of(c), nr, sizeof(*q));
	enum ulp_code code;

	for (size_t i = 0; i < nr; i++) {
		q[i].name = roots[i].spec->replace;
		q[i].source = roots[i].spec->source;
		if (!q[i].source && roots[i].object && *roots[i].object->source)
			q[i].source = roots[i].object->source;
		q[i].vaddr = roots[i].old ? roots[i].old->value : 0;
	}
	code = copies_find(pool_of(c), c->in->target, q, nr, &c->told_by, err);
	for (size_t i = 0; !code && i < nr; i++)
		code = check_answer(c, &roots[i], &q[i], err);
	*queries = q;
	return code;
}

/* What is missing on both sides says more than that nothing is known of copies. */
static enum ulp_code unknown(const struct closure *c, const struct replacement *roots, size_t nr,
			     struct ulp_err *err)
{
	for (size_t i = 0; i < nr; i++) {
		if (!roots[i].old)
			return functions_no_old(c->in, &roots[i], err);
		if (!roots[i].object)
			return functions_no_new(c->in, &roots[i], err);
	}
	return spec_fail(
		c->in->spec, roots[0].spec->place, ULP_EMISMATCH, err,
		nr > 1 ? N_("cannot know whether %s and the others were inlined elsewhere: "
			    "%s has neither the plugin's facts nor debug information, and "
			    "no debug file with them was found; name it with "
			    "--debug-file, or pack with --no-closure-check")
		       : N_("cannot know whether %s was inlined elsewhere: %s has neither "
			    "the plugin's facts nor debug information, and no debug file "
			    "with them was found; name it with --debug-file, or pack with "
			    "--no-closure-check"),
		roots[0].spec->replace, c->in->target->library.soname);
}

enum ulp_code closure_run(struct closure *c, struct replacement *roots, size_t nr,
			  struct ulp_err *err)
{
	struct copies_query *queries;
	enum ulp_code code = ask(c, roots, nr, &queries, err);

	if (!code && !c->told_by)
		code = unknown(c, roots, nr, err);
	for (size_t i = 0; !code && i < nr; i++)
		code = add_root(c, &roots[i], &queries[i], err);
	for (size_t i = 0; !code && i < nr; i++)
		code = grow_root(c, i, &roots[i], &queries[i], err);
	if (!code)
		report_add(c->in->report, pool_of(c), NOTE_DETAIL,
			   "copies of the functions are known by %s", c->told_by);
	return code;
}
