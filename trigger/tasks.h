/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The threads of a process as /proc/PID/task and /proc/PID/status tell them.
 * All of it may be outdated when the caller sees it, unless the thread is
 * stopped.
 */
#ifndef ULP_TRIGGER_TASKS_H
#define ULP_TRIGGER_TASKS_H

#include "container/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What of /proc/PID/task/TID/stat is of use. */
struct task_stat {
	char state;	     /* R running, S sleeping, D uninterruptible, T, t, Z, X; proc(5) */
	bool kernel_thread;  /* PF_KTHREAD */
	bool worker;	     /* of the kernel: PF_IO_WORKER, PF_USER_WORKER */
	bool exiting;	     /* PF_EXITING */
	uint64_t start_time; /* field 22, in clock ticks since boot */
};

/* What of /proc/PID/task/TID/status is of use.  Signal sets: bit n - 1 is signal n. */
struct task_status {
	pid_t tgid;
	pid_t ppid;
	pid_t tracer;  /* 0: none */
	pid_t own_tid; /* in the innermost process id namespace that it is in */
	int seccomp;   /* 0 off, 1 strict, 2 filter */
	size_t nr_threads;
	uint64_t pending;	 /* for this thread */
	uint64_t shared_pending; /* for the process */
	uint64_t caught;	 /* have a handler */
};

/*
 * Reads the first thousand bytes or so of a file whose name is made by fmt,
 * NUL-terminated.  Returns the number of bytes, -1 with errno on failure.
 */
ssize_t task_read_file(char *buf, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* false: no such thread (any more). */
bool task_stat(pid_t pid, pid_t tid, struct task_stat *ret);
bool task_status(pid_t pid, pid_t tid, struct task_status *ret);

/*
 * Whether it is a thread of the process that never leaves the kernel, as iou-wrk and iou-sqp of
 * io_uring, or vhost.  It cannot be traced without harm: an interrupt breaks off what it does for
 * the process, with an error that the process sees, and it executes no system call for us.
 */
bool task_is_worker(pid_t pid, pid_t tid);

/*
 * The number of threads of a process, zombies included, cheap enough to be asked while they are
 * stopped.  open returns a file for count_read(), to be closed; -1 if there is none.
 * count_read: 0 if it cannot be told.
 */
int tasks_count_open(pid_t pid);
size_t tasks_count_read(int fd);
void tasks_count_close(int fd);

/* The system call that the thread sleeps in.  false: it runs, or sleeps elsewhere. */
bool task_sleeps_in(pid_t pid, pid_t tid, long *nr);

/* false also where the kernel does not tell (CONFIG_PROC_CHILDREN). */
bool task_has_children(pid_t pid, pid_t tid);

/*
 * One pass over /proc/PID/task.  *tids: malloc'ed, in ascending order, may lack
 * threads when others exit meanwhile (so never trust one pass).
 *
 * Errors: ULP_EGONE (no such process), ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code tasks_list(pid_t pid, pid_t **tids, size_t *nr, struct ulp_err *err);

/*
 * The same, but only those that live and are no workers, the oldest first.  Not the lowest: numbers
 * begin anew, and a low one may be that of a thread that lives for a moment.
 */
ULP_MUST_CHECK enum ulp_code tasks_by_age(pid_t pid, pid_t **tids, size_t *nr, struct ulp_err *err);

/* Of two pid_t, for qsort(3) and bsearch(3) in that order. */
int tasks_compare(const void *a, const void *b);

/*
 * A thread whose files in /proc work: the leader, or if that has ended before
 * the others (its maps are empty then) the oldest one that lives, and is no worker.  0: none.
 * That one may end at any time, before its files are opened too: then it is to
 * be asked for again, at most TASKS_TRIES times, as long as the process lives.
 */
#define TASKS_TRIES 100u
pid_t tasks_live(pid_t pid);

/* Name of a process into buf, control characters replaced by '?'; "?" if it is gone.  Returns buf.
 */
const char *task_name(pid_t pid, char *buf, size_t len);

#endif
