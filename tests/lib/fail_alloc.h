/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes one allocation fail, to reach every path on which memory is short:
 *
 *	for (size_t nr = 1; fail_alloc_begin(nr), code = f(), fail_alloc_end(); nr++)
 *		assert_int_equal(code, ULP_ENOMEM);
 *
 * The program is linked with FAIL_ALLOC_LINK of tests/lib/local.mk (ld --wrap).
 */
#ifndef ULP_TESTS_LIB_FAIL_ALLOC_H
#define ULP_TESTS_LIB_FAIL_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the nr-th allocation (counted from 1) gives NULL. */
void fail_alloc_begin(size_t nr);

/* Allocations work again.  Whether one has failed meanwhile. */
bool fail_alloc_end(void);

#endif
