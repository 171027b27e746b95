/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of the spec in the target: the symbol and the entry. */
#include "config.h"

#include "packer/functions.h"

#include "container/machine.h"
#include "i18n/i18n.h"
#include "packer/match.h"

#include <string.h>

enum ulp_code functions_no_old(const struct functions_input *in, const struct replacement *r,
			       struct ulp_err *err)
{
	const struct target *target = in->target;
	const struct spec_function *f = r->spec;
	const char *near =
		target->nr_symbols
			? functions_near(in->pool, target->symbols, target->nr_symbols, f->replace)
			: functions_near(in->pool, target->library.dynsyms,
					 target->library.nr_dynsyms, f->replace);
	const char *why =
		target->nr_symbols
			? _("; if the source has it, the compiler has inlined it into its callers")
			: _("; the target has no .symtab and no debug file was found, so only "
			    "exported functions are known");

	return spec_fail(in->spec, f->place, ULP_ENOFUNC, err, "%s has no function %s%s%s",
			 target->library.soname, f->replace, near, *near ? "" : why);
}

static const struct elf_symbol *exported(const struct target *target, const char *name)
{
	const struct elf_symbol *s = library_export(&target->library, name, NULL);

	/* Only old versions of it (name@VERSION): take what there is. */
	for (size_t i = 1; !s && i < target->library.nr_dynsyms; i++) {
		const struct elf_symbol *d = &target->library.dynsyms[i];

		if (d->shndx != SHN_UNDEF && strcmp(d->name, name) == 0)
			s = d;
	}
	return s;
}

/* source: the spec's, else the object's; settles what the name leaves open. */
static enum ulp_code choose_old(const struct functions_input *in, const char *source,
				struct replacement *r, struct ulp_err *err)
{
	const struct spec_function *f = r->spec;
	const struct elf_symbol *dynamic = exported(in->target, f->replace);
	const struct match all = match_all(in->pool, in->target, f->replace, MATCH_FUNCTION);
	const struct match here =
		match_in_file(in->pool, &all, source, r->object ? r->object->file_no : 0);

	r->old = all.symbol ? all.symbol : here.symbol;
	if (dynamic)
		r->old = dynamic;
	if (f->source && here.symbol)
		r->old = here.symbol;
	if (r->old && f->source && r->old->bind == STB_LOCAL && *r->old->file && !here.symbol)
		return spec_fail(in->spec, f->place, ULP_ENOFUNC, err,
				 "%s has no function %s of %s; there is %s",
				 in->target->library.soname, f->replace, f->source,
				 match_list(in->pool, &all));
	if (r->old || !all.nr_candidates)
		return ULP_OK;
	return spec_fail(in->spec, f->place, ULP_EAMBIGUOUS, err,
			 "%s names %zu functions of the target: %s; say which with 'source:'",
			 f->replace, all.nr_candidates, match_list(in->pool, &all));
}

enum ulp_code functions_checksum_old(const struct functions_input *in, struct replacement *r,
				     struct ulp_err *err)
{
	const struct elf_file *file = &in->target->library.file;
	const unsigned char *bytes = ulp_elf_at_vaddr(&file->elf, r->old->value, r->old->size);

	if (!bytes)
		return spec_fail(in->spec, r->spec->place, ULP_EELF, err,
				 "%s lies outside the segments of %s", r->old->name, file->path);
	r->old_checksum = ulp_checksum(bytes, r->old->size);
	return ULP_OK;
}

enum ulp_code functions_find_old(const struct functions_input *in, const char *source,
				 struct replacement *r, struct ulp_err *err)
{
	const struct spec_function *f = r->spec;
	const struct library *library = &in->target->library;
	enum ulp_code code;

	code = choose_old(in, source, r, err);
	if (code || !r->old)
		return code;
	if (r->old->type == STT_GNU_IFUNC)
		return spec_fail(in->spec, f->place, ULP_EUNSUP, err,
				 "%s is an ifunc: replace its implementations instead", f->replace);
	if (r->old->type != STT_FUNC || !r->old->size)
		return spec_fail(in->spec, f->place, ULP_ENOFUNC, err, "%s is not a function of %s",
				 f->replace, library->soname);
	return functions_checksum_old(in, r, err);
}

static const char *no_entry_reason(struct pool *pool, const struct target *target,
				   const struct replacement *r)
{
	if (r->no_entry)
		return r->no_entry;
	if (!target->nr_entries && target->has_pfe)
		return _(
			"the target was built with -fpatchable-function-entry, but not with 16,14: "
			"no function has 14 NOPs before its address and two at it");
	if (!target->nr_entries)
		return pool_printf(pool,
				   _("the target was built without the ulp plugin (it has no %s)"),
				   ULP_ENTRIES_SECTION);
	if (target->layout == ULP_ENTRY_PFE_16_14)
		return _("it is written in assembler, or was compiled without "
			 "-fpatchable-function-entry=16,14");
	return _("it is written in assembler, was excluded, or comes from an object that was built "
		 "without the plugin");
}

/* Whether the entry is that of this very function: 14 NOPs before its address, two at it. */
static bool is_pfe_16_14(const struct target *target, const struct replacement *r)
{
	const struct ulp_elf *elf = &target->library.file.elf;
	const struct ulp_machine *machine = ulp_machine_find(elf->ehdr.e_machine);
	const uint64_t start = r->old->value - machine->pfe_16_14_before;
	const uint64_t len = machine->pfe_16_14_before + r->old->size;
	const unsigned char *code = ulp_elf_at_vaddr(elf, start, len);

	return code && start + machine->pfe_16_14_entry(code, len) == r->entry_vaddr;
}

static enum ulp_entry_layout layout_of(const struct target *target, const struct replacement *r)
{
	if (target->layout == ULP_ENTRY_PFE_16_14)
		return is_pfe_16_14(target, r) ? ULP_ENTRY_PFE_16_14 : ULP_ENTRY_NONE;
	return target->arch->entry(r->word, (unsigned)(r->entry_vaddr & 7));
}

/* One store must change the whole instruction. */
static bool crosses_word(const struct target *target, const struct replacement *r)
{
	const struct ulp_machine *machine =
		ulp_machine_find(target->library.file.elf.ehdr.e_machine);

	return r->entry_vaddr - r->word_vaddr + machine->entry_len[r->layout] > sizeof(r->word);
}

enum ulp_code functions_find_entry(const struct functions_input *in, struct replacement *r,
				   struct ulp_err *err)
{
	const struct spec *spec = in->spec;
	const struct target *target = in->target;
	const struct spec_function *f = r->spec;
	const uint64_t window = r->old->size < ENTRY_WINDOW ? r->old->size : ENTRY_WINDOW;
	const unsigned char *word;

	if (!target_entry(target, r->old->value, window, &r->entry_vaddr))
		return spec_fail(spec, f->place, ULP_ENOFUNC, err, "%s has no patchable entry: %s",
				 f->replace, no_entry_reason(in->pool, target, r));
	r->word_vaddr = r->entry_vaddr & ~(uint64_t)7;
	word = ulp_elf_at_vaddr(&target->library.file.elf, r->word_vaddr, sizeof(r->word));
	if (word)
		memcpy(r->word, word, sizeof(r->word));
	r->layout = word ? layout_of(target, r) : ULP_ENTRY_NONE;
	if (r->layout == ULP_ENTRY_NONE)
		return spec_fail(spec, f->place, ULP_ENOFUNC, err,
				 "%s has no patchable entry: the bytes at 0x%llx are not %s",
				 f->replace, (unsigned long long)r->entry_vaddr,
				 target->layout == ULP_ENTRY_PFE_16_14
					 ? _("those of -fpatchable-function-entry=16,14")
					 : _("the plugin's"));
	if (crosses_word(target, r))
		return spec_fail(
			spec, f->place, ULP_EUNSUP, err,
			"%s cannot be redirected by one store: its entry, at 0x%llx, is in "
			"two aligned words of 8 bytes; build the target with functions "
			"aligned to 16 bytes (-falign-functions=16)",
			f->replace, (unsigned long long)r->entry_vaddr);
	return ULP_OK;
}
