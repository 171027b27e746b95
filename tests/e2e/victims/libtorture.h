// SPDX-License-Identifier: GPL-3.0-or-later
#ifndef ULP_TESTS_E2E_VICTIMS_LIBTORTURE_H
#define ULP_TESTS_E2E_VICTIMS_LIBTORTURE_H

/*
 * The target of the torture test.  Each function gives a number; a fix gives 100 or 200 more and
 * nothing else, so that any other result is a fault.  For C and C++.
 */
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int torture_fn(int n);

/* n + 1 */
int torture_step(int n);

/* a + 2b + 3c + ... + 8h + x: arguments in general registers, in vector registers and on the stack.
 */
double torture_many(int a, int b, int c, int d, int e, int f, int g, int h, double x);

/* Allocates len bytes (at least 1), each of them `first`, or the lowest byte of first + 100, ... */
unsigned char *torture_block(size_t len, unsigned char first);

/* Sleeps for some microseconds and gives n + 2: a function that threads often stand in. */
int torture_rest(int n);

/* C++ exceptions.  The callback throws TortureFault, or does not and gives a number. */
int torture_throw(int n);		      /* throws TortureFault{n} */
int torture_through(torture_fn *step, int n); /* step(n), with a destructor to run */
int torture_catch(torture_fn *step, int n);   /* the value of what step(n) throws */

/* How many objects on the stack were made and how many destroyed, by all versions. */
extern unsigned long torture_made;
extern unsigned long torture_destroyed;

#ifdef __cplusplus
}

struct TortureFault {
	int value;
};
#endif

#endif
