/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks from functions and variables over types, through pointers as well.  Each entry
 * is visited at most twice: as something that is shared with the target, and as something
 * that the fix holds by value in its own variables, of which only the pointers lead to
 * what is shared.
 */
#include "config.h"

#include "packer/types_edge.h"

#include <dwarf.h>
#include <string.h>

/* A type behind a pointer, to be visited later: recursion would go as deep as lists are long. */
struct types_pending {
	Dwarf_Die die;
	const char *via;
};

enum mark_kind {
	MARK_NONE = 0,
	MARK_NAMED, /* the index has it: `name` */
	MARK_SHARED,
	MARK_OWN,
};

struct types_mark {
	const void *addr;
	enum mark_kind kind;
	const char *name;
};

/* --- marks: a hash table with open addressing ------------------------------------- */

static struct types_mark *slot_of(struct types_mark *marks, size_t cap, const void *addr,
				  enum mark_kind kind)
{
	size_t i = ((size_t)(uintptr_t)addr * 2654435761u + (size_t)kind) % cap;

	while (marks[i].kind && (marks[i].addr != addr || marks[i].kind != kind))
		i = (i + 1) % cap;
	return &marks[i];
}

static void grow(struct types_edge *e)
{
	const size_t cap = e->marks_cap ? 2 * e->marks_cap : 1024;
	struct types_mark *marks = pool_alloc(e->pool, cap, sizeof(*marks));

	for (size_t i = 0; i < e->marks_cap; i++)
		if (e->marks[i].kind)
			*slot_of(marks, cap, e->marks[i].addr, e->marks[i].kind) = e->marks[i];
	e->marks = marks;
	e->marks_cap = cap;
}

/* false: it was marked before. */
static bool mark(struct types_edge *e, const void *addr, enum mark_kind kind, const char *name)
{
	struct types_mark *m;

	if (2 * (e->nr_marks + 1) > e->marks_cap)
		grow(e);
	m = slot_of(e->marks, e->marks_cap, addr, kind);
	if (m->kind)
		return false;
	*m = (struct types_mark){addr, kind, name};
	e->nr_marks++;
	return true;
}

/* NULL: not at the top level (a type inside a function), or without a name. */
static const char *name_of(struct types_edge *e, Dwarf_Die *die)
{
	return slot_of(e->marks, e->marks_cap, die->addr, MARK_NAMED)->name;
}

void types_edge_init(struct types_edge *e, struct pool *pool, const struct types_index *index)
{
	*e = (struct types_edge){.pool = pool};
	grow(e);
	for (size_t i = 0; i < index->nr; i++)
		(void)mark(e, index->entries[i].die.addr, MARK_NAMED, index->entries[i].name);
}

/* --- types ------------------------------------------------------------------------ */

static void visit(struct types_edge *e, Dwarf_Die *die, bool own);

static void visit_type_of(struct types_edge *e, Dwarf_Die *die, bool own)
{
	Dwarf_Die type;

	if (types_type_of(die, &type))
		visit(e, &type, own);
}

static void later(struct types_edge *e, Dwarf_Die *die)
{
	Dwarf_Die type;

	if (!types_type_of(die, &type))
		return;
	e->pending =
		pool_grow(e->pool, e->pending, e->nr_pending, &e->pending_cap, sizeof(*e->pending));
	e->pending[e->nr_pending++] = (struct types_pending){type, e->via};
}

static void visit_children(struct types_edge *e, Dwarf_Die *parent, int tag, bool own)
{
	Dwarf_Die die;

	if (dwarf_child(parent, &die) != 0)
		return;
	do {
		if (dwarf_tag(&die) == tag)
			visit_type_of(e, &die, own);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static void add_type(struct types_edge *e, Dwarf_Die *die, const char *name, const char *alias)
{
	if (!name && !alias)
		return;
	e->types = pool_grow(e->pool, e->types, e->nr_types, &e->types_cap, sizeof(*e->types));
	e->types[e->nr_types++] = (struct types_edge_type){*die, name, alias, e->via};
}

static void visit_aggregate(struct types_edge *e, Dwarf_Die *die, bool own)
{
	if (types_flag(die, DW_AT_declaration))
		return;
	visit_children(e, die, DW_TAG_inheritance, own);
	visit_children(e, die, DW_TAG_member, own);
	if (!own)
		add_type(e, die, name_of(e, die), NULL);
}

/* A typedef names what has no name of its own, and is a second name of what has. */
static void visit_typedef(struct types_edge *e, Dwarf_Die *die, bool own)
{
	const char *alias = name_of(e, die);
	Dwarf_Die type;

	visit_type_of(e, die, own);
	if (own || !alias || !types_peel(die, &type) || types_flag(&type, DW_AT_declaration))
		return;
	for (size_t i = 0; i < e->nr_types; i++) {
		if (e->types[i].die.addr != type.addr)
			continue;
		if (!e->types[i].alias)
			e->types[i].alias = alias;
		return;
	}
	switch (dwarf_tag(&type)) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		add_type(e, &type, NULL, alias);
		break;
	default:
		break;
	}
}

static void visit_tag(struct types_edge *e, Dwarf_Die *die, bool own)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		visit_aggregate(e, die, own);
		break;
	case DW_TAG_typedef:
		visit_typedef(e, die, own);
		break;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
	case DW_TAG_ptr_to_member_type:
		later(e, die);
		break;
	case DW_TAG_subroutine_type:
		visit_type_of(e, die, false);
		visit_children(e, die, DW_TAG_formal_parameter, false);
		break;
	default: /* qualifiers and arrays */
		visit_type_of(e, die, own);
		break;
	}
}

static void visit(struct types_edge *e, Dwarf_Die *die, bool own)
{
	if (e->depth == TYPES_MAX_DEPTH || !mark(e, die->addr, own ? MARK_OWN : MARK_SHARED, NULL))
		return;
	e->depth++;
	visit_tag(e, die, own);
	e->depth--;
}

static void visit_pending(struct types_edge *e)
{
	while (e->nr_pending) {
		struct types_pending p = e->pending[--e->nr_pending];

		e->via = p.via;
		visit(e, &p.die, false);
	}
}

/* --- functions -------------------------------------------------------------------- */

/* A variable of a function that lives as long as the target. */
static bool is_static(Dwarf_Die *variable)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t nr;

	return dwarf_attr_integrate(variable, DW_AT_location, &attr) &&
	       dwarf_getlocation(&attr, &ops, &nr) == 0 && nr &&
	       (ops[0].atom == DW_OP_addr || ops[0].atom == DW_OP_addrx);
}

static void visit_body(struct types_edge *e, Dwarf_Die *scope, bool parameters_own, unsigned depth)
{
	Dwarf_Die die;

	if (depth == TYPES_MAX_DEPTH || dwarf_child(scope, &die) != 0)
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_formal_parameter:
			visit_type_of(e, &die, parameters_own);
			break;
		case DW_TAG_variable:
			visit_type_of(e, &die, !is_static(&die));
			break;
		case DW_TAG_inlined_subroutine:
			visit_type_of(e, &die, true);
			visit_body(e, &die, true, depth + 1);
			break;
		case DW_TAG_lexical_block:
			visit_body(e, &die, true, depth + 1);
			break;
		default:
			break;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
}

void types_edge_function(struct types_edge *e, Dwarf_Die *function, bool called_by_others,
			 const char *name)
{
	e->via = name;
	visit_type_of(e, function, !called_by_others);
	visit_body(e, function, !called_by_others, 0);
	visit_pending(e);
}

void types_edge_prototype(struct types_edge *e, Dwarf_Die *function, const char *name)
{
	Dwarf_Die origin;

	e->via = name;
	if (!types_reference(function, DW_AT_abstract_origin, &origin))
		origin = *function;
	visit_type_of(e, &origin, false);
	visit_children(e, &origin, DW_TAG_formal_parameter, false);
	visit_pending(e);
}

void types_edge_variable(struct types_edge *e, Dwarf_Die *variable, const char *name)
{
	e->via = name;
	visit_type_of(e, variable, false);
	visit_pending(e);
}

bool types_edge_has_met(const struct types_edge *e, const Dwarf_Die *type)
{
	return slot_of(e->marks, e->marks_cap, type->addr, MARK_SHARED)->kind ||
	       slot_of(e->marks, e->marks_cap, type->addr, MARK_OWN)->kind;
}
