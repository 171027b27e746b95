/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a library's file tells of its entries: for `ulp livepatchable`.
 */
#ifndef ULP_TRIGGER_LIBRARY_H
#define ULP_TRIGGER_LIBRARY_H

#include "container/elf_view.h"
#include "container/facts.h"

/*
 * A piece of code that can be called: a function of the symbol table, or where there is
 * none, of the facts.  Aliases are one function; NAME.cold is no function.
 */
struct library_function {
	uint64_t vaddr;
	const char *name; /* one of its names */
	const char *file; /* the STT_FILE symbol before a static one; "" for none */
	uint32_t fact;	  /* index in facts.functions, or ULP_FACTS_NONE */
	uint8_t rank;	  /* of the name: global before weak before local */
	bool ifunc;	  /* the address is that of an ifunc's resolver */
	bool has_entry;
};

struct library {
	const char *path; /* borrowed */
	unsigned char *bytes;
	struct ulp_elf elf;
	struct ulp_build_id build_id; /* len 0: none, so containers cannot know it */
	enum ulp_entry_layout layout;
	uint64_t *entries; /* their addresses, sorted */
	size_t nr_entries;

	unsigned char *debug_bytes;	    /* of the debug file that has the symbols, or NULL */
	struct library_function *functions; /* by address; names borrow the files or facts */
	size_t nr_functions;
	size_t nr_with_entry; /* of the functions */
	bool functions_known; /* false: stripped, and without facts */

	struct ulp_facts facts;
	bool has_facts;
};

/*
 * Reads a library or program and, where it has no symbols, its debug file (debug_file
 * or that of the system).  want_facts: reads the facts also where the symbols say
 * which functions there are; that there are none is no error.
 *
 * Errors: those of ulp_file_read() and ulp_elf_init(); ULP_EELF (an object file, no
 * section table); ULP_EARCH; those of ulp_debug_file_find() and, but for ULP_ENOFACTS,
 * of ulp_facts_open().  err->where names the file.
 */
ULP_MUST_CHECK enum ulp_code library_open(struct library *lib, const char *path,
					  const char *debug_file, bool want_facts,
					  struct ulp_err *err);

/* Accepts one that was zeroed, too. */
void library_close(struct library *lib);

/* Whether packer and engine can use its entries. */
bool library_livepatchable(const struct library *lib);

/* Why a function has no entry ("has an entry" if it has one); static storage. */
const char *library_reason(const struct library *lib, const struct library_function *f);

/* --- library_symbols.c ------------------------------------------------------------ */

/*
 * Sets lib->functions from the symbol table of elf, whose bytes must live as long as
 * lib.  Nothing is set if it has none.  Errors: ULP_EELF (damaged), ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code library_read_symbols(struct library *lib, const struct ulp_elf *elf,
						  struct ulp_err *err);

/* Sets lib->functions from the facts.  Error: ULP_ENOMEM. */
ULP_MUST_CHECK enum ulp_code library_read_facts(struct library *lib, struct ulp_err *err);

/* Sorts the functions, one for each address. */
void library_sort_functions(struct library *lib);

#endif
