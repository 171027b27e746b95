/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the references of a linked fix lead.  Those to its own parts are settled: hence it must
 * not have parts that are the target's, writable data above all.
 */
#include "config.h"

#include "packer/linked.h"

#include "i18n/i18n.h"
#include "packer/match.h"

#include <string.h>

/* Linkers pad sections of variables to this, whatever is in them. */
#define PADDING 8u /* bytes */

/* --- both files ---------------------------------------------------------------------------- */

/* ELFOSABI_GNU only says that GNU extensions are used. */
static unsigned char abi_of(const struct elf_file *file)
{
	const unsigned char abi = file->elf.ehdr.e_ident[EI_OSABI];

	return abi == ELFOSABI_GNU ? ELFOSABI_SYSV : abi;
}

static enum ulp_code check_abi(const struct selection *sel, const struct object *o,
			       struct ulp_err *err)
{
	const struct elf_file *target = &sel->target->library.file;

	if (abi_of(&o->file) == abi_of(target) &&
	    o->file.elf.ehdr.e_flags == target->elf.ehdr.e_flags)
		return ULP_OK;
	return linked_fail(o, 0, err, ULP_EARCH,
			   "is of another ABI than the target (EI_OSABI %u, e_flags 0x%x; the "
			   "target: %u, 0x%x)",
			   o->file.elf.ehdr.e_ident[EI_OSABI], o->file.elf.ehdr.e_flags,
			   target->elf.ehdr.e_ident[EI_OSABI], target->elf.ehdr.e_flags);
}

/* --- data ----------------------------------------------------------------------------------- */

static bool is_variable(const struct elf_symbol *s)
{
	return *s->name && s->type != STT_SECTION && s->type != STT_FILE &&
	       (s->type != STT_NOTYPE || s->size);
}

/* Bytes that a symbol of the section covers: marked[0..shdr.sh_size). */
static void mark_variables(const struct object *o, size_t section, unsigned char *marked)
{
	const uint64_t size = o->sections[section].shdr.sh_size;

	for (size_t i = 1; i < o->nr_symbols; i++) {
		const struct elf_symbol *s = &o->symbols[i].elf;

		if (s->shndx != section || !is_variable(s) || s->value > size)
			continue;
		memset(marked + s->value, 1,
		       (size_t)(s->size < size - s->value ? s->size : size - s->value));
	}
}

/*
 * Whether symbols of static variables were left in it: linkers take them out together with the
 * marks of source files (ld -x), strip -x with all other local ones, such as this.
 */
static bool has_static_symbols(const struct object *o)
{
	bool marks = false, locals = false;

	for (size_t i = 1; i < o->dynsyms; i++) {
		const struct elf_symbol *s = &o->symbols[i].elf;

		marks |= s->type == STT_FILE && *s->name;
		locals |= s->bind == STB_LOCAL && strcmp(s->name, "_DYNAMIC") == 0;
	}
	return marks && locals;
}

/*
 * Data without a symbol could be a variable of the target under a name that was taken out.
 * *total: bytes of variables so far, in and out.
 */
static enum ulp_code check_named(const struct selection *sel, const struct object *o,
				 size_t section, uint64_t *total, struct ulp_err *err)
{
	const struct object_section *s = &o->sections[section];
	const uint64_t align = s->shdr.sh_addralign > PADDING ? s->shdr.sh_addralign : PADDING;
	/* Padding is shorter than the alignment. */
	const uint64_t max_gap = has_static_symbols(o) ? align - 1 : 0;
	unsigned char *marked;
	uint64_t gap = 0;

	if (s->shdr.sh_size > LINKED_MAX_DATA - *total)
		return linked_fail(o, section, err, ULP_EUNSUP,
				   "there are more than %u bytes of variables", LINKED_MAX_DATA);
	*total += s->shdr.sh_size;
	marked = pool_alloc(sel->pool, (size_t)s->shdr.sh_size + 1, 1);
	mark_variables(o, section, marked);
	for (uint64_t i = 0; i < s->shdr.sh_size; i++) {
		gap = marked[i] ? 0 : gap + 1;
		if (gap > max_gap || (gap && s->bytes && s->bytes[i]))
			return linked_fail(o, section, err, ULP_EUNSUP,
					   "has variables without symbols, at +0x%llx, which may "
					   "be the target's; keep its symbols: no -s, -x, strip",
					   (unsigned long long)i);
	}
	return ULP_OK;
}

static enum ulp_code check_variable(struct selection *sel, struct object *o, size_t symbol,
				    struct ulp_err *err)
{
	const struct object_symbol *s = &o->symbols[symbol];
	enum ulp_code code;

	if (strstr(s->elf.name, ".lto_priv"))
		return linked_fail(
			o, s->elf.shndx, err, ULP_EUNSUP,
			"%s has its name from link-time optimisation, and which variable "
			"it is cannot be told; compile and link with -fno-lto",
			s->elf.name);
	code = selection_bind(sel, o, symbol, err);
	if (code) {
		ulp_err_at(err, "%s: %s", o->file.base_name, o->sections[s->elf.shndx].name);
		return code;
	}
	if (s->bound == BOUND_BROUGHT)
		return ULP_OK;
	return linked_fail(
		o, s->elf.shndx, err, ULP_EMISMATCH,
		"%s is a variable of its own, but %s has it, too, and the fix must use "
		"that one; only declare it in the fix ('extern', also where it is static "
		"in the target), or give the object file instead",
		s->elf.name, sel->target->library.soname);
}

/* Exceptions and casts know a type by the address of this; see bind.c. */
static enum ulp_code check_type_info(const struct selection *sel, const struct object *o,
				     const struct elf_symbol *s, struct ulp_err *err)
{
	if (!library_export(&sel->target->library, s->name, NULL) &&
	    !match_all(sel->pool, sel->target, s->name, MATCH_DATA).nr_candidates)
		return ULP_OK;
	return linked_fail(o, s->shndx, err, ULP_EUNSUP,
			   "%s is type information of its own, but %s has it, too, and types are "
			   "known by its address; give the object file instead",
			   s->name, sel->target->library.soname);
}

static enum ulp_code check_symbol(struct selection *sel, struct object *o, size_t symbol,
				  struct ulp_err *err)
{
	const struct elf_symbol *s = &o->symbols[symbol].elf;
	const struct object_section *section = object_symbol_section(o, symbol);

	if (!section)
		return ULP_OK;
	if (s->type == STT_GNU_IFUNC)
		return linked_fail(o, s->shndx, err, ULP_EUNSUP,
				   "%s is an ifunc, which is not supported in a patch", s->name);
	if (section->class == SECTION_WRITABLE && is_variable(s))
		return check_variable(sel, o, symbol, err);
	if (section->class == SECTION_READ_ONLY && name_is_type_info(s->name))
		return check_type_info(sel, o, s, err);
	if (section->class == SECTION_CODE && s->type == STT_FUNC && symbol < o->dynsyms)
		selection_tell_copy(sel, o, symbol);
	return ULP_OK;
}

/* --- relocations ------------------------------------------------------------------------------ */

static enum ulp_code bind_reloc(struct selection *sel, struct object *o, size_t section,
				struct object_reloc *r, struct ulp_err *err)
{
	const struct object_symbol *s = &o->symbols[r->symbol];
	enum ulp_code code;

	if (!r->symbol)
		return ulp_fail(err, ULP_EELF, "a relocation names no symbol");
	code = selection_bind(sel, o, r->symbol, err);
	if (code)
		return code;
	if (s->bound == BOUND_IMPORT) {
		r->action = RELOC_IMPORT;
		r->index = s->import;
		r->new_type = r->type;
		r->new_addend = r->addend;
		return ULP_OK;
	}
	if (s->bound == BOUND_PRIVATE) {
		const struct private_reference ref = {
			.name = s->target_name,
			.type = sel->target->arch->address,
			.value = s->target->value,
			.addend = r->addend,
			.object = o,
			.section = section,
			.off = r->off,
		};

		return selection_record(sel, r, &ref, err);
	}
	return ULP_OK;
}

static enum ulp_code check_reloc(struct selection *sel, struct object *o, size_t section,
				 struct object_reloc *r, struct ulp_err *err)
{
	const struct packer_arch *arch = sel->target->arch;
	const struct reloc_type *type = arch->reloc(r->type);
	const char *name = o->symbols[r->symbol].elf.name;

	switch (arch->dynamic(r->type)) {
	case DYNAMIC_NOTHING:
	case DYNAMIC_RELATIVE:
		return ULP_OK;
	case DYNAMIC_SYMBOL:
		return bind_reloc(sel, o, section, r, err);
	case DYNAMIC_TLS:
		return ulp_fail(err, ULP_ETLS,
				"%s%sthread-local variables are reached by cells of the linked "
				"file, which only a dynamic linker can fill; give the object file "
				"instead",
				name, *name ? ": " : "");
	case DYNAMIC_INDIRECT:
		return ulp_fail(err, ULP_EUNSUP,
				"has an ifunc of its own (%s), which is not supported in a patch",
				type ? type->name : "");
	case DYNAMIC_OTHER:
		break;
	}
	return ulp_fail(err, ULP_ERELOC, "dynamic relocation %s (%u)%s%s is not supported",
			type ? type->name : _("of an unknown type"), r->type,
			*name ? _(" against ") : "", name);
}

static enum ulp_code check_relocs(struct selection *sel, struct object *o, struct ulp_err *err)
{
	for (size_t i = 1; i < o->nr_sections; i++) {
		struct object_section *s = &o->sections[i];

		for (size_t k = 0; k < s->nr_relocs; k++) {
			enum ulp_code code = check_reloc(sel, o, i, &s->relocs[k], err);

			if (!code)
				continue;
			ulp_err_at(err, "%s: %s+0x%llx", o->file.path, s->name,
				   (unsigned long long)s->relocs[k].off);
			return code;
		}
	}
	return ULP_OK;
}

enum ulp_code linked_select(struct selection *sel, struct ulp_err *err)
{
	struct object *o = &sel->objects[0];
	enum ulp_code code = check_abi(sel, o, err);
	uint64_t total = 0;

	for (size_t i = 1; !code && i < o->nr_sections; i++)
		if (o->sections[i].class == SECTION_WRITABLE)
			code = check_named(sel, o, i, &total, err);
	for (size_t i = 1; !code && i < o->nr_symbols; i++)
		code = check_symbol(sel, o, i, err);
	if (!code)
		code = check_relocs(sel, o, err);
	if (!code)
		selection_drop_unused_imports(sel);
	return code;
}
