/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens to each relocation of what comes along.
 *
 *              brought, replaced   import                  private
 *   call       linker              through the PLT         recorded
 *   place      linker              branch: through the PLT recorded
 *                                  own data: recorded
 *   address    linker              dynamic relocation      recorded
 *   GOT        linker              GOT                     slot, whose address is recorded
 *
 * Thread-local variables: those of the target, see tls.c.
 */
#include "config.h"

#include "packer/select.h"

#include "i18n/i18n.h"
#include "packer/match.h"

#include <string.h>

/* One relocation on its way. */
struct step {
	struct selection *sel;
	struct object *object;
	size_t section;
	struct object_reloc *reloc;
	const struct reloc_type *type;
	size_t symbol;	     /* what is meant; not always the one that the relocation names */
	uint64_t symbol_off; /* of what is meant in the section named; else 0 */
};

static bool is_variable(const struct object *object, size_t symbol, size_t section)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;

	return s->shndx == section && (s->type == STT_OBJECT || s->type == STT_NOTYPE) && *s->name;
}

static size_t covering(const struct object *object, size_t section, int64_t off)
{
	for (size_t i = 1; i < object->nr_symbols; i++) {
		const struct elf_symbol *s = &object->symbols[i].elf;

		if (is_variable(object, i, section) && off >= 0 && (uint64_t)off >= s->value &&
		    (uint64_t)off - s->value < (s->size ? s->size : 1))
			return i;
	}
	return 0;
}

/* How many variables lie in the section, aliases counted once; *only is the last. */
static size_t count_variables(const struct object *object, size_t section, size_t *only)
{
	size_t nr = 0;

	for (size_t i = 1; i < object->nr_symbols; i++) {
		if (!is_variable(object, i, section) ||
		    (nr && object->symbols[*only].elf.value == object->symbols[i].elf.value))
			continue;
		*only = i;
		nr++;
	}
	return nr;
}

static enum ulp_code map_variable(const struct object *object, size_t section, int64_t addend,
				  const int *tails, size_t *symbol, struct ulp_err *err)
{
	size_t only, found;
	const size_t nr = count_variables(object, section, &only);

	if (nr == 1) {
		*symbol = only;
		return ULP_OK;
	}
	found = covering(object, section, addend + (tails ? tails[0] : 0));
	for (size_t i = 1; found && tails && tails[i]; i++)
		if (covering(object, section, addend + tails[i]) != found)
			found = 0;
	if (!found)
		return ulp_fail(err, ULP_ERELOC,
				"it is not certain which variable of %s is meant (%zu lie in it); "
				"compile with -fdata-sections",
				object->sections[section].name, nr);
	*symbol = found;
	return ULP_OK;
}

/* The function that begins exactly there; clones and cold parts are always brought along. */
static size_t map_function(const struct object *object, size_t section, int64_t off)
{
	for (size_t i = 1; i < object->nr_symbols; i++) {
		const struct elf_symbol *s = &object->symbols[i].elf;

		if (s->shndx == section && s->type == STT_FUNC && off >= 0 &&
		    s->value == (uint64_t)off && !name_is_clone(s->name) && !name_is_cold(s->name))
			return i;
	}
	return 0;
}

/* The type information that begins exactly there: a copy of it is another type. */
static size_t map_type_info(const struct object *object, size_t section, int64_t off)
{
	for (size_t i = 1; i < object->nr_symbols; i++) {
		const struct elf_symbol *s = &object->symbols[i].elf;

		if (is_variable(object, i, section) && off >= 0 && s->value == (uint64_t)off &&
		    name_is_type_info(s->name))
			return i;
	}
	return 0;
}

enum ulp_code selection_map_section(const struct object *object, size_t section, int64_t addend,
				    const int *tails, size_t *symbol, struct ulp_err *err)
{
	*symbol = 0;
	if (object->sections[section].class == SECTION_CODE)
		*symbol = map_function(object, section, addend + (tails ? tails[0] : 0));
	else if (object->sections[section].class == SECTION_WRITABLE)
		return map_variable(object, section, addend, tails, symbol, err);
	else if (object->sections[section].class == SECTION_READ_ONLY)
		*symbol = map_type_info(object, section, addend + (tails ? tails[0] : 0));
	return ULP_OK;
}

/* --- references ------------------------------------------------------------------------ */

size_t selection_add_reference(struct selection *sel, const struct private_reference *r)
{
	sel->references = pool_grow(sel->pool, sel->references, sel->nr_references,
				    &sel->references_cap, sizeof(*sel->references));
	sel->references[sel->nr_references] = *r;
	return sel->nr_references++;
}

enum ulp_code selection_record(struct selection *sel, struct object_reloc *reloc,
			       const struct private_reference *what, struct ulp_err *err)
{
	/* The linker rewrites .eh_frame, so places in it cannot be followed. */
	if (what->object->sections[what->section].class == SECTION_UNWIND)
		return ulp_fail(err, ULP_ERELOC,
				"unwind information refers to %s, which the target does not export",
				what->name);
	reloc->action = RELOC_RECORD;
	reloc->index = selection_add_reference(sel, what);
	return ULP_OK;
}

static enum ulp_code record(const struct step *st, const char *name, uint64_t value, uint32_t type,
			    struct ulp_err *err)
{
	const struct private_reference ref = {
		.name = name,
		.type = type,
		.value = value,
		.addend = st->reloc->addend - (int64_t)st->symbol_off,
		.object = st->object,
		.section = st->section,
		.off = st->reloc->off,
	};

	return selection_record(st->sel, st->reloc, &ref, err);
}

static size_t find_slot(struct selection *sel, struct object *o, const struct slot *wanted)
{
	const struct private_reference ref = {
		.name = wanted->name,
		.type = sel->target->arch->address,
		.value = wanted->value,
		.object = o,
		.section = SLOT_SECTION,
		.off = o->nr_slots * sizeof(uint64_t),
	};

	for (size_t i = 0; i < o->nr_slots; i++)
		if (o->slots[i].value == wanted->value && o->slots[i].constant == wanted->constant)
			return i;
	o->slots = pool_grow(sel->pool, o->slots, o->nr_slots, &o->slots_cap, sizeof(*o->slots));
	o->slots[o->nr_slots] = *wanted;
	if (!wanted->constant)
		o->slots[o->nr_slots].reference = selection_add_reference(sel, &ref);
	return o->nr_slots++;
}

void selection_to_slot(struct selection *sel, struct object *object, struct object_reloc *reloc,
		       const struct slot *wanted)
{
	reloc->action = RELOC_SLOT;
	reloc->new_type = sel->target->arch->place;
	reloc->index = find_slot(sel, object, wanted);
}

static enum ulp_code to_private(const struct step *st, const char *name, uint64_t value,
				struct ulp_err *err)
{
	const struct packer_arch *arch = st->sel->target->arch;

	if (st->type->kind == RELOC_ADDRESS)
		return record(st, name, value, arch->address, err);
	if (st->type->kind != RELOC_GOT)
		return record(st, name, value, arch->place, err);
	selection_to_slot(st->sel, st->object, st->reloc,
			  &(struct slot){.name = name, .value = value});
	return ULP_OK;
}

/*
 * The object was compiled to reach an exported symbol without a lookup.  Of a library's variable a
 * program may have a copy (R_*_COPY), which all but the library's directly compiled code uses.
 */
static enum ulp_code to_own_export(const struct step *st, const char *name, struct ulp_err *err)
{
	const struct library *library = &st->sel->target->library;
	const struct elf_symbol *own = library_export(library, name, NULL);

	if (!own)
		return ulp_fail(err, ULP_ERELOC,
				"%s belongs to another library and is accessed directly; "
				"compile with -fPIC",
				name);
	if (!library->is_program && own->type != STT_FUNC &&
	    st->object->symbols[st->symbol].elf.visible != STV_PROTECTED)
		return ulp_fail(err, ULP_ERELOC,
				"%s is accessed directly, but where a program has a copy of it, "
				"%s uses that; compile with -fPIC",
				name, library->soname);
	return to_private(st, name, own->value, err);
}

static enum ulp_code to_import(const struct step *st, size_t import, struct ulp_err *err)
{
	const struct object_section *section = &st->object->sections[st->section];
	const struct packer_arch *arch = st->sel->target->arch;

	st->reloc->new_type = st->reloc->type;
	if (st->type->kind == RELOC_PLACE) {
		if (section->class != SECTION_CODE ||
		    !arch->is_branch(section->bytes, st->reloc->off))
			return to_own_export(st, st->sel->imports[import].name, err);
		st->reloc->new_type = arch->call;
	}
	st->reloc->action = RELOC_IMPORT;
	st->reloc->index = import;
	st->reloc->new_addend = st->reloc->addend - (int64_t)st->symbol_off;
	return ULP_OK;
}

/*
 * A language-specific data area (which handler catches what) names a type by
 * its distance from a nameless cell that holds the address of the type
 * information.  The cell is constant, though it lies in a writable section.
 */
static bool is_type_cell(const struct step *st)
{
	const struct object_section *from = &st->object->sections[st->section];

	return strncmp(from->name, ".gcc_except_table", strlen(".gcc_except_table")) == 0 &&
	       !covering(st->object, st->object->symbols[st->reloc->symbol].elf.shndx,
			 st->reloc->addend);
}

/* Distances between data and data are not what compilers emit; between data and code they are. */
static enum ulp_code distance_in_data(const struct step *st, const struct object_section *to,
				      bool *whole, struct ulp_err *err)
{
	*whole = true;
	if (to->class != SECTION_WRITABLE || is_type_cell(st))
		return ULP_OK;
	return ulp_fail(err, ULP_ERELOC,
			"%s in data refers to the writable section %s, and it is not certain to "
			"which variable; compile with -fdata-sections",
			st->type->name, to->name);
}

/* A reference by section: *whole if it stays one. */
static enum ulp_code resolve_section(struct step *st, bool *whole, struct ulp_err *err)
{
	const size_t section = st->object->symbols[st->reloc->symbol].elf.shndx;
	const struct object_section *from = &st->object->sections[st->section];
	const bool from_code = from->class == SECTION_CODE;
	const struct object_section *to = object_symbol_section(st->object, st->reloc->symbol);
	const int *tails = NULL;
	enum ulp_code code;

	*whole = true;
	if (!to)
		return ulp_fail(err, ULP_EELF, "refers to a section that does not exist");
	if (to->class == SECTION_THREAD)
		return ulp_fail(err, ULP_ETLS,
				"the address of a thread-local variable is no constant");
	if (st->type->kind != RELOC_ADDRESS) {
		/* A distance in data: a jump table, which leads into its own function. */
		if (!from_code)
			return distance_in_data(st, to, whole, err);
		tails = st->sel->target->arch->tails(from->bytes, st->reloc->off);
	}
	code = selection_map_section(st->object, section, st->reloc->addend, tails, &st->symbol,
				     err);
	if (code || !st->symbol)
		return code;
	st->symbol_off = st->object->symbols[st->symbol].elf.value;
	*whole = false;
	return ULP_OK;
}

static enum ulp_code resolve(struct step *st, struct ulp_err *err)
{
	const struct object_symbol *s = &st->object->symbols[st->reloc->symbol];
	enum ulp_code code;
	bool whole;

	st->symbol = st->reloc->symbol;
	if (s->elf.type == STT_SECTION) {
		code = resolve_section(st, &whole, err);
		if (code || whole) {
			if (!code)
				selection_keep(st->object, st->reloc->symbol);
			return code;
		}
	}
	code = selection_bind(st->sel, st->object, st->symbol, err);
	if (code)
		return code;
	s = &st->object->symbols[st->symbol];
	if (s->bound == BOUND_IMPORT)
		return to_import(st, s->import, err);
	if (s->bound == BOUND_PRIVATE)
		return to_private(st, s->target_name, s->target->value, err);
	selection_keep(s->home, s->home_symbol);
	return ULP_OK;
}

enum ulp_code selection_relocate(struct selection *sel, struct object *object, size_t section,
				 struct object_reloc *reloc, struct ulp_err *err)
{
	struct step st = {sel, object, section, reloc, sel->target->arch->reloc(reloc->type), 0, 0};
	const char *name = object->symbols[reloc->symbol].elf.name;
	enum ulp_code code = ULP_OK;

	/* Done already, together with the one before it. */
	if (reloc->action != RELOC_KEEP)
		return ULP_OK;
	if (!st.type)
		code = ulp_fail(err, ULP_ERELOC, "relocation type %u is not known", reloc->type);
	else if (st.type->kind >= RELOC_TLS_GOT && st.type->kind <= RELOC_TLS)
		code = selection_tls(sel, object, section, reloc, err);
	else if (st.type->kind == RELOC_REFUSED)
		code = ulp_fail(err, ULP_ERELOC, "relocation %s%s%s is not supported: %s",
				st.type->name, *name ? _(" against ") : "", name, _(st.type->why));
	else if (st.type->kind != RELOC_NOTHING && reloc->symbol)
		code = resolve(&st, err);
	if (code)
		ulp_err_at(err, "%s", object_place(sel->pool, object, section, reloc->off));
	return code;
}

/* --- afterwards ------------------------------------------------------------------------ */

/* Calls visit for each relocation that refers to an import. */
static void each_import_use(const struct selection *sel,
			    void (*visit)(struct object_reloc *reloc, size_t *numbers),
			    size_t *numbers)
{
	for (size_t i = 0; i < sel->nr_objects; i++)
		for (size_t k = 0; k < sel->objects[i].nr_sections; k++) {
			const struct object_section *s = &sel->objects[i].sections[k];

			for (size_t j = 0; s->kept && j < s->nr_relocs; j++)
				if (s->relocs[j].action == RELOC_IMPORT)
					visit(&s->relocs[j], numbers);
		}
}

static void mark(struct object_reloc *reloc, size_t *numbers)
{
	numbers[reloc->index] = 1;
}

static void renumber(struct object_reloc *reloc, size_t *numbers)
{
	reloc->index = numbers[reloc->index];
}

void selection_drop_unused_imports(struct selection *sel)
{
	size_t *numbers = pool_alloc(sel->pool, sel->nr_imports + 1, sizeof(*numbers));
	size_t nr = 0;

	each_import_use(sel, mark, numbers);
	for (size_t i = 0; i < sel->nr_imports; i++) {
		if (!numbers[i])
			continue;
		sel->imports[nr] = sel->imports[i];
		numbers[i] = nr++;
	}
	sel->nr_imports = nr;
	each_import_use(sel, renumber, numbers);
}
