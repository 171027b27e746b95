/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing two types; the fields of structures are in types_fields.c. */
#include "config.h"

#include "packer/types_compare.h"

#include "i18n/i18n.h"

#include <dwarf.h>
#include <string.h>

/* What a type is to the machine. */
enum kind {
	KIND_ANY = 0, /* nothing is known of it */
	KIND_VOID,
	KIND_NUMBER,
	KIND_FLOAT,
	KIND_POINTER,
	KIND_MEMBER_POINTER,
	KIND_STRUCT,
	KIND_UNION,
	KIND_ARRAY,
	KIND_FUNCTION,
};

static const struct {
	int tag;
	enum kind kind;
} kinds[] = {
	{DW_TAG_base_type, KIND_NUMBER},
	{DW_TAG_enumeration_type, KIND_NUMBER},
	{DW_TAG_pointer_type, KIND_POINTER},
	{DW_TAG_reference_type, KIND_POINTER},
	{DW_TAG_rvalue_reference_type, KIND_POINTER},
	{DW_TAG_ptr_to_member_type, KIND_MEMBER_POINTER},
	{DW_TAG_structure_type, KIND_STRUCT},
	{DW_TAG_class_type, KIND_STRUCT},
	{DW_TAG_union_type, KIND_UNION},
	{DW_TAG_array_type, KIND_ARRAY},
	{DW_TAG_subroutine_type, KIND_FUNCTION},
};

/* A type without its typedefs and qualifiers. */
struct bare {
	Dwarf_Die die;
	enum kind kind;
	const char *text; /* with its typedefs, for messages */
	const char *name; /* its own, else that of the typedef for it; NULL: none */
};

static enum kind kind_of(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Word encoding;
	const int tag = dwarf_tag(die);

	if (tag == DW_TAG_base_type && dwarf_attr(die, DW_AT_encoding, &attr) &&
	    dwarf_formudata(&attr, &encoding) == 0 &&
	    (encoding == DW_ATE_float || encoding == DW_ATE_complex_float ||
	     encoding == DW_ATE_decimal_float || encoding == DW_ATE_imaginary_float))
		return KIND_FLOAT;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].tag == tag)
			return kinds[i].kind;
	return KIND_ANY;
}

/* The typedef that is nearest to what it stands for, NULL for none. */
static const char *typedef_name(Dwarf_Die *type)
{
	const char *name = NULL;
	Dwarf_Die die = *type;

	for (unsigned i = 0; i < TYPES_MAX_DEPTH; i++) {
		const enum kind kind = kind_of(&die);

		if (dwarf_tag(&die) == DW_TAG_typedef)
			name = dwarf_diename(&die);
		if (kind != KIND_ANY || !types_type_of(&die, &die))
			break;
	}
	return name;
}

static struct bare bare_of(struct pool *pool, Dwarf_Die *type)
{
	struct bare b = {.kind = KIND_VOID};

	b.text = types_text(pool, type);
	if (!types_peel(type, &b.die))
		return b;
	b.kind = kind_of(&b.die);
	b.name = dwarf_diename(&b.die);
	if (!b.name)
		b.name = typedef_name(type);
	return b;
}

static struct bare referred_by(struct pool *pool, Dwarf_Die *die)
{
	const struct bare nothing = {.kind = KIND_VOID, .text = "void"};
	Dwarf_Die type;

	return types_type_of(die, &type) ? bare_of(pool, &type) : nothing;
}

bool types_found(struct types_compare *c, struct types_difference *d, Dwarf_Die *now,
		 const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	d->text = pool_vprintf(c->pool, _(fmt), args);
	va_end(args);
	d->now = *now;
	return true;
}

static bool is_declared_only(Dwarf_Die *die)
{
	return types_flag(die, DW_AT_declaration);
}

static bool same_size(Dwarf_Die *now, Dwarf_Die *then)
{
	Dwarf_Word a, b;

	return dwarf_aggregate_size(now, &a) != 0 || dwarf_aggregate_size(then, &b) != 0 || a == b;
}

static bool tell(struct types_compare *c, const struct bare *now, const struct bare *then,
		 struct types_difference *d)
{
	Dwarf_Die die = now->die, old = then->die;

	if (now->kind == KIND_VOID || then->kind == KIND_VOID)
		return types_found(c, d, &die, "is '%s' in the target and '%s' in the fix",
				   then->text, now->text);
	return types_found(c, d, &die, "is '%s' (%s) in the target and '%s' (%s) in the fix",
			   then->text, types_size_text(c->pool, &old), now->text,
			   types_size_text(c->pool, &die));
}

static bool already(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then)
{
	for (size_t i = 0; i < c->nr_pairs; i++)
		if (c->pairs[i].now == now->addr && c->pairs[i].then == then->addr)
			return true;
	c->pairs = pool_grow(c->pool, c->pairs, c->nr_pairs, &c->cap, sizeof(*c->pairs));
	c->pairs[c->nr_pairs++] = (struct types_pair){now->addr, then->addr};
	return false;
}

static bool bares_differ(struct types_compare *c, struct bare *now, struct bare *then,
			 struct types_difference *d);

/* --- kinds ------------------------------------------------------------------------ */

/* The edge has such a type of its own, with the difference at its origin. */
static bool has_same_name(const struct bare *now, const struct bare *then)
{
	return now->name && then->name && strcmp(now->name, then->name) == 0;
}

static bool is_enumeration(const struct bare *type)
{
	Dwarf_Die die = type->die;

	return dwarf_tag(&die) == DW_TAG_enumeration_type;
}

static bool numbers_differ(struct types_compare *c, struct bare *now, struct bare *then,
			   struct types_difference *d)
{
	if (is_enumeration(now) && is_enumeration(then) && has_same_name(now, then))
		return false;
	return !same_size(&now->die, &then->die) && tell(c, now, then, d);
}

static bool pointers_differ(struct types_compare *c, struct bare *now, struct bare *then,
			    struct types_difference *d)
{
	struct bare a = referred_by(c->pool, &now->die), b = referred_by(c->pool, &then->die);
	struct types_difference inner;

	if (!same_size(&now->die, &then->die))
		return tell(c, now, then, d);
	if (a.kind == KIND_VOID || b.kind == KIND_VOID || !bares_differ(c, &a, &b, &inner))
		return false;
	return types_found(c, d, &inner.now, "points to what %s", inner.text);
}

/* Elements in all dimensions; false: not known, as of `x[]`. */
static bool array_count(Dwarf_Die *array, Dwarf_Die *element, uint64_t *count)
{
	Dwarf_Word whole, one;

	if (dwarf_aggregate_size(array, &whole) != 0 || dwarf_aggregate_size(element, &one) != 0 ||
	    !one || !whole)
		return false;
	*count = whole / one;
	return true;
}

static bool arrays_differ(struct types_compare *c, struct bare *now, struct bare *then,
			  struct types_difference *d)
{
	struct bare a = referred_by(c->pool, &now->die), b = referred_by(c->pool, &then->die);
	struct types_difference inner;
	uint64_t nr_now, nr_then;

	if (bares_differ(c, &a, &b, &inner))
		return types_found(c, d, &inner.now, "has elements of which each %s", inner.text);
	if (!array_count(&now->die, &a.die, &nr_now) ||
	    !array_count(&then->die, &b.die, &nr_then) || nr_now == nr_then)
		return false;
	return types_found(c, d, &now->die, "has %llu elements in the target and %llu in the fix",
			   (unsigned long long)nr_then, (unsigned long long)nr_now);
}

static bool structures_differ(struct types_compare *c, struct bare *now, struct bare *then,
			      struct types_difference *d)
{
	struct types_difference inner;

	if (is_declared_only(&now->die) || is_declared_only(&then->die) ||
	    has_same_name(now, then) || already(c, &now->die, &then->die) ||
	    !types_fields_differ(c, &now->die, &then->die, &inner))
		return false;
	return types_found(c, d, &inner.now, "is '%s' in the target and '%s' in the fix: %s",
			   then->text, now->text, inner.text);
}

static bool functions_differ(struct types_compare *c, struct bare *now, struct bare *then,
			     struct types_difference *d)
{
	return !already(c, &now->die, &then->die) &&
	       types_prototypes_differ(c, &now->die, &then->die, TYPES_CALL_BOTH, d);
}

static bool (*const comparers[])(struct types_compare *c, struct bare *now, struct bare *then,
				 struct types_difference *d) = {
	[KIND_NUMBER] = numbers_differ,	   [KIND_FLOAT] = numbers_differ,
	[KIND_POINTER] = pointers_differ,  [KIND_MEMBER_POINTER] = numbers_differ,
	[KIND_STRUCT] = structures_differ, [KIND_UNION] = structures_differ,
	[KIND_ARRAY] = arrays_differ,	   [KIND_FUNCTION] = functions_differ,
};

static bool bares_differ(struct types_compare *c, struct bare *now, struct bare *then,
			 struct types_difference *d)
{
	bool differ;

	if (now->kind == KIND_ANY || then->kind == KIND_ANY || c->depth == TYPES_MAX_DEPTH)
		return false;
	if (now->kind != then->kind)
		return tell(c, now, then, d);
	if (now->kind == KIND_VOID)
		return false;
	c->depth++;
	differ = comparers[now->kind](c, now, then, d);
	c->depth--;
	return differ;
}

bool types_member_differs(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then,
			  struct types_difference *d)
{
	struct bare a = bare_of(c->pool, now), b = bare_of(c->pool, then);

	return bares_differ(c, &a, &b, d);
}

bool types_differ(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then,
		  struct types_difference *d)
{
	struct bare a = bare_of(c->pool, now), b = bare_of(c->pool, then);

	if (a.kind != b.kind || (a.kind != KIND_STRUCT && a.kind != KIND_UNION &&
				 dwarf_tag(&a.die) != DW_TAG_enumeration_type))
		return bares_differ(c, &a, &b, d);
	if (is_declared_only(&a.die) || is_declared_only(&b.die))
		return false;
	if (a.kind == KIND_NUMBER)
		return types_enumerators_differ(c, &a.die, &b.die, d);
	return !already(c, &a.die, &b.die) && types_fields_differ(c, &a.die, &b.die, d);
}

/* --- prototypes ------------------------------------------------------------------- */

/* Parameters stand at the function itself, not at the code that was made of it. */
static Dwarf_Die origin_of(const Dwarf_Die *function)
{
	Dwarf_Die die = *function, next;
	Dwarf_Attribute attr;

	for (unsigned i = 0; i < TYPES_MAX_DEPTH; i++) {
		if (!dwarf_attr(&die, DW_AT_abstract_origin, &attr) ||
		    !dwarf_formref_die(&attr, &next))
			break;
		die = next;
	}
	return die;
}

/* In C, `f()` says nothing of parameters. */
static bool is_prototyped(Dwarf_Die *function)
{
	Dwarf_Die unit;

	if (!dwarf_diecu(function, &unit, NULL, NULL))
		return false;
	switch (dwarf_srclang(&unit)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
		return types_flag(function, DW_AT_prototyped);
	default:
		return true;
	}
}

/* The nth parameter, from 0; beyond the last one: false, and whether more may follow. */
static bool parameter(Dwarf_Die *function, size_t n, Dwarf_Die *found, bool *variadic)
{
	Dwarf_Die die;

	*variadic = false;
	if (dwarf_child(function, &die) != 0)
		return false;
	do {
		const int tag = dwarf_tag(&die);

		*variadic |= tag == DW_TAG_unspecified_parameters;
		if (tag == DW_TAG_formal_parameter && n-- == 0) {
			*found = die;
			return true;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

static bool returns_differ(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then,
			   enum types_call call, struct types_difference *d)
{
	struct bare a = referred_by(c->pool, now), b = referred_by(c->pool, then);
	const struct bare *gives = call == TYPES_CALL_FIX ? &a : &b;
	const struct bare *wanted = call == TYPES_CALL_FIX ? &b : &a;
	struct types_difference inner;

	/* A register with a result that nobody reads does no harm. */
	if (call != TYPES_CALL_BOTH && wanted->kind == KIND_VOID &&
	    (gives->kind == KIND_NUMBER || gives->kind == KIND_POINTER))
		return false;
	if (!bares_differ(c, &a, &b, &inner))
		return false;
	return types_found(c, d, now, "what it returns %s", inner.text);
}

static bool parameters_differ(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then,
			      size_t *nr_now, size_t *nr_then, struct types_difference *d)
{
	struct types_difference inner;
	bool more_now, more_then;
	Dwarf_Die a, b;
	size_t n = 0;

	while (parameter(now, n, &a, &more_now) && parameter(then, n, &b, &more_then)) {
		struct bare x = referred_by(c->pool, &a), y = referred_by(c->pool, &b);

		n++;
		if (bares_differ(c, &x, &y, &inner))
			return types_found(c, d, now, "parameter %zu %s", n, inner.text);
	}
	for (*nr_now = n; parameter(now, *nr_now, &a, &more_now);)
		++*nr_now;
	for (*nr_then = n; parameter(then, *nr_then, &b, &more_then);)
		++*nr_then;
	if (*nr_now != *nr_then)
		return types_found(
			c, d, now,
			ngettext("it has %zu parameter in the target and %zu in the fix",
				 "it has %zu parameters in the target and %zu in the fix",
				 *nr_then),
			*nr_then, *nr_now);
	return more_now != more_then &&
	       types_found(
		       c, d, now,
		       more_now ? N_("it takes a variable number of arguments only in the fix")
				: N_("it takes a variable number of arguments only in the target"));
}

bool types_prototypes_differ(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then,
			     enum types_call call, struct types_difference *d)
{
	Dwarf_Die a = origin_of(now), b = origin_of(then);
	size_t nr_now, nr_then;

	if (returns_differ(c, &a, &b, call, d))
		return true;
	return is_prototyped(&a) && is_prototyped(&b) &&
	       parameters_differ(c, &a, &b, &nr_now, &nr_then, d);
}
