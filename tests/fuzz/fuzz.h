/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a fuzz target consists of.  One target a file, fuzz_<what>.c; it is
 * linked either with clang's libFuzzer (`make fuzz`) or with standalone.c,
 * which has a main() and a simple LLVMFuzzerMutate() of its own and runs a
 * bounded number of deterministic mutations (`make check`).
 */
#ifndef ULP_TESTS_FUZZ_FUZZ_H
#define ULP_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* --- of the target -------------------------------------------------------- */

/* One run.  A finding is an abort() or a sanitizer's report.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/*
 * Changes bytes[0..len), in memory of room bytes, and returns the new length.
 * Does what blind changes would not find by luck, such as mending a checksum.
 * The same seed does the same.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t len, size_t room, unsigned int seed);

/* A good input to start from, malloc'ed; its length in *len. */
uint8_t *fuzz_seed(size_t *len);

/* --- of libFuzzer or standalone.c ------------------------------------------ */

/* A blind change of bytes[0..len), which may grow up to room.  Returns the new length. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room);

#endif
