/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the tests of plans start from: the usual fake process and two
 * containers that share a function.
 */
#ifndef ULP_TESTS_LIB_PLAN_FIXTURE_H
#define ULP_TESTS_LIB_PLAN_FIXTURE_H

#include "tests/lib/fake_patch.h"

struct plan_fixture {
	struct fake_process fp;
	struct ulp_container a;	    /* alpha, beta */
	struct ulp_container b;	    /* beta, gamma */
	struct fake_space pristine; /* before anything was done */
	struct ulp_err err;
};

/* For cmocka. */
int plan_fixture_setup(void **state);
int plan_fixture_teardown(void **state);

/* Where a call of the target's function goes. */
uint64_t plan_call_goes_to(const struct plan_fixture *f, const char *name);

/*
 * Whose alpha, beta and gamma are called, as text: 'a' or 'b' for a container,
 * '-' for the original.  Static storage.
 */
const char *plan_callees(struct plan_fixture *f);

/* The target's code is byte for byte what its file has. */
bool plan_text_is_pristine(const struct plan_fixture *f);

/* An engine of its own and a plan that was carried out up to the commit, which is left out. */
struct planned {
	struct engine e;
	struct plan plan;
};

/* Ends the test where it fails. */
void planned_begin(struct plan_fixture *f, const struct ulp_container *c, struct planned *p);
void planned_end(struct planned *p);

#endif
