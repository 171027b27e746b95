/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Symbol versions: .gnu.version holds an index for each dynamic symbol, which
 * .gnu.version_d (versions defined here) and .gnu.version_r (wanted of other
 * libraries) explain.  Linux Standard Base, "Symbol Versioning".
 */
#include "config.h"

#include "packer/elf_file.h"

#include <string.h>

#define VERSION_HIDDEN 0x8000u
#define MAX_VERSIONS 0x8000u

struct version_name {
	const char *name;
	const char *from;
};

struct version_table {
	struct version_name *names; /* MAX_VERSIONS, by index */
	const unsigned char *data;
	size_t len;
	const unsigned char *strings;
	size_t strings_len;
};

static bool table_get(const struct version_table *t, size_t off, void *record, size_t size)
{
	if (off > t->len || t->len - off < size)
		return false;
	memcpy(record, t->data + off, size);
	return true;
}

static bool table_set(struct version_table *t, unsigned index, uint64_t name, uint64_t from)
{
	struct version_name *v = &t->names[index & (MAX_VERSIONS - 1)];

	v->name = elf_string(t->strings, t->strings_len, name);
	v->from = from ? elf_string(t->strings, t->strings_len, from) : "";
	return v->name && v->from;
}

/* sh_info is the number of definitions; each step goes forward, so it ends. */
static bool definitions_read(struct version_table *t, uint32_t nr)
{
	size_t off = 0;

	for (uint32_t i = 0; i < nr; i++) {
		Elf64_Verdef def;
		Elf64_Verdaux aux;

		if (!table_get(t, off, &def, sizeof(def)) ||
		    !table_get(t, off + def.vd_aux, &aux, sizeof(aux)) ||
		    !table_set(t, def.vd_ndx, aux.vda_name, 0))
			return false;
		if (!def.vd_next)
			break;
		off += def.vd_next;
	}
	return true;
}

static bool needs_read(struct version_table *t, uint32_t nr)
{
	size_t off = 0;

	for (uint32_t i = 0; i < nr; i++) {
		Elf64_Verneed need;
		size_t aux_off;

		if (!table_get(t, off, &need, sizeof(need)))
			return false;
		aux_off = off + need.vn_aux;
		for (unsigned k = 0; k < need.vn_cnt; k++) {
			Elf64_Vernaux aux;

			if (!table_get(t, aux_off, &aux, sizeof(aux)) ||
			    !table_set(t, aux.vna_other, aux.vna_name, need.vn_file))
				return false;
			aux_off += aux.vna_next;
		}
		if (!need.vn_next)
			break;
		off += need.vn_next;
	}
	return true;
}

static enum ulp_code names_read(const struct elf_file *file, uint32_t type,
				bool (*read)(struct version_table *, uint32_t),
				struct version_name *names, struct ulp_err *err)
{
	size_t i = elf_file_find_type(file, type);
	struct version_table t = {.names = names};
	enum ulp_code code;
	Elf64_Shdr shdr;

	if (!i)
		return ULP_OK;
	shdr = ulp_elf_section(&file->elf, i);
	code = elf_file_data(file, i, &t.data, &t.len, err);
	if (!code)
		code = elf_file_data(file, shdr.sh_link, &t.strings, &t.strings_len, err);
	if (code)
		return code;
	if (!read(&t, shdr.sh_info)) {
		ulp_fail(err, ULP_EELF, "a record or string lies outside its section");
		ulp_err_at(err, "%s: %s", file->path, ulp_elf_section_name(&file->elf, i));
		return ULP_EELF;
	}
	return ULP_OK;
}

enum ulp_code elf_versions_read(struct pool *pool, const struct elf_file *file,
				struct elf_symbol *symbols, size_t nr, struct ulp_err *err)
{
	size_t i = elf_file_find_type(file, SHT_GNU_versym);
	struct version_name *names;
	const unsigned char *data;
	enum ulp_code code;
	size_t len;

	if (!i)
		return ULP_OK;
	names = pool_alloc(pool, MAX_VERSIONS, sizeof(*names));
	code = elf_file_data(file, i, &data, &len, err);
	if (!code)
		code = names_read(file, SHT_GNU_verdef, definitions_read, names, err);
	if (!code)
		code = names_read(file, SHT_GNU_verneed, needs_read, names, err);
	if (code)
		return code;
	for (size_t k = 0; k < nr && (k + 1) * 2 <= len; k++) {
		unsigned index = data[2 * k] | (unsigned)data[2 * k + 1] << 8;
		const struct version_name *v = &names[index & (MAX_VERSIONS - 1)];

		if ((index & (MAX_VERSIONS - 1)) <= VER_NDX_GLOBAL || !v->name)
			continue;
		symbols[k].version = v->name;
		symbols[k].version_hidden = (index & VERSION_HIDDEN) != 0;
		symbols[k].from = symbols[k].shndx == SHN_UNDEF ? v->from : "";
	}
	return ULP_OK;
}
