/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A packed fix in the test's own process, and its target liba.so.1: see own_load.h. */
#ifndef ULP_TESTS_LIB_RUNNING_H
#define ULP_TESTS_LIB_RUNNING_H

#include "tests/lib/own_load.h"
#include "tests/lib/packer_lab.h"

struct running {
	struct ulp_container container;
	struct own_load own;
	void *target;  /* of dlopen() */
	int (*f)(int); /* the fix's f() */
};

/* Packs and loads.  What goes wrong fails the running test. */
void running_begin(struct packer_lab *lab, const char *spec, struct running *r);
void running_end(struct running *r);

/* Address of an exported symbol of the target; fails the test if there is none. */
void *running_symbol(const struct running *r, const char *name);

#endif
