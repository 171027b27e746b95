/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands behind ulp_facts.storage: the arrays, the strings, and an index by
 * which questions are answered without a walk over all functions.  Private to
 * facts_*.c.
 */
#ifndef ULP_CONTAINER_FACTS_STORE_H
#define ULP_CONTAINER_FACTS_STORE_H

#include "container/facts.h"

/* Rows of numbers, one row a key: row k is items[starts[k]] up to items[starts[k + 1]]. */
struct facts_rows {
	uint32_t *starts; /* as many as keys, and one more */
	uint32_t *items;
};

struct facts_row {
	const uint32_t *items;
	uint32_t nr;
};

static inline struct facts_row facts_row(const struct facts_rows *rows, uint32_t key)
{
	uint32_t start = rows->starts[key];

	return (struct facts_row){rows->items + start, rows->starts[key + 1] - start};
}

struct facts_store {
	unsigned char *bytes; /* the section; all strings point here */
	struct ulp_facts_unit *units;
	struct ulp_facts_function *functions;
	struct ulp_facts_inlined *inlined;
	const char **constants;
	uint64_t *paths; /* of each function: hash of its source's normalised path */
	bool linked;	 /* whether vaddr tells what has code */

	uint32_t *identity;	   /* of each function, see ulp_facts_identity() */
	uint32_t *owner;	   /* of each copy: the function that holds it */
	struct facts_rows members; /* of each identity: its functions */
	struct facts_rows derived; /* of each function: those whose origin it is */
	struct facts_rows copies;  /* of each function: its copies, as indices of inlined */
};

/* The store of facts that ulp_facts_read() filled in. */
static inline const struct facts_store *facts_store(const struct ulp_facts *facts)
{
	return facts->storage;
}

/*
 * Fills in the index of a store whose arrays are complete.  What was allocated when it
 * fails stays with the store.  Error: ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code facts_index_build(struct facts_store *store,
					       const struct ulp_facts *facts, struct ulp_err *err);

/* Frees the index's arrays. */
void facts_index_free(struct facts_store *store);

#endif
