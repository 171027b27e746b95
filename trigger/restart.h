/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * System calls that were interrupted because we stopped their thread.
 */
#ifndef ULP_TRIGGER_RESTART_H
#define ULP_TRIGGER_RESTART_H

#include "trigger/thread_regs.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Whether that call ends with EINTR when its thread is stopped, at least at times, and may be done
 * again. */
bool restart_is_repeatable(long nr);

/*
 * Whether a signal with a handler waits for thread tid: then EINTR is the truth.
 * mask: its blocked signals.
 */
bool restart_signal_waits(pid_t pid, pid_t tid, uint64_t mask);

/*
 * For thread tid with these registers, in PTRACE_EVENT_STOP or before a signal is delivered: if its
 * system call gave EINTR the kernel will do what it does for other calls when the thread runs on:
 * begin the call again, unless a handler runs first; whoever lets it run on, and also if we are
 * killed.  Also before a signal, for the kernel sends a traced thread signals that are ignored.
 * True: it gave EINTR, now or before it was seen to.  May be called by a signal handler.
 */
bool restart_interrupted(pid_t tid, const struct thread_regs *regs);

/*
 * Changes regs for a return through rt_sigreturn(2), where the kernel restarts
 * nothing: what it would have restarted is done by the thread itself.
 */
void restart_for_sigreturn(struct thread_regs *regs, bool signal_waits);

/* Blocked signals of a stopped thread, bit n - 1 is signal n; during sigsuspend(2) and ppoll(2)
 * the mask from before. */
bool thread_mask_get(pid_t tid, uint64_t *mask);
bool thread_mask_set(pid_t tid, uint64_t mask);

#endif
