/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which functions have code, and where: by the facts, by DWARF, by the symbols and by the table
 * of entries.
 */
#include "config.h"

#include "tests/tools/facts_dwarf.h"
#include "tests/tools/findings.h"

#include <stdlib.h>
#include <string.h>

/* An entry is the first instruction, or the second one behind a landing pad. */
#define ENTRY_WITHIN 16 /* bytes */

#define HEX(vaddr) ((unsigned long long)(vaddr))

/* --- symbols -------------------------------------------------------------------------- */

static const struct symbol *symbols_end(const struct build *build)
{
	return build->symbols.all + build->symbols.nr;
}

/* The symbol of this name and address, of .dynsym or not; NULL if there is none. */
static const struct symbol *symbol_of(const struct build *build, const char *name, uint64_t vaddr,
				      bool dynamic)
{
	const struct symbol *symbol = symbols_at(&build->symbols, vaddr);

	for (; symbol != NULL && symbol < symbols_end(build) && symbol->vaddr == vaddr; symbol++)
		if (symbol->dynamic == dynamic && strcmp(symbol->name, name) == 0)
			return symbol;
	return NULL;
}

/*
 * The linker makes hidden names local and plain, and so those that the version script does not
 * list; they stand behind the static ones, and under no file's name.  A name is exported exactly
 * if .dynsym has it.
 */
static enum finding judge_linkage(const struct build *build,
				  const struct ulp_facts_function *function,
				  const struct symbol *symbol)
{
	bool exported = symbol_of(build, function->name, function->vaddr, true) != NULL;
	bool local = symbol->binding == STB_LOCAL;
	bool weak = (function->flags & ULP_FACTS_FUNCTION_WEAK) != 0;

	if (exported)
		return function->linkage == ULP_FACTS_EXPORTED &&
				       symbol->binding == (weak ? STB_WEAK : STB_GLOBAL)
			       ? LINKAGE_SAME
			       : LINKAGE_WRONG;
	if (!local)
		return LINKAGE_WRONG;
	if (function->linkage == ULP_FACTS_LOCAL)
		return *symbol->file != '\0' ? LINKAGE_SAME : LINKAGE_WRONG;
	if (*symbol->file != '\0')
		return LINKAGE_WRONG;
	return function->linkage == ULP_FACTS_HIDDEN ? LINKAGE_SAME
	       : build->symbols.versioned	     ? LINKAGE_VERSIONED
						     : LINKAGE_WRONG;
}

static void compare_symbol(const struct build *build, const struct ulp_facts_function *function)
{
	const struct symbol *symbol = symbol_of(build, function->name, function->vaddr, false);

	if (symbol == NULL) {
		found(SYMBOL_MISSING, "%s at %#llx", function->name, HEX(function->vaddr));
		return;
	}
	found(SYMBOL_SAME, "%s", symbol->name);
	found(judge_linkage(build, function, symbol),
	      "%s at %#llx: the facts say %s; binding %u, "
	      "visibility %u",
	      function->name, HEX(function->vaddr), ulp_facts_linkage_text(function->linkage),
	      symbol->binding, symbol->visibility);
}

/* --- entries --------------------------------------------------------------------------- */

static void compare_entry(const struct build *build, const struct ulp_facts_function *function)
{
	const struct symbol *symbol = symbol_of(build, function->name, function->vaddr, false);
	uint64_t len = symbol ? symbol->len : ENTRY_WITHIN;
	uint64_t first = len < ENTRY_WITHIN ? len : ENTRY_WITHIN;
	size_t wanted = function->entry == ULP_FACTS_ENTRY ? 1 : 0;
	size_t all = symbols_entries_in(&build->symbols, function->vaddr, function->vaddr + len);
	size_t near = symbols_entries_in(&build->symbols, function->vaddr, function->vaddr + first);

	if (all == wanted && near == wanted)
		found(wanted ? ENTRY_SAME : ENTRY_NONE, "%s", function->name);
	else
		found(ENTRY_WRONG, "%s at %#llx: %s; the table has %zu there, %zu at its start",
		      function->name, HEX(function->vaddr), ulp_facts_entry_text(function->entry),
		      all, near);
}

static void compare_table(const struct build *build)
{
	for (size_t i = 0; i < build->symbols.nr_entries; i++) {
		uint64_t entry = build->symbols.entries[i];
		const struct ulp_facts_function *function = NULL;

		for (uint64_t back = 0; back < ENTRY_WITHIN && function == NULL; back++)
			function = build_function_at(build, entry - back);
		if (function == NULL || function->entry != ULP_FACTS_ENTRY)
			found(ENTRY_EXTRA, "%#llx", HEX(entry));
	}
}

/* --- code -------------------------------------------------------------------------------- */

static void compare_function(const struct build *build, const struct ulp_facts_function *function)
{
	const struct dwarf_function *dwarf = dwarf_code_at(&build->dwarf, function->vaddr);
	const struct ulp_facts_function *root = build_root(build, function);

	if (dwarf == NULL)
		found(CODE_EXTRA, "%s at %#llx", function->name, HEX(function->vaddr));
	else if (build_same_source(root, &dwarf->source))
		found(CODE_SAME, "%s", function->name);
	else
		found(CODE_PLACE, "%#llx: facts %s (%s:%u), DWARF %s (%s:%u)", HEX(function->vaddr),
		      root->name, root->file, root->line, dwarf->source.name, dwarf->source.file,
		      dwarf->source.line);
}

static void compare_dwarf_function(const struct build *build, const struct dwarf_function *function)
{
	if (build_function_at(build, function->vaddr) == NULL)
		found(function->assembler ? CODE_ASSEMBLER : CODE_MISSING, "%s (%s:%u) at %#llx",
		      function->source.name, function->source.file, function->source.line,
		      HEX(function->vaddr));
}

/* --- symbols that are nobody's start --------------------------------------------------- */

/* The function that DWARF gives this address to, or NULL. */
static const struct dwarf_function *dwarf_function_over(const struct build *build, uint64_t vaddr)
{
	const struct dwarf_code *dwarf = &build->dwarf;

	for (size_t i = 0; i < dwarf->nr_functions; i++) {
		const struct dwarf_function *function = &dwarf->functions[i];

		for (uint32_t k = 0; k < function->nr_ranges; k++) {
			const struct dwarf_range *range = &dwarf->ranges[function->first_range + k];

			if (vaddr >= range->start && vaddr < range->end)
				return function;
		}
	}
	return NULL;
}

static bool is_cold_piece(const struct build *build, const struct symbol *symbol,
			  const struct dwarf_function *over)
{
	const struct ulp_facts_function *whole = build_function_at(build, over->vaddr);
	size_t len = whole ? strlen(whole->name) : 0;

	return whole != NULL && (whole->flags & ULP_FACTS_FUNCTION_COLD) != 0 &&
	       strncmp(symbol->name, whole->name, len) == 0 &&
	       strcmp(symbol->name + len, ".cold") == 0;
}

/* Whether the facts have an alias of this name that goes back to the function there. */
static bool is_alias(const struct build *build, const struct symbol *symbol)
{
	uint32_t i = ulp_facts_find(&build->facts, 0, symbol->name, NULL);

	for (; i != ULP_FACTS_NONE; i = ulp_facts_find(&build->facts, i + 1, symbol->name, NULL)) {
		const struct ulp_facts_function *alias = &build->facts.functions[i];

		if (alias->kind == ULP_FACTS_ALIAS &&
		    build_root(build, alias)->vaddr == symbol->vaddr)
			return true;
	}
	return false;
}

/* NAME@VERSION, which the source has made in the assembler: the compiler does not know of it. */
static bool is_versioned_name(const struct build *build, const struct symbol *symbol)
{
	return strchr(symbol->name, '@') != NULL && build_function_at(build, symbol->vaddr) != NULL;
}

/* Of objects that the linker adds by itself and that have no DWARF. */
static bool is_startup(const struct symbol *symbol)
{
	static const char *const names[] = {
		"_init", "_fini", /* crti.o */
		"atexit",	  /* libc_nonshared.a */
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(symbol->name, names[i]) == 0)
			return true;
	return strcmp(symbol->file, "crtstuff.c") == 0;
}

static enum finding judge_symbol(const struct build *build, const struct symbol *symbol)
{
	const struct dwarf_function *over = dwarf_function_over(build, symbol->vaddr);

	if (over == NULL)
		return is_startup(symbol) ? SYMBOL_STARTUP : SYMBOL_EXTRA;
	if (over->assembler)
		return SYMBOL_ASSEMBLER;
	if (is_cold_piece(build, symbol, over))
		return SYMBOL_COLD;
	if (is_alias(build, symbol))
		return SYMBOL_ALIAS;
	return is_versioned_name(build, symbol) ? SYMBOL_VERSION : SYMBOL_EXTRA;
}

static void compare_other_symbol(const struct build *build, const struct symbol *symbol)
{
	const struct ulp_facts_function *function = build_function_at(build, symbol->vaddr);

	if (symbol->dynamic || (function != NULL && strcmp(function->name, symbol->name) == 0))
		return;
	found(judge_symbol(build, symbol), "%s at %#llx", symbol->name, HEX(symbol->vaddr));
}

void compare_code(const struct build *build)
{
	for (size_t i = 0; i < build->nr_with_code; i++) {
		const struct ulp_facts_function *function =
			&build->facts.functions[build->with_code[i]];

		compare_function(build, function);
		compare_symbol(build, function);
		compare_entry(build, function);
	}
	compare_table(build);
	for (size_t i = 0; i < build->dwarf.nr_functions; i++)
		compare_dwarf_function(build, &build->dwarf.functions[i]);
	for (size_t i = 0; i < build->symbols.nr; i++)
		compare_other_symbol(build, &build->symbols.all[i]);
}
