/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding the target's private symbol that a name of the object means.
 *
 * Symbols of .symtab fall into two groups: those of one source file (behind
 * its STT_FILE symbol), and those that were global before the linker made
 * them local (behind an STT_FILE without a name) or still are.
 */
#ifndef ULP_PACKER_MATCH_H
#define ULP_PACKER_MATCH_H

#include "packer/target.h"

enum match_want {
	MATCH_FUNCTION,
	MATCH_DATA,
	MATCH_ANY,
};

/* How the object knows the name. */
enum match_scope {
	MATCH_STATIC,	   /* defines it for itself */
	MATCH_GLOBAL,	   /* defines it for all */
	MATCH_ELSEWHERE,   /* refers to it */
	MATCH_STATIC_LOCAL /* as MATCH_STATIC; "name.N" whose number may differ in the target */
};

struct match_query {
	const char *name;
	enum match_want want;
	enum match_scope scope;
	const char *file; /* base name of the object's source, "" if unknown */
	size_t file_no;	  /* and which of the target's files of that name; 0: not known */
};

struct match {
	const struct elf_symbol *symbol; /* the one; NULL for none or several */
	const struct elf_symbol **candidates;
	size_t nr_candidates;
};

/* Names for one address count once.  Cannot fail. */
struct match match_find(struct pool *pool, const struct target *target,
			const struct match_query *query);

/* All defined symbols of this name and kind, aliases collapsed. */
struct match match_all(struct pool *pool, const struct target *target, const char *name,
		       enum match_want want);

/*
 * Keeps the candidates of this source file: "x.c" or a path that ends the same; and of these
 * those of the target's file file_no if there are any (0: not known).
 */
struct match match_in_file(struct pool *pool, const struct match *all, const char *source,
			   size_t file_no);

/* "foo in a.c at 0x1234, foo in b.c at 0x5678" */
const char *match_list(struct pool *pool, const struct match *match);

/* Whether the compiler made it out of another function: foo.part.0, foo.constprop.1.isra.0 ... */
bool name_is_clone(const char *name);

/* Whether it is the unlikely part of a function: foo.cold. */
bool name_is_cold(const char *name);

/*
 * Whether it is a C++ type's type information or the name in it (_ZTI, _ZTS; Itanium C++
 * ABI, "Special names").  Where the type has internal linkage, exceptions and casts know
 * it by this address alone.
 */
bool name_is_type_info(const char *name);

/* Whether it ends in a number that the compiler gave: counter.0. */
bool name_is_numbered(const char *name);

#endif
