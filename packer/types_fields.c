/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing what structures, unions and enumerations consist of. */
#include "config.h"

#include "packer/types_compare.h"

#include "i18n/i18n.h"

#include <dwarf.h>
#include <string.h>

struct field {
	const char *what; /* "field", "base class", "virtual function" */
	const char *name; /* "" for an anonymous structure or union */
	size_t nth;	  /* of those without a name */
	Dwarf_Die die;
	uint64_t bit;  /* from the start; of a virtual function: its place in the table */
	uint64_t bits; /* of a bit-field, else 0 */
};

struct fields {
	struct field *list;
	size_t nr;
	size_t cap;
	size_t nr_unnamed;
};

static bool number_of(Dwarf_Die *die, unsigned attribute, uint64_t *number)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!dwarf_attr(die, attribute, &attr) || dwarf_formudata(&attr, &value) != 0)
		return false;
	*number = value;
	return true;
}

/* A constant, or an expression that adds or pushes one. */
static bool place_of(Dwarf_Die *die, unsigned attribute, uint64_t *place)
{
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t nr;

	if (number_of(die, attribute, place))
		return true;
	if (!dwarf_attr(die, attribute, &attr) || dwarf_getlocation(&attr, &ops, &nr) != 0 ||
	    nr != 1)
		return false;
	*place = ops[0].number;
	return ops[0].atom == DW_OP_plus_uconst || ops[0].atom == DW_OP_constu;
}

static bool is_big_endian(Dwarf_Die *die)
{
	Dwarf_CU *cu = die->cu;
	Elf *elf = dwarf_getelf(dwarf_cu_getdwarf(cu));
	const char *ident = elf ? elf_getident(elf, NULL) : NULL;

	return ident && ident[EI_DATA] == ELFDATA2MSB;
}

/* DWARF 5, 5.7.6; before DWARF 4, 5.5.6: bits from the most significant one of a storage unit. */
static void bit_field(Dwarf_Die *die, struct field *f)
{
	uint64_t from_top, storage;
	Dwarf_Word size;
	Dwarf_Die type;

	if (!number_of(die, DW_AT_bit_size, &f->bits) ||
	    number_of(die, DW_AT_data_bit_offset, &f->bit) ||
	    !number_of(die, DW_AT_bit_offset, &from_top))
		return;
	if (!number_of(die, DW_AT_byte_size, &storage)) {
		if (!types_type_of(die, &type) || dwarf_aggregate_size(&type, &size) != 0)
			return;
		storage = size;
	}
	f->bit += is_big_endian(die) ? from_top : 8 * storage - from_top - f->bits;
}

static bool member_read(Dwarf_Die *die, struct field *f)
{
	static const char table[] = "_vptr"; /* compilers put .CLASS or $CLASS behind it */
	uint64_t off = 0;

	/* A static member is a variable. */
	if (dwarf_hasattr(die, DW_AT_external) || dwarf_hasattr(die, DW_AT_declaration))
		return false;
	f->what = N_("field");
	f->name = dwarf_diename(die) ? dwarf_diename(die) : "";
	if (strncmp(f->name, table, strlen(table)) == 0)
		f->name = table;
	if (dwarf_hasattr(die, DW_AT_data_member_location) &&
	    !place_of(die, DW_AT_data_member_location, &off))
		return false;
	f->bit = 8 * off;
	bit_field(die, f);
	return true;
}

/* A virtual base's place is only known at run time. */
static bool base_read(Dwarf_Die *die, struct field *f)
{
	Dwarf_Die type;
	uint64_t off;

	if (dwarf_hasattr(die, DW_AT_virtuality) || !types_type_of(die, &type) ||
	    !place_of(die, DW_AT_data_member_location, &off))
		return false;
	f->what = N_("base class");
	f->name = dwarf_diename(&type) ? dwarf_diename(&type) : "";
	f->bit = 8 * off;
	return true;
}

/* Of those that the compiler adds by itself, a unit has those that it needs. */
static bool virtual_read(Dwarf_Die *die, struct field *f)
{
	if (types_flag(die, DW_AT_artificial) ||
	    !place_of(die, DW_AT_vtable_elem_location, &f->bit))
		return false;
	f->what = N_("virtual function");
	f->name = dwarf_file_symbol_name(die) ? dwarf_file_symbol_name(die) : "";
	return true;
}

static const struct {
	int tag;
	bool (*read)(Dwarf_Die *die, struct field *f);
} readers[] = {
	{DW_TAG_member, member_read},
	{DW_TAG_inheritance, base_read},
	{DW_TAG_subprogram, virtual_read},
};

static void field_read(struct pool *pool, Dwarf_Die *die, struct fields *fields)
{
	struct field f = {.die = *die};

	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		if (readers[i].tag != dwarf_tag(die) || !readers[i].read(die, &f))
			continue;
		f.nth = *f.name ? 0 : fields->nr_unnamed++;
		fields->list = pool_grow(pool, fields->list, fields->nr, &fields->cap,
					 sizeof(*fields->list));
		fields->list[fields->nr++] = f;
	}
}

static struct fields fields_read(struct pool *pool, Dwarf_Die *type)
{
	struct fields fields = {0};
	Dwarf_Die die;

	if (dwarf_child(type, &die) == 0) {
		do {
			field_read(pool, &die, &fields);
		} while (dwarf_siblingof(&die, &die) == 0);
	}
	return fields;
}

static struct field *find(const struct fields *fields, const struct field *like)
{
	for (size_t i = 0; i < fields->nr; i++) {
		struct field *f = &fields->list[i];

		if (strcmp(f->what, like->what) == 0 && strcmp(f->name, like->name) == 0 &&
		    f->nth == like->nth)
			return f;
	}
	return NULL;
}

/* --- texts ------------------------------------------------------------------------ */

static const char *name_text(struct pool *pool, const struct field *f)
{
	return *f->name ? pool_printf(pool, _("%s '%s'"), _(f->what), f->name)
			: pool_printf(pool, _("unnamed %s %zu"), _(f->what), f->nth + 1);
}

static const char *place_text(struct pool *pool, const struct field *f)
{
	if (strcmp(f->what, "virtual function") == 0)
		return pool_printf(pool, _("place %llu of the table"), (unsigned long long)f->bit);
	if (f->bits)
		return pool_printf(pool, _("bit %llu of offset %llu"),
				   (unsigned long long)(f->bit % 8),
				   (unsigned long long)(f->bit / 8));
	return pool_printf(pool, _("offset %llu"), (unsigned long long)(f->bit / 8));
}

static const char *extent_text(struct pool *pool, struct field *f)
{
	Dwarf_Die type;

	if (f->bits)
		return pool_printf(pool, _("%s, %llu bits"), place_text(pool, f),
				   (unsigned long long)f->bits);
	if (dwarf_tag(&f->die) == DW_TAG_subprogram || !types_type_of(&f->die, &type))
		return place_text(pool, f);
	return pool_printf(pool, "%s, %s", place_text(pool, f), types_size_text(pool, &type));
}

/* --- comparing -------------------------------------------------------------------- */

static bool one_is_missing(struct types_compare *c, Dwarf_Die *type, const struct fields *now,
			   const struct fields *then, struct types_difference *d)
{
	for (size_t i = 0; i < then->nr; i++)
		if (!find(now, &then->list[i]))
			return types_found(c, d, type, "%s (%s) is not in the fix",
					   name_text(c->pool, &then->list[i]),
					   extent_text(c->pool, &then->list[i]));
	for (size_t i = 0; i < now->nr; i++)
		if (!find(then, &now->list[i]))
			return types_found(c, d, &now->list[i].die, "%s (%s) is new in the fix",
					   name_text(c->pool, &now->list[i]),
					   extent_text(c->pool, &now->list[i]));
	return false;
}

static bool field_moved(struct types_compare *c, struct field *now, struct field *then,
			struct types_difference *d)
{
	if (now->bits != then->bits)
		return types_found(c, d, &now->die, "%s has %s in the target and %s in the fix",
				   name_text(c->pool, then), extent_text(c->pool, then),
				   extent_text(c->pool, now));
	return now->bit != then->bit &&
	       types_found(c, d, &now->die, "%s is at %s in the target and at %s in the fix",
			   name_text(c->pool, then), place_text(c->pool, then),
			   place_text(c->pool, now));
}

static bool field_changed(struct types_compare *c, struct field *now, struct field *then,
			  struct types_difference *d)
{
	struct types_difference inner;
	Dwarf_Die a, b;

	if (field_moved(c, now, then, d))
		return true;
	if (dwarf_tag(&now->die) == DW_TAG_subprogram || !types_type_of(&now->die, &a) ||
	    !types_type_of(&then->die, &b) || !types_member_differs(c, &a, &b, &inner))
		return false;
	return types_found(c, d, &now->die, "%s (%s) %s", name_text(c->pool, then),
			   place_text(c->pool, then), inner.text);
}

bool types_fields_differ(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then,
			 struct types_difference *d)
{
	const struct fields a = fields_read(c->pool, now), b = fields_read(c->pool, then);

	if (one_is_missing(c, now, &a, &b, d))
		return true;
	/* What moves the others is the cause: in the order of the target. */
	for (size_t i = 0; i < b.nr; i++)
		if (field_changed(c, find(&a, &b.list[i]), &b.list[i], d))
			return true;
	return dwarf_bytesize(now) != dwarf_bytesize(then) &&
	       types_found(c, d, now, "it has %s in the target and %s in the fix",
			   types_size_text(c->pool, then), types_size_text(c->pool, now));
}

/* --- enumerations ----------------------------------------------------------------- */

/* Compilers give negative ones a signed form, and others any: 0xff in one byte is 255. */
static bool value_of(Dwarf_Die *enumerator, int64_t *value)
{
	Dwarf_Attribute attr;
	Dwarf_Sword number;
	Dwarf_Word plain;

	if (!dwarf_attr(enumerator, DW_AT_const_value, &attr))
		return false;
	if (dwarf_whatform(&attr) == DW_FORM_sdata ||
	    dwarf_whatform(&attr) == DW_FORM_implicit_const) {
		if (dwarf_formsdata(&attr, &number) != 0)
			return false;
		*value = number;
		return true;
	}
	if (dwarf_formudata(&attr, &plain) != 0)
		return false;
	*value = (int64_t)plain;
	return true;
}

/* The enumerator of this name, or for name NULL of this value. */
static bool find_enumerator(Dwarf_Die *type, const char *name, int64_t value, Dwarf_Die *found)
{
	int64_t own;
	Dwarf_Die die;

	if (dwarf_child(type, &die) != 0)
		return false;
	do {
		const char *own_name = dwarf_diename(&die);

		if (!value_of(&die, &own) || !own_name)
			continue;
		if (name ? strcmp(own_name, name) == 0 : own == value) {
			*found = die;
			return true;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* One that the fix no longer names does no harm, unless its number means something else. */
static bool enumerator_differs(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then,
			       const char *name, int64_t value, struct types_difference *d)
{
	int64_t other;
	Dwarf_Die die, same;

	if (find_enumerator(now, name, 0, &die))
		return value_of(&die, &other) && other != value &&
		       types_found(c, d, &die, "%s is %lld in the target and %lld in the fix", name,
				   (long long)value, (long long)other);
	if (!find_enumerator(now, NULL, value, &die) ||
	    find_enumerator(then, dwarf_diename(&die), 0, &same))
		return false;
	return types_found(c, d, &die, "%lld is %s in the target and %s in the fix",
			   (long long)value, name, dwarf_diename(&die));
}

bool types_enumerators_differ(struct types_compare *c, Dwarf_Die *now, Dwarf_Die *then,
			      struct types_difference *d)
{
	int64_t value;
	Dwarf_Die die;

	if (dwarf_bytesize(now) != dwarf_bytesize(then))
		return types_found(c, d, now, "it has %s in the target and %s in the fix",
				   types_size_text(c->pool, then), types_size_text(c->pool, now));
	if (dwarf_child(then, &die) != 0)
		return false;
	do {
		const char *name = dwarf_diename(&die);

		if (name && value_of(&die, &value) &&
		    enumerator_differs(c, now, then, name, value, d))
			return true;
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}
