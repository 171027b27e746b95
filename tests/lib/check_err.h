/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmocka with what it needs in front, and assertions about struct ulp_err:
 * tests look at code and place, not at the whole text.
 */
#ifndef ULP_TESTS_LIB_CHECK_ERR_H
#define ULP_TESTS_LIB_CHECK_ERR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "container/err.h"

/* The call failed with this code at this place, and says why. */
#define assert_fails_at(got, wanted, err, place)                                        \
	do {                                                                            \
		assert_string_equal(ulp_code_name(got), ulp_code_name(wanted));         \
		assert_string_equal(ulp_code_name((err)->code), ulp_code_name(wanted)); \
		assert_string_equal((err)->where, place);                               \
		assert_true((err)->text[0] != '\0');                                    \
	} while (0)

/* The call succeeded; prints the error where it did not. */
#define assert_succeeds(got, err)                                                       \
	do {                                                                            \
		enum ulp_code check_code = (got);                                       \
		if (check_code != ULP_OK)                                               \
			fail_msg("%s: %s: %s", ulp_code_name(check_code), (err)->where, \
				 (err)->text);                                          \
	} while (0)

#endif
