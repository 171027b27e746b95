/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine-dependent part of a victim, in arch/<cpu>/.
 */
#ifndef ULP_TESTS_LIB_VICTIM_CODE_H
#define ULP_TESTS_LIB_VICTIM_CODE_H

#include <stddef.h>
#include <stdint.h>

/* The same code as the runtime's ulp_syscall_code. */
extern const char victim_syscall_code[];

/*
 * Fills registers, flags and the red zone with values, waits `rounds` turns of
 * a loop for each, and compares.  NULL if nothing changed, else what did.
 */
const char *victim_canaries(unsigned long rounds);

/*
 * Adds 1 to *counter `rounds` times, each in a restartable sequence of the
 * thread whose struct rseq is `self`.
 */
void victim_rseq_add(void *self, volatile uint64_t *counter, unsigned long rounds);

/*
 * Calls fn(arg).  Has no unwind information and can be copied: its bytes are
 * [victim_call, victim_call_end).
 */
void victim_call(void (*fn)(void *), void *arg);
extern const char victim_call_end[];

#endif
