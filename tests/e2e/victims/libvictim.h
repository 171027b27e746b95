/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The target library of the end-to-end tests.  Each function is one kind of thing that a live
 * patch has to get right; what it computes is so simple that the shell can say what it must be.
 */
#ifndef ULP_TESTS_LIBVICTIM_H
#define ULP_TESTS_LIBVICTIM_H

/* Exported data that the program refers to directly: there it is a copy (R_X86_64_COPY). */
extern int victim_level;

/* n + 1, n + 2, n + 3: the plainest targets. */
int victim_number(int n);
int victim_other(int n);
int victim_third(int n);

/* n * base, through a static function; base is a static variable. */
int victim_private(int n);
int victim_set_base(int n);

/* n + 10, through a hidden function. */
int victim_through_hidden(int n);

/* n + victim_level. */
int victim_with_level(int n);

/* "number N of BUILD", by memcpy (an IFUNC of the libc) and snprintf; valid until the next call. */
const char *victim_text(int n);

/* Reads one byte from fd and returns it, -1 at the end: a function that is in use for long. */
int victim_wait(int fd);

/* Loops until *ready and returns 1, without a call: the thread stands in the function itself. */
int victim_spin(const volatile int *ready);

#endif
