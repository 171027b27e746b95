/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which functions of the target hold a copy of another one's code, as its build
 * tells: the plugin's facts, else the debug information.
 */
#ifndef ULP_PACKER_COPIES_H
#define ULP_PACKER_COPIES_H

#include "packer/target.h"

/* A piece of the target's code that holds a copy. */
struct copy {
	const char *name; /* in the symbol table */
	const char *unit; /* path of its translation unit's source, "" if unknown */
	const char
		*within; /* the functions through which it was inlined: " by way of a, b"; or "" */
	const char *no_entry; /* why it has no entry; NULL: it has, or that is not known */
	uint64_t vaddr;
};

/* Whose copies are looked for: the first three members are given. */
struct copies_query {
	const char *name;
	const char *source; /* its source, a path or the end of one; NULL: not known */
	uint64_t vaddr;	    /* of its own code in the target; 0: it has none */
	/* How many functions of the target's source are meant by this; other than 1 is no answer.
	 */
	size_t nr_functions;
	const char *functions; /* of several: "a.c:12, b.c:34" */
	const char *no_entry;  /* as in struct copy, of the function itself */
	const char *unit;      /* of the function: path of its source, "" if unknown */
	struct copy *copies;   /* ascending by vaddr, each piece of code once */
	size_t nr_copies;
};

/*
 * Answers all queries at once.  *told_by: the kind of knowledge and its file, for
 * messages; NULL if there is none, and nothing is answered.  A function whose code
 * is at `vaddr` is not a copy of itself; its clones, parts and further bodies (of a
 * static function in a header) are.
 *
 * Errors: ULP_ESYS, ULP_EELF, ULP_EFORMAT, ULP_EVERSION, ULP_EMISMATCH (what is there
 * cannot be read); ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code copies_find(struct pool *pool, const struct target *target,
					 struct copies_query *queries, size_t nr,
					 const char **told_by, struct ulp_err *err);

/* The two ways of copies_find(); *told_by is NULL where the target lacks this knowledge. */
ULP_MUST_CHECK enum ulp_code copies_find_facts(struct pool *pool, const struct target *target,
					       struct copies_query *queries, size_t nr,
					       const char **told_by, struct ulp_err *err);
ULP_MUST_CHECK enum ulp_code copies_find_dwarf(struct pool *pool, const struct target *target,
					       struct copies_query *queries, size_t nr,
					       const char **told_by, struct ulp_err *err);

/* Adds a copy, unless this piece of code is there already or is the function itself. */
void copies_add(struct pool *pool, struct copies_query *query, size_t *cap,
		const struct copy *copy);

/* How well a function of this name fits a query; the best fit is what is meant. */
enum copies_fit {
	COPIES_FIT_NAME,
	COPIES_FIT_SOURCE,
	COPIES_FIT_ADDRESS,
};

/* own: it is the code at the query's vaddr; file, unit: paths of its source and of its unit's. */
enum copies_fit copies_fit(const struct copies_query *query, bool own, const char *file,
			   const char *unit);

/* For `within` of struct copy: the text so far, "" at first, with one more function around it. */
const char *copies_way_around(struct pool *pool, const char *way, const char *function);

/* And the end of that: what stands in `within`. */
const char *copies_way_end(struct pool *pool, const char *way);

/* Whether `path` ends in `source`, by whole components; an empty path is nobody's. */
bool copies_same_source(const char *path, const char *source);

#endif
