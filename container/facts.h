/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one reader of the plugin's facts (facts_format.h).  Whole sections are
 * validated before anything is handed out.
 */
#ifndef ULP_CONTAINER_FACTS_H
#define ULP_CONTAINER_FACTS_H

#include "container/err.h"
#include "container/facts_format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No function: an origin or a search without one. */
#define ULP_FACTS_NONE UINT32_MAX

/* Longer sections are refused.  The plugin writes some MiB for the largest libraries. */
#define ULP_FACTS_MAX_LEN (1u << 30) /* bytes, decompressed */

/* One translation unit or LTO partition. */
struct ulp_facts_unit {
	const char *producer;
	const char *directory;
	const char *source;
	const char *command;
	uint16_t flags;		 /* ULP_FACTS_UNIT_* */
	uint32_t first_function; /* its functions: a run of ulp_facts.functions */
	uint32_t nr_functions;
	uint32_t first_constant; /* its constants: a run of ulp_facts.constants */
	uint32_t nr_constants;	 /* 0 also where they were not recorded (version 1) */
};

struct ulp_facts_function {
	const char *name; /* as in the symbol table */
	const char *file; /* path of its source, "" if unknown */
	uint32_t line;	  /* 0: unknown */
	uint32_t unit;	  /* index in ulp_facts.units */
	uint32_t origin;  /* index in ulp_facts.functions, or ULP_FACTS_NONE */
	uint32_t relies;  /* ULP_FACTS_RELIES_* */
	uint8_t kind;	  /* enum ulp_facts_kind */
	uint8_t linkage;  /* enum ulp_facts_linkage */
	uint8_t entry;	  /* enum ulp_facts_entry, or a number unknown to it */
	uint8_t flags;	  /* ULP_FACTS_FUNCTION_* */
	/*
	 * Virtual address in the linked file.  0 where the function has no code there:
	 * none was made, the linker dropped it, or the file is not linked.
	 */
	uint64_t vaddr;
	uint32_t first_inlined; /* a run of ulp_facts.inlined */
	uint32_t nr_inlined;
};

/* A copy of one function in the code of another. */
struct ulp_facts_inlined {
	uint32_t function; /* index in ulp_facts.functions */
	uint32_t via;	   /* index in ulp_facts.inlined, or ULP_FACTS_NONE: directly */
};

/* All pointers go into storage, which ulp_facts_free() frees. */
struct ulp_facts {
	const struct ulp_facts_unit *units;
	const struct ulp_facts_function *functions;
	const struct ulp_facts_inlined *inlined;
	/* Names of static variables that no function of their unit writes. */
	const char *const *constants;
	uint32_t nr_units;
	uint32_t nr_functions;
	uint32_t nr_inlined;
	uint32_t nr_constants;
	void *storage;
};

/*
 * Reads a section's content (already decompressed).  linked: whether the file is a
 * linked one, so that addresses are final; else every vaddr is 0.  *facts is set on
 * success only and borrows nothing.
 *
 * Errors: ULP_EFORMAT (where ".debug.ulp+0xOFFSET"), ULP_EVERSION, ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code ulp_facts_read(const void *bytes, size_t len, bool linked,
					    struct ulp_facts *facts, struct ulp_err *err);

/* Accepts what ulp_facts_read() filled in, and zeroes. */
void ulp_facts_free(struct ulp_facts *facts);

/*
 * The next function from index `from` on that is named name and, if source is not
 * NULL, comes from that file (compared by whole trailing path components).
 * ULP_FACTS_NONE if there is no further one.
 */
uint32_t ulp_facts_find(const struct ulp_facts *facts, uint32_t from, const char *name,
			const char *source);

/*
 * The same number for all records of one function, which may stand in several units:
 * functions of one name, file and line (static ones of headers); global functions of one
 * name; and what LTO records of one function before and after the link.  It is the least
 * of their indices.
 */
uint32_t ulp_facts_identity(const struct ulp_facts *facts, uint32_t function);

/*
 * Whether the function has code in the file: an address in a linked one, else
 * ULP_FACTS_FUNCTION_CODE.  An alias has the code of its origin.
 */
bool ulp_facts_has_code(const struct ulp_facts *facts, uint32_t function);

/*
 * Whether the code of this unit takes the static variable for a constant: the name as in
 * the source, or of its symbol, with a number that the compiler has appended (".3").
 */
bool ulp_facts_is_constant(const struct ulp_facts *facts, uint32_t unit, const char *variable);

/* One function whose code holds a copy of another one. */
struct ulp_facts_carrier {
	uint32_t function; /* index in ulp_facts.functions; it has code in the file */
	/*
	 * Index in ulp_facts.inlined of the copy, or ULP_FACTS_NONE: the carrier is a clone
	 * or part of the function itself.  With LTO the record may stand in the unit before
	 * LTO, or name a function that took the copy in there.
	 */
	uint32_t inlined;
};

/*
 * Who carries a copy of the function with this index: all functions with code (in a
 * file that is not linked: flagged as having code) into which it, a clone or a part
 * of it was inlined, over any number of levels, and its clones and parts that have
 * code.  Not the function itself (all records of its identity).  Each carrier once;
 * those that a COMDAT group or LTO shows in several units, once.  *carriers is
 * malloc'ed, the caller frees; NULL if there are none.  Sorted by vaddr, then by index.
 *
 * Errors: ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code ulp_facts_carriers(const struct ulp_facts *facts, uint32_t function,
						struct ulp_facts_carrier **carriers, size_t *nr,
						struct ulp_err *err);

/* Texts of the lists in facts_format.h; static storage, never NULL. */
const char *ulp_facts_kind_text(uint8_t kind);
const char *ulp_facts_linkage_text(uint8_t linkage);
const char *ulp_facts_entry_text(uint8_t entry);

#endif
