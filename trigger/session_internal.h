/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the session share: session.c (begin, first thread, end),
 * borrow.c, stop.c, watch.c.
 */
#ifndef ULP_TRIGGER_SESSION_INTERNAL_H
#define ULP_TRIGGER_SESSION_INTERNAL_H

#include "trigger/session.h"
#include "trigger/thread_regs.h"
#include "trigger/tracee.h"

#include <signal.h>

/* The first thread while it executes our system calls. */
struct borrowed {
	bool active;
	struct thread_regs regs; /* what it gets back */
	uint64_t mask;		 /* its blocked signals */
	uint64_t code;		 /* address of the runtime's syscall code */
	uint64_t sp;		 /* at which rt_sigreturn finds the frame */
};

struct session {
	const struct process *proc; /* borrowed */
	uint64_t deadline_ns;
	struct tracee *tracees; /* [0] is the first thread, if nr > 0 */
	size_t nr;
	size_t cap;
	struct stopped_thread *threads; /* nr of them while all_stopped, else NULL */
	bool all_stopped;
	struct borrowed borrowed;
	sigset_t old_mask; /* of the caller; SIGCHLD is blocked while the session works */
	struct sigaction old_action;
};

/*
 * Callees report what the caller recovers from into an error of their own, so
 * that only a failure that is returned is seen: copies it there.  err may be
 * NULL.  Returns why->code.
 */
enum ulp_code session_fail(struct ulp_err *err, const struct ulp_err *why);

/* Room for one more tracee.  Error: ULP_ENOMEM. */
ULP_MUST_CHECK enum ulp_code session_reserve(struct session *s, struct ulp_err *err);

/* Forgets tracees that are gone.  The first one keeps its place if it lives. */
void session_compact(struct session *s);

/*
 * Makes sure that there is a first thread, running or stopped: takes another
 * one if it has ended.  Ends the watch.  Errors: those of session_begin().
 */
ULP_MUST_CHECK enum ulp_code session_hold_first(struct session *s, struct ulp_err *err);

/*
 * While threads are seized and run, each of them halts at every signal until
 * we pass it on: between watch_start() and watch_stop() a handler of SIGCHLD
 * does so, whatever the caller is doing.  Both are no-ops if already so.
 */
void watch_begin(struct session *s); /* takes over SIGCHLD, blocked */
void watch_start(struct session *s);
void watch_stop(struct session *s);
void watch_end(struct session *s); /* gives SIGCHLD back */

#endif
