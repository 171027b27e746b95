/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TESTS_E2E_VICTIMS_PROGRAM_H
#define ULP_TESTS_E2E_VICTIMS_PROGRAM_H

/* Data of the executable that is not static. */
extern int program_level;

/* n + 1; n * base, through a static function; n + program_level. */
int program_number(int n);
int program_private(int n);
int program_with_level(int n);

#endif
