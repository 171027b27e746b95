/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Types as people write them. */
#include "config.h"

#include "packer/types_compare.h"

#include "i18n/i18n.h"

#include <dwarf.h>
#include <string.h>

/* Types in messages need not be complete to be told apart. */
#define MAX_TEXT_DEPTH 8u

static const struct {
	int tag;
	const char *text;
} keywords[] = {
	{DW_TAG_structure_type, "struct"},
	{DW_TAG_class_type, "class"},
	{DW_TAG_union_type, "union"},
	{DW_TAG_enumeration_type, "enum"},
};

/* What is written around the type that an entry refers to. */
static const struct {
	int tag;
	const char *before, *after;
} derived[] = {
	{DW_TAG_const_type, "const ", ""},
	{DW_TAG_volatile_type, "volatile ", ""},
	{DW_TAG_restrict_type, "", ""},
	{DW_TAG_atomic_type, "_Atomic ", ""},
	{DW_TAG_pointer_type, "", " *"},
	{DW_TAG_reference_type, "", " &"},
	{DW_TAG_rvalue_reference_type, "", " &&"},
	{DW_TAG_ptr_to_member_type, "", " ::*"},
	{DW_TAG_array_type, "", " []"},
};

#define NR_ITEMS(table) (sizeof(table) / sizeof((table)[0]))

const char *types_keyword(Dwarf_Die *type)
{
	for (size_t i = 0; i < NR_ITEMS(keywords); i++)
		if (keywords[i].tag == dwarf_tag(type))
			return keywords[i].text;
	return "";
}

static const char *text_of(struct pool *pool, Dwarf_Die *die, bool there, unsigned depth);

static const char *referred(struct pool *pool, Dwarf_Die *die, unsigned depth)
{
	Dwarf_Die type;
	const bool there = types_type_of(die, &type);

	return text_of(pool, &type, there, depth + 1);
}

static const char *prototype(struct pool *pool, Dwarf_Die *function, const char *middle,
			     unsigned depth)
{
	const char *list = "";
	Dwarf_Die die;

	if (dwarf_child(function, &die) == 0) {
		do {
			const int tag = dwarf_tag(&die);
			const char *text = tag == DW_TAG_formal_parameter
						   ? referred(pool, &die, depth)
						   : "...";

			if (tag == DW_TAG_formal_parameter || tag == DW_TAG_unspecified_parameters)
				list = pool_printf(pool, "%s%s%s", list, *list ? ", " : "", text);
		} while (dwarf_siblingof(&die, &die) == 0);
	}
	return pool_printf(pool, "%s %s(%s)", referred(pool, function, depth), middle,
			   *list ? list : "void");
}

static const char *text_of(struct pool *pool, Dwarf_Die *die, bool there, unsigned depth)
{
	const char *name = there ? dwarf_diename(die) : "void", *keyword;
	Dwarf_Die to;

	if (!there || depth == MAX_TEXT_DEPTH)
		return name ? name : "...";
	keyword = types_keyword(die);
	if (*keyword)
		return pool_printf(pool, "%s %s", keyword, name ? name : _("(unnamed)"));
	if (dwarf_tag(die) == DW_TAG_pointer_type && types_type_of(die, &to) &&
	    dwarf_tag(&to) == DW_TAG_subroutine_type)
		return prototype(pool, &to, "(*)", depth);
	for (size_t i = 0; i < NR_ITEMS(derived); i++)
		if (derived[i].tag == dwarf_tag(die))
			return pool_printf(pool, "%s%s%s", derived[i].before,
					   referred(pool, die, depth), derived[i].after);
	return name ? name : _("(unnamed)");
}

const char *types_text(struct pool *pool, Dwarf_Die *type)
{
	return text_of(pool, type, true, 0);
}

const char *types_prototype_text(struct pool *pool, Dwarf_Die *function)
{
	return prototype(pool, function, "", 0);
}

const char *types_size_text(struct pool *pool, Dwarf_Die *type)
{
	Dwarf_Word size;

	if (dwarf_aggregate_size(type, &size) != 0)
		return _("unknown size");
	return pool_printf(pool, ngettext("%llu byte", "%llu bytes", size),
			   (unsigned long long)size);
}
