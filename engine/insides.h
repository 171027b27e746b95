/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where no thread may stand when words of the target's code change: an entry of two
 * one-byte instructions becomes one, and a thread may be between them.
 */
#ifndef ULP_ENGINE_INSIDES_H
#define ULP_ENGINE_INSIDES_H

#include "engine/registry.h"

/* Bytes that become one instruction.  Borrows its name from the registry. */
struct inside {
	uint64_t start; /* of the instruction: there a thread may stand */
	uint64_t end;	/* first byte past it */
	const char *name;
};

/*
 * Those in the words that the commit of next_state changes, or its recovery.
 * *list: malloc'ed, NULL for none.  Error: ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code insides_find(const struct registry *reg, struct inside **list,
					  size_t *nr, struct ulp_err *err);

#endif
