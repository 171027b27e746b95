/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registers of a thread in a ptrace-stop, and the signal frame through
 * which a borrowed thread becomes itself again.  All that differs between
 * architectures: each arch/<cpu>/ has trigger_arch.h (struct thread_regs and
 * numbers), thread_regs.c and signal_frame.c; the include path chooses.
 */
#ifndef ULP_TRIGGER_THREAD_REGS_H
#define ULP_TRIGGER_THREAD_REGS_H

#include "container/err.h"

#include "trigger_arch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* false with errno if the thread is gone or not stopped. */
bool thread_regs_get(pid_t tid, struct thread_regs *regs);
bool thread_regs_set(pid_t tid, const struct thread_regs *regs);

uint64_t thread_regs_pc(const struct thread_regs *regs);
uint64_t thread_regs_sp(const struct thread_regs *regs);
uint64_t thread_regs_tls(const struct thread_regs *regs); /* thread pointer */
void thread_regs_set_pc(struct thread_regs *regs, uint64_t pc);

/*
 * Whether the thread is on its way out of a system call: *nr is its number and
 * *result what the kernel returned (-errno, or one of its internal restart
 * codes, -512 and below).
 */
bool thread_regs_in_syscall(const struct thread_regs *regs, long *nr, int64_t *result);

/* Makes the thread execute the system call it is on its way out of once more. */
void thread_regs_rewind(struct thread_regs *regs);

/* Another result, as thread_regs_in_syscall() gives it, for the call it is on its way out of. */
void thread_regs_set_result(struct thread_regs *regs, int64_t result);

/*
 * Turns regs into those of a thread that is about to execute system call nr at
 * `code` with the stack pointer sp, whatever it did before.
 */
void thread_regs_set_syscall(struct thread_regs *regs, uint64_t code, uint64_t sp, long nr,
			     const uint64_t args[6]);

/*
 * The bytes of a signal frame that lies at the upper end of [area, area + len)
 * in the target, so that below it there is room for handlers, and the stack
 * pointer at which rt_sigreturn(2) finds it.
 */
struct signal_frame {
	unsigned char *bytes; /* owned, malloc'ed; signal_frame_free() */
	size_t len;	      /* bytes */
	uint64_t addr;	      /* where the bytes belong */
	uint64_t sp;
};

/*
 * Builds the frame from regs, the signal mask, and the floating point and
 * vector state of thread tid, which must be stopped.  The thread's alternate
 * signal stack is left as it is.
 *
 * Errors: ULP_EUNSUP (area too small), ULP_EGONE, ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code signal_frame_build(pid_t tid, const struct thread_regs *regs,
						uint64_t mask, uint64_t area, uint64_t len,
						struct signal_frame *ret, struct ulp_err *err);
void signal_frame_free(struct signal_frame *frame);

#endif
