// SPDX-License-Identifier: GPL-3.0-or-later
#ifndef ULP_TESTS_E2E_VICTIMS_LIBUNWINDING_H
#define ULP_TESTS_E2E_VICTIMS_LIBUNWINDING_H

// The library whose functions are on the stack while it is unwound.  Every function gives a number
// that tells which version of it has run; a fix gives a hundred more.

struct Failure {
	int value;
};

typedef int step_fn(int n);

extern "C" {
// Counts by what cleanups and destructors of the library's functions add.
extern int unwinding_cleanups;

int unwinding_version();

// Throws Failure{n}.
int unwinding_throw(int n);

// Calls step(n) with an object on the stack whose destructor adds 1 to the cleanups.
int unwinding_through(step_fn *step, int n);

// Catches the Failure of step(n) and returns its value.
int unwinding_catch(step_fn *step, int n);

// Catches the Failure of step(n), adds 1 to the value, and lets it go on.
int unwinding_rethrow(step_fn *step, int n);

// Throws something of a type that only the library's source file knows; the other one, which is
// not replaced, catches it and returns n.
int unwinding_throw_secret(int n);
int unwinding_catch_secret(int n);

// Waits for a byte from a file descriptor, with a cleanup handler that adds 1 to the cleanups.
int unwinding_wait(int fd);
}

#endif
