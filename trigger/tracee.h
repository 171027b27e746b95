/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread under ptrace: seize, stop, let run, detach, and what its stops
 * mean.  Only PTRACE_SEIZE and PTRACE_INTERRUPT are used: attaching, single
 * steps and breakpoints leave traces in the process's signals.
 *
 *             seize            stop                      detach
 *   (untraced) ---> RUNNING -------------> STOPPED ---------------> GONE
 *                      ^                      |  resume
 *                      +----------------------+
 */
#ifndef ULP_TRIGGER_TRACEE_H
#define ULP_TRIGGER_TRACEE_H

#include "container/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum tracee_state {
	TRACEE_RUNNING, /* seized, not in a stop that we know of */
	TRACEE_STOPPED, /* in PTRACE_EVENT_STOP: registers may be changed and restored */
	TRACEE_BUSY,	/* in another ptrace-stop, on the way through a system call of ours */
	TRACEE_GONE,	/* ended or detached, also because it executed another program */
};

/* A thread while it is stopped. */
struct stopped_thread {
	pid_t tid;
	uint64_t pc;
	uint64_t sp;
	uint64_t tls; /* thread pointer: tells which mapping is its usual stack */
	bool clean;   /* left to who looks at it: session_set_look() */
};

/* In which order threads are stopped; stop.c tells why. */
enum stop_turn {
	STOP_BREAKABLE, /* asleep in a call that a signal may end with EINTR */
	STOP_SLEEPERS,
	STOP_BUSY,
	STOP_PARENTS, /* who have children, or wait for one */
};

struct tracee {
	pid_t pid;
	pid_t tid;
	enum tracee_state state;
	bool group_stop; /* while STOPPED: the user stopped the process (SIGSTOP); it stays so */
	bool release;	 /* RUNNING: to be detached at its next stop */
	bool exec;	 /* executed another program while seized */
	bool is_asked;	 /* RUNNING: interrupted, and has not stopped since */
	enum stop_turn turn;
	bool is_read;	/* STOPPED: what follows is that of this stop */
	bool is_broken; /* its system call gave EINTR because of us: it will be done again */
	struct stopped_thread regs;
};

/* What wait() said about a thread. */
enum tracee_event {
	TRACEE_EVENT_NONE,    /* nothing until the deadline */
	TRACEE_EVENT_STOP,    /* PTRACE_EVENT_STOP, of ours or of a group stop */
	TRACEE_EVENT_SIGNAL,  /* about to be delivered: must be passed on */
	TRACEE_EVENT_SYSCALL, /* entry or exit under PTRACE_SYSCALL */
	TRACEE_EVENT_GONE,
};

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t clock_ns(void);

/*
 * Seizes a thread; t becomes RUNNING.  Options: a mark for system call stops,
 * and a report of exec.
 *
 * Errors: ULP_EGONE (ended, is ending, or is a zombie; or a thread that is ours has its number
 * because that executed another program: then t->exec), ULP_ETRACED (names the tracer), ULP_EPERM.
 */
ULP_MUST_CHECK enum ulp_code tracee_seize(pid_t pid, pid_t tid, struct tracee *t,
					  struct ulp_err *err);

/* Asks a RUNNING thread to stop.  false: it is gone. */
bool tracee_interrupt(struct tracee *t);

/*
 * The next event of the thread, waiting until the deadline.  For SIGNAL,
 * *signal is its number.  Updates t->group_stop, t->exec and, for GONE, t->state.  Who has executed
 * another program is detached at once, and GONE; t->tid may have become t->pid then.
 * SIGCHLD must be blocked (it is what is waited for).
 */
enum tracee_event tracee_wait(struct tracee *t, uint64_t deadline_ns, int *signal);

/* The same without waiting; may be called by a signal handler. */
enum tracee_event tracee_poll(struct tracee *t, int *signal);

/*
 * Reads the registers of a STOPPED thread, unless it is gone.  A call that the stop has broken is
 * seen to at once (restart_interrupted()), for we may be killed while the thread stands still.
 */
void tracee_look(struct tracee *t);

/*
 * Waits until an interrupted thread is in PTRACE_EVENT_STOP, and looks at it; signals that come
 * first are passed on, and system calls finished.  patient: wait also for a
 * thread in uninterruptible sleep; else give up after 20 ms of that.
 *
 * Errors: ULP_ESTOP (names thread and state; it stays interrupted and RUNNING),
 * ULP_EGONE.
 */
ULP_MUST_CHECK enum ulp_code tracee_await_stop(struct tracee *t, uint64_t deadline_ns, bool patient,
					       struct ulp_err *err);

/*
 * Lets a stopped thread go on after `event` with `signal` (0 unless
 * TRACEE_EVENT_SIGNAL): keeps a group stop, detaches if t->release.  May be
 * called by a signal handler.
 */
void tracee_go_on(struct tracee *t, enum tracee_event event, int signal);

/* The same, but the thread does not notice that it was traced: restart_interrupted(). */
void tracee_pass_on(struct tracee *t, enum tracee_event event, int signal);

/*
 * Lets a STOPPED thread run on as if it had never been stopped, or stay stopped if that is the
 * user's wish.  It stays seized.
 */
void tracee_resume(struct tracee *t);

/* The error for a thread that did not stop, or is not going to: ULP_ESTOP (names its state),
 * ULP_EGONE. */
enum ulp_code tracee_not_stopped(const struct tracee *t, struct ulp_err *err);

/* State letter of the thread with its meaning, in the user's language; static storage. */
const char *tracee_state_text(const struct tracee *t);

#endif
