/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is read and written of a space while its process is stopped, by as few calls as possible.
 * The places that will be read are told before, the bytes are taken at once when all threads stand
 * still, and after that the snapshot is asked like the space itself.  What may be written later is
 * collected, and written at once in its order.
 */
#ifndef ULP_ENGINE_SNAPSHOT_H
#define ULP_ENGINE_SNAPSHOT_H

#include "engine/space.h"

/* More are written when so many have come together. */
#define SNAPSHOT_MAX_WRITES 64u

#define SNAPSHOT_MAX_LEN 48u /* bytes of one that is kept back: struct ulp_reg_debug */

struct snapshot {
	struct ulp_space space;	    /* first; without map() and what comes after it */
	struct ulp_space *under;    /* borrowed */
	struct space_piece *pieces; /* owned; once sealed ascending and apart */
	size_t nr;
	size_t cap;
	size_t last;	/* the piece that was found last */
	uint8_t *bytes; /* owned; of all pieces */
	bool taken;	/* else the space under it is asked each time */
	struct space_piece writes[SNAPSHOT_MAX_WRITES]; /* kept back; their bytes: */
	uint8_t written[SNAPSHOT_MAX_WRITES][SNAPSHOT_MAX_LEN];
	size_t nr_writes;
};

void snapshot_init(struct snapshot *s, struct ulp_space *under);
void snapshot_deinit(struct snapshot *s);

/* A place that will be read.  Error: ULP_ENOMEM. */
ULP_MUST_CHECK enum ulp_code snapshot_add(struct snapshot *s, uint64_t from, size_t len,
					  struct ulp_err *err);

/* No more places.  Error: ULP_ENOMEM. */
ULP_MUST_CHECK enum ulp_code snapshot_seal(struct snapshot *s, struct ulp_err *err);

/*
 * Takes the bytes as they are now.  From then on reads are answered from them where they have
 * all that is asked for, and what is written through the snapshot is in them, too.  So it
 * is true as long as nobody else writes.  Where not all places can be read it knows nothing.
 */
void snapshot_take(struct snapshot *s);

/* Knows nothing any more: the process is to run. */
void snapshot_forget(struct snapshot *s);

#endif
