/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The comparison of the plugin's facts with what DWARF and the symbols say of the same build.
 */
#ifndef ULP_TESTS_FACTS_DWARF_H
#define ULP_TESTS_FACTS_DWARF_H

#include "container/facts.h"
#include "tests/tools/dwarf_code.h"
#include "tests/tools/symbols.h"

struct build {
	struct ulp_facts facts;
	struct dwarf_code dwarf;
	struct symbols symbols;
	/* Of each address with code in the facts the first function, not an alias; by address. */
	uint32_t *with_code; /* indices in facts.functions */
	size_t nr_with_code;
};

/* The function of the facts, not an alias, with code at this very address, or NULL. */
const struct ulp_facts_function *build_function_at(const struct build *build, uint64_t vaddr);

/* What a clone, part or other name goes back to; the function itself if it is none. */
const struct ulp_facts_function *build_root(const struct build *build,
					    const struct ulp_facts_function *function);

/* Whether a function of the facts and one of DWARF are the same in the source. */
bool build_same_source(const struct ulp_facts_function *function,
		       const struct dwarf_source *source);

/* Compares which functions have code, their symbols, linkage, places and entries. */
void compare_code(const struct build *build);

/* Compares who carries copies of whom: every pair of function and carrier. */
void compare_copies(const struct build *build);

/* Compares through which copies others came in: the levels. */
void compare_levels(const struct build *build);

/*
 * Prints "facts NAME: CARRIER..." and "DWARF NAME: CARRIER...", by address.  Returns false if they
 * differ or if there is no such function.
 */
bool show_carriers(const struct build *build, const char *name);

#endif
