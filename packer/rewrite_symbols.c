/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The symbol table of a rewritten object. */
#include "config.h"

#include "packer/rewrite.h"

#include <string.h>

size_t buffer_add(struct pool *pool, struct buffer *buffer, const void *bytes, size_t len)
{
	const size_t off = buffer->len;

	if (buffer->cap - buffer->len < len) {
		unsigned char *grown;

		buffer->cap = 2 * buffer->cap + len;
		grown = pool_alloc(pool, buffer->cap, 1);
		if (off)
			memcpy(grown, buffer->bytes, off);
		buffer->bytes = grown;
	}
	if (len)
		memcpy(buffer->bytes + off, bytes, len);
	buffer->len += len;
	return off;
}

static uint32_t add(struct new_symbols *ns, const char *name, const Elf64_Sym *sym)
{
	Elf64_Sym *s;

	ns->list = pool_grow(ns->pool, ns->list, ns->nr, &ns->cap, sizeof(*ns->list));
	s = &ns->list[ns->nr];
	*s = *sym;
	s->st_name =
		*name ? (Elf64_Word)buffer_add(ns->pool, ns->strings, name, strlen(name) + 1) : 0;
	return (uint32_t)ns->nr++;
}

/* What becomes of an old symbol. */
enum fate {
	FATE_DROP,
	FATE_LOCAL,
	FATE_EXPORT, /* a replaced function */
	FATE_HIDDEN, /* global among the objects only */
	FATE_UNDEFINED,
};

static enum fate fate_of(const struct object *object, size_t i)
{
	const struct object_symbol *s = &object->symbols[i];
	const struct object_section *section = object_symbol_section(object, i);
	const bool comes = s->bound == BOUND_BROUGHT || s->bound == BOUND_REPLACED;
	const bool here = s->home == object;

	if (s->exported)
		return FATE_EXPORT;
	if (s->elf.bind == STB_LOCAL)
		return FATE_LOCAL;
	if (s->elf.shndx == SHN_UNDEF || s->elf.shndx == SHN_COMMON) {
		if (!comes)
			return FATE_DROP;
		return here ? FATE_HIDDEN : FATE_UNDEFINED;
	}
	if (comes && !here) /* a weak definition that gave way to another object's */
		return FATE_UNDEFINED;
	return comes && section && section->kept ? FATE_HIDDEN : FATE_LOCAL;
}

static void add_old(struct new_symbols *ns, size_t i, enum fate fate)
{
	const struct object_symbol *s = &ns->object->symbols[i];
	const char *name = s->exported ? s->exported : s->elf.name;
	unsigned char bind = s->elf.bind == STB_WEAK ? STB_WEAK : STB_GLOBAL;
	unsigned char type = s->elf.type;
	Elf64_Sym sym = {
		.st_value = s->elf.value,
		.st_size = s->elf.size,
		.st_shndx = (Elf64_Section)s->elf.shndx,
		.st_other = s->elf.visible,
	};

	if (fate == FATE_LOCAL)
		bind = STB_LOCAL;
	else if (fate != FATE_HIDDEN)
		bind = STB_GLOBAL;
	if (fate != FATE_LOCAL)
		sym.st_other = fate == FATE_HIDDEN ? STV_HIDDEN : STV_DEFAULT;
	else if (s->elf.bind != STB_LOCAL)
		sym.st_other = STV_DEFAULT;
	if (fate == FATE_UNDEFINED) {
		sym.st_value = sym.st_size = 0;
		sym.st_shndx = SHN_UNDEF;
		type = STT_NOTYPE;
	}
	sym.st_info = (unsigned char)ELF64_ST_INFO(bind, type);
	ns->map[i] = add(ns, name, &sym);
}

static void add_imports(struct new_symbols *ns)
{
	for (size_t i = 0; i < ns->object->nr_sections; i++) {
		const struct object_section *section = &ns->object->sections[i];

		for (size_t k = 0; section->kept && k < section->nr_relocs; k++) {
			const struct object_reloc *r = &section->relocs[k];
			const struct import *import;
			Elf64_Sym sym = {0};

			if (r->action != RELOC_IMPORT || ns->imports[r->index])
				continue;
			import = &ns->sel->imports[r->index];
			sym.st_info = (unsigned char)ELF64_ST_INFO(
				import->weak ? STB_WEAK : STB_GLOBAL, STT_NOTYPE);
			ns->imports[r->index] = add(ns, import->name, &sym);
		}
	}
}

static void add_places(struct new_symbols *ns)
{
	for (size_t i = 0; i < ns->sel->nr_references; i++) {
		const struct private_reference *r = &ns->sel->references[i];
		const size_t section = r->section == SLOT_SECTION ? ns->slots_section : r->section;
		const Elf64_Sym sym = {
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE),
			.st_other = STV_HIDDEN,
			.st_shndx = (Elf64_Section)section,
			.st_value = r->off,
		};

		if (r->object == ns->object)
			add(ns, pool_printf(ns->pool, ULP_PLACE_PREFIX "%zu", i), &sym);
	}
}

void new_symbols_make(struct new_symbols *ns, bool places)
{
	const Elf64_Sym null = {0};

	ns->map = pool_alloc(ns->pool, ns->object->nr_symbols, sizeof(*ns->map));
	ns->imports = pool_alloc(ns->pool, ns->sel->nr_imports + 1, sizeof(*ns->imports));
	add(ns, "", &null);
	for (size_t i = 1; i < ns->object->nr_symbols; i++)
		if (fate_of(ns->object, i) == FATE_LOCAL)
			add_old(ns, i, FATE_LOCAL);
	if (ns->slots_section) {
		const Elf64_Sym sym = {
			.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION),
			.st_shndx = (Elf64_Section)ns->slots_section,
		};

		ns->slots_symbol = add(ns, "", &sym);
	}
	ns->nr_local = ns->nr;
	for (size_t i = 1; i < ns->object->nr_symbols; i++) {
		const enum fate fate = fate_of(ns->object, i);

		if (fate != FATE_LOCAL && fate != FATE_DROP)
			add_old(ns, i, fate);
	}
	add_imports(ns);
	if (places)
		add_places(ns);
}
