/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The spec's references: the engine writes the address of the target's symbol into a pointer of
 * the fix before any code of the fix can run.
 */
#include "config.h"

#include "packer/pointers.h"

#include "i18n/i18n.h"
#include "packer/match.h"

#include <string.h>

#define POINTER_LEN sizeof(uint64_t)

/* Of a section without bytes in the file, once it has a pointer that is written when loading. */
#define FILLED_SECTION ".data.ulp"

/* One reference of the spec on its way. */
struct pointing {
	struct selection *sel;
	const struct spec *spec;
	const struct spec_reference *r;
	struct object *object; /* that defines the pointer, */
	size_t symbol;	       /* as this symbol */
};

/* The definition of a variable of that name, 0 for none. */
static size_t find_variable(const struct object *object, const char *name)
{
	for (size_t i = 1; i < object->nr_symbols; i++) {
		const struct elf_symbol *s = &object->symbols[i].elf;

		if (s->shndx != SHN_UNDEF && s->shndx != SHN_ABS && s->type != STT_SECTION &&
		    s->type != STT_FILE && strcmp(s->name, name) == 0)
			return i;
	}
	return 0;
}

static enum ulp_code fail(const struct pointing *p, enum ulp_code code, struct ulp_err *err,
			  const char *what)
{
	(void)spec_fail(p->spec, p->r->place, code, err, "%s %s", p->r->pointer, _(what));
	return code;
}

static enum ulp_code find_pointer(struct pointing *p, struct ulp_err *err)
{
	size_t nr = 0;

	for (size_t i = 0; i < p->sel->nr_objects; i++) {
		const size_t symbol = find_variable(&p->sel->objects[i], p->r->pointer);

		if (!symbol)
			continue;
		p->object = &p->sel->objects[i];
		p->symbol = symbol;
		nr++;
	}
	if (nr == 1)
		return ULP_OK;
	if (nr)
		return fail(p, ULP_EAMBIGUOUS, err, "is defined in several objects");
	return fail(p, ULP_ESYMBOL, err,
		    "is defined in no object; a static variable that nothing is stored in is taken "
		    "for a constant by the compiler: leave out 'static'");
}

/* Whether the pointer begins as NULL: no bytes, and no relocation that would write some. */
static bool is_null(const struct object_section *section, const struct elf_symbol *s)
{
	for (size_t i = 0; i < section->nr_relocs; i++)
		if (section->relocs[i].off >= s->value &&
		    section->relocs[i].off - s->value < POINTER_LEN)
			return false;
	for (size_t i = 0; section->bytes && i < POINTER_LEN; i++)
		if (section->bytes[s->value + i])
			return false;
	return true;
}

static enum ulp_code check_pointer(const struct pointing *p, struct ulp_err *err)
{
	const struct object_section *section = object_symbol_section(p->object, p->symbol);
	const struct object_symbol *os = &p->object->symbols[p->symbol];
	const struct elf_symbol *s = &os->elf;

	if (s->shndx == SHN_COMMON)
		return fail(p, ULP_EUNSUP, err,
			    "is a common symbol, which has no place yet; compile with -fno-common");
	if (s->type == STT_TLS)
		return fail(p, ULP_ETLS, err, "is thread-local, which a pointer must not be");
	if (!section || section->class != SECTION_WRITABLE)
		return fail(p, ULP_EUNSUP, err,
			    "is not a variable that can be written; leave out 'const'");
	if (s->size != POINTER_LEN || s->value > section->shdr.sh_size ||
	    section->shdr.sh_size - s->value < POINTER_LEN)
		return fail(p, ULP_EUNSUP, err, "is not a variable of the size of a pointer");
	if (!is_null(section, s))
		return fail(p, ULP_EUNSUP, err, "must begin as NULL, and has an initial value");
	return ULP_OK;
}

/* The fix's own, and in use: otherwise the spec means something else. */
static enum ulp_code check_brought(const struct pointing *p, struct ulp_err *err)
{
	const struct object_section *section = object_symbol_section(p->object, p->symbol);
	const struct object_symbol *os = &p->object->symbols[p->symbol];
	enum ulp_code code = selection_bind(p->sel, p->object, p->symbol, err);

	if (code) {
		ulp_err_at(err, "%s:%zu:%zu", p->spec->source.path, p->r->place.line,
			   p->r->place.column);
		return code;
	}
	if (os->bound != BOUND_BROUGHT || os->home != p->object)
		return fail(p, ULP_EMISMATCH, err,
			    "is a variable of the target, not one of the fix alone");
	if (!section->kept)
		return fail(p, ULP_ESYMBOL, err, "is not used by anything that comes along");
	return ULP_OK;
}

static enum ulp_code find_private(const struct pointing *p, const struct elf_symbol **symbol,
				  struct ulp_err *err)
{
	const struct target *target = p->sel->target;
	const struct match_query query = {p->r->to, MATCH_ANY, MATCH_ELSEWHERE, p->object->source,
					  p->object->file_no};
	struct match m = match_find(p->sel->pool, target, &query);

	if (p->r->source) {
		m = match_all(p->sel->pool, target, p->r->to, MATCH_ANY);
		m = match_in_file(p->sel->pool, &m, p->r->source, 0);
	}
	*symbol = m.symbol;
	if (m.nr_candidates > 1)
		return spec_fail(p->spec, p->r->place, ULP_EAMBIGUOUS, err,
				 "%s may mean %zu symbols of the target: %s%s", p->r->to,
				 m.nr_candidates, match_list(p->sel->pool, &m),
				 p->r->source ? "" : _("; say which with 'source:'"));
	return ULP_OK;
}

static enum ulp_code check_target(const struct pointing *p, const struct elf_symbol *symbol,
				  bool exported, struct ulp_err *err)
{
	const struct library *library = &p->sel->target->library;

	if (!symbol)
		return spec_fail(
			p->spec, p->r->place, ULP_ESYMBOL, err, "%s has no %s%s%s%s",
			library->soname, p->r->to, p->r->source ? _(" in ") : "",
			p->r->source ? p->r->source : "",
			target_knows_private(p->sel->target)
				? ""
				: _(" that is known: it is stripped and its debug file was "
				    "not found"));
	if (symbol->type == STT_TLS)
		return spec_fail(p->spec, p->r->place, ULP_ETLS, err,
				 "%s is thread-local, so it has no one address; declare it in the "
				 "fix as 'extern __thread' and use it by its name",
				 p->r->to);
	if (symbol->type == STT_GNU_IFUNC)
		return spec_fail(p->spec, p->r->place, ULP_EUNSUP, err,
				 "%s is an ifunc, whose function is chosen at start-up; declare it "
				 "in the fix and call it by its name",
				 p->r->to);
	/* A program may have a copy of it (R_*_COPY), which then is the one in use. */
	if (exported && symbol->type != STT_FUNC && !library->is_program)
		return spec_fail(
			p->spec, p->r->place, ULP_EUNSUP, err,
			"%s is exported, and where a program has a copy of it, that one is "
			"used; declare it in the fix as 'extern' and use it by its name",
			p->r->to);
	return ULP_OK;
}

/* The engine writes to what is in the file. */
static enum ulp_code fill_section(const struct pointing *p, struct ulp_err *err)
{
	struct object_section *section = object_symbol_section(p->object, p->symbol);

	if (section->shdr.sh_type != SHT_NOBITS)
		return ULP_OK;
	if (p->object->linked)
		return fail(p, ULP_EUNSUP, err,
			    "has no bytes in the linked file; define it with "
			    "__attribute__((section(\".data\")))");
	if (section->shdr.sh_size > POINTERS_MAX_FILL)
		return fail(p, ULP_EUNSUP, err,
			    "lies among too much other data; compile with -fdata-sections");
	section->len = (size_t)section->shdr.sh_size;
	section->edited = pool_alloc(p->sel->pool, section->len + 1, 1);
	section->bytes = section->edited;
	section->shdr.sh_type = SHT_PROGBITS;
	section->new_name = FILLED_SECTION;
	return ULP_OK;
}

static enum ulp_code point(struct pointing *p, struct ulp_err *err)
{
	const struct elf_symbol *symbol = NULL, *exported;
	struct private_reference ref;
	enum ulp_code code;

	code = find_pointer(p, err);
	if (!code)
		code = check_pointer(p, err);
	if (!code)
		code = check_brought(p, err);
	exported = p->r->source ? NULL : library_export(&p->sel->target->library, p->r->to, NULL);
	if (!code && !exported)
		code = find_private(p, &symbol, err);
	if (!code)
		code = check_target(p, exported ? exported : symbol, exported != NULL, err);
	if (!code)
		code = fill_section(p, err);
	if (code)
		return code;
	symbol = exported ? exported : symbol;
	ref = (struct private_reference){
		.name = symbol->name,
		.type = p->sel->target->arch->address,
		.value = symbol->value,
		.object = p->object,
		.section = p->object->symbols[p->symbol].elf.shndx,
		.off = p->object->symbols[p->symbol].elf.value,
	};
	selection_add_reference(p->sel, &ref);
	report_add(p->sel->report, p->sel->pool, NOTE_DETAIL, "%s: gets the address of %s%s%s",
		   p->r->pointer, symbol->name, *symbol->file ? _(" in ") : "", symbol->file);
	return ULP_OK;
}

enum ulp_code selection_pointers(struct selection *sel, const struct spec *spec,
				 struct ulp_err *err)
{
	for (size_t i = 0; i < spec->nr_references; i++) {
		struct pointing p = {.sel = sel, .spec = spec, .r = &spec->references[i]};
		enum ulp_code code = point(&p, err);

		if (code)
			return code;
	}
	return ULP_OK;
}
