/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What DWARF says of a library's code: which functions stand where, and which others were
 * inlined into them.  Reads with libdw and shares nothing with the reader of the plugin's facts.
 * For test programs: gives up with a message and exit status 2 where the file cannot be read.
 */
#ifndef ULP_TESTS_DWARF_CODE_H
#define ULP_TESTS_DWARF_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DWARF_NONE UINT32_MAX

/* A function of the source; strings borrow from the Dwarf. */
struct dwarf_source {
	const char *name; /* linkage name where there is one */
	const char *file; /* "" if unknown */
	uint32_t line;	  /* of the declaration, 0: unknown */
};

/* DW_TAG_subprogram, with code or not. */
struct dwarf_subprogram {
	struct dwarf_source source;
	uint64_t unit; /* offset of its compilation unit's DIE */
	bool inlined;  /* GCC inlined it somewhere in the unit (DW_AT_inline) */
};

struct dwarf_range {
	uint64_t start, end; /* [start, end) */
};

/* DW_TAG_subprogram with code. */
struct dwarf_function {
	struct dwarf_source source;
	uint64_t vaddr; /* lowest address of its entry: DW_AT_low_pc, else the first range */
	uint64_t unit;	/* offset of its compilation unit's DIE */
	bool assembler; /* its unit is in assembler: nobody inlines there */
	bool external;	/* DW_AT_external */
	uint32_t first_range, nr_ranges; /* a run of dwarf_code.ranges */
	uint32_t first_copy, nr_copies;	 /* a run of dwarf_code.copies */
};

/* DW_TAG_inlined_subroutine, at any depth below a function. */
struct dwarf_copy {
	struct dwarf_source source;
	uint32_t outer;			 /* index of the copy that it stands in, or DWARF_NONE */
	uint32_t depth;			 /* 1: inlined into the function itself */
	uint32_t first_range, nr_ranges; /* none: nothing of it is left */
};

/* A row of a line table that has code: a statement of which nothing is left has a row without. */
struct dwarf_row {
	uint64_t vaddr;
	const char *file;
	uint32_t line;
};

struct dwarf_code {
	struct dwarf_function *functions; /* sorted by vaddr */
	struct dwarf_copy *copies;
	struct dwarf_range *ranges;
	struct dwarf_subprogram *subprograms; /* sorted by unit, then line */
	struct dwarf_row *rows;		      /* sorted by vaddr */
	size_t nr_functions, nr_copies, nr_ranges, nr_subprograms, nr_rows;
	void *handle; /* the Dwarf that the strings belong to */
};

/* Reads the file at path, or its debug file.  dwarf_code_free() frees. */
void dwarf_code_read(const char *path, const char *debug_file, struct dwarf_code *code);
void dwarf_code_free(struct dwarf_code *code);

/* The function with code at this very address, NULL if there is none. */
const struct dwarf_function *dwarf_code_at(const struct dwarf_code *code, uint64_t vaddr);

/*
 * Paths name the same file if their last components are equal up to the end of one of them,
 * "." and ".." taken out: the two sides start from different folders.
 */
bool same_file(const char *a, const char *b);

/* The last component of a path. */
const char *last_component(const char *path);

#endif
