/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a relocatable object into its model. */
#include "config.h"

#include "packer/object.h"

#include "i18n/i18n.h"
#include "packer/linked.h"

#include <stdlib.h>
#include <string.h>

static enum ulp_code object_fail(const struct object *o, size_t section, struct ulp_err *err,
				 enum ulp_code code, const char *what)
{
	ulp_fail(err, code, "%s", _(what));
	if (section)
		ulp_err_at(err, "%s", o->sections[section].name);
	ulp_err_at(err, "%s", o->file.path);
	return code;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static enum section_class classify(const char *name, const Elf64_Shdr *shdr)
{
	if (!(shdr->sh_flags & SHF_ALLOC))
		return SECTION_OTHER;
	if (strcmp(name, ".eh_frame") == 0)
		return SECTION_UNWIND;
	if (strcmp(name, ".note.gnu.property") == 0)
		return SECTION_OTHER; /* merged by the linker over all objects */
	if (shdr->sh_flags & SHF_TLS)
		return SECTION_THREAD;
	if (shdr->sh_flags & SHF_EXECINSTR)
		return SECTION_CODE;
	if (!(shdr->sh_flags & SHF_WRITE) || starts_with(name, ".data.rel.ro"))
		return SECTION_READ_ONLY;
	return SECTION_WRITABLE;
}

static enum ulp_code sections_read(struct pool *pool, struct object *o, struct ulp_err *err)
{
	bool code_seen = false, lto_seen = false;

	o->nr_sections = o->file.elf.nr_sections;
	o->sections = pool_alloc(pool, o->nr_sections + 1, sizeof(*o->sections));
	for (size_t i = 0; i < o->nr_sections; i++) {
		struct object_section *s = &o->sections[i];
		enum ulp_code code;

		s->name = ulp_elf_section_name(&o->file.elf, i);
		s->shdr = ulp_elf_section(&o->file.elf, i);
		s->class = classify(s->name, &s->shdr);
		if (i == 0)
			continue;
		code = elf_file_data(&o->file, i, &s->bytes, &s->len, err);
		if (code)
			return code;
		code_seen |= s->class == SECTION_CODE && s->len > 0;
		lto_seen |= starts_with(s->name, ".gnu.lto_");
		if (s->shdr.sh_type == SHT_SYMTAB)
			o->symtab = i;
		if (s->shdr.sh_type == SHT_SYMTAB_SHNDX)
			return object_fail(o, i, err, ULP_EUNSUP,
					   "an object with that many sections is not supported");
	}
	if (lto_seen && !code_seen)
		return object_fail(o, 0, err, ULP_EUNSUP,
				   "holds no machine code, only the compiler's intermediate form; "
				   "compile with -fno-lto or -ffat-lto-objects");
	if (!o->symtab)
		return object_fail(o, 0, err, ULP_EELF, "has no symbol table");
	return ULP_OK;
}

static enum ulp_code symbols_read(struct pool *pool, struct object *o, struct ulp_err *err)
{
	struct elf_symbol *list;
	enum ulp_code code;

	code = elf_symbols_read(pool, &o->file, o->symtab, &list, &o->nr_symbols, err);
	if (code)
		return code;
	if (!o->nr_symbols)
		return object_fail(o, o->symtab, err, ULP_EELF, "the symbol table is empty");
	o->source = "";
	o->symbols = pool_alloc(pool, o->nr_symbols, sizeof(*o->symbols));
	for (size_t i = 0; i < o->nr_symbols; i++) {
		struct elf_symbol *s = &list[i];

		if (s->type == STT_FILE && !*o->source)
			o->source = path_base_name(s->name);
		/* SHN_ABS and SHN_COMMON say of what is no section where it is. */
		if (s->shndx >= o->nr_sections && s->shndx != SHN_XINDEX &&
		    (s->shndx < SHN_LORESERVE || s->type == STT_SECTION))
			return object_fail(o, o->symtab, err, ULP_EELF,
					   "a symbol is in a section that does not exist");
		if (s->shndx < SHN_LORESERVE && s->value >= OBJECT_MAX_DISTANCE)
			return object_fail(o, o->symtab, err, ULP_EELF,
					   "a symbol's value is larger than any address");
		if (s->shndx == SHN_XINDEX)
			return object_fail(o, o->symtab, err, ULP_EUNSUP,
					   "an object with that many sections is not supported");
		o->symbols[i].elf = *s;
	}
	return ULP_OK;
}

static int compare_offset(const void *a, const void *b)
{
	const struct object_reloc *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

static enum ulp_code rela_read(struct pool *pool, struct object *o, size_t i, struct ulp_err *err)
{
	const struct object_section *rela = &o->sections[i];
	const size_t nr = rela->len / sizeof(Elf64_Rela);
	struct object_section *s;

	if (rela->shdr.sh_info >= o->nr_sections || rela->shdr.sh_link != o->symtab)
		return object_fail(o, i, err, ULP_EELF, "belongs to no section of this object");
	s = &o->sections[rela->shdr.sh_info];
	if (s->relocs)
		return object_fail(o, i, err, ULP_EELF,
				   "a second relocation section for the same section");
	if (nr && !s->bytes)
		return object_fail(o, i, err, ULP_EELF,
				   "relocations for a section without content");
	s->relocs = pool_alloc(pool, nr + 1, sizeof(*s->relocs));
	for (size_t k = 0; k < nr; k++) {
		struct object_reloc *r = &s->relocs[k];
		Elf64_Rela raw;

		memcpy(&raw, rela->bytes + k * sizeof(raw), sizeof(raw));
		r->off = raw.r_offset;
		r->type = (uint32_t)ELF64_R_TYPE(raw.r_info);
		r->symbol = (uint32_t)ELF64_R_SYM(raw.r_info);
		r->addend = raw.r_addend;
		if (r->symbol >= o->nr_symbols)
			return object_fail(o, i, err, ULP_EELF,
					   "a relocation names a symbol that does not exist");
		if (r->off >= s->shdr.sh_size)
			return object_fail(o, i, err, ULP_EELF,
					   "a relocation lies outside its section");
		if (!object_addend_fits(r->addend))
			return object_fail(o, i, err, ULP_EELF,
					   "a relocation's addend is larger than any address");
	}
	qsort(s->relocs, nr, sizeof(*s->relocs), compare_offset);
	s->nr_relocs = nr;
	return ULP_OK;
}

static enum ulp_code relocs_read(struct pool *pool, struct object *o, struct ulp_err *err)
{
	for (size_t i = 1; i < o->nr_sections; i++) {
		const struct object_section *s = &o->sections[i];
		enum ulp_code code = ULP_OK;

		if (s->shdr.sh_type == SHT_REL)
			code = object_fail(o, i, err, ULP_EUNSUP,
					   "relocations without addends are not supported");
		else if (s->shdr.sh_type == SHT_RELA)
			code = rela_read(pool, o, i, err);
		if (code)
			return code;
	}
	return ULP_OK;
}

enum ulp_code object_file_read(struct pool *pool, const char *path, struct elf_file *file,
			       struct ulp_err *err)
{
	enum ulp_code code = elf_file_read(pool, path, file, err);

	if (code == ULP_EELF && !file_is_elf(path)) {
		ulp_fail(err, ULP_EELF,
			 "not an ELF file; compile it first: an object file (.o) is wanted");
		ulp_err_at(err, "%s", path);
	}
	return code;
}

enum ulp_code object_read(struct pool *pool, const char *path, const struct packer_arch *arch,
			  struct object *object, struct ulp_err *err)
{
	struct object o = {0};
	enum ulp_code code;

	code = object_file_read(pool, path, &o.file, err);
	if (code)
		return code;
	if (o.file.elf.ehdr.e_type == ET_DYN) {
		code = linked_read(pool, arch, &o, err);
		if (!code)
			*object = o;
		return code;
	}
	if (o.file.elf.ehdr.e_type != ET_REL)
		return object_fail(
			&o, 0, err, ULP_EELF,
			"not a relocatable object; give the .o file of the fixed source");
	if (o.file.elf.ehdr.e_machine != arch->machine)
		return object_fail(&o, 0, err, ULP_EARCH,
				   "made for another machine than the target");
	code = sections_read(pool, &o, err);
	if (!code)
		code = symbols_read(pool, &o, err);
	if (!code)
		code = relocs_read(pool, &o, err);
	if (!code)
		*object = o;
	return code;
}

unsigned char *object_edit(struct pool *pool, struct object_section *section)
{
	if (!section->edited) {
		section->edited = pool_alloc(pool, section->len + 1, 1);
		memcpy(section->edited, section->bytes, section->len);
		section->bytes = section->edited;
	}
	return section->edited;
}

struct object_section *object_symbol_section(const struct object *object, size_t symbol)
{
	const uint32_t shndx = object->symbols[symbol].elf.shndx;

	if (shndx == SHN_UNDEF || shndx >= object->nr_sections)
		return NULL;
	return &object->sections[shndx];
}

size_t object_find_global(const struct object *object, const char *name)
{
	for (size_t i = 1; i < object->nr_symbols; i++) {
		const struct elf_symbol *s = &object->symbols[i].elf;

		if (s->bind != STB_LOCAL && s->shndx != SHN_UNDEF && strcmp(s->name, name) == 0)
			return i;
	}
	return 0;
}

static bool is_function(const struct object *object, size_t symbol, const char *name)
{
	const struct elf_symbol *s = &object->symbols[symbol].elf;
	const struct object_section *section = object_symbol_section(object, symbol);

	return section && section->class == SECTION_CODE && strcmp(s->name, name) == 0 &&
	       (s->type == STT_FUNC || s->type == STT_GNU_IFUNC);
}

size_t object_find_function(const struct object *object, const char *name)
{
	for (size_t i = 1; i < object->nr_symbols; i++)
		if (is_function(object, i, name))
			return i;
	return 0;
}

size_t object_count_functions(const struct object *object, const char *name)
{
	size_t nr = 0;

	for (size_t i = 1; i < object->nr_symbols; i++) {
		const struct elf_symbol *s = &object->symbols[i].elf;
		bool seen = !is_function(object, i, name);

		for (size_t k = 1; k < i && !seen; k++)
			seen = is_function(object, k, name) &&
			       object->symbols[k].elf.shndx == s->shndx &&
			       object->symbols[k].elf.value == s->value;
		nr += !seen;
	}
	return nr;
}

bool object_has_source(const struct object *object, const char *path)
{
	const char *name = path_base_name(path);

	if (!*name)
		return false;
	for (size_t i = 1; object->linked && i < object->nr_symbols; i++)
		if (object->symbols[i].elf.type == STT_FILE &&
		    strcmp(path_base_name(object->symbols[i].elf.name), name) == 0)
			return true;
	return strcmp(object->source, name) == 0;
}
