/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A variable that exists keeps the value that it has in the running process, and
 * read-only data that is bound to the target keeps the target's: a fix that changes an
 * initial value would silently not do so.
 */
#include "config.h"

#include "packer/types_values.h"

#include "i18n/i18n.h"
#include "packer/match.h"

#include <string.h>

#define WORD sizeof(uint64_t)

/* One variable on both sides. */
struct value {
	const struct selection *sel;
	const struct object *object;
	const struct object_section *section;
	const struct elf_symbol *now, *then;
	Elf64_Rela *dynamic; /* of the target, inside of the variable */
	size_t nr_dynamic;
	bool uncertain;
};

struct types_bound types_bound_to(const struct selection *sel, const struct object_symbol *s)
{
	const struct library *library = &sel->target->library;
	const struct import *import;

	if (s->bound == BOUND_PRIVATE)
		return (struct types_bound){s->target};
	if (s->bound != BOUND_IMPORT)
		return (struct types_bound){NULL};
	import = &sel->imports[s->import];
	if (strcmp(import->provider, library->soname) != 0)
		return (struct types_bound){NULL};
	return (struct types_bound){
		library_export(library, import->name, *import->version ? import->version : NULL)};
}

/* --- bytes ------------------------------------------------------------------------ */

static unsigned char byte_now(const struct value *v, uint64_t off)
{
	const uint64_t at = v->now->value + off;

	return v->section->bytes && at < v->section->len ? v->section->bytes[at] : 0;
}

/* What is not in the file is zero when the target starts. */
static unsigned char byte_then(const struct value *v, uint64_t off)
{
	const unsigned char *byte =
		ulp_elf_at_vaddr(&v->sel->target->library.file.elf, v->then->value + off, 1);

	return byte ? *byte : 0;
}

static uint64_t word_then(const struct value *v, uint64_t off)
{
	uint64_t word = 0;

	for (size_t i = 0; i < WORD; i++)
		word |= (uint64_t)byte_then(v, off + i) << (8 * i);
	return word;
}

/* They are sorted by offset. */
static const struct object_reloc *reloc_at(const struct value *v, uint64_t off)
{
	const struct object_section *section = v->section;
	size_t low = 0, high = section->nr_relocs;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (section->relocs[middle].off < v->now->value + off)
			low = middle + 1;
		else
			high = middle;
	}
	return low < section->nr_relocs && section->relocs[low].off == v->now->value + off
		       ? &section->relocs[low]
		       : NULL;
}

/* The target's dynamic relocations inside of the variable. */
static void dynamic_read(struct value *v)
{
	const struct elf_file *file = &v->sel->target->library.file;
	struct elf_records records;
	Elf64_Rela rela;
	size_t cap = 0;

	for (size_t i = 1; i < file->elf.nr_sections; i++) {
		const Elf64_Shdr shdr = ulp_elf_section(&file->elf, i);

		if (shdr.sh_type != SHT_RELA || !(shdr.sh_flags & SHF_ALLOC) ||
		    elf_file_records(file, i, &records, NULL))
			continue;
		while (elf_records_next(&records, &rela, sizeof(rela))) {
			if (rela.r_offset - v->then->value >= v->then->size)
				continue;
			v->dynamic = pool_grow(v->sel->pool, v->dynamic, v->nr_dynamic, &cap,
					       sizeof(rela));
			v->dynamic[v->nr_dynamic++] = rela;
		}
	}
}

/* NULL: none for this word. */
static const Elf64_Rela *dynamic_at(const struct value *v, uint64_t off)
{
	for (size_t i = 0; i < v->nr_dynamic; i++)
		if (v->dynamic[i].r_offset == v->then->value + off)
			return &v->dynamic[i];
	return NULL;
}

/* --- pointers --------------------------------------------------------------------- */

enum verdict {
	SAME,
	DIFFERENT,
	UNKNOWN,
};

/* The name of what the fix's pointer leads to, NULL if it has none. */
static const char *name_now(const struct value *v, const struct object_reloc *r)
{
	const struct object *o = v->object;
	const struct elf_symbol *s = &o->symbols[r->symbol].elf;

	if (s->type != STT_SECTION)
		return r->addend == 0 && *s->name ? s->name : NULL;
	for (size_t i = 1; i < o->nr_symbols; i++) {
		const struct elf_symbol *named = &o->symbols[i].elf;

		if (named->type != STT_SECTION && *named->name && named->shndx == s->shndx &&
		    named->value == (uint64_t)r->addend)
			return named->name;
	}
	return NULL;
}
/* What compilers put behind a name (a number, .lto_priv.0) need not agree. */
static bool same_name(const char *a, const char *b)
{
	const size_t len = strcspn(a, ".");

	return strcmp(a, b) == 0 || (len && strcspn(b, ".") == len && strncmp(a, b, len) == 0);
}

static enum verdict compare_names(const struct elf_symbol *symbols, size_t nr, uint64_t vaddr,
				  const char *name)
{
	enum verdict verdict = UNKNOWN;

	for (size_t i = 1; i < nr; i++) {
		const struct elf_symbol *s = &symbols[i];

		if (s->value != vaddr || s->shndx == SHN_UNDEF || !*s->name ||
		    (s->type != STT_FUNC && s->type != STT_OBJECT && s->type != STT_GNU_IFUNC))
			continue;
		if (same_name(s->name, name))
			return SAME;
		verdict = DIFFERENT;
	}
	return verdict;
}

/* Names for one address differ from file to file only where both tables know it. */
static enum verdict compare_target(const struct value *v, uint64_t vaddr, const char *name)
{
	const struct target *t = v->sel->target;
	const enum verdict private = compare_names(t->symbols, t->nr_symbols, vaddr, name);
	const enum verdict exported =
		compare_names(t->library.dynsyms, t->library.nr_dynsyms, vaddr, name);

	if (private == SAME || exported == SAME)
		return SAME;
	return private == DIFFERENT ? DIFFERENT : UNKNOWN;
}

static enum verdict compare_strings(const struct value *v, const struct object_reloc *r,
				    uint64_t vaddr)
{
	const struct elf_symbol *s = &v->object->symbols[r->symbol].elf;
	const struct object_section *section = object_symbol_section(v->object, r->symbol);
	const char *text;
	size_t len;

	if (!section || !(section->shdr.sh_flags & SHF_STRINGS) || !section->bytes)
		return UNKNOWN;
	text = elf_string(section->bytes, section->len, s->value + (uint64_t)r->addend);
	if (!text)
		return UNKNOWN;
	len = strlen(text) + 1;
	for (size_t i = 0; i < len; i++) {
		const unsigned char *byte =
			ulp_elf_at_vaddr(&v->sel->target->library.file.elf, vaddr + i, 1);

		if (!byte || (char)*byte != text[i])
			return DIFFERENT;
	}
	return SAME;
}

/* Whether a word that no dynamic relocation names can be an address. */
static bool may_hold_addresses(const struct value *v)
{
	const struct elf_file *file = &v->sel->target->library.file;

	return file->elf.ehdr.e_type == ET_EXEC || elf_file_find_type(file, SHT_RELR);
}

static enum verdict compare_pointer(const struct value *v, uint64_t off,
				    const struct object_reloc *r)
{
	const struct library *library = &v->sel->target->library;
	const char *name = name_now(v, r);
	uint64_t vaddr = word_then(v, off);
	const Elf64_Rela *dynamic = dynamic_at(v, off);
	enum verdict verdict;
	size_t symbol;

	if (dynamic) {
		symbol = ELF64_R_SYM(dynamic->r_info);
		vaddr = (uint64_t)dynamic->r_addend;
		if (symbol && symbol < library->nr_dynsyms && dynamic->r_addend == 0 && name)
			return strcmp(library->dynsyms[symbol].name, name) == 0 ? SAME : DIFFERENT;
		if (symbol)
			return UNKNOWN;
	}
	if (!dynamic && !may_hold_addresses(v))
		return DIFFERENT; /* a number in the target, as NULL is */
	verdict = compare_strings(v, r, vaddr);
	return verdict == UNKNOWN && name ? compare_target(v, vaddr, name) : verdict;
}

/* --- both ------------------------------------------------------------------------- */

static const char *bytes_text(const struct value *v, uint64_t off)
{
	struct pool *pool = v->sel->pool;
	uint64_t now = 0, then = 0;

	if (v->now->size <= WORD && (v->now->size & (v->now->size - 1)) == 0) {
		for (uint64_t i = 0; i < v->now->size; i++) {
			now |= (uint64_t)byte_now(v, i) << (8 * i);
			then |= (uint64_t)byte_then(v, i) << (8 * i);
		}
		return pool_printf(pool,
				   _("starts as 0x%llx in the target and as 0x%llx in the fix"),
				   (unsigned long long)then, (unsigned long long)now);
	}
	return pool_printf(pool,
			   _("starts with byte 0x%02x at offset %llu in the target and with 0x%02x "
			     "in the fix"),
			   byte_then(v, off), (unsigned long long)off, byte_now(v, off));
}

static const char *pointer_text(const struct value *v, uint64_t off, const struct object_reloc *r)
{
	const char *name = name_now(v, r);

	return pool_printf(
		v->sel->pool,
		_("starts with another pointer at offset %llu: in the fix it leads to %s"),
		(unsigned long long)off, name ? name : _("other data"));
}

static bool value_differs(struct value *v, const char **text)
{
	for (uint64_t off = 0; off < v->now->size; off++) {
		const struct object_reloc *r = reloc_at(v, off);
		enum verdict verdict;

		if (r) {
			verdict = compare_pointer(v, off, r);
			*text = verdict == DIFFERENT ? pointer_text(v, off, r) : NULL;
			v->uncertain |= verdict == UNKNOWN;
			off += WORD - 1;
		} else if (byte_now(v, off) != byte_then(v, off)) {
			*text = bytes_text(v, off);
		} else if (off % WORD == 0 && dynamic_at(v, off)) {
			*text = pool_printf(v->sel->pool,
					    _("starts with a pointer at offset %llu in the target "
					      "and with a number in the fix"),
					    (unsigned long long)off);
		}
		if (*text)
			return true;
	}
	return false;
}

bool types_value_differs(const struct selection *sel, const struct object *object, size_t symbol,
			 const char **text, bool *uncertain)
{
	const struct object_symbol *s = &object->symbols[symbol];
	const struct types_bound bound = types_bound_to(sel, s);
	struct value v = {
		.sel = sel,
		.object = object,
		.section = object_symbol_section(object, symbol),
		.now = &s->elf,
		.then = bound.target,
	};
	bool differ;

	*text = NULL;
	*uncertain = false;
	if (!v.section || !v.then || s->elf.type != STT_OBJECT || v.then->type != STT_OBJECT ||
	    v.then->size != s->elf.size || s->elf.size > v.section->shdr.sh_size)
		return false;
	dynamic_read(&v);
	differ = value_differs(&v, text);
	*uncertain = v.uncertain;
	return differ;
}
