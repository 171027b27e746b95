/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * System calls that block, for tests/e2e/syscalls.sh: each is made by a thread of its own, stays in
 * the kernel while the process is patched, is then ended by its proper event, and tells what it
 * saw.
 */
#ifndef ULP_TESTS_E2E_VICTIMS_SYSCALLS_H
#define ULP_TESTS_E2E_VICTIMS_SYSCALLS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* How long those wait that end by their time. */
#define CALL_SECONDS 2
#define CALL_NSEC 500000000L

struct call {
	const char *name;
	void (*prepare)(struct call *c); /* in finish's thread; NULL: nothing; may set c->skip */
	long (*make)(struct call *c);	 /* a negative error number where it fails */
	void (*finish)(struct call *c);	 /* its event; NULL: its time passes */
	long want;			 /* result of make */
	long other;			 /* one that cannot be avoided, see libpulp(7); 0: none */
	int handled;			 /* so many signals are to be handled meanwhile */

	/* While it runs. */
	int fd[2];
	int id; /* of a System V object, a signal, a lock's holder */
	pid_t child;
	unsigned word; /* futex */
	sem_t sem;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	void *rings;	  /* io_uring's, or the context of io_setup(2) */
	const char *skip; /* why it cannot be done here; NULL: it can */

	/* What came of it. */
	pthread_t thread;
	atomic_int tid; /* of the thread that makes the call; 0: not yet */
	atomic_bool done;
	atomic_bool finishing; /* its event was on the way before it was done */
	long got;
	double seconds;
	atomic_int nr_handled;
};

/* The members of a row. */
#define CALL(name_, prepare_, make_, finish_, want_)                                  \
	.name = (name_), .prepare = (prepare_), .make = (make_), .finish = (finish_), \
	.want = (want_)

/* Tables that end with a row without a name. */
extern const struct call calls_data[];	  /* pipes, sockets, files: syscalls_data.c */
extern const struct call calls_waiting[]; /* time, signals, locks, events: syscalls_wait.c */
extern const struct call
	calls_queues[]; /* System V and POSIX IPC, asynchronous I/O: syscalls_ipc.c */

/* The result of a call of the libc as the kernel gives it. */
long or_errno(long result);

/* Ends the process: the test cannot be made. */
__attribute__((noreturn)) void calls_die(const char *what);

/* Two descriptors of a pipe in c->fd; one byte into it. */
void prepare_pipe(struct call *c);
void finish_byte(struct call *c);

/* A child that runs `begin`, and ends when finish_child() says so. */
void child_start(struct call *c, void (*begin)(struct call *c));
void finish_child(struct call *c);

/* Time from now on. */
struct timespec call_time(void);
struct timespec call_time_at(clockid_t clock);

#endif
