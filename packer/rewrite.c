/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing the object that the linker gets. */
#include "config.h"

#include "packer/rewrite.h"

#include "container/facts_format.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

struct new_section {
	Elf64_Shdr shdr;
	const void *bytes;
	size_t len;
};

struct rewriter {
	struct pool *pool;
	const struct selection *sel;
	const struct object *object;
	struct new_symbols symbols;
	struct buffer strings;	     /* of the symbols */
	struct buffer section_names; /* unused where the object has one table for both */
	struct buffer *names;
	size_t strings_section;
	struct new_section *sections;
	size_t nr_sections;
};

/* Loaded sections that do not come along, and what tells tools about the whole object. */
static bool stays_behind(const struct object_section *s)
{
	/* The facts tell of the object's functions, most of which the container does not have. */
	if (strncmp(s->name, ".ulp.", 5) == 0 || strcmp(s->name, ULP_SECTION) == 0 ||
	    strcmp(s->name, ULP_FACTS_SECTION) == 0)
		return true;
	if (s->class == SECTION_OTHER)
		return s->shdr.sh_type == SHT_NOTE && strcmp(s->name, ".note.gnu.property") != 0;
	return !s->kept;
}

static size_t add_section(struct rewriter *w, const char *name, uint32_t type, uint64_t flags,
			  uint64_t align, const void *bytes, size_t len)
{
	struct new_section *s = &w->sections[w->nr_sections];

	s->shdr.sh_name = (Elf64_Word)buffer_add(w->pool, w->names, name, strlen(name) + 1);
	s->shdr.sh_type = type;
	s->shdr.sh_flags = flags;
	s->shdr.sh_addralign = align;
	s->bytes = bytes;
	s->len = len;
	return w->nr_sections++;
}

static Elf64_Rela new_reloc(const struct rewriter *w, const struct object_section *section,
			    const struct object_reloc *r)
{
	const struct packer_arch *arch = w->sel->target->arch;
	const enum reloc_action action = section->class == SECTION_OTHER ? RELOC_KEEP : r->action;
	Elf64_Rela rela = {.r_offset = r->off, .r_addend = r->addend};
	uint32_t symbol = w->symbols.map[r->symbol], type = r->type;

	switch (action) {
	case RELOC_KEEP:
		/* One without effect may name a section that stays behind: the plugin's table. */
		if (type == arch->none)
			symbol = 0;
		break;
	case RELOC_IMPORT:
		symbol = w->symbols.imports[r->index];
		type = r->new_type;
		rela.r_addend = r->new_addend;
		break;
	case RELOC_RECORD:
	case RELOC_DROP:
		symbol = 0;
		type = arch->none;
		rela.r_addend = 0;
		break;
	case RELOC_SLOT:
		symbol = w->symbols.slots_symbol;
		type = r->new_type;
		rela.r_addend += (int64_t)(r->index * sizeof(uint64_t));
		break;
	}
	rela.r_info = ELF64_R_INFO((uint64_t)symbol, type);
	return rela;
}

static void rewrite_relocs(struct rewriter *w, struct new_section *s)
{
	const struct object_section *of = &w->object->sections[s->shdr.sh_info];
	Elf64_Rela *list;

	if (stays_behind(of)) {
		s->bytes = NULL;
		s->len = 0;
		return;
	}
	list = pool_alloc(w->pool, of->nr_relocs + 1, sizeof(*list));
	for (size_t i = 0; i < of->nr_relocs; i++)
		list[i] = new_reloc(w, of, &of->relocs[i]);
	s->bytes = list;
	s->len = of->nr_relocs * sizeof(*list);
}

/* Where a damaged object asks for gigabytes of padding, libelf would write them. */
static enum ulp_code check_alignment(const struct object *object, struct ulp_err *err)
{
	for (size_t i = 1; i < object->nr_sections; i++) {
		const struct object_section *s = &object->sections[i];
		const uint64_t align = s->shdr.sh_addralign;

		if (stays_behind(s) || (align <= ULP_CONTAINER_ALIGN && !(align & (align - 1))))
			continue;
		ulp_fail(err, ULP_EUNSUP,
			 "is aligned to %llu bytes; a container keeps powers of two up to %u",
			 (unsigned long long)align, ULP_CONTAINER_ALIGN);
		ulp_err_at(err, "%s: %s", object->file.path, s->name);
		return ULP_EUNSUP;
	}
	return ULP_OK;
}

static void copy_sections(struct rewriter *w)
{
	for (size_t i = 0; i < w->object->nr_sections; i++) {
		const struct object_section *old = &w->object->sections[i];
		struct new_section *s = &w->sections[i];

		s->shdr = old->shdr;
		if (old->new_name)
			s->shdr.sh_name = (Elf64_Word)buffer_add(w->pool, w->names, old->new_name,
								 strlen(old->new_name) + 1);
		s->bytes = old->bytes;
		s->len = old->shdr.sh_type == SHT_NOBITS ? (size_t)old->shdr.sh_size : old->len;
		if (i && old->shdr.sh_type == SHT_RELA) {
			s->shdr.sh_addralign = sizeof(uint64_t); /* whatever a damaged one says */
		} else if (i && stays_behind(old)) {
			s->shdr.sh_flags |= SHF_EXCLUDE;
			s->shdr.sh_addralign = 1;
		}
	}
	w->nr_sections = w->object->nr_sections;
}

/* Zeroes, but for the constants. */
static uint64_t *slots_content(const struct rewriter *w)
{
	uint64_t *cells = pool_alloc(w->pool, w->object->nr_slots, sizeof(*cells));

	for (size_t i = 0; i < w->object->nr_slots; i++)
		if (w->object->slots[i].constant)
			cells[i] = w->object->slots[i].value;
	return cells;
}

static void add_new_sections(struct rewriter *w, const struct rewrite_extra *extra)
{
	const size_t nr_slots = w->object->nr_slots;

	if (nr_slots)
		w->symbols.slots_section = add_section(
			w, ULP_SLOTS_SECTION, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, sizeof(uint64_t),
			slots_content(w), nr_slots * sizeof(uint64_t));
	if (extra->apply)
		add_section(w, ULP_SECTION, SHT_PROGBITS, 0, 8, extra->apply, extra->apply_len);
	if (extra->revert)
		add_section(w, ULP_REV_SECTION, SHT_PROGBITS, 0, 8, extra->revert,
			    extra->revert_len);
}

static void finish_tables(struct rewriter *w)
{
	const size_t shstrndx = w->object->file.elf.shstrndx;
	struct new_section *symtab = &w->sections[w->object->symtab];

	for (size_t i = 1; i < w->object->nr_sections; i++) {
		struct new_section *s = &w->sections[i];

		if (s->shdr.sh_type == SHT_RELA)
			rewrite_relocs(w, s);
		else if (s->shdr.sh_type == SHT_GROUP && s->shdr.sh_info < w->object->nr_symbols)
			s->shdr.sh_info = w->symbols.map[s->shdr.sh_info];
	}
	symtab->bytes = w->symbols.list;
	symtab->len = w->symbols.nr * sizeof(*w->symbols.list);
	symtab->shdr.sh_info = (Elf64_Word)w->symbols.nr_local;
	w->sections[shstrndx].bytes = w->names->bytes;
	w->sections[shstrndx].len = w->names->len;
	w->sections[w->strings_section].bytes = w->strings.bytes;
	w->sections[w->strings_section].len = w->strings.len;
}

static bool write_section(Elf *elf, const struct new_section *s)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	GElf_Shdr shdr = s->shdr;

	if (!data)
		return false;
	/* libelf does not write to the buffer: it only has no const. */
	data->d_buf = s->shdr.sh_type == SHT_NOBITS ? NULL : (void *)(uintptr_t)s->bytes;
	data->d_type = ELF_T_BYTE;
	data->d_size = s->len;
	data->d_align = 1;
	data->d_version = EV_CURRENT;
	return gelf_update_shdr(scn, &shdr) != 0;
}

static bool write_elf(const struct rewriter *w, Elf *elf)
{
	GElf_Ehdr ehdr = w->object->file.elf.ehdr;

	if (!gelf_newehdr(elf, ELFCLASS64))
		return false;
	ehdr.e_shoff = 0;
	ehdr.e_shnum = 0;
	ehdr.e_shstrndx = (Elf64_Half)w->object->file.elf.shstrndx;
	if (!gelf_update_ehdr(elf, &ehdr))
		return false;
	for (size_t i = 1; i < w->nr_sections; i++)
		if (!write_section(elf, &w->sections[i]))
			return false;
	return elf_update(elf, ELF_C_WRITE) >= 0;
}

static enum ulp_code write_file(const struct rewriter *w, const char *path, struct ulp_err *err)
{
	const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	enum ulp_code code = ULP_OK;
	Elf *elf;

	if (fd < 0)
		return ulp_fail_errno(err, ULP_ESYS, "%s cannot be written", path);
	(void)elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	if (!elf || !write_elf(w, elf))
		code = ulp_fail(err, ULP_EELF, "%s cannot be rewritten: %s", w->object->file.path,
				elf_errmsg(-1));
	elf_end(elf);
	if (close(fd) < 0 && !code)
		code = ulp_fail_errno(err, ULP_ESYS, "%s cannot be written", path);
	return code;
}

static void copy_strings(struct rewriter *w)
{
	const struct object *o = w->object;
	const size_t shstrndx = o->file.elf.shstrndx;

	w->strings_section = o->sections[o->symtab].shdr.sh_link;
	buffer_add(w->pool, &w->strings, o->sections[w->strings_section].bytes,
		   o->sections[w->strings_section].len);
	w->names = &w->strings;
	if (shstrndx == w->strings_section)
		return;
	w->names = &w->section_names;
	buffer_add(w->pool, w->names, o->sections[shstrndx].bytes, o->sections[shstrndx].len);
}

enum ulp_code object_rewrite(const struct selection *sel, const struct object *object,
			     const struct rewrite_extra *extra, const char *path,
			     struct ulp_err *err)
{
	struct rewriter w = {.pool = sel->pool, .sel = sel, .object = object};
	enum ulp_code code = check_alignment(object, err);

	if (code)
		return code;
	/* Three new sections at most: slots, .ulp, .ulp.rev. */
	w.sections = pool_alloc(sel->pool, object->nr_sections + 3, sizeof(*w.sections));
	copy_strings(&w);
	copy_sections(&w);
	w.symbols = (struct new_symbols){
		.pool = sel->pool, .sel = sel, .object = object, .strings = &w.strings};
	add_new_sections(&w, extra);
	new_symbols_make(&w.symbols, extra->places);
	finish_tables(&w);
	return write_file(&w, path, err);
}
