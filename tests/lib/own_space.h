/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The test's own process as an address space that can only be read: what the
 * engine finds in it can be compared with what the dynamic linker says.
 */
#ifndef ULP_TESTS_LIB_OWN_SPACE_H
#define ULP_TESTS_LIB_OWN_SPACE_H

#include "engine/space.h"

/* map, unmap and write end the test. */
struct ulp_space own_space(void);

#endif
