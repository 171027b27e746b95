/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What facts_dwarf finds: each agreement and each difference is of one class.  A class that
 * explains a difference says what was proven of each one; the others are faults.
 *
 * Copies of which nothing is left: GCC drops the description of an inlined call when none of the
 * instructions that come from it remain.  The carrier may still depend on it, by a constant that it
 * returned or a test that it decided, so the facts name more carriers than DWARF, and rightly so.
 *
 * Copies further out: what was inlined early is part of the function when GCC inlines once more, by
 * what then are its calls.  So in the facts the function itself takes the copy in, where DWARF
 * follows the blocks of the source.
 */
#ifndef ULP_TESTS_FINDINGS_H
#define ULP_TESTS_FINDINGS_H

#include <stdio.h>

/* X(name, kind, text); kinds: SAME, EXPLAINED, FAULT */
#define FINDINGS(X)                                                                                \
	X(COPY_SAME, SAME, "copies that both name")                                                \
	X(COPY_NOTHING_LEFT, EXPLAINED,                                                            \
	  "copies of which nothing is left: no code of the carrier stands for a line of theirs")   \
	X(COPY_OTHERS_LINES, EXPLAINED,                                                            \
	  "copies whose lines DWARF gives to another function made by the same lines")             \
	X(COPY_MISSING, FAULT, "copies that DWARF names and the facts do not")                     \
	X(COPY_NOT_INLINED, FAULT, "copies of functions that GCC inlined nowhere, says DWARF")     \
	X(COPY_EXTRA, FAULT,                                                                       \
	  "copies that the facts name, with code for their lines, not in DWARF")                   \
	X(LEVEL_SAME, SAME, "copies inside of copies that both put into the same function")        \
	X(LEVEL_OUTER, EXPLAINED,                                                                  \
	  "copies that the facts put further out: they came in after the copy around them")        \
	X(LEVEL_WRONG, FAULT, "copies that DWARF puts into another copy than the facts")           \
	X(CODE_SAME, SAME, "functions with code at the same address, of the same source line")     \
	X(CODE_ASSEMBLER, EXPLAINED, "functions of assembler files, which have no facts")          \
	X(CODE_MISSING, FAULT, "functions with code in DWARF and none in the facts")               \
	X(CODE_EXTRA, FAULT, "functions with code in the facts and none in DWARF")                 \
	X(CODE_PLACE, FAULT, "functions whose name, file or line differs between the two")         \
	X(SYMBOL_SAME, SAME, "functions with a symbol of their name at their address")             \
	X(SYMBOL_COLD, EXPLAINED, "symbols NAME.cold inside of a function that has such a piece")  \
	X(SYMBOL_ALIAS, EXPLAINED, "symbols that the facts name as aliases of the one there")      \
	X(SYMBOL_VERSION, EXPLAINED, "symbols NAME@VERSION, made in the assembler, of a function") \
	X(SYMBOL_ASSEMBLER, EXPLAINED, "symbols of assembler files")                               \
	X(SYMBOL_STARTUP, EXPLAINED,                                                               \
	  "symbols of start-up files and the C library's static part, without DWARF")              \
	X(SYMBOL_MISSING, FAULT, "functions with code in the facts without their symbol")          \
	X(SYMBOL_EXTRA, FAULT, "symbols of functions that the facts do not know")                  \
	X(LINKAGE_SAME, SAME, "functions whose symbol is bound as the facts say")                  \
	X(LINKAGE_VERSIONED, EXPLAINED, "global ones that the version script makes local")         \
	X(LINKAGE_WRONG, FAULT, "functions whose symbol is bound otherwise")                       \
	X(ENTRY_SAME, SAME, "functions with one entry in the table where the facts say so")        \
	X(ENTRY_NONE, SAME, "functions without an entry in the table where the facts say so")      \
	X(ENTRY_WRONG, FAULT, "functions whose entry is not as the facts say")                     \
	X(ENTRY_EXTRA, FAULT, "entries of the table that belong to no function of the facts")

enum finding {
#define FINDING_ENUM(name, kind, text) name,
	FINDINGS(FINDING_ENUM)
#undef FINDING_ENUM
		NR_FINDINGS
};

/* Counts one finding; prints it if it is a fault, or if findings_verbose is set. */
void found(enum finding finding, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

extern int findings_verbose;

/* Prints the classes that occurred with their numbers, and a summary line; returns the faults. */
size_t findings_report(FILE *out);

#endif
