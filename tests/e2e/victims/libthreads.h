/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TESTS_LIBTHREADS_H
#define ULP_TESTS_LIBTHREADS_H

/* Not for the compiler to look into: they are replaced. */
long threads_add(long n); /* to each of the calling thread's two variables; their sum */
long threads_get(void);	  /* their sum */

#endif
