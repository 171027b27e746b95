/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands at the top level of units, found by name. */
#include "config.h"

#include "packer/types_dwarf.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

struct collector {
	struct pool *pool;
	struct types_index *index;
	bool classes; /* types may stand in classes */
};

static bool language_has_classes(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return true;
	}
}

/* The tag under which an entry is found, 0 if it is none that is looked for. */
static int index_tag(int tag)
{
	switch (tag) {
	case DW_TAG_class_type:
		return DW_TAG_structure_type;
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_typedef:
	case DW_TAG_subprogram:
	case DW_TAG_variable:
		return tag;
	default:
		return 0;
	}
}

static const char *entry_name(struct collector *c, Dwarf_Die *die, int tag, const char *scope)
{
	const char *name;

	if (tag == DW_TAG_subprogram || tag == DW_TAG_variable)
		return dwarf_file_symbol_name(die);
	name = dwarf_diename(die);
	return name && *scope ? pool_printf(c->pool, "%s%s", scope, name) : name;
}

static void collect(struct collector *c, Dwarf_Die *parent, const char *scope, unsigned depth);

static void collect_inside(struct collector *c, Dwarf_Die *die, const char *scope, unsigned depth)
{
	const char *name = dwarf_diename(die);

	collect(c, die, pool_printf(c->pool, "%s%s::", scope, name ? name : "(anonymous)"), depth);
}

static void collect_one(struct collector *c, Dwarf_Die *die, const char *scope, unsigned depth)
{
	const int tag = dwarf_tag(die), kept = index_tag(tag);
	struct types_index *index = c->index;
	const char *name;
	Dwarf_Die unit;

	if (tag == DW_TAG_imported_unit && types_reference(die, DW_AT_import, &unit))
		collect(c, &unit, scope, depth);
	if (tag == DW_TAG_namespace)
		collect_inside(c, die, scope, depth);
	name = kept ? entry_name(c, die, kept, scope) : NULL;
	if (!name)
		return;
	index->entries =
		pool_grow(c->pool, index->entries, index->nr, &index->cap, sizeof(*index->entries));
	index->entries[index->nr++] = (struct types_entry){*die, kept, name};
	if (c->classes && (kept == DW_TAG_structure_type || kept == DW_TAG_union_type))
		collect_inside(c, die, scope, depth);
}

static void collect(struct collector *c, Dwarf_Die *parent, const char *scope, unsigned depth)
{
	Dwarf_Die die;

	if (depth == TYPES_MAX_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		collect_one(c, &die, scope, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static int compare_key(int a_tag, const char *a_name, int b_tag, const char *b_name)
{
	if (a_tag != b_tag)
		return a_tag < b_tag ? -1 : 1;
	return strcmp(a_name, b_name);
}

/* The place in the file keeps the order the same from run to run. */
static int compare_entries(const void *a, const void *b)
{
	const struct types_entry *x = a, *y = b;
	const int order = compare_key(x->tag, x->name, y->tag, y->name);

	if (order)
		return order;
	return x->die.addr < y->die.addr ? -1 : x->die.addr > y->die.addr;
}

static void collect_unit(struct pool *pool, struct types_index *index, Dwarf_Die unit)
{
	struct collector c = {pool, index, language_has_classes(&unit)};

	collect(&c, &unit, "", 0);
}

static void sort(struct types_index *index)
{
	if (index->nr)
		qsort(index->entries, index->nr, sizeof(*index->entries), compare_entries);
}

const struct types_index *types_unit_index(struct pool *pool, struct types_file *file, size_t unit)
{
	struct types_unit *u = &file->units[unit];

	if (!u->index) {
		u->index = pool_alloc(pool, 1, sizeof(*u->index));
		collect_unit(pool, u->index, u->die);
		sort(u->index);
	}
	return u->index;
}

const struct types_index *types_file_index(struct pool *pool, struct types_file *file)
{
	if (!file->index) {
		file->index = pool_alloc(pool, 1, sizeof(*file->index));
		for (size_t i = 0; i < file->nr_units; i++)
			collect_unit(pool, file->index, file->units[i].die);
		sort(file->index);
	}
	return file->index;
}

const struct types_entry *types_find(const struct types_index *index, int tag, const char *name,
				     size_t *nr)
{
	size_t low = 0, high = index->nr;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const struct types_entry *e = &index->entries[middle];

		if (compare_key(e->tag, e->name, tag, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (*nr = 0; low + *nr < index->nr; ++*nr) {
		const struct types_entry *e = &index->entries[low + *nr];

		if (compare_key(e->tag, e->name, tag, name) != 0)
			break;
	}
	return *nr ? &index->entries[low] : NULL;
}
