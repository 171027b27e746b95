/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process's own address space, for the engine.  Only while the process has
 * one thread.
 */
#ifndef ULP_RUNTIME_LOCAL_SPACE_H
#define ULP_RUNTIME_LOCAL_SPACE_H

#include "engine/space.h"

struct local_space {
	struct ulp_space space; /* first, so that one is the other */
	int mem;		/* /proc/self/mem; owned */
	/*
	 * Address of the registry's magic, 0 for none.  It is not written yet, which
	 * keeps ulp(1) out; reading through the space shows it as it will be.
	 */
	uint64_t magic_at;
};

/*
 * Reads and writes go through /proc/self/mem: a bad address is an error there
 * and not a fault, and text is written without ever being made writable.
 * Nothing of *ls may be used after a failure.
 *
 * Error: ULP_ESYS (no /proc, or the process may not open its own).
 */
ULP_MUST_CHECK enum ulp_code local_space_open(struct local_space *ls, struct ulp_err *err);
void local_space_close(struct local_space *ls);

#endif
