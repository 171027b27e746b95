/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A container in the test's own process: loaded by the engine near a target that the test has
 * loaded with dlopen(), its functions called directly.  No entry is written: what is tested is
 * that the packed code finds everything that it refers to.
 */
#ifndef ULP_TESTS_LIB_OWN_LOAD_H
#define ULP_TESTS_LIB_OWN_LOAD_H

#include "engine/load.h"

struct own_load {
	struct ulp_space space;
	struct reader reader;
	struct ulp_objects objects;
	struct load load;
};

/*
 * Loads container (borrowed until own_load_end()).  What goes wrong fails the running test.
 */
void own_load_begin(struct own_load *own, const struct ulp_container *container);

/* Address of the new function that replaces old_name; fails the test if there is none. */
void *own_load_function(const struct own_load *own, const char *old_name);

/* Unmaps it. */
void own_load_end(struct own_load *own);

#endif
