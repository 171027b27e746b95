/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Beginning and end of a session, and its first thread: the one that keeps
 * other tools out and that is borrowed.
 */
#include "config.h"

#include "trigger/abandoned.h"
#include "trigger/memory.h"
#include "trigger/session_internal.h"
#include "trigger/tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

/*
 * What was stopped is put back properly even past the deadline.  A thread that
 * needs longer is detached by the kernel when we exit.
 */
#define GRACE_NS (2 * NS_PER_S)

/* What others that stand still have to wait for one that does not stop. */
#define HOLD_NS (NS_PER_S / 10)

/* How often it is looked whether a thread has stopped. */
#define LOOK_NS (NS_PER_S / 1000)

/* So often it is asked whether anybody still waits. */
#define SLICE_NS (NS_PER_S / 10)

enum ulp_code session_fail(struct ulp_err *err, const struct ulp_err *why)
{
	if (err != NULL)
		*err = *why;
	return why->code;
}

enum ulp_code session_reserve(struct session *s, struct ulp_err *err)
{
	size_t more = s->cap == 0 ? 64 : 2 * s->cap;
	struct tracee *grown;

	if (s->nr < s->cap)
		return ULP_OK;
	grown = reallocarray(s->tracees, more, sizeof(*grown));
	if (grown == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for %zu threads", more);
	s->tracees = grown;
	s->cap = more;
	return ULP_OK;
}

void session_compact(struct session *s)
{
	size_t kept = 0;

	/* Another thread may get its number. */
	if (s->nr > 0 && s->tracees[0].state == TRACEE_GONE)
		s->lock = 0;
	for (size_t i = 0; i < s->nr; i++) {
		s->exec = s->exec || s->tracees[i].exec;
		if (s->tracees[i].state != TRACEE_GONE)
			s->tracees[kept++] = s->tracees[i];
	}
	s->nr = kept;
	/* What is left has the number of the leader, as the new program, which is not to be halted:
	 * each of its stops lets it go. */
	for (size_t i = 0; s->exec && i < s->nr; i++) {
		struct tracee *t = &s->tracees[i];

		t->exec = t->release = true;
		if (t->state == TRACEE_STOPPED)
			tracee_resume(t);
		else
			(void)tracee_interrupt(t);
	}
}

bool session_any_asked(const struct session *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		if (s->tracees[i].state == TRACEE_RUNNING && s->tracees[i].is_asked)
			return true;
	}
	return false;
}

void session_make_first(struct session *s, size_t i)
{
	const struct tracee first = s->tracees[i];

	s->tracees[i] = s->tracees[0];
	s->tracees[0] = first;
	s->tracees[0].release = false;
	s->lock = first.tid;
}

/*
 * Makes the oldest thread that lives the first one; it may be ours already, as one that did not
 * stop when it was asked.  Tries once also past the deadline.
 */
static enum ulp_code seize_first(struct session *s, struct ulp_err *err)
{
	enum ulp_code code = session_reserve(s, err);

	if (code != ULP_OK)
		return code;
	do {
		pid_t tid = tasks_live(s->proc->pid);
		struct ulp_err why;
		size_t at = 0;

		if (tid == 0 || !process_alive(s->proc))
			return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
		while (at < s->nr && s->tracees[at].tid != tid)
			at++;
		code = ULP_OK;
		if (at == s->nr)
			code = tracee_seize(s->proc->pid, tid, &s->tracees[at], &why);
		if (code == ULP_OK) {
			s->nr += at == s->nr;
			session_make_first(s, at);
			return ULP_OK;
		}
		/* Another try would be the same. */
		if (code != ULP_EGONE || s->tracees[at].exec)
			return session_fail(err, &why);
	} while (clock_ns() < s->deadline_ns && !abandoned());
	if (process_alive(s->proc))
		return ulp_fail(err, ULP_ESTOP, "no thread could be stopped in time");
	return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
}

/*
 * Whether the memory we have open is that of the program that runs: another one
 * may have been executed before the thread was seized, also by a vfork child,
 * whose old memory is its parent's and lives on.  The 16 random bytes that the
 * kernel gives to each program tell.
 */
static bool is_same_program(const struct process *proc, pid_t tid)
{
	unsigned char ours[16], theirs[16];
	struct process now = *proc;
	uint64_t at_random;
	char path[64];
	bool same;

	if (!process_auxv(proc->pid, tid, AT_RANDOM, &at_random))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/mem", proc->pid, tid);
	now.mem_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (now.mem_fd < 0)
		return false;
	same = memory_read(proc, at_random, ours, sizeof(ours), NULL) == ULP_OK &&
	       memory_read(&now, at_random, theirs, sizeof(theirs), NULL) == ULP_OK &&
	       memcmp(ours, theirs, sizeof(ours)) == 0;
	close(now.mem_fd);
	return same;
}

/* Patient, as nobody else stands still meanwhile; but not when nobody waits for it any more. */
static enum ulp_code await_first(struct session *s, struct ulp_err *err)
{
	for (;;) {
		const uint64_t slice = clock_ns() + SLICE_NS;
		const bool last = slice >= s->deadline_ns;
		struct ulp_err why;
		enum ulp_code code = tracee_await_stop(&s->tracees[0],
						       last ? s->deadline_ns : slice, true, &why);

		if (code == ULP_OK)
			return ULP_OK;
		if (code != ULP_ESTOP || last)
			return session_fail(err, &why);
		if (abandoned())
			return abandoned_fail(err);
	}
}

enum ulp_code session_check_program(struct session *s, struct ulp_err *err)
{
	if (is_same_program(s->proc, s->tracees[0].tid))
		return ULP_OK;
	/* The new program runs on at once. */
	s->exec = true;
	for (size_t i = 0; i < s->nr; i++) {
		s->tracees[i].release = true;
		if (s->tracees[i].state == TRACEE_STOPPED)
			tracee_resume(&s->tracees[i]);
	}
	return ulp_fail(err, ULP_EGONE, "the process executed another program meanwhile");
}

static enum ulp_code halt_first(struct session *s, struct ulp_err *err)
{
	struct tracee *first = &s->tracees[0];
	enum ulp_code code;

	/* Its call is broken from the interrupt on until its registers were looked at. */
	urgent_begin(&s->urgent);
	(void)tracee_interrupt(first); /* if it is gone, the wait tells */
	code = await_first(s, err);
	urgent_end(&s->urgent);
	return code == ULP_OK ? session_check_program(s, err) : code;
}

/* Whether that failed only because this thread ended: then there may be another one. */
static bool lost_first(const struct session *s, enum ulp_code code)
{
	return code == ULP_EGONE && s->nr > 0 && s->tracees[0].state == TRACEE_GONE;
}

enum ulp_code session_hold_first(struct session *s, struct ulp_err *err)
{
	watch_stop(s);
	if (s->lost)
		return session_lost(err);
	for (;;) {
		struct ulp_err why;
		enum ulp_code code;

		session_compact(s);
		if (s->exec)
			return ulp_fail(err, ULP_EGONE,
					"the process executed another program meanwhile");
		if (s->nr > 0 && s->tracees[0].tid == s->lock)
			return ULP_OK;
		/* No other that we have keeps tools out. */
		code = seize_first(s, &why);
		if (code == ULP_OK)
			code = halt_first(s, &why);
		if (code == ULP_OK)
			code = session_lock_again(s, &why);
		if (code != ULP_OK && !lost_first(s, code))
			return session_fail(err, &why);
	}
}

enum ulp_code session_stop_first(struct session *s, struct ulp_err *err)
{
	for (;;) {
		enum ulp_code code = session_hold_first(s, err);
		struct ulp_err why;

		if (code != ULP_OK || s->tracees[0].state != TRACEE_RUNNING)
			return code;
		code = halt_first(s, &why);
		if (code == ULP_OK)
			return ULP_OK;
		if (!lost_first(s, code))
			return session_fail(err, &why);
	}
}

enum ulp_code session_begin(const struct process *proc, uint64_t deadline_ns, struct session **ret,
			    struct ulp_err *err)
{
	struct session *s = calloc(1, sizeof(*s));
	enum ulp_code code;

	if (s == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for a session");
	s->proc = proc;
	s->deadline_ns = deadline_ns;
	s->latency_fd = -1;
	watch_begin(s);
	code = session_stop_first(s, err);
	if (code != ULP_OK) {
		session_end(s);
		return code;
	}
	*ret = s;
	return ULP_OK;
}

enum ulp_code session_resume_first(struct session *s, struct ulp_err *err)
{
	enum ulp_code code = session_return(s, err);

	if (code != ULP_OK)
		return code;
	if (s->nr > 0 && s->tracees[0].state == TRACEE_STOPPED)
		tracee_resume(&s->tracees[0]);
	watch_start(s);
	return ULP_OK;
}

pid_t session_stopped_tid(const struct session *s)
{
	if (s->nr == 0 || s->tracees[0].state == TRACEE_RUNNING ||
	    s->tracees[0].state == TRACEE_GONE)
		return 0;
	return s->tracees[0].tid;
}

/*
 * Detaches from all threads.  One that does not stop in time is detached when we exit.
 * The leader is waited for last: if the process is being killed its end is reported last.
 */
static void detach_all(struct session *s, uint64_t until_ns)
{
	for (size_t i = s->nr; i-- > 0;) {
		struct tracee *t = &s->tracees[i];

		t->release = t->state != TRACEE_RUNNING ||
			     tracee_await_stop(t, until_ns, false, NULL) == ULP_OK;
	}
	session_let_go(s);
	for (size_t i = s->nr; i-- > 0;) {
		struct tracee *t = &s->tracees[i];

		if (t->state == TRACEE_BUSY)
			tracee_go_on(t, TRACEE_EVENT_SYSCALL, 0);
		/* It could not be detached because it is being killed: see to its end. */
		if (t->state == TRACEE_RUNNING && t->release &&
		    tracee_await_stop(t, until_ns, false, NULL) == ULP_OK)
			tracee_resume(t);
	}
}

void session_set_deadline(struct session *s, uint64_t deadline_ns)
{
	s->deadline_ns = deadline_ns;
}

/* Those that did not stop when they were asked: while they are waited for the others run. */
static void await_asked(struct session *s, uint64_t until_ns)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};

	watch_start(s);
	while (session_any_asked(s) && clock_ns() < until_ns)
		(void)nanosleep(&look, NULL);
	watch_stop(s);
}

void session_end(struct session *s)
{
	uint64_t until = clock_ns() + GRACE_NS;

	if (s == NULL)
		return;
	watch_stop(s);
	/* Where it fails the thread is detached as it is and restores itself. */
	if (session_return(s, NULL) != ULP_OK)
		s->borrowed.active = false;
	session_unlock(s);
	await_asked(s, until);
	if (s->nr > 1)
		until = clock_ns() + HOLD_NS;
	urgent_begin(&s->urgent);
	for (size_t i = 0; i < s->nr; i++) {
		if (s->tracees[i].state == TRACEE_RUNNING)
			(void)tracee_interrupt(&s->tracees[i]);
	}
	detach_all(s, until);
	watch_end(s);
	if (s->all_stopped)
		session_forget_looks(s);
	memory_sharing_end(&s->sharing);
	free(s->tracees);
	free(s);
}
