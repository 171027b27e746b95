/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the tests of the list of objects start from: a fake process and a reader of its memory.
 */
#ifndef ULP_TESTS_LIB_OBJECTS_FIXTURE_H
#define ULP_TESTS_LIB_OBJECTS_FIXTURE_H

#include "engine/objects.h"
#include "tests/lib/fake_process.h"

struct objects_fixture {
	struct fake_process fp;
	struct reader r;
	struct ulp_objects objs; /* empty until objects_fixture_read() */
	struct ulp_err err;
	uint64_t got; /* the test's: an answer */
};

/* For cmocka: on the usual fake process. */
int objects_fixture_setup(void **state);
int objects_fixture_teardown(void **state);

/*
 * For a setup of the test's own, which has made f->fp in a zeroed fixture from calloc(3): opens the
 * reader and sets *state.  What the setup has to return.  objects_fixture_teardown() frees f.
 */
int objects_fixture_begin(struct objects_fixture *f, void **state);

/* Reads the list from memory as it is now, in the place of the last one; errors of objects_read. */
enum ulp_code objects_fixture_read(struct objects_fixture *f);

/*
 * Reads the list, which must succeed; then again and again, and each time another one of these
 * reads of memory fails.  Asserts that this is told, with an empty list, or at most costs objects.
 */
void objects_fixture_fail_each_read(struct objects_fixture *f);

#endif
