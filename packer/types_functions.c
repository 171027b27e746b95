/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prototypes of functions that one side calls and the other defines. */
#include "config.h"

#include "i18n/i18n.h"
#include "packer/types_checker.h"
#include "packer/types_compare.h"
#include "packer/users.h"

#include <dwarf.h>
#include <string.h>

/* Callers of callers: code to which nothing but replaced functions led is never executed. */
#define MAX_CALLERS_DEPTH 8u

/* Named in the message; more are only counted. */
#define MAX_CALLERS_SHOWN 4u

static bool is_replaced(const struct selection *sel, uint64_t vaddr)
{
	for (size_t i = 0; i < sel->nr_functions; i++)
		if (sel->functions[i].old->value == vaddr)
			return true;
	return false;
}

/* Whether code that stays may get to vaddr. */
static enum ulp_code is_reached(struct types_checker *c, uint64_t vaddr, unsigned depth,
				bool *reached, struct ulp_err *err)
{
	struct users users;
	enum ulp_code code = users_find(c->pool, c->target, vaddr, &users, err);

	if (code)
		return code;
	*reached = users.others || depth == MAX_CALLERS_DEPTH;
	for (size_t i = 0; !code && !*reached && i < users.nr_functions; i++) {
		const uint64_t from = users.functions[i]->value;

		if (!is_replaced(c->sel, from))
			code = is_reached(c, from, depth + 1, reached, err);
	}
	return code;
}

/* *who: what stays and calls the function, for the message; NULL: nothing. */
static enum ulp_code find_callers(struct types_checker *c, uint64_t vaddr, const char **who,
				  struct ulp_err *err)
{
	struct users users;
	enum ulp_code code = users_find(c->pool, c->target, vaddr, &users, err);
	size_t nr = 0;

	*who = NULL;
	if (code)
		return code;
	if (users.others)
		*who = _(
			"it is exported, or its address is stored in data, so that others call it");
	for (size_t i = 0; !code && !users.others && i < users.nr_functions; i++) {
		const struct elf_symbol *s = users.functions[i];
		bool reached;

		if (is_replaced(c->sel, s->value))
			continue;
		code = is_reached(c, s->value, 1, &reached, err);
		if (!code && reached && nr++ < MAX_CALLERS_SHOWN)
			*who = pool_printf(c->pool, "%s%s%s", *who ? *who : _("still called by "),
					   *who ? ", " : "", s->name);
	}
	if (!code && nr > MAX_CALLERS_SHOWN)
		*who = pool_printf(c->pool, _("%s and %zu more"), *who, nr - MAX_CALLERS_SHOWN);
	return code;
}

/* The target's function at this address.  Assemblers know nothing of parameters. */
static bool find_then(struct types_checker *c, const struct elf_symbol *symbol, Dwarf_Die *then)
{
	size_t unit;

	if (types_unit_at(&c->then, symbol->value, &unit) &&
	    dwarf_srclang(&c->then.units[unit].die) != DW_LANG_Mips_Assembler &&
	    types_function_at(c->pool, &c->then, unit, symbol->value, then))
		return true;
	report_add(c->report, c->pool, NOTE_DETAIL,
		   "%s: prototype not compared: the target's debug information does not have it",
		   symbol->name);
	return false;
}

/* A name that C++ made holds the types of the parameters. */
static bool name_tells(Dwarf_Die *function)
{
	const char *plain = dwarf_diename(function), *linkage = dwarf_file_symbol_name(function);

	return plain && linkage && strcmp(plain, linkage) != 0 && strncmp(linkage, "_Z", 2) == 0;
}

static void refuse_prototype(struct types_checker *c, Dwarf_Die *now, Dwarf_Die *then,
			     const char *name, const char *what, const char *why)
{
	struct types_refusal refusal = {
		.word = TYPES_PROTOTYPE,
		.keyword = _("function"),
		.name = name,
		.place = types_place(c->pool, now),
		.text = pool_printf(
			c->pool, _("%s; it is '%s' in the target (%s) and '%s' in the fix; %s"),
			what, types_prototype_text(c->pool, then), types_place(c->pool, then),
			types_prototype_text(c->pool, now), why),
	};

	types_checker_refuse(c, &refusal);
}

enum ulp_code types_check_replaced(struct types_checker *c, Dwarf_Die *function,
				   const struct replacement *r, struct ulp_err *err)
{
	struct types_compare compare = {.pool = c->pool};
	struct types_difference d;
	enum ulp_code code;
	const char *who;
	Dwarf_Die then;

	if (name_tells(function) || !find_then(c, r->old, &then) ||
	    !types_prototypes_differ(&compare, function, &then, TYPES_CALL_FIX, &d))
		return ULP_OK;
	code = find_callers(c, r->old->value, &who, err);
	if (!code && who)
		refuse_prototype(c, function, &then, r->spec->replace, d.text, who);
	return code;
}

void types_check_called(struct types_checker *c, Dwarf_Die *function,
			const struct elf_symbol *target)
{
	struct types_compare compare = {.pool = c->pool};
	struct types_difference d;
	Dwarf_Die then;

	if (target->type != STT_FUNC || name_tells(function) || !find_then(c, target, &then) ||
	    !types_prototypes_differ(&compare, function, &then, TYPES_CALL_TARGET, &d))
		return;
	refuse_prototype(c, function, &then, target->name, d.text,
			 _("the fix calls it, and it is not replaced"));
}
