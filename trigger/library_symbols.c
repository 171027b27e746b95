/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The functions of a library: from a symbol table, or from the facts. */
#include "config.h"

#include "trigger/library.h"

#include <stdlib.h>
#include <string.h>

/* --- symbols ---------------------------------------------------------------------- */

struct symbols {
	const struct ulp_elf *elf;
	const unsigned char *table;
	size_t nr;
	const char *strings; /* ends with a NUL */
	size_t strings_len;
};

static size_t find_symtab(const struct ulp_elf *elf)
{
	for (size_t i = 1; i < elf->nr_sections; i++)
		if (ulp_elf_section(elf, i).sh_type == SHT_SYMTAB)
			return i;
	return 0;
}

static enum ulp_code symbols_open(struct symbols *s, const struct ulp_elf *elf, size_t index,
				  struct ulp_err *err)
{
	size_t strings = ulp_elf_section(elf, index).sh_link;
	const unsigned char *bytes;
	size_t len;

	if (strings >= elf->nr_sections)
		return ulp_fail(err, ULP_EELF, "the symbol table has no names");
	if (ulp_elf_section_data(elf, index, &s->table, &len, err) != ULP_OK ||
	    ulp_elf_section_data(elf, strings, &bytes, &s->strings_len, err) != ULP_OK)
		return err->code;
	if (s->strings_len == 0 || bytes[s->strings_len - 1] != '\0')
		return ulp_fail(err, ULP_EELF, "the names of the symbols are damaged");
	s->elf = elf;
	s->nr = len / sizeof(Elf64_Sym);
	s->strings = (const char *)bytes;
	return ULP_OK;
}

static Elf64_Sym symbol_at(const struct symbols *s, size_t i)
{
	Elf64_Sym symbol;

	memcpy(&symbol, s->table + i * sizeof(symbol), sizeof(symbol));
	return symbol;
}

static const char *symbol_name(const struct symbols *s, const Elf64_Sym *symbol)
{
	return symbol->st_name < s->strings_len ? s->strings + symbol->st_name : "";
}

/* The unlikely part of a function, which the compiler has put elsewhere: NAME.cold, .cold.1 */
static bool is_cold_part(const char *name)
{
	const char *cold = strstr(name, ".cold");

	return cold != NULL && (cold[5] == '\0' || cold[5] == '.');
}

static bool is_function(const struct symbols *s, const Elf64_Sym *symbol)
{
	unsigned char type = ELF64_ST_TYPE(symbol->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_value != 0 &&
	       symbol->st_shndx != SHN_UNDEF && symbol->st_shndx < s->elf->nr_sections &&
	       (ulp_elf_section(s->elf, symbol->st_shndx).sh_flags & SHF_EXECINSTR) != 0 &&
	       !is_cold_part(symbol_name(s, symbol));
}

static uint8_t rank_of(const Elf64_Sym *symbol)
{
	switch (ELF64_ST_BIND(symbol->st_info)) {
	case STB_LOCAL:
		return 2;
	case STB_WEAK:
		return 1;
	default:
		return 0;
	}
}

/* *file: of the symbol before, for the next one. */
static void add_symbol(struct library *lib, const struct symbols *s, const Elf64_Sym *symbol,
		       const char **file)
{
	bool local = ELF64_ST_BIND(symbol->st_info) == STB_LOCAL;

	if (ELF64_ST_TYPE(symbol->st_info) == STT_FILE)
		*file = symbol_name(s, symbol);
	if (!is_function(s, symbol))
		return;
	lib->functions[lib->nr_functions++] = (struct library_function){
		.vaddr = symbol->st_value,
		.name = symbol_name(s, symbol),
		.file = local ? *file : "",
		.fact = ULP_FACTS_NONE,
		.rank = rank_of(symbol),
		.ifunc = ELF64_ST_TYPE(symbol->st_info) == STT_GNU_IFUNC,
	};
}

enum ulp_code library_read_symbols(struct library *lib, const struct ulp_elf *elf,
				   struct ulp_err *err)
{
	size_t index = find_symtab(elf);
	const char *file = "";
	struct symbols s;

	if (index == 0)
		return ULP_OK;
	if (symbols_open(&s, elf, index, err) != ULP_OK)
		return err->code;
	lib->functions = calloc(s.nr + 1, sizeof(*lib->functions));
	if (lib->functions == NULL)
		return ulp_fail(err, ULP_ENOMEM, "no memory for the functions");
	for (size_t i = 0; i < s.nr; i++) {
		Elf64_Sym symbol = symbol_at(&s, i);

		add_symbol(lib, &s, &symbol, &file);
	}
	lib->functions_known = true;
	return ULP_OK;
}

/* --- facts -------------------------------------------------------------------------- */

enum ulp_code library_read_facts(struct library *lib, struct ulp_err *err)
{
	lib->functions = calloc((size_t)lib->facts.nr_functions + 1, sizeof(*lib->functions));
	if (lib->functions == NULL)
		return ulp_fail(err, ULP_ENOMEM, "no memory for the functions");
	for (uint32_t i = 0; i < lib->facts.nr_functions; i++) {
		const struct ulp_facts_function *f = &lib->facts.functions[i];

		if (f->vaddr != 0 && f->kind != ULP_FACTS_ALIAS)
			lib->functions[lib->nr_functions++] = (struct library_function){
				.vaddr = f->vaddr,
				.name = f->name,
				.file = "",
				.fact = ULP_FACTS_NONE,
				.rank = f->linkage == ULP_FACTS_LOCAL,
			};
	}
	lib->functions_known = true;
	return ULP_OK;
}

/* --- order ---------------------------------------------------------------------------- */

static int by_vaddr(const void *a, const void *b)
{
	const struct library_function *x = a;
	const struct library_function *y = b;

	if (x->vaddr != y->vaddr)
		return x->vaddr < y->vaddr ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return strcmp(x->name, y->name);
}

void library_sort_functions(struct library *lib)
{
	struct library_function *functions = lib->functions;
	size_t nr = 0;

	if (lib->nr_functions == 0)
		return;
	qsort(functions, lib->nr_functions, sizeof(*functions), by_vaddr);
	for (size_t i = 0; i < lib->nr_functions; i++) {
		if (nr != 0 && functions[nr - 1].vaddr == functions[i].vaddr)
			functions[nr - 1].ifunc = functions[nr - 1].ifunc || functions[i].ifunc;
		else
			functions[nr++] = functions[i];
	}
	lib->nr_functions = nr;
}
