/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The container of a linked fix: its bytes, changed in place, and behind them
 *
 *   | .ulp | .ulp.rev | names of sections | section headers |
 */
#include "config.h"

#include "packer/linked.h"

#include "container/container.h"
#include "container/facts_format.h"
#include "packer/patch_fill.h"
#include "packer/rewrite.h"

#include <string.h>

#define NR_NEW_SECTIONS 2u

struct writer {
	const struct selection *sel;
	const struct object *object;
	struct buffer file;
	struct buffer names;
	Elf64_Shdr *headers;
	size_t nr_headers;
};

/* --- in place ------------------------------------------------------------------------------- */

static void put(struct writer *w, size_t off, const void *bytes, size_t len)
{
	memcpy(w->file.bytes + off, bytes, len);
}

/* The engine does what is recorded. */
static void take_out_relocs(struct writer *w)
{
	const struct object *o = w->object;

	for (size_t i = 1; i < o->nr_sections; i++)
		for (size_t k = 0; k < o->sections[i].nr_relocs; k++) {
			const struct object_reloc *r = &o->sections[i].relocs[k];
			const Elf64_Rela none = {
				.r_offset = o->sections[i].shdr.sh_addr + r->off,
				.r_info = ELF64_R_INFO(0, w->sel->target->arch->none),
			};

			if (r->action == RELOC_RECORD)
				put(w, r->file_off, &none, sizeof(none));
		}
}

/* What is bound by lookup, although the file defines it, too: its definition gives way. */
static void undefine_imports(struct writer *w)
{
	const struct object *o = w->object;
	const struct object_section *dynsym = &o->sections[o->symtab];
	const size_t start = (size_t)(dynsym->bytes - o->file.bytes);

	for (size_t i = o->dynsyms + 1; i < o->nr_symbols; i++) {
		const struct object_symbol *s = &o->symbols[i];
		const size_t off = start + (i - o->dynsyms) * sizeof(Elf64_Sym);
		Elf64_Sym sym;

		if (s->bound != BOUND_IMPORT || s->elf.shndx == SHN_UNDEF)
			continue;
		memcpy(&sym, w->file.bytes + off, sizeof(sym));
		sym.st_shndx = SHN_UNDEF;
		sym.st_value = sym.st_size = 0;
		put(w, off, &sym, sizeof(sym));
	}
}

/* The engine loads no libraries: whoever has a symbol is found among those of the process. */
static void drop_needed(struct writer *w)
{
	const size_t i = elf_file_find_type(&w->object->file, SHT_DYNAMIC);
	const struct object_section *s = &w->object->sections[i];
	const Elf64_Dyn null = {.d_tag = DT_NULL};
	size_t start, to = 0;

	if (!i || !s->bytes)
		return;
	start = (size_t)(s->bytes - w->object->file.bytes);
	for (size_t off = 0; off + sizeof(Elf64_Dyn) <= s->len; off += sizeof(Elf64_Dyn)) {
		Elf64_Dyn dyn;

		memcpy(&dyn, s->bytes + off, sizeof(dyn));
		if (dyn.d_tag == DT_NEEDED || dyn.d_tag == DT_RPATH || dyn.d_tag == DT_RUNPATH)
			continue;
		put(w, start + to, &dyn, sizeof(dyn));
		to += sizeof(dyn);
		if (dyn.d_tag == DT_NULL)
			break;
	}
	for (; to + sizeof(null) <= s->len; to += sizeof(null))
		put(w, start + to, &null, sizeof(null));
}

/* --- behind it -------------------------------------------------------------------------------- */

/* Offset of the bytes in the file. */
static size_t append(struct writer *w, const void *bytes, size_t len)
{
	static const unsigned char zeroes[8];
	struct pool *pool = w->sel->pool;

	buffer_add(pool, &w->file, zeroes, -w->file.len % sizeof(zeroes));
	return buffer_add(pool, &w->file, bytes, len);
}

static void add_section(struct writer *w, const char *name, const void *bytes, size_t len)
{
	w->headers[w->nr_headers++] = (Elf64_Shdr){
		.sh_name = (Elf64_Word)buffer_add(w->sel->pool, &w->names, name, strlen(name) + 1),
		.sh_type = SHT_PROGBITS,
		.sh_addralign = 8,
		.sh_offset = append(w, bytes, len),
		.sh_size = len,
	};
}

static enum ulp_code copy_headers(struct writer *w, struct ulp_err *err)
{
	const struct object *o = w->object;
	const size_t names = o->file.elf.shstrndx;

	if (!names || (o->sections[names].shdr.sh_flags & SHF_ALLOC) || !o->sections[names].bytes)
		return linked_fail(o, names, err, ULP_EELF, "has no names of sections");
	if (o->nr_sections + NR_NEW_SECTIONS >= SHN_LORESERVE)
		return linked_fail(o, 0, err, ULP_EUNSUP,
				   "a file with that many sections is not "
				   "supported");
	w->headers =
		pool_alloc(w->sel->pool, o->nr_sections + NR_NEW_SECTIONS, sizeof(*w->headers));
	/* The facts tell of a library's build, not of a container; without its header it is gone.
	 */
	for (size_t i = 0; i < o->nr_sections; i++)
		if (strcmp(o->sections[i].name, ULP_FACTS_SECTION) != 0)
			w->headers[i] = o->sections[i].shdr;
	w->nr_headers = o->nr_sections;
	buffer_add(w->sel->pool, &w->names, o->sections[names].bytes, o->sections[names].len);
	return ULP_OK;
}

static void finish_headers(struct writer *w)
{
	const size_t names = w->object->file.elf.shstrndx;
	Elf64_Ehdr ehdr = w->object->file.elf.ehdr;

	w->headers[names].sh_offset = append(w, w->names.bytes, w->names.len);
	w->headers[names].sh_size = w->names.len;
	ehdr.e_shoff = append(w, w->headers, w->nr_headers * sizeof(*w->headers));
	ehdr.e_shnum = (Elf64_Half)w->nr_headers;
	ehdr.e_shstrndx = (Elf64_Half)names;
	put(w, 0, &ehdr, sizeof(ehdr));
}

/* --- the build ID -------------------------------------------------------------------------------
 */

/* Offset of its bytes in the file, 0 if it is not found. */
static size_t find_build_id(const struct object *o, const struct ulp_build_id *id)
{
	for (size_t i = 0; i < o->file.elf.nr_phdrs; i++) {
		const Elf64_Phdr p = ulp_elf_phdr(&o->file.elf, i);
		const unsigned char *notes, *at;
		struct ulp_build_id found;

		if (p.p_type != PT_NOTE || p.p_offset > o->file.len ||
		    p.p_filesz > o->file.len - p.p_offset)
			continue;
		notes = o->file.bytes + p.p_offset;
		if (!ulp_notes_build_id(notes, p.p_filesz, p.p_align, &found))
			continue;
		at = memmem(notes, p.p_filesz, id->bytes, id->len);
		return at ? (size_t)(at - o->file.bytes) : 0;
	}
	return 0;
}

/*
 * The same file packed by two specs is two patches.  No more than an identity: checksums of the
 * whole, each begun with another number.
 */
static enum ulp_code make_build_id(struct writer *w, struct ulp_build_id *id, struct ulp_err *err)
{
	size_t off;

	if (!ulp_elf_build_id(&w->object->file.elf, id) || !(off = find_build_id(w->object, id)))
		return linked_fail(w->object, 0, err, ULP_EELF,
				   "has its build ID at a strange "
				   "place");
	memset(w->file.bytes + off, 0, id->len);
	for (uint32_t i = 0; i < id->len; i += sizeof(uint64_t)) {
		const size_t left = id->len - i;
		const uint64_t begin = ulp_checksum(&i, sizeof(i));
		const uint64_t sum = ulp_checksum_more(begin, w->file.bytes, w->file.len);

		memcpy(id->bytes + i, &sum, left < sizeof(sum) ? left : sizeof(sum));
	}
	put(w, off, id->bytes, id->len);
	return ULP_OK;
}

/* --- all ----------------------------------------------------------------------------------------
 */

static enum ulp_code fill(const struct selection *sel, const struct spec *spec,
			  struct ulp_patch *patch, struct ulp_err *err)
{
	struct patch_places places = {
		.functions = pool_alloc(sel->pool, sel->nr_functions, sizeof(*places.functions)),
		.references =
			pool_alloc(sel->pool, sel->nr_references + 1, sizeof(*places.references)),
	};

	for (size_t i = 0; i < sel->nr_functions; i++) {
		const struct replacement *r = &sel->functions[i];
		const struct elf_symbol *s = &r->object->symbols[r->symbol].elf;
		const struct object_section *section = object_symbol_section(r->object, r->symbol);

		if (!section || !s->size)
			return linked_fail(r->object, 0, err, ULP_EELF,
					   "the function %s has no code or no size", s->name);
		places.functions[i].vaddr = section->shdr.sh_addr + s->value;
		places.functions[i].size = s->size;
	}
	for (size_t i = 0; i < sel->nr_references; i++) {
		const struct private_reference *r = &sel->references[i];

		places.references[i] = r->object->sections[r->section].shdr.sh_addr + r->off;
	}
	patch_fill(sel, spec, &places, patch);
	return ULP_OK;
}

static enum ulp_code write_all(struct writer *w, const struct spec *spec, struct ulp_err *err)
{
	struct ulp_patch patch;
	const void *apply, *revert;
	size_t apply_len, revert_len;
	enum ulp_code code;

	code = fill(w->sel, spec, &patch, err);
	if (!code)
		code = patch_encode(w->sel->pool, &patch, ULP_SECTION_APPLY, &apply, &apply_len,
				    err);
	if (!code)
		code = patch_encode(w->sel->pool, &patch, ULP_SECTION_REVERT, &revert, &revert_len,
				    err);
	if (!code)
		code = copy_headers(w, err);
	if (code)
		return code;
	buffer_add(w->sel->pool, &w->file, w->object->file.bytes, w->object->file.len);
	take_out_relocs(w);
	undefine_imports(w);
	drop_needed(w);
	add_section(w, ULP_SECTION, apply, apply_len);
	add_section(w, ULP_REV_SECTION, revert, revert_len);
	finish_headers(w);
	return ULP_OK;
}

enum ulp_code linked_emit(const struct selection *sel, const struct spec *spec, const char *name,
			  const unsigned char **bytes, size_t *len, struct ulp_err *err)
{
	struct writer w = {.sel = sel, .object = &sel->objects[0]};
	struct ulp_container container;
	struct ulp_build_id id;
	enum ulp_code code;
	bool same;

	code = write_all(&w, spec, err);
	if (!code)
		code = make_build_id(&w, &id, err);
	if (!code)
		code = ulp_container_from_bytes(name, w.file.bytes, w.file.len, &container, err);
	if (code)
		return code;
	same = ulp_build_id_equal(&container.build_id, &id);
	ulp_container_close(&container);
	if (!same)
		return linked_fail(w.object, 0, err, ULP_EELF, "has several build IDs");
	*bytes = w.file.bytes;
	*len = w.file.len;
	return ULP_OK;
}
