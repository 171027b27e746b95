/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stopping and resuming a process by ptrace.  A session begins with the oldest
 * thread (which keeps other tools out), lets another one take its place, may
 * borrow that first thread for single system calls, may stop all threads, and
 * always ends with every thread as if nothing had happened: no system call
 * returns EINTR because of us, no signal is lost, and if we are killed at any
 * point the kernel detaches the threads and the borrowed one restores itself.
 *
 * From begin to end the session owns SIGCHLD: it blocks it while it works, and
 * has a handler for it while the seized thread runs, which passes on the
 * thread's signals at once.  The caller waits for no children of its own
 * meanwhile, has one thread, and exits soon after the end: a thread in
 * uninterruptible sleep can only be detached by that.
 *
 *   session_begin    one thread seized and stopped
 *     session_lock     it runs, or another one in its place
 *     session_borrow / session_syscall... / session_return
 *     session_stop_all / ... / session_resume_all     any number of times
 *   session_end      all detached
 */
#ifndef ULP_TRIGGER_SESSION_H
#define ULP_TRIGGER_SESSION_H

#include "container/err.h"
#include "trigger/process.h"
#include "trigger/tracee.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct session; /* opaque */

/*
 * Seizes the first live thread and stops it.  deadline_ns: CLOCK_MONOTONIC, in
 * nanoseconds; no call of the session waits beyond it, or for long once abandoned(), except
 * that threads which were stopped are always resumed properly.
 *
 * Errors: ULP_ETRACED (names the tracer), ULP_EPERM, ULP_EGONE, ULP_ESTOP.
 */
ULP_MUST_CHECK enum ulp_code session_begin(const struct process *proc, uint64_t deadline_ns,
					   struct session **ret, struct ulp_err *err);

/*
 * Keeps other tools out, from here on by a thread that sleeps, if there is one: the oldest thread,
 * which gets most of the process's signals, is let go (lock.c).  To be called once, before anything
 * in the process is changed.  registry: its address.  The first thread runs on.
 *
 * Errors: ULP_ETRACED (another tool is at the process), those of session_begin() and of
 * memory_read().
 */
ULP_MUST_CHECK enum ulp_code session_lock(struct session *s, uint64_t registry,
					  struct ulp_err *err);

/*
 * Makes the first thread ready to execute system calls.  code: address of the
 * runtime's syscall code; frame, frame_len: memory of the target for the signal
 * frame through which the thread restores itself if we die (engine/registry_format.h).
 *
 * Errors: ULP_EUNSUP (seccomp filter that cannot be suspended; frame too small),
 * ULP_EGONE, ULP_ESTOP, ULP_ESYS.
 */
ULP_MUST_CHECK enum ulp_code session_borrow(struct session *s, uint64_t code, uint64_t frame,
					    uint64_t frame_len, struct ulp_err *err);

/*
 * Executes one system call in the borrowed thread.  *ret: what the kernel
 * returned, -errno on its failure (which is not a failure of this function).
 *
 * Errors: ULP_EGONE, ULP_ESTOP (not finished by the deadline), ULP_ESYS (EBUSY:
 * no thread is borrowed).
 */
ULP_MUST_CHECK enum ulp_code session_syscall(struct session *s, long nr, const uint64_t args[6],
					     int64_t *ret, struct ulp_err *err);

/* Gives the borrowed thread back its own state; it stays stopped.  Does nothing if not borrowed. */
ULP_MUST_CHECK enum ulp_code session_return(struct session *s, struct ulp_err *err);

/*
 * Stops the first thread again, or the one that has taken its place because it ended.  Errors:
 * those of session_begin().
 */
ULP_MUST_CHECK enum ulp_code session_stop_first(struct session *s, struct ulp_err *err);

/*
 * Lets the first thread run on (still seized, so that no other tool comes in).
 */
ULP_MUST_CHECK enum ulp_code session_resume_first(struct session *s, struct ulp_err *err);

/*
 * Stops all threads, and is complete: new threads, exits and threads that
 * readdir missed are found (facts: Threads: of /proc/PID/status must equal the
 * stopped ones plus listed zombies and workers, which are left alone).  A vfork
 * child that shares the memory is waited for.  On failure everything that was
 * stopped runs again.
 *
 * Errors: ULP_ESTOP at the deadline (names the thread and its state), ULP_EGONE,
 * ULP_ETRACED.
 */
ULP_MUST_CHECK enum ulp_code session_stop_all(struct session *s, struct ulp_err *err);

/*
 * Who is called by session_stop_all(), once in each of its tries, when those threads that were
 * asleep are stopped and the others still run: what is found out about these, which may be noted
 * in `clean`, need not be looked for while all stand still.  NULL: nobody.
 */
typedef void session_look_fn(void *ctx, struct stopped_thread *threads, size_t nr);
void session_set_look(struct session *s, session_look_fn *look, void *ctx);

/* While all are stopped: the threads.  Borrowed until session_resume_all(). */
struct stopped_thread *session_threads(struct session *s, size_t *nr);

/*
 * Resumes all threads, if all are stopped.  The first one stays seized, as the lock against
 * other tools; a later session_stop_all() looks for the others anew.
 */
void session_resume_all(struct session *s);

/*
 * A thread that is in a ptrace-stop now, for PTRACE_POKEDATA; 0 if none is.
 */
pid_t session_stopped_tid(const struct session *s);

/* A new deadline, for instance to clean up after the first one has passed. */
void session_set_deadline(struct session *s, uint64_t deadline_ns);

/* Detaches from all threads, whatever state the session is in, and frees it.  Accepts NULL. */
void session_end(struct session *s);

#endif
