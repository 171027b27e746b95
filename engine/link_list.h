/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dynamic linker's list of loaded objects, by copy: the members alone,
 * without what they point to.  The target may change it at any time, also
 * between the reads of two members, so that whoever goes by it reads it twice
 * and compares.
 */
#ifndef ULP_ENGINE_LINK_LIST_H
#define ULP_ENGINE_LINK_LIST_H

#include "engine/reader.h"

#include <link.h>

struct link_node {
	uint64_t at; /* address of the member */
	struct link_map map;
};

struct link_list {
	struct link_node *nodes; /* owned */
	size_t nr;
	struct ulp_err end; /* code ULP_OK: read to its end; else why not */
};

/*
 * Reads what is there; a list that cannot be read to its end is a result too,
 * for it may be in the middle of a change.  Errors: ULP_ENOMEM, ULP_EGONE.
 */
ULP_MUST_CHECK enum ulp_code link_list_read(struct reader *r, uint64_t first, struct link_list *ret,
					    struct ulp_err *err);

bool link_list_same(const struct link_list *a, const struct link_list *b);

/* Whether the member at that address is in it, for an object with this bias and dynamic section. */
bool link_list_has(const struct link_list *list, uint64_t at, uint64_t bias, uint64_t dynamic_at);

/* Accepts one that was never read, all zero. */
void link_list_deinit(struct link_list *list);

#endif
