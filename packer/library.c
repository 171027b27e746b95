/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The dynamic side of a shared library or executable. */
#include "config.h"

#include "packer/library.h"

#include "i18n/i18n.h"

#include <string.h>

static enum ulp_code dynamic_fail(const struct library *l, const char *what, struct ulp_err *err)
{
	ulp_fail(err, ULP_EELF, "%s", _(what));
	ulp_err_at(err, "%s: .dynamic", l->file.path);
	return ULP_EELF;
}

static enum ulp_code dynamic_read(struct pool *pool, struct library *l, struct ulp_err *err)
{
	size_t i = elf_file_find_type(&l->file, SHT_DYNAMIC);
	struct elf_records records;
	const unsigned char *strings;
	size_t strings_len, cap = 0;
	enum ulp_code code;
	Elf64_Dyn dyn;

	if (!i)
		return ULP_OK; /* a static executable */
	code = elf_file_records(&l->file, i, &records, err);
	if (!code)
		code = elf_file_data(&l->file, ulp_elf_section(&l->file.elf, i).sh_link, &strings,
				     &strings_len, err);
	if (code)
		return code;
	while (elf_records_next(&records, &dyn, sizeof(dyn)) && dyn.d_tag != DT_NULL) {
		const char *name;

		/* Not by PT_INTERP: shared libraries that can be started have it too. */
		if (dyn.d_tag == DT_FLAGS_1 && dyn.d_un.d_val & DF_1_PIE)
			l->is_program = true;
		if (dyn.d_tag != DT_SONAME && dyn.d_tag != DT_NEEDED)
			continue;
		name = elf_string(strings, strings_len, dyn.d_un.d_val);
		if (!name)
			return dynamic_fail(l, "a name lies outside the string table", err);
		if (dyn.d_tag == DT_SONAME) {
			l->soname = name;
			continue;
		}
		l->needed = pool_grow(pool, l->needed, l->nr_needed, &cap, sizeof(*l->needed));
		l->needed[l->nr_needed++] = name;
	}
	return ULP_OK;
}

enum ulp_code library_open(struct pool *pool, const char *path, struct library *library,
			   struct ulp_err *err)
{
	struct library l = {0};
	enum ulp_code code;
	size_t i;

	code = elf_file_read(pool, path, &l.file, err);
	if (code)
		return code;
	if (l.file.elf.ehdr.e_type != ET_DYN && l.file.elf.ehdr.e_type != ET_EXEC) {
		ulp_fail(err, ULP_EELF, "neither a shared library nor an executable");
		ulp_err_at(err, "%s", path);
		return ULP_EELF;
	}
	l.soname = l.file.base_name;
	l.is_program = l.file.elf.ehdr.e_type == ET_EXEC;
	(void)ulp_elf_build_id(&l.file.elf, &l.build_id);
	code = dynamic_read(pool, &l, err);
	if (code)
		return code;
	i = elf_file_find_type(&l.file, SHT_DYNSYM);
	if (i) {
		code = elf_symbols_read(pool, &l.file, i, &l.dynsyms, &l.nr_dynsyms, err);
		if (!code)
			code = elf_versions_read(pool, &l.file, l.dynsyms, l.nr_dynsyms, err);
		if (code)
			return code;
	}
	*library = l;
	return ULP_OK;
}

const struct elf_symbol *library_export(const struct library *library, const char *name,
					const char *version)
{
	for (size_t i = 1; i < library->nr_dynsyms; i++) {
		const struct elf_symbol *s = &library->dynsyms[i];

		if (s->shndx == SHN_UNDEF || s->bind == STB_LOCAL || strcmp(s->name, name) != 0)
			continue;
		if (version ? strcmp(s->version, version) == 0 : !s->version_hidden)
			return s;
	}
	return NULL;
}

const struct elf_symbol *library_import(const struct library *library, const char *name)
{
	for (size_t i = 1; i < library->nr_dynsyms; i++) {
		const struct elf_symbol *s = &library->dynsyms[i];

		if (s->shndx == SHN_UNDEF && strcmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}
