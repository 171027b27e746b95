/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of the spec in the target: the symbol, the entry, and copies of the code. */
#include "config.h"

#include "packer/functions.h"

#include "packer/match.h"

#include <string.h>

static enum ulp_code not_found(struct pool *pool, const struct spec *spec,
			       const struct target *target, const struct spec_function *f,
			       struct ulp_err *err)
{
	const char *near =
		target->nr_symbols
			? functions_near(pool, target->symbols, target->nr_symbols, f->replace)
			: functions_near(pool, target->library.dynsyms, target->library.nr_dynsyms,
					 f->replace);
	const char *why =
		target->nr_symbols
			? "; if the source has it, the compiler has inlined it into its callers"
			: "; the target has no .symtab and no debug file was found, so only "
			  "exported "
			  "functions are known";

	return spec_fail(spec, f->place, ULP_ENOFUNC, err, "%s has no function %s%s%s",
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
static enum ulp_code choose_old(struct pool *pool, const struct spec *spec,
				const struct target *target, const char *source,
				struct replacement *r, struct ulp_err *err)
{
	const struct spec_function *f = r->spec;
	const struct elf_symbol *dynamic = exported(target, f->replace);
	const struct match all = match_all(pool, target, f->replace, MATCH_FUNCTION);
	const struct match here = match_in_file(pool, &all, source);

	r->old = all.symbol ? all.symbol : here.symbol;
	if (dynamic)
		r->old = dynamic;
	if (f->source && here.symbol)
		r->old = here.symbol;
	if (r->old)
		return ULP_OK;
	if (!all.nr_candidates)
		return not_found(pool, spec, target, f, err);
	return spec_fail(spec, f->place, ULP_EAMBIGUOUS, err,
			 "%s names %zu functions of the target: %s; say which with 'source:'",
			 f->replace, all.nr_candidates, match_list(pool, &all));
}

enum ulp_code functions_find_old(struct pool *pool, const struct spec *spec,
				 const struct target *target, const char *source,
				 struct replacement *r, struct ulp_err *err)
{
	const struct spec_function *f = r->spec;
	const unsigned char *bytes;
	enum ulp_code code;

	code = choose_old(pool, spec, target, source, r, err);
	if (code)
		return code;
	if (r->old->type == STT_GNU_IFUNC)
		return spec_fail(spec, f->place, ULP_EUNSUP, err,
				 "%s is an ifunc: replace its implementations instead", f->replace);
	if (r->old->type != STT_FUNC || !r->old->size)
		return spec_fail(spec, f->place, ULP_ENOFUNC, err, "%s is not a function of %s",
				 f->replace, target->library.soname);
	bytes = ulp_elf_at_vaddr(&target->library.file.elf, r->old->value, r->old->size);
	if (!bytes)
		return spec_fail(spec, f->place, ULP_EELF, err,
				 "%s lies outside the segments of %s", f->replace,
				 target->library.file.path);
	r->old_checksum = ulp_checksum(bytes, r->old->size);
	return ULP_OK;
}

static const char *no_entry_reason(const struct target *target)
{
	if (!target->nr_entries)
		return "the target was built without the ulp plugin (it has no " ULP_ENTRIES_SECTION
		       ")";
	return "it is written in assembler, was excluded, or comes from an object that was built "
	       "without the plugin";
}

enum ulp_code functions_find_entry(const struct spec *spec, const struct target *target,
				   struct replacement *r, struct ulp_err *err)
{
	const struct spec_function *f = r->spec;
	const uint64_t window = r->old->size < ENTRY_WINDOW ? r->old->size : ENTRY_WINDOW;
	const unsigned char *word;

	if (!target->nr_entries && target->has_pfe)
		return spec_fail(spec, f->place, ULP_EUNSUP, err,
				 "%s was built with -fpatchable-function-entry: layout 16,14 is "
				 "not supported yet",
				 target->library.soname);
	if (!target_entry(target, r->old->value, window, &r->entry_vaddr))
		return spec_fail(spec, f->place, ULP_ENOFUNC, err, "%s has no patchable entry: %s",
				 f->replace, no_entry_reason(target));
	r->word_vaddr = r->entry_vaddr & ~(uint64_t)7;
	word = ulp_elf_at_vaddr(&target->library.file.elf, r->word_vaddr, sizeof(r->word));
	if (word)
		memcpy(r->word, word, sizeof(r->word));
	r->layout = word ? target->arch->entry(r->word, (unsigned)(r->entry_vaddr & 7))
			 : ULP_ENTRY_NONE;
	if (r->layout == ULP_ENTRY_NONE)
		return spec_fail(spec, f->place, ULP_ENOFUNC, err,
				 "%s has no patchable entry: the bytes at 0x%llx are not the "
				 "plugin's",
				 f->replace, (unsigned long long)r->entry_vaddr);
	return ULP_OK;
}

static bool is_listed(const struct spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->nr_functions; i++)
		if (strcmp(spec->functions[i].replace, name) == 0)
			return true;
	return false;
}

/* A clone of this very function, not of a namesake in another file. */
static bool is_clone_of(const struct elf_symbol *s, const struct elf_symbol *old, const char *name)
{
	const size_t len = strlen(name);

	if (s->type != STT_FUNC || s->shndx == SHN_UNDEF || strncmp(s->name, name, len) != 0 ||
	    s->name[len] != '.' || !name_is_clone(s->name + len) || name_is_cold(s->name + len))
		return false;
	return !*s->file || !*old->file || strcmp(s->file, old->file) == 0;
}

enum ulp_code functions_check_clones(struct pool *pool, const struct spec *spec,
				     const struct target *target, const struct replacement *r,
				     struct ulp_err *err)
{
	const char *list = "";

	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (is_clone_of(s, r->old, r->spec->replace) && !is_listed(spec, s->name))
			list = pool_printf(pool, "%s%s%s", list, *list ? ", " : "", s->name);
	}
	if (!*list)
		return ULP_OK;
	return spec_fail(spec, r->spec->place, ULP_EMISMATCH, err,
			 "the target has further copies of the code of %s, which would stay: %s; "
			 "replace these or their callers too, or pack with --no-closure-check",
			 r->spec->replace, list);
}
