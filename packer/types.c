/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The patch's edge is where code of the fix meets code or data of the target:
 *   - functions that are replaced: the target calls them with its idea of their
 *     parameters;
 *   - functions of the target that the fix calls, and its variables that the fix uses;
 *   - what the functions that come along have pointers to: an untyped pointer may have
 *     brought it from the other side;
 *   - all types that can be reached from these, through pointers as well.
 * What a function holds by value in its own variables is the fix's alone.
 *
 * Such a type is compared with the one of the same name in the target's translation unit
 * of the same source; where that does not have it, with what other units have from the
 * same header.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "packer/match.h"
#include "packer/types_checker.h"
#include "packer/types_values.h"

#include <dwarf.h>
#include <string.h>

void types_checker_refuse(struct types_checker *c, struct types_refusal *refusal)
{
	/* The names may be those of debug information that is closed before the error is told. */
	refusal->name = pool_strdup(c->pool, refusal->name);
	refusal->alias = refusal->alias ? pool_strdup(c->pool, refusal->alias) : NULL;
	refusal->object = c->object;
	types_refuse(&c->refusals, refusal);
}

/* --- units ------------------------------------------------------------------------ */

static void add_unit(struct types_checker *c, size_t unit)
{
	for (size_t i = 0; i < c->nr_units; i++)
		if (c->units[i] == unit)
			return;
	c->units = pool_grow(c->pool, c->units, c->nr_units, &c->units_cap, sizeof(*c->units));
	c->units[c->nr_units++] = unit;
}

void types_checker_find_units(struct types_checker *c)
{
	size_t unit = 0, nr = 0;

	c->nr_units = 0;
	for (size_t i = 0; i < c->sel->nr_functions; i++) {
		const struct replacement *r = &c->sel->functions[i];

		if (r->object == c->object && types_unit_at(&c->then, r->old->value, &unit))
			add_unit(c, unit);
	}
	for (size_t i = 0; !c->nr_units && i < c->then.nr_units; i++) {
		if (strcmp(path_base_name(c->then.units[i].name), c->object->source) != 0)
			continue;
		unit = i;
		nr++;
	}
	if (nr == 1)
		add_unit(c, unit);
}

/* --- the edge --------------------------------------------------------------------- */

static bool comes_along(const struct types_checker *c, uint64_t address)
{
	for (size_t i = 1; i < c->object->nr_sections; i++) {
		const struct object_section *s = &c->object->sections[i];
		const uint64_t start = types_object_address(&c->now, i, 0);

		if (s->kept && s->class == SECTION_CODE && address >= start &&
		    address - start < s->shdr.sh_size)
			return true;
	}
	return false;
}

static const struct replacement *replaced_by(const struct types_checker *c, uint64_t address)
{
	for (size_t i = 0; i < c->sel->nr_functions; i++) {
		const struct replacement *r = &c->sel->functions[i];
		const struct elf_symbol *s;

		if (r->object != c->object)
			continue;
		s = &c->object->symbols[r->symbol].elf;
		if (types_object_address(&c->now, s->shndx, s->value) == address)
			return r;
	}
	return NULL;
}

/* A function that comes along: what it has to do with is at the edge. */
static void add_own_function(struct types_checker *c, Dwarf_Die *function)
{
	const char *name = dwarf_diename(function);
	uint64_t address;

	if (dwarf_file_code_start(function, &address) && comes_along(c, address))
		types_edge_function(&c->edge, function, replaced_by(c, address) != NULL,
				    name ? name : _("the fix"));
}

static enum ulp_code check_own_function(struct types_checker *c, Dwarf_Die *function,
					struct ulp_err *err)
{
	const struct replacement *r = NULL;
	uint64_t address;

	if (dwarf_file_code_start(function, &address))
		r = replaced_by(c, address);
	return r ? types_check_replaced(c, function, r, err) : ULP_OK;
}

/* Adds, or checks, the function or variable of the target that a symbol stands for. */
static void use_symbol(struct types_checker *c, const struct object_symbol *s, bool check)
{
	static const int tags[] = {DW_TAG_subprogram, DW_TAG_variable};
	const struct elf_symbol *target = types_bound_to(c->sel, s).target;
	const char *name = s->elf.name;

	for (size_t i = 0; target && i < sizeof(tags) / sizeof(tags[0]); i++) {
		size_t nr;
		const struct types_entry *e = types_find(c->index, tags[i], name, &nr);
		Dwarf_Die die;

		if (!e)
			continue;
		die = e->die;
		if (check && tags[i] == DW_TAG_subprogram)
			types_check_called(c, &die, target);
		else if (check)
			types_check_variable(c, &die, name);
		else if (tags[i] == DW_TAG_subprogram)
			types_edge_prototype(&c->edge, &die, name);
		else
			types_edge_variable(&c->edge, &die, name);
	}
}

static void find_edge(struct types_checker *c)
{
	types_edge_init(&c->edge, c->pool, c->index);
	for (size_t i = 0; i < c->index->nr; i++) {
		Dwarf_Die die = c->index->entries[i].die;

		if (c->index->entries[i].tag == DW_TAG_subprogram)
			add_own_function(c, &die);
	}
	for (size_t i = 1; i < c->object->nr_symbols; i++)
		use_symbol(c, &c->object->symbols[i], false);
}

/* Types come first: what else differs is often because of them. */
static enum ulp_code check_edge(struct types_checker *c, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	find_edge(c);
	types_check_layouts(c);
	for (size_t i = 0; !code && i < c->index->nr; i++) {
		Dwarf_Die die = c->index->entries[i].die;

		if (c->index->entries[i].tag == DW_TAG_subprogram)
			code = check_own_function(c, &die, err);
	}
	for (size_t i = 1; !code && i < c->object->nr_symbols; i++)
		use_symbol(c, &c->object->symbols[i], true);
	return code;
}

/* --- values ----------------------------------------------------------------------- */

/* The source line, where the debug information has it. */
static const char *place_of_variable(struct types_checker *c, const char *name)
{
	const struct types_entry *e;
	Dwarf_Die die;
	size_t nr;

	e = c->index ? types_find(c->index, DW_TAG_variable, name, &nr) : NULL;
	if (!e)
		return "";
	die = e->die;
	return types_place(c->pool, &die);
}

/* Static variables of functions have a number behind the name that the source gives them. */
static const char *plain_name(struct types_checker *c, const char *name)
{
	return name_is_numbered(name)
		       ? pool_strndup(c->pool, name, (size_t)(strrchr(name, '.') - name))
		       : name;
}

void types_check_values(struct types_checker *c)
{
	for (size_t i = 1; i < c->object->nr_symbols; i++) {
		const char *name = plain_name(c, c->object->symbols[i].elf.name), *text;
		struct types_refusal refusal = {
			.word = TYPES_INITIAL_VALUE,
			.keyword = _("variable"),
			.name = name,
		};
		bool uncertain;

		if (types_value_differs(c->sel, c->object, i, &text, &uncertain)) {
			refusal.place = place_of_variable(c, name);
			refusal.text = pool_printf(
				c->pool, _("%s; a patch leaves existing data as it is"), text);
			types_checker_refuse(c, &refusal);
		} else if (uncertain) {
			report_add(c->report, c->pool, NOTE_DETAIL,
				   "%s: not all pointers of the initial value could be compared",
				   name);
		}
	}
}

/* --- all -------------------------------------------------------------------------- */

static enum ulp_code check_object(struct types_checker *c, const struct object *object,
				  const char **lacking, struct ulp_err *err)
{
	enum ulp_code code;

	c->object = object;
	c->index = NULL;
	code = types_open_object(c->pool, object, &c->now, err);
	if (!code && c->now.nr_units) {
		c->index = types_file_index(c->pool, &c->now);
	} else if (!code) {
		*lacking = pool_printf(c->pool, "%s%s%s", *lacking, **lacking ? ", " : "",
				       object->file.base_name);
	}
	if (!code && c->index && c->then.nr_units) {
		types_checker_find_units(c);
		code = check_edge(c, err);
	}
	if (!code)
		types_check_values(c);
	types_close(&c->now);
	return code;
}

static void tell_lacking(struct types_checker *c, const char *objects)
{
	const char *soname = c->target->library.soname;

	if (*objects)
		report_add(c->report, c->pool, NOTE_WARNING,
			   "cannot tell whether types and prototypes are those of %s: no debug "
			   "information in %s; compile with -g",
			   soname, objects);
	if (!c->then.nr_units)
		report_add(c->report, c->pool, NOTE_WARNING,
			   "cannot tell whether types and prototypes are those of %s: %s", soname,
			   _(c->then.lack));
}

static void tell_unused(struct types_checker *c, bool compared)
{
	if (compared) {
		types_refusals_unused(&c->refusals, TYPES_STRUCT_LAYOUT);
		types_refusals_unused(&c->refusals, TYPES_PROTOTYPE);
	}
	types_refusals_unused(&c->refusals, TYPES_INITIAL_VALUE);
}

enum ulp_code types_check(struct pool *pool, const struct spec *spec, const struct selection *sel,
			  const struct target *target, struct report *report, struct ulp_err *err)
{
	struct types_checker c = {.pool = pool, .sel = sel, .target = target, .report = report};
	const char *lacking = "";
	enum ulp_code code;

	types_refusals_init(&c.refusals, pool, spec, report);
	code = types_open_target(pool, target, &c.then, err);
	for (size_t i = 0; !code && i < sel->nr_objects; i++)
		code = check_object(&c, &sel->objects[i], &lacking, err);
	if (!code)
		code = types_refusals_end(&c.refusals, err);
	if (!code) {
		tell_lacking(&c, lacking);
		tell_unused(&c, !*lacking && c.then.nr_units);
	}
	types_close(&c.then);
	return code;
}
