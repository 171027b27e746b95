/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the session share: session.c (begin, first thread, end),
 * lock.c, borrow.c, stop.c, let_go.c, watch.c.
 */
#ifndef ULP_TRIGGER_SESSION_INTERNAL_H
#define ULP_TRIGGER_SESSION_INTERNAL_H

#include "trigger/memory_sharing.h"
#include "trigger/session.h"
#include "trigger/thread_regs.h"
#include "trigger/tracee.h"
#include "trigger/urgent.h"

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
	struct tracee *tracees; /* [0] is the first thread, if that lives */
	pid_t lock;		/* its number: the thread that keeps other tools out */
	uint64_t registry;	/* its address, since session_lock() */
	uint32_t holder;	/* what we have written there */
	bool lost;		/* another tool has come in between: nothing may be done any more */
	bool exec;		/* the process executed another program */
	size_t nr;
	size_t cap;
	size_t nr_seized; /* so many were ours before a stop began; they are the first */
	struct stopped_thread *threads; /* nr of them while all_stopped, else NULL */
	session_look_fn *look;		/* NULL: nobody looks */
	void *look_ctx;
	bool all_stopped;
	uint64_t hold_ns; /* so long this try of a stop may let others wait for a thread */
	struct memory_sharing sharing; /* from the first stop on */
	int count_fd;	      /* of tasks_count_open(), from before a stop until it fails or ends */
	int latency_fd;	      /* of cpu_latency_hold(), while busy ones stand; else -1 */
	struct urgent urgent; /* while one that sleeps is interrupted, and while busy ones stand */
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

/* Makes a tracee the first one. */
void session_make_first(struct session *s, size_t i);

/* Whether one runs that was interrupted, and is about to stop. */
bool session_any_asked(const struct session *s);

/*
 * Forgets tracees that are gone; after another program was executed it lets all go.  The first
 * one keeps its place if it lives.
 */
void session_compact(struct session *s);

/*
 * ULP_EGONE if the first thread, which is stopped, is one of another program than the session's;
 * then all tracees are let go.
 */
ULP_MUST_CHECK enum ulp_code session_check_program(struct session *s, struct ulp_err *err);

/*
 * Makes sure that there is a first thread, running or stopped: takes another
 * one if it has ended.  Ends the watch.  Errors: those of session_begin().
 */
ULP_MUST_CHECK enum ulp_code session_hold_first(struct session *s, struct ulp_err *err);

/*
 * See lock.c.  again: after session_hold_first() had to take the oldest thread.  Errors:
 * ULP_ETRACED, and those of reading and writing memory.
 */
ULP_MUST_CHECK enum ulp_code session_lock_again(struct session *s, struct ulp_err *err);
void session_unlock(struct session *s);

/* The error where s->lost. */
enum ulp_code session_lost(struct ulp_err *err);

/* Resumes all threads that are stopped, and detaches those with `release`, in a certain order. */
void session_let_go(struct session *s);

/* The end of what was kept for a stop, and of the list of threads; not yet of the stop itself. */
void session_forget_looks(struct session *s);

/*
 * While threads are seized and run, each of them halts at every signal until
 * we pass it on: between watch_start() and watch_stop() a handler of SIGCHLD
 * does so, whatever the caller is doing.  Both are no-ops if already so.
 */
void watch_begin(struct session *s); /* takes over SIGCHLD, blocked */
void watch_start(struct session *s);
void watch_stop(struct session *s);
void watch_end(struct session *s); /* gives SIGCHLD back */

/* Passes on what a thread has halted at, if it runs and has. */
void watch_pass_on(struct tracee *t);

#endif
