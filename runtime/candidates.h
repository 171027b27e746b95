/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The containers that this process finds at its start: those of its folders of
 * live patches that are for something it has loaded, and that may be trusted.
 */
#ifndef ULP_RUNTIME_CANDIDATES_H
#define ULP_RUNTIME_CANDIDATES_H

#include "container/container.h"

#include <stdbool.h>
#include <sys/types.h>

enum candidate_state {
	CANDIDATE_PENDING,
	CANDIDATE_DONE, /* applied, or it never will be */
};

struct candidate {
	struct ulp_container container; /* owned */
	enum candidate_state state;
	struct ulp_err err; /* why it could not be applied yet */
};

struct candidates {
	struct candidate *list; /* in the order of the folders, and there of the names */
	size_t nr;
};

/*
 * Looks through a folder, which need not be there: each file whose name ends in
 * ".so", and those in folders of the folder, to a depth of one.  What is not for
 * this process is passed over; what is not trusted or damaged becomes a message.
 * owner: who may own folders and files besides root.
 *
 * false: there is no such folder, which takes one system call and touches no memory,
 * for each process pays for it.
 */
bool candidates_gather(struct candidates *ret, const char *folder, uid_t owner);

/* The same for several that must be there: absolute paths parted by colons.  false: none is. */
bool candidates_gather_paths(struct candidates *ret, const char *paths, uid_t owner);
void candidates_deinit(struct candidates *c);

#endif
