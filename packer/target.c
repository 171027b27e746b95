/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The target file, read once. */
#include "config.h"

#include "packer/target.h"

#include "container/debug_file.h"

#include <stdlib.h>
#include <string.h>

static enum ulp_code symbols_read(struct pool *pool, struct target *t, const struct elf_file *file,
				  struct ulp_err *err)
{
	size_t i = elf_file_find_type(file, SHT_SYMTAB);
	enum ulp_code code;

	if (!i)
		return ULP_OK;
	code = elf_symbols_read(pool, file, i, &t->symbols, &t->nr_symbols, err);
	if (!code)
		t->symbols_path = file->path;
	return code;
}

/* Where the target is stripped, its debug file has the private symbols. */
static enum ulp_code debug_symbols_read(struct pool *pool, struct target *t, struct report *report,
					struct ulp_err *err)
{
	struct elf_file file;
	enum ulp_code code;
	const char *path;
	char *found;

	code = ulp_debug_file_find(t->library.file.path, t->debug_file, ".symtab", &found, err);
	if (code || !found)
		return code;
	path = pool_strdup(pool, found);
	free(found);
	code = elf_file_read(pool, path, &file, err);
	if (code)
		return code;
	report_add(report, pool, NOTE_DETAIL, "%s: private symbols are read from this file", path);
	return symbols_read(pool, t, &file, err);
}

static int compare_vaddr(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void entry_add(void *ctx, uint64_t vaddr)
{
	struct target *t = ctx;

	t->entries[t->nr_entries++] = vaddr;
}

/* The compiler's own, as far as they are 16,14. */
static void pfe_entries_read(struct pool *pool, struct target *t)
{
	const struct ulp_elf *elf = &t->library.file.elf;
	size_t nr = ulp_elf_count_entries(elf, &t->layout);

	t->entries = pool_alloc(pool, nr + 1, sizeof(*t->entries));
	(void)ulp_elf_each_entry(elf, &t->layout, entry_add, t);
}

/* Records are self-relative: see container/entry.h. */
static enum ulp_code table_read(struct pool *pool, struct target *t, struct ulp_err *err)
{
	const struct elf_file *file = &t->library.file;
	size_t i = ulp_elf_find_section(&file->elf, ULP_ENTRIES_SECTION);
	const unsigned char *data;
	enum ulp_code code;
	uint64_t vaddr;
	size_t len;

	if (!i)
		return ULP_OK;
	vaddr = ulp_elf_section(&file->elf, i).sh_addr;
	code = elf_file_data(file, i, &data, &len, err);
	if (code)
		return code;
	t->entries = pool_alloc(pool, len / 4 + 1, sizeof(*t->entries));
	for (size_t off = 0; off + 4 <= len; off += 4) {
		int32_t distance;

		memcpy(&distance, data + off, sizeof(distance));
		entry_add(t, vaddr + off + (uint64_t)(int64_t)distance);
	}
	if (t->nr_entries)
		t->layout = ULP_ENTRY_NOP5;
	return ULP_OK;
}

static enum ulp_code entries_read(struct pool *pool, struct target *t, struct ulp_err *err)
{
	enum ulp_code code = table_read(pool, t, err);

	if (code)
		return code;
	t->has_pfe = ulp_elf_find_section(&t->library.file.elf, ULP_PFE_SECTION) != 0;
	if (!t->nr_entries && t->has_pfe)
		pfe_entries_read(pool, t);
	if (t->nr_entries)
		qsort(t->entries, t->nr_entries, sizeof(*t->entries), compare_vaddr);
	return ULP_OK;
}

enum ulp_code target_open(struct pool *pool, const char *path, const char *debug_file,
			  struct target *target, struct report *report, struct ulp_err *err)
{
	struct target t = {.debug_file = debug_file};
	enum ulp_code code;

	code = library_open(pool, path, &t.library, err);
	if (code)
		return code;
	t.arch = packer_arch_find(t.library.file.elf.ehdr.e_machine);
	if (!t.arch)
		code = ulp_fail(err, ULP_EARCH, "machine %u is not supported",
				t.library.file.elf.ehdr.e_machine);
	else if (!t.library.build_id.len)
		code = ulp_fail(err, ULP_EELF, "has no GNU build ID; link it with -Wl,--build-id");
	if (code) {
		ulp_err_at(err, "%s", path);
		return code;
	}
	code = symbols_read(pool, &t, &t.library.file, err);
	if (!code && !t.symbols)
		code = debug_symbols_read(pool, &t, report, err);
	if (!code && !t.symbols)
		target_mini_debug_read(pool, &t);
	if (!code)
		code = entries_read(pool, &t, err);
	if (!code)
		code = target_tls_slots_read(pool, &t, err);
	if (!code)
		*target = t;
	return code;
}

/*
 * Static data of GCC's crtstuff.c, by names that nobody else may use: where these are in the
 * table, static symbols were not taken out of it.
 */
static bool is_start_file_static(const struct elf_symbol *s)
{
	static const char *const names[] = {"__frame_dummy_init_array_entry",
					    "__do_global_dtors_aux_fini_array_entry",
					    "__FRAME_END__"};

	for (size_t i = 0; s->type == STT_OBJECT && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(s->name, names[i]) == 0)
			return true;
	return false;
}

/*
 * Linkers keep hidden symbols as local ones of no file even where they drop the
 * static ones (ld -x); every link against the C runtime's start files has some of these.
 * strip -g takes the files' marks, but leaves the static symbols: the start files' own tell.
 */
bool target_knows_private(const struct target *target)
{
	for (size_t i = 1; i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (s->bind != STB_LOCAL)
			continue;
		if (*s->file && (s->type == STT_FUNC || s->type == STT_OBJECT))
			return true;
		if (is_start_file_static(s))
			return true;
	}
	return false;
}

bool target_has_file(const struct target *target, const char *file)
{
	for (size_t i = 1; *file && i < target->nr_symbols; i++) {
		const struct elf_symbol *s = &target->symbols[i];

		if (s->type == STT_FILE && strcmp(path_base_name(s->name), file) == 0)
			return true;
	}
	return false;
}

bool target_entry(const struct target *target, uint64_t vaddr, uint64_t len, uint64_t *entry)
{
	for (size_t i = 0; i < target->nr_entries; i++) {
		if (target->entries[i] >= vaddr && target->entries[i] - vaddr < len) {
			*entry = target->entries[i];
			return true;
		}
	}
	return false;
}
