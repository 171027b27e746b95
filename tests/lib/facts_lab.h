/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plugin's facts of a small source, as short texts to compare with.  Works in the
 * folder of plugin_lab.h; what cannot be read fails the running test.
 */
#ifndef ULP_TESTS_FACTS_LAB_H
#define ULP_TESTS_FACTS_LAB_H

#include "container/facts.h"

#include <stdbool.h>

/* Compiles C to a shared library without startup code, and reads its facts. */
void facts_build(const char *text, const char *options);

/* The same for C++. */
void facts_build_cxx(const char *text, const char *options);

/* Reads the facts of a file of the folder: of a section, linked or not. */
void facts_read(const char *name, const char *section, bool linked);

/* What was read last; freed by the next reading. */
const struct ulp_facts *facts_all(void);

/* Index of the function of this name; the test fails if there is none. */
uint32_t facts_find(const char *name);
bool facts_has(const char *name);

/*
 * What is recorded of a function: "KIND LINKAGE FLAGS: ENTRY", with " of ORIGIN" behind
 * the kind if there is one; valid until the next call.
 */
const char *facts_record(const char *name);

/*
 * What was inlined into a function: in the order of the records, parted by blanks, each
 * as "FUNCTION" or, with what it was inlined by way of, "FUNCTION<OTHER<..."; valid
 * until the next call.
 */
const char *facts_copies(const char *name);

/* The names of the functions that carry a copy, parted by blanks; as above. */
const char *facts_carriers(const char *name);

/* cmocka group fixtures, instead of those of plugin_lab.h. */
int facts_lab_setup(void **state);
int facts_lab_teardown(void **state);

#endif
