/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The types at the edge against those of the same name in the target. */
#include "config.h"

#include "i18n/i18n.h"
#include "packer/types_checker.h"
#include "packer/types_compare.h"

#include <dwarf.h>
#include <string.h>

/* Definitions that differ from one another; more of one name in a library are not looked at. */
#define MAX_CANDIDATES 8u

struct candidates {
	Dwarf_Die list[MAX_CANDIDATES];
	size_t nr;
};

static const int aggregate_tags[] = {DW_TAG_structure_type, DW_TAG_class_type, DW_TAG_union_type,
				     DW_TAG_enumeration_type};

/* The tag under which an index has it; 0: it is none of these. */
static int aggregate_tag(Dwarf_Die *type)
{
	const int tag = dwarf_tag(type);

	for (size_t i = 0; i < sizeof(aggregate_tags) / sizeof(aggregate_tags[0]); i++)
		if (aggregate_tags[i] == tag)
			return tag == DW_TAG_class_type ? DW_TAG_structure_type : tag;
	return 0;
}

static bool same_definition(struct pool *pool, Dwarf_Die *a, Dwarf_Die *b)
{
	return dwarf_bytesize(a) == dwarf_bytesize(b) &&
	       strcmp(types_place(pool, a), types_place(pool, b)) == 0;
}

static void add_candidate(struct pool *pool, struct candidates *found, Dwarf_Die *type)
{
	if (types_flag(type, DW_AT_declaration) || found->nr == MAX_CANDIDATES)
		return;
	for (size_t i = 0; i < found->nr; i++)
		if (same_definition(pool, &found->list[i], type))
			return;
	found->list[found->nr++] = *type;
}

static void find_by_name(struct pool *pool, const struct types_index *index, int tag,
			 const char *name, int wanted, struct candidates *found)
{
	const struct types_entry *e;
	size_t nr;

	e = name ? types_find(index, tag, name, &nr) : NULL;
	for (size_t i = 0; e && i < nr; i++) {
		Dwarf_Die die = e[i].die, type;

		if (types_peel(&die, &type) && aggregate_tag(&type) == wanted)
			add_candidate(pool, found, &type);
	}
}

static void find_candidates(struct types_checker *c, const struct types_index *index,
			    struct types_edge_type *t, struct candidates *found)
{
	const int tag = aggregate_tag(&t->die);

	find_by_name(c->pool, index, tag, t->name, tag, found);
	if (!found->nr)
		find_by_name(c->pool, index, DW_TAG_typedef, t->alias, tag, found);
}

/* What other units have from the same header; the object's own source has its own types. */
static void find_elsewhere(struct types_checker *c, struct types_edge_type *t,
			   struct candidates *found)
{
	const char *header = types_declared_in(&t->die);
	struct candidates all = {0};

	if (!*header || strcmp(header, c->object->source) == 0)
		return;
	find_candidates(c, types_file_index(c->pool, &c->then), t, &all);
	for (size_t i = 0; i < all.nr; i++)
		if (strcmp(types_declared_in(&all.list[i]), header) == 0)
			found->list[found->nr++] = all.list[i];
}

static bool differs_from_all(struct types_checker *c, struct types_edge_type *t,
			     struct candidates *found, struct types_difference *d)
{
	struct types_difference first = {0};

	for (size_t i = 0; i < found->nr; i++) {
		struct types_compare compare = {.pool = c->pool};

		if (!types_differ(&compare, &t->die, &found->list[i], i ? &first : d))
			return false;
	}
	return found->nr != 0;
}

static void refuse_layout(struct types_checker *c, struct types_edge_type *t, Dwarf_Die *then,
			  const struct types_difference *d)
{
	Dwarf_Die now = d->now;
	struct types_refusal refusal = {
		.word = TYPES_STRUCT_LAYOUT,
		.keyword = types_keyword(&t->die),
		.name = t->name ? t->name : t->alias,
		.alias = t->name ? t->alias : NULL,
		.place = types_place(c->pool, &now),
	};

	if (!*refusal.place) /* enumerators have no line */
		refusal.place = types_place(c->pool, &t->die);
	if (!t->name && dwarf_tag(&t->die) != DW_TAG_enumeration_type)
		refusal.keyword = _("type"); /* an unnamed one behind a typedef */
	refusal.text =
		pool_printf(c->pool,
			    _("%s; in the target (%s) it has %s, in the fix %s; %s uses it, and "
			      "what the running process holds of it is laid out as in the target"),
			    d->text, types_place(c->pool, then), types_size_text(c->pool, then),
			    types_size_text(c->pool, &t->die), t->via);
	types_checker_refuse(c, &refusal);
}

static void find_in_units(struct types_checker *c, struct types_edge_type *t,
			  struct candidates *found)
{
	for (size_t i = 0; i < c->nr_units; i++)
		find_candidates(c, types_unit_index(c->pool, &c->then, c->units[i]), t, found);
}

static void check_layout(struct types_checker *c, struct types_edge_type *t)
{
	struct candidates found = {0};
	struct types_difference d;
	bool here;

	find_in_units(c, t, &found);
	here = found.nr != 0;
	if (!here)
		find_elsewhere(c, t, &found);
	if (!differs_from_all(c, t, &found, &d))
		return;
	if (here || found.nr == 1)
		refuse_layout(c, t, &found.list[0], &d);
	else
		report_add(c->report, c->pool, NOTE_DETAIL,
			   "%s %s: not compared: the target has several of this name",
			   types_keyword(&t->die), t->name ? t->name : t->alias);
}

/* A type that is used only in casts is in the object, too, but nobody refers to it. */
static void warn_of_layout(struct types_checker *c, const struct types_entry *e)
{
	struct types_edge_type t = {.die = e->die, .name = e->name};
	struct candidates found = {0};
	struct types_difference d;

	if (!aggregate_tag(&t.die) || types_flag(&t.die, DW_AT_declaration) ||
	    types_edge_has_met(&c->edge, &t.die))
		return;
	find_in_units(c, &t, &found);
	if (differs_from_all(c, &t, &found, &d))
		report_add(c->report, c->pool, NOTE_WARNING,
			   "%s: %s %s: %s; this is right only if what the running process holds of "
			   "it never gets to the fix",
			   types_place(c->pool, &t.die), types_keyword(&t.die), t.name, d.text);
}

void types_check_layouts(struct types_checker *c)
{
	for (size_t i = 0; i < c->edge.nr_types; i++)
		check_layout(c, &c->edge.types[i]);
	for (size_t i = 0; i < c->index->nr; i++)
		warn_of_layout(c, &c->index->entries[i]);
}

/* The target's declaration of a variable. */
static const struct types_entry *find_variable(struct types_checker *c, const char *name,
					       bool external)
{
	const struct types_entry *e = NULL;
	size_t nr;

	for (size_t i = 0; !e && i < c->nr_units; i++)
		e = types_find(types_unit_index(c->pool, &c->then, c->units[i]), DW_TAG_variable,
			       name, &nr);
	if (e || !external)
		return e;
	e = types_find(types_file_index(c->pool, &c->then), DW_TAG_variable, name, &nr);
	for (size_t i = 0; e && i < nr; i++) {
		Dwarf_Die die = e[i].die;

		if (types_flag(&die, DW_AT_external) && !types_flag(&die, DW_AT_declaration))
			return &e[i];
	}
	return NULL;
}

void types_check_variable(struct types_checker *c, Dwarf_Die *variable, const char *name)
{
	struct types_refusal refusal = {
		.word = TYPES_STRUCT_LAYOUT,
		.keyword = _("variable"),
		.name = name,
		.place = types_place(c->pool, variable),
	};
	const struct types_entry *e = find_variable(c, name, types_flag(variable, DW_AT_external));
	struct types_compare compare = {.pool = c->pool};
	struct types_difference d;
	Dwarf_Die now, then, old;

	if (!e)
		return;
	old = e->die;
	if (!types_type_of(variable, &now) || !types_type_of(&old, &then) ||
	    !types_member_differs(&compare, &now, &then, &d))
		return;
	refusal.text = pool_printf(c->pool, _("%s (in the target: %s)"), d.text,
				   types_place(c->pool, &old));
	types_checker_refuse(c, &refusal);
}
