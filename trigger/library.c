/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A library's file: its table of entries, its functions and facts, put together.
 */
#include "config.h"

#include "trigger/library.h"

#include "container/debug_file.h"
#include "container/facts_file.h"
#include "container/file.h"
#include "container/machine.h"
#include "trigger/layout.h"

#include <stdlib.h>
#include <string.h>

/* The largest libraries of today have some hundred MiB, most of it debug info. */
#define LIBRARY_MAX_LEN (4ull << 30) /* bytes */

/*
 * How far behind a function's address its entry can be: what stands before it (a landing
 * pad, a frame) takes less on every machine.
 */
#define ENTRY_MAX_DISTANCE 32 /* bytes */

/* --- entries ------------------------------------------------------------------------ */

static void add_entry(void *ctx, uint64_t vaddr)
{
	struct library *lib = ctx;

	lib->entries[lib->nr_entries++] = vaddr;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static enum ulp_code read_entries(struct library *lib, struct ulp_err *err)
{
	size_t nr = ulp_elf_count_entries(&lib->elf, &lib->layout);

	lib->entries = calloc(nr + 1, sizeof(*lib->entries));
	if (lib->entries == NULL)
		return ulp_fail(err, ULP_ENOMEM, "no memory for %zu entries", nr);
	(void)ulp_elf_each_entry(&lib->elf, &lib->layout, add_entry, lib);
	qsort(lib->entries, nr, sizeof(*lib->entries), by_number);
	return ULP_OK;
}

/* The compiler's own are at the function, or behind its landing pad. */
static uint64_t max_distance(const struct library *lib)
{
	const struct ulp_machine *machine = ulp_machine_find(lib->elf.ehdr.e_machine);

	return lib->layout == ULP_ENTRY_PFE_16_14
		       ? machine->pfe_16_14_max - machine->pfe_16_14_before
		       : ENTRY_MAX_DISTANCE;
}

/*
 * Other forms of -fpatchable-function-entry look the same, but the functions' addresses
 * are elsewhere among the NOPs.
 */
static void drop_foreign_entries(struct library *lib)
{
	if (lib->layout != ULP_ENTRY_PFE_16_14 || !lib->functions_known || lib->nr_with_entry)
		return;
	lib->layout = ULP_ENTRY_NONE;
	lib->nr_entries = 0;
}

/* Which functions have entries.  Both lists are sorted by address. */
static void match_entries(struct library *lib)
{
	const uint64_t distance = max_distance(lib);
	size_t at = 0;

	for (size_t i = 0; i < lib->nr_functions; i++) {
		struct library_function *f = &lib->functions[i];
		uint64_t end = f->vaddr + distance;

		if (i + 1 < lib->nr_functions && lib->functions[i + 1].vaddr < end)
			end = lib->functions[i + 1].vaddr;
		while (at < lib->nr_entries && lib->entries[at] < f->vaddr)
			at++;
		f->has_entry = at < lib->nr_entries && lib->entries[at] < end;
		lib->nr_with_entry += f->has_entry;
	}
	drop_foreign_entries(lib);
}

/* --- facts -------------------------------------------------------------------------- */

static struct library_function *function_at(struct library *lib, uint64_t vaddr)
{
	size_t low = 0;
	size_t high = lib->nr_functions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (lib->functions[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < lib->nr_functions && lib->functions[low].vaddr == vaddr)
		return &lib->functions[low];
	return NULL;
}

/* The first record of an address counts, but an alias's only says whose the code is. */
static void match_facts(struct library *lib)
{
	for (uint32_t i = 0; i < lib->facts.nr_functions; i++) {
		const struct ulp_facts_function *fact = &lib->facts.functions[i];
		struct library_function *f;

		if (fact->vaddr == 0 || fact->kind == ULP_FACTS_ALIAS)
			continue;
		f = function_at(lib, fact->vaddr);
		if (f == NULL || f->fact != ULP_FACTS_NONE)
			continue;
		f->fact = i;
		f->name = fact->name; /* the one it was defined by */
	}
}

static enum ulp_code open_facts(struct library *lib, const char *debug_file, struct ulp_err *err)
{
	enum ulp_code code = ulp_facts_open(lib->path, debug_file, &lib->facts, err);

	lib->has_facts = code == ULP_OK;
	return code == ULP_ENOFACTS ? ULP_OK : code;
}

/* --- functions ------------------------------------------------------------------------ */

/* The symbols of the debug file, if the library has none itself. */
static enum ulp_code read_debug_symbols(struct library *lib, const char *debug_file,
					struct ulp_err *err)
{
	struct ulp_elf elf;
	size_t len;
	char *found;
	enum ulp_code code = ulp_debug_file_find(lib->path, debug_file, ".symtab", &found, err);

	if (code != ULP_OK || found == NULL)
		return code;
	code = ulp_file_read(found, LIBRARY_MAX_LEN, &lib->debug_bytes, &len, err);
	if (code == ULP_OK)
		code = ulp_elf_init(&elf, lib->debug_bytes, len, err);
	if (code == ULP_OK)
		code = library_read_symbols(lib, &elf, err);
	if (code != ULP_OK)
		(void)ulp_err_at(err, "%s", found);
	free(found);
	return code;
}

static enum ulp_code read_functions(struct library *lib, const char *debug_file, bool want_facts,
				    struct ulp_err *err)
{
	enum ulp_code code = library_read_symbols(lib, &lib->elf, err);

	if (code != ULP_OK) {
		(void)ulp_err_at(err, "%s", lib->path);
		return code;
	}
	if (!lib->functions_known)
		code = read_debug_symbols(lib, debug_file, err);
	if (code == ULP_OK && (want_facts || !lib->functions_known))
		code = open_facts(lib, debug_file, err);
	if (code == ULP_OK && lib->has_facts && !lib->functions_known)
		code = library_read_facts(lib, err);
	if (code != ULP_OK)
		return code;
	library_sort_functions(lib);
	match_entries(lib);
	match_facts(lib);
	return ULP_OK;
}

/* --- the whole ------------------------------------------------------------------------ */

static enum ulp_code read_file(struct library *lib, struct ulp_err *err)
{
	size_t len;

	if (ulp_file_read(lib->path, LIBRARY_MAX_LEN, &lib->bytes, &len, err) != ULP_OK ||
	    ulp_elf_init(&lib->elf, lib->bytes, len, err) != ULP_OK)
		return err->code;
	if (lib->elf.ehdr.e_type == ET_REL)
		return ulp_fail(err, ULP_EELF,
				"an object file; libraries and programs can be live patched, "
				"so link it first");
	if (!ulp_machine_find(lib->elf.ehdr.e_machine))
		return ulp_fail(err, ULP_EARCH,
				"made for a machine (e_machine %u) that is not known",
				lib->elf.ehdr.e_machine);
	if (lib->elf.nr_sections == 0)
		return ulp_fail(err, ULP_EELF,
				"the file has no section table, which lists the entries");
	(void)ulp_elf_build_id(&lib->elf, &lib->build_id);
	return read_entries(lib, err);
}

enum ulp_code library_open(struct library *lib, const char *path, const char *debug_file,
			   bool want_facts, struct ulp_err *err)
{
	enum ulp_code code;

	*lib = (struct library){.path = path};
	code = read_file(lib, err);
	if (code != ULP_OK)
		(void)ulp_err_at(err, "%s", path);
	else
		code = read_functions(lib, debug_file, want_facts, err);
	if (code != ULP_OK) {
		library_close(lib);
		*lib = (struct library){0};
	}
	return code;
}

void library_close(struct library *lib)
{
	if (lib->has_facts)
		ulp_facts_free(&lib->facts);
	free(lib->functions);
	free(lib->debug_bytes);
	free(lib->entries);
	free(lib->bytes);
}

bool library_livepatchable(const struct library *lib)
{
	return layout_usable(lib->layout) && lib->build_id.len != 0;
}

/*
 * Code that the compiler links into every library and program: GCC's crtstuff.c, and
 * the frames of .init and .fini and the start of a program, which are the libc's.
 */
static bool is_startup_code(const struct library_function *f)
{
	static const char *const names[] = {"_init", "_fini", "_start", "_dl_relocate_static_pie"};

	if (strcmp(f->file, "crtstuff.c") == 0)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(f->name, names[i]) == 0)
			return true;
	return false;
}

const char *library_reason(const struct library *lib, const struct library_function *f)
{
	uint8_t state;

	if (f->has_entry)
		return ulp_facts_entry_text(ULP_FACTS_ENTRY);
	if (f->fact != ULP_FACTS_NONE) {
		state = lib->facts.functions[f->fact].entry;
		return state != ULP_FACTS_ENTRY ? ulp_facts_entry_text(state)
						: "has an entry that the table does not list";
	}
	if (f->ifunc)
		return ulp_facts_entry_text(ULP_FACTS_RESOLVER);
	if (is_startup_code(f))
		return "start-up code that comes with the compiler";
	return lib->has_facts ? "assembly, or compiled without the plugin"
			      : "not known: the file has no facts";
}
