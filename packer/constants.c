/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variables that are constants on one side only. */
#include "config.h"

#include "packer/constants.h"

#include "container/debug_file.h"
#include "container/facts_file.h"

#include <stdlib.h>
#include <string.h>

struct checker {
	const struct selection *sel;
	const struct ulp_facts *then; /* of the target; without units if it has none */
	const struct object *object;
	bool *units; /* of the target: those whose functions the object replaces, whatever the
		      * fix's source is called */
	bool has_file_marks; /* the target's symbols tell of which source file they are */
	bool facts_are_lost; /* the target may have been built with facts that are not here */
};

/* --- the target's units ------------------------------------------------------------------ */

static bool has_code_of(const struct checker *c, const struct ulp_facts_function *f)
{
	for (size_t i = 0; f->vaddr && i < c->sel->nr_functions; i++)
		if (c->sel->functions[i].object == c->object &&
		    c->sel->functions[i].old->value == f->vaddr)
			return true;
	return false;
}

static void find_units(struct checker *c)
{
	c->units = pool_alloc(c->sel->pool, c->then->nr_units + 1, sizeof(*c->units));
	for (uint32_t i = 0; i < c->then->nr_functions; i++)
		if (has_code_of(c, &c->then->functions[i]))
			c->units[c->then->functions[i].unit] = true;
}

static bool is_source(const struct ulp_facts_unit *unit, const char *file)
{
	return *file && strcmp(path_base_name(unit->source), path_base_name(file)) == 0;
}

/*
 * The source of the unit that takes the variable for a constant, of those of this file ("":
 * of all) or whose functions are replaced; NULL: none does.
 */
static const char *find_constant(const struct checker *c, const char *variable, const char *file)
{
	for (uint32_t i = 0; i < c->then->nr_units; i++)
		if ((!*file || c->units[i] || is_source(&c->then->units[i], file)) &&
		    ulp_facts_is_constant(c->then, i, variable))
			return c->then->units[i].source;
	return NULL;
}

/* --- the target's variables ---------------------------------------------------------------- */

/*
 * Whether its section stays writable: .data.rel.ro is closed after relocation.  By section,
 * because an extract has other segments than the library.
 */
static bool is_writable(const struct target *target, uint64_t vaddr)
{
	const struct ulp_elf *elf = &target->library.file.elf;
	static const char closed[] = ".data.rel.ro";

	for (size_t i = 1; i < elf->nr_sections; i++) {
		const Elf64_Shdr s = ulp_elf_section(elf, i);

		if ((s.sh_flags & SHF_ALLOC) && !(s.sh_flags & SHF_TLS) && vaddr >= s.sh_addr &&
		    vaddr - s.sh_addr < s.sh_size)
			return (s.sh_flags & SHF_WRITE) && strncmp(ulp_elf_section_name(elf, i),
								   closed, sizeof(closed) - 1) != 0;
	}
	return true;
}

/* strip -g takes the marks of source files (STT_FILE), too. */
static bool has_file_marks(const struct target *target)
{
	for (size_t i = 1; i < target->nr_symbols; i++)
		if (*target->symbols[i].file)
			return true;
	return false;
}

/* Hidden symbols are local in a linked file, too, but belong to no source file. */
static bool is_static_variable(const struct checker *c, const struct elf_symbol *s)
{
	return s->type == STT_OBJECT && s->bind == STB_LOCAL && (*s->file || !c->has_file_marks);
}

/* --- what the fix may write --------------------------------------------------------------- */

static enum ulp_code refuse_written(const struct object *object, const char *name,
				    const char *source, struct ulp_err *err)
{
	ulp_fail(err, ULP_EMISMATCH,
		 "the fix may write '%.*s', but nothing in the target's %s does, so the compiler "
		 "took it for a constant: functions that are not replaced would not see a new "
		 "value; use a variable of another name in the fix, and replace all functions that "
		 "read it",
		 (int)strcspn(name, "."), name, path_base_name(source));
	return ulp_err_at(err, "%s", object->file.path);
}

/* The source of what the object defines; a linked one may be of several. */
static const char *file_of(const struct object *object, const struct elf_symbol *s)
{
	return object->linked && *s->file ? s->file : object->source;
}

static bool may_be_written(const struct object *object, size_t symbol)
{
	const struct object_section *section = object_symbol_section(object, symbol);

	return section ? section->class == SECTION_WRITABLE
		       : object->symbols[symbol].elf.shndx == SHN_COMMON;
}

/* Only --no-closure-check comes that far without facts, or other debug information. */
static void cannot_tell(const struct checker *c, const char *name)
{
	report_add(
		c->sel->report, c->sel->pool, NOTE_WARNING,
		"cannot tell whether the compiler took '%s' for a constant in %s: that is in the "
		"plugin's facts, which were not found",
		name, c->sel->target->library.soname);
}

/* A variable that comes along, and that the target has as a constant, or no more at all. */
static enum ulp_code check_brought(const struct checker *c, struct ulp_err *err)
{
	for (size_t i = 1; i < c->object->nr_symbols; i++) {
		const struct object_symbol *s = &c->object->symbols[i];
		const char *source;

		if (s->bound != BOUND_BROUGHT || s->home != c->object ||
		    !may_be_written(c->object, i) || s->elf.bind == STB_WEAK ||
		    s->elf.type == STT_SECTION)
			continue;
		if (c->facts_are_lost)
			cannot_tell(c, s->elf.name);
		source = find_constant(c, s->elf.name, file_of(c->object, &s->elf));
		if (source)
			return refuse_written(c->object, s->elf.name, source, err);
	}
	return ULP_OK;
}

/* References to what the target still has of constants, from a variable's name or the spec. */
static enum ulp_code check_references(const struct checker *c, struct ulp_err *err)
{
	const struct target *target = c->sel->target;

	for (size_t i = 0; i < c->sel->nr_references; i++) {
		const struct private_reference *r = &c->sel->references[i];

		for (size_t k = 1; r->object == c->object && k < target->nr_symbols; k++) {
			const struct elf_symbol *s = &target->symbols[k];
			const char *source;

			if (s->value != r->value || !is_static_variable(c, s) ||
			    is_writable(target, s->value))
				continue;
			source = find_constant(c, s->name, s->file);
			if (source)
				return refuse_written(c->object, s->name, source, err);
		}
	}
	return ULP_OK;
}

/* --- what the target may write ------------------------------------------------------------- */

/* Whether the object's unit has its static variables from this file of the target. */
static bool is_own_file(const struct checker *c, const struct elf_symbol *s,
			const struct ulp_facts_unit *unit)
{
	for (uint32_t i = 0; i < c->then->nr_units; i++)
		if (c->units[i] && is_source(&c->then->units[i], s->file))
			return true;
	/* As a reference by name would be bound, see match_find(). */
	return is_source(unit, s->file) ||
	       !target_has_file(c->sel->target, path_base_name(unit->source));
}

static bool is_named(const char *symbol, const char *name)
{
	const size_t len = strlen(name);

	return strncmp(symbol, name, len) == 0 && (symbol[len] == '\0' || symbol[len] == '.');
}

static enum ulp_code check_constant(const struct checker *c, const struct ulp_facts_unit *unit,
				    const char *name, struct ulp_err *err)
{
	const struct target *target = c->sel->target;

	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (!is_static_variable(c, s) || !is_named(s->name, name) ||
		    !is_own_file(c, s, unit) || !is_writable(target, s->value))
			continue;
		ulp_fail(err, ULP_EMISMATCH,
			 "nothing in the fix writes '%s', so its compiler took it for a constant, "
			 "but it is a variable in the target's %s; compile the fix with "
			 "-fno-ipa-reference-addressable",
			 name, *s->file ? s->file : path_base_name(unit->source));
		return ulp_err_at(err, "%s", c->object->file.path);
	}
	return ULP_OK;
}

/* now: the object's facts. */
static enum ulp_code check_constants(const struct checker *c, const struct ulp_facts *now,
				     struct ulp_err *err)
{
	for (uint32_t i = 0; i < now->nr_units; i++) {
		const struct ulp_facts_unit *unit = &now->units[i];

		for (uint32_t k = 0; k < unit->nr_constants; k++) {
			const char *name = now->constants[unit->first_constant + k];
			const enum ulp_code code = check_constant(c, unit, name, err);

			if (code)
				return code;
		}
	}
	return ULP_OK;
}

/* --- both ---------------------------------------------------------------------------------- */

/* Without facts nothing is known of constants, and *facts is empty. */
static enum ulp_code open_facts(const char *path, const char *debug_file, struct ulp_facts *facts,
				struct ulp_err *err)
{
	enum ulp_code code;

	*facts = (struct ulp_facts){0};
	code = ulp_facts_open(path, debug_file, facts, err);
	return code == ULP_ENOFACTS ? ULP_OK : code;
}

/*
 * strip(1) takes the facts for debug information.  Where that is there, and no facts, the
 * plugin was told to record none, and has then made no constants.
 */
static enum ulp_code look_for_facts(const struct target *target, bool *are_lost,
				    struct ulp_err *err)
{
	char *found = NULL;
	enum ulp_code code;

	if (target->has_pfe || !target->nr_entries)
		return ULP_OK;
	code = ulp_debug_file_find(target->library.file.path, target->debug_file, ".debug_info",
				   &found, err);
	if (!code)
		*are_lost = !found;
	free(found);
	return code;
}

static enum ulp_code check_object(struct checker *c, struct ulp_err *err)
{
	struct ulp_facts now;
	enum ulp_code code;

	find_units(c);
	code = check_brought(c, err);
	if (!code)
		code = check_references(c, err);
	if (!code)
		code = open_facts(c->object->file.path, NULL, &now, err);
	if (code)
		return code;
	code = check_constants(c, &now, err);
	ulp_facts_free(&now);
	return code;
}

enum ulp_code constants_check(const struct selection *sel, struct ulp_err *err)
{
	const struct target *target = sel->target;
	struct ulp_facts then;
	struct checker c = {
		.sel = sel,
		.then = &then,
		.has_file_marks = has_file_marks(target),
	};
	enum ulp_code code = open_facts(target->library.file.path, target->debug_file, &then, err);

	if (code)
		return code;
	if (!then.nr_units)
		code = look_for_facts(target, &c.facts_are_lost, err);
	for (size_t i = 0; !code && i < sel->nr_objects; i++) {
		c.object = &sel->objects[i];
		code = check_object(&c, err);
	}
	ulp_facts_free(&then);
	return code;
}
