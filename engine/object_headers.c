/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/object_headers.h"

#include "container/elf_view.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DYNAMIC 4096u      /* entries */
#define MAX_NEEDED 1024u       /* entries */
#define MAX_NOTES (64u << 10)  /* bytes */
#define MAX_SPAN (64ull << 30) /* bytes from the first to the last segment */
#define PAGE_MASK 4095ull

/* What the program headers say about an object, relative to its bias. */
struct header_facts {
	uint64_t start;
	uint64_t end;
	uint64_t text_start;
	uint64_t text_end;
	uint64_t dynamic; /* vaddr; 0 if none */
	struct ulp_build_id build_id;
};

static void load_segment(const Elf64_Phdr *ph, struct header_facts *f)
{
	uint64_t end;

	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &end))
		return;
	if (ph->p_vaddr < f->start)
		f->start = ph->p_vaddr & ~PAGE_MASK;
	if (end > f->end)
		f->end = (end + PAGE_MASK) & ~PAGE_MASK;
	if (!(ph->p_flags & PF_X))
		return;
	if (!f->text_end || ph->p_vaddr < f->text_start)
		f->text_start = ph->p_vaddr;
	if (end > f->text_end)
		f->text_end = end;
}

/* A build ID that cannot be read is none: the object is then no target. */
static enum ulp_code note_segment(struct reader *r, uint64_t bias, const Elf64_Phdr *ph,
				  struct ulp_build_id *id, struct ulp_err *err)
{
	void *notes;

	if (id->len || ph->p_memsz > MAX_NOTES)
		return ULP_OK;
	notes = malloc(ph->p_memsz ? ph->p_memsz : 1);
	if (!notes)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	if (!reader_read(r, bias + ph->p_vaddr, notes, ph->p_memsz, NULL) &&
	    !ulp_notes_build_id(notes, ph->p_memsz, ph->p_align == 8 ? 8 : 4, id))
		id->len = 0;
	free(notes);
	return ULP_OK;
}

static enum ulp_code facts_of(struct reader *r, uint64_t bias, const Elf64_Phdr *phdrs, size_t nr,
			      struct header_facts *f, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	*f = (struct header_facts){.start = UINT64_MAX};
	for (size_t i = 0; i < nr && !code; i++) {
		if (phdrs[i].p_type == PT_LOAD)
			load_segment(&phdrs[i], f);
		else if (phdrs[i].p_type == PT_DYNAMIC)
			f->dynamic = phdrs[i].p_vaddr;
		else if (phdrs[i].p_type == PT_NOTE)
			code = note_segment(r, bias, &phdrs[i], &f->build_id, err);
	}
	if (code)
		return code;
	if (f->start >= f->end || f->end - f->start > MAX_SPAN)
		return ulp_fail(err, ULP_EELF, "an object's segments make no sense");
	return ULP_OK;
}

static void facts_into(const struct header_facts *f, struct ulp_object *o)
{
	o->start = o->bias + f->start;
	o->end = o->bias + f->end;
	o->text_start = f->text_end ? o->bias + f->text_start : 0;
	o->text_end = f->text_end ? o->bias + f->text_end : 0;
	o->build_id = f->build_id;
}

static enum ulp_code phdrs_read(struct reader *r, uint64_t at, uint64_t nr, Elf64_Phdr *phdrs,
				struct ulp_err *err)
{
	if (!nr || nr > OBJECT_MAX_PHDRS)
		return ulp_fail(err, ULP_EELF, "an object with %llu program headers",
				(unsigned long long)nr);
	return reader_read(r, at, phdrs, nr * sizeof(*phdrs), err);
}

/*
 * PT_PHDR says where the program headers belong.  Programs without it (static
 * ones, mostly) have them right behind the ELF header at their start.
 */
static uint64_t main_bias(const struct main_program *prog, uint64_t at_phdr)
{
	for (size_t i = 0; i < prog->nr; i++)
		if (prog->phdrs[i].p_type == PT_PHDR)
			return at_phdr - prog->phdrs[i].p_vaddr;
	for (size_t i = 0; i < prog->nr; i++)
		if (prog->phdrs[i].p_type == PT_LOAD && !prog->phdrs[i].p_offset)
			return at_phdr - sizeof(Elf64_Ehdr) - prog->phdrs[i].p_vaddr;
	return 0;
}

static bool has_linker(const struct main_program *prog)
{
	for (size_t i = 0; i < prog->nr; i++)
		if (prog->phdrs[i].p_type == PT_INTERP)
			return true;
	return false;
}

enum ulp_code main_program_read(struct reader *r, uint64_t at_phdr, uint64_t at_phnum,
				struct main_program *prog, struct ulp_err *err)
{
	struct header_facts f;
	enum ulp_code code = phdrs_read(r, at_phdr, at_phnum, prog->phdrs, err);

	if (code)
		return code;
	prog->nr = at_phnum;
	prog->bias = main_bias(prog, at_phdr);
	code = facts_of(r, prog->bias, prog->phdrs, prog->nr, &f, err);
	if (code)
		return code;
	if (!f.dynamic)
		return ulp_fail(err, ULP_EUNSUP, "the program is statically linked");
	prog->dynamic_at = prog->bias + f.dynamic;
	prog->build_id = f.build_id;
	prog->has_linker = has_linker(prog);
	return ULP_OK;
}

/* The ELF header at `at` and the program headers behind it. */
static enum ulp_code header_read(struct reader *r, uint64_t at, const char *name,
				 Elf64_Phdr phdrs[OBJECT_MAX_PHDRS], size_t *nr,
				 struct ulp_err *err)
{
	Elf64_Ehdr eh;
	enum ulp_code code = reader_read(r, at, &eh, sizeof(eh), err);

	if (code)
		return code;
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_phentsize != sizeof(Elf64_Phdr))
		return ulp_fail(err, ULP_EELF, "%s: no ELF header in memory", name);
	*nr = eh.e_phnum;
	return phdrs_read(r, at + eh.e_phoff, eh.e_phnum, phdrs, err);
}

enum ulp_code main_program_read_at(struct reader *r, uint64_t header_at, uint64_t bias,
				   uint64_t dynamic_at, struct main_program *prog,
				   struct ulp_err *err)
{
	struct header_facts f;
	enum ulp_code code =
		header_read(r, header_at, "the executable", prog->phdrs, &prog->nr, err);

	if (!code)
		code = facts_of(r, bias, prog->phdrs, prog->nr, &f, err);
	if (code)
		return code;
	if (!f.dynamic || bias + f.dynamic != dynamic_at)
		return ulp_fail(err, ULP_EELF, "the executable's header and the link map disagree");
	prog->bias = bias;
	prog->dynamic_at = dynamic_at;
	prog->build_id = f.build_id;
	prog->has_linker = has_linker(prog);
	return ULP_OK;
}

enum ulp_code main_program_r_debug(struct reader *r, const struct main_program *prog, uint64_t *ret,
				   struct ulp_err *err)
{
	for (size_t i = 0; i < MAX_DYNAMIC; i++) {
		Elf64_Dyn dyn;
		enum ulp_code code =
			reader_read(r, prog->dynamic_at + i * sizeof(dyn), &dyn, sizeof(dyn), err);
		if (code)
			return code;
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_DEBUG) {
			*ret = dyn.d_un.d_ptr;
			return ULP_OK;
		}
	}
	return ulp_fail(err, ULP_EUNSUP,
			"the program has no DT_DEBUG: no dynamic linker is at work");
}

enum ulp_code main_program_headers(const struct main_program *prog, struct ulp_object *o,
				   struct ulp_err *err)
{
	struct header_facts f = {.start = UINT64_MAX};

	for (size_t i = 0; i < prog->nr; i++)
		if (prog->phdrs[i].p_type == PT_LOAD)
			load_segment(&prog->phdrs[i], &f);
	if (prog->bias != o->bias || prog->dynamic_at != o->dynamic_at)
		return ulp_fail(err, ULP_EELF, "the link map does not begin with the executable");
	f.build_id = prog->build_id;
	facts_into(&f, o);
	return ULP_OK;
}

/* The ELF header lies at the bias of every shared object whose first segment has vaddr 0. */
enum ulp_code object_read_headers(struct reader *r, struct ulp_object *o, struct ulp_err *err)
{
	Elf64_Phdr phdrs[OBJECT_MAX_PHDRS];
	struct header_facts f;
	size_t nr;
	enum ulp_code code = header_read(r, o->bias, o->path, phdrs, &nr, err);

	if (!code)
		code = facts_of(r, o->bias, phdrs, nr, &f, err);
	if (code)
		return code;
	if (o->bias + f.dynamic != o->dynamic_at)
		return ulp_fail(err, ULP_EELF, "%s: its header and the link map disagree", o->path);
	facts_into(&f, o);
	return ULP_OK;
}

/* Row: a tag whose value goes into a member of struct object_dynamic. */
static const struct dynamic_tag {
	int64_t tag;
	size_t offset; /* of the member */
	bool address;  /* relocated in place by the dynamic linker */
} dynamic_tags[] = {
#define ADDRESS(tag, member)                                       \
	{                                                          \
		tag, offsetof(struct object_dynamic, member), true \
	}
#define VALUE(tag, member)                                          \
	{                                                           \
		tag, offsetof(struct object_dynamic, member), false \
	}
	ADDRESS(DT_SYMTAB, symtab),	ADDRESS(DT_STRTAB, strtab),
	VALUE(DT_STRSZ, strsz),		ADDRESS(DT_GNU_HASH, gnu_hash),
	ADDRESS(DT_HASH, hash),		ADDRESS(DT_VERSYM, versym),
	ADDRESS(DT_VERDEF, verdef),	VALUE(DT_VERDEFNUM, nr_verdef),
	ADDRESS(DT_VERNEED, verneed),	VALUE(DT_VERNEEDNUM, nr_verneed),
	ADDRESS(DT_RELA, rela),		VALUE(DT_RELASZ, relasz),
	ADDRESS(DT_JMPREL, jmprel),	VALUE(DT_PLTRELSZ, pltrelsz),
	VALUE(DT_RELACOUNT, relacount), VALUE(DT_FLAGS, flags),
#undef ADDRESS
#undef VALUE
};

static enum ulp_code name_add(struct object_dyn_names *names, uint64_t off, struct ulp_err *err)
{
	uint64_t *list;

	if (names->nr_needed == MAX_NEEDED)
		return ulp_fail(err, ULP_EELF, "an object that needs too many others");
	list = reallocarray(names->needed_off, names->nr_needed + 1, sizeof(*list));
	if (!list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	names->needed_off = list;
	list[names->nr_needed++] = off;
	return ULP_OK;
}

static enum ulp_code tag_take(struct ulp_object *o, struct object_dyn_names *names,
			      const Elf64_Dyn *dyn, struct ulp_err *err)
{
	if (dyn->d_tag == DT_SONAME) {
		names->soname = true;
		names->soname_off = dyn->d_un.d_val;
	}
	if (dyn->d_tag == DT_NEEDED)
		return name_add(names, dyn->d_un.d_val, err);
	for (size_t i = 0; i < sizeof(dynamic_tags) / sizeof(*dynamic_tags); i++) {
		uint64_t value = dyn->d_un.d_val;

		if (dynamic_tags[i].tag != dyn->d_tag)
			continue;
		/* glibc relocates d_ptr in place, but not in the vDSO, which is read-only. */
		if (dynamic_tags[i].address && value < o->bias)
			value += o->bias;
		memcpy((char *)&o->dyn + dynamic_tags[i].offset, &value, sizeof(value));
	}
	return ULP_OK;
}

enum ulp_code object_read_dynamic(struct reader *r, struct ulp_object *o,
				  struct object_dyn_names *names, struct ulp_err *err)
{
	*names = (struct object_dyn_names){0};
	for (size_t i = 0; i < MAX_DYNAMIC; i++) {
		Elf64_Dyn dyn;
		enum ulp_code code =
			reader_read(r, o->dynamic_at + i * sizeof(dyn), &dyn, sizeof(dyn), err);
		if (!code && dyn.d_tag == DT_NULL)
			return ULP_OK;
		if (!code)
			code = tag_take(o, names, &dyn, err);
		if (code)
			return code;
	}
	return ulp_fail(err, ULP_EELF, "%s: its dynamic section does not end", o->path);
}
