/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeping other tools out while the process runs.
 *
 * Only one tool can trace a thread, so that the oldest one, which each tool traces first, is a
 * lock.  But it is mostly the one that gets the process's signals, and halts at each of them until
 * we pass it on; and a SIGCHLD that comes then ends a system call of another thread (let_go.c).
 * So the lock is moved to a thread that sleeps and has no children: its number is written to the
 * process's registry, and the oldest thread is let go.
 *
 * Who finds a number there, while it traces the oldest thread, tries to trace that thread: if this
 * fails another tool is at work; else that one was killed, and its number means nothing.  Numbers
 * are those of the process's own namespace, for tools may see it from different ones.
 */
#include "config.h"

#include "engine/registry_format.h"
#include "trigger/memory.h"
#include "trigger/session_internal.h"
#include "trigger/survey.h"
#include "trigger/tasks.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

/* A thread that does not stop in this time is not worth the wait; one in state D gets 20 ms. */
#define PATIENCE_NS 200000000ull

static uint64_t holder_at(const struct session *s)
{
	return s->registry + offsetof(struct ulp_registry, holder);
}

static enum ulp_code holder_read(const struct session *s, uint32_t *holder, struct ulp_err *err)
{
	return memory_read(s->proc, holder_at(s), holder, sizeof(*holder), err);
}

static enum ulp_code holder_write(struct session *s, uint32_t holder, struct ulp_err *err)
{
	enum ulp_code code = memory_write(s->proc, session_stopped_tid(s), holder_at(s), &holder,
					  sizeof(holder), err);

	if (code == ULP_OK)
		s->holder = holder;
	return code;
}

/* Its number in the process's own namespace, 0 if it is gone. */
static uint32_t own_number(pid_t pid, pid_t tid)
{
	struct task_status status;

	return task_status(pid, tid, &status) ? (uint32_t)status.own_tid : 0;
}

/* The thread of that number, 0 if there is none: a worker has it from one that has ended. */
static pid_t thread_of(pid_t pid, uint32_t number)
{
	pid_t *tids, found = 0;
	size_t nr;

	if (tasks_list(pid, &tids, &nr, NULL) != ULP_OK)
		return 0;
	for (size_t i = 0; i < nr && found == 0; i++)
		if (own_number(pid, tids[i]) == number && !task_is_worker(pid, tids[i]))
			found = tids[i];
	free(tids);
	return found;
}

/* Seizes it and stops it, as the last of the tracees. */
static enum ulp_code take(struct session *s, pid_t tid, struct ulp_err *err)
{
	enum ulp_code code = session_reserve(s, err);
	struct tracee *t;

	if (code != ULP_OK)
		return code;
	t = &s->tracees[s->nr];
	code = tracee_seize(s->proc->pid, tid, t, err);
	if (code != ULP_OK)
		return code;
	s->nr++;
	(void)tracee_interrupt(t); /* if it is gone, the wait tells */
	return tracee_await_stop(t, clock_ns() + PATIENCE_NS, false, err);
}

/* Lets the last of the tracees go; one that does not stop stays a tracee. */
static void leave(struct session *s)
{
	struct tracee *t = &s->tracees[s->nr - 1];

	t->release = true;
	if (t->state == TRACEE_STOPPED)
		tracee_resume(t);
	s->exec = s->exec || t->exec;
	if (t->state == TRACEE_GONE)
		s->nr--;
}

/* Whether another tool has the process although the oldest thread is ours. */
static enum ulp_code check_holder(struct session *s, struct ulp_err *err)
{
	const size_t known = s->nr;
	struct ulp_err why;
	uint32_t holder;
	pid_t tid;
	enum ulp_code code = holder_read(s, &holder, err);

	if (code != ULP_OK || holder == 0)
		return code;
	watch_start(s);
	tid = thread_of(s->proc->pid, holder);
	watch_stop(s);
	if (tid != 0 && tid != s->tracees[0].tid)
		code = take(s, tid, &why);
	if (s->nr > known)
		leave(s);
	if (code == ULP_ETRACED)
		return session_fail(err, &why);
	/* The oldest thread could be traced. */
	if (code == ULP_EPERM)
		return ulp_fail(
			err, ULP_ETRACED,
			"process %d is being traced by a tool of another process id namespace",
			s->proc->pid);
	return holder_write(s, 0, err);
}

static bool is_fit(pid_t pid, pid_t tid)
{
	return survey_turn(pid, tid) < STOP_BUSY;
}

/* Takes the oldest of those that sleep: young ones may soon end.  false: there is none. */
static bool take_sleeper(struct session *s)
{
	const pid_t pid = s->proc->pid;
	enum ulp_code code;
	bool taken = false;
	pid_t *tids;
	size_t nr;

	watch_start(s);
	code = tasks_by_age(pid, &tids, &nr, NULL);
	watch_stop(s);
	if (code != ULP_OK)
		return false;
	for (size_t i = 0; i < nr && !taken; i++) {
		const size_t known = s->nr;

		if (tids[i] == s->tracees[0].tid)
			continue;
		watch_pass_on(&s->tracees[0]);
		urgent_begin(&s->urgent);
		taken = is_fit(pid, tids[i]) && take(s, tids[i], NULL) == ULP_OK &&
			!task_has_children(pid, tids[i]);
		urgent_end(&s->urgent);
		if (!taken && s->nr > known)
			leave(s);
	}
	free(tids);
	return taken;
}

/* The first thread stops, and the last of the tracees, which is stopped, becomes the first. */
static enum ulp_code hand_over(struct session *s, struct ulp_err *err)
{
	struct tracee *first = &s->tracees[0], *last = &s->tracees[s->nr - 1];
	const uint32_t number = own_number(s->proc->pid, last->tid);
	enum ulp_code code;

	if (number == 0)
		return ulp_fail(err, ULP_EGONE, "thread %d has ended", last->tid);
	urgent_begin(&s->urgent);
	(void)tracee_interrupt(first); /* if it is gone, the wait tells */
	code = tracee_await_stop(first, clock_ns() + PATIENCE_NS, false, err);
	urgent_end(&s->urgent);
	if (code == ULP_OK)
		code = holder_write(s, number, err);
	if (code != ULP_OK)
		return code;
	session_make_first(s, s->nr - 1);
	leave(s);
	return ULP_OK;
}

static enum ulp_code move(struct session *s, struct ulp_err *err)
{
	struct ulp_err why;

	if (!take_sleeper(s))
		return ULP_OK;
	/* Where it cannot be handed over the first thread remains what it was. */
	if (hand_over(s, &why) != ULP_OK) {
		leave(s);
		return session_stop_first(s, err);
	}
	return ULP_OK;
}

enum ulp_code session_lock(struct session *s, uint64_t registry, struct ulp_err *err)
{
	enum ulp_code code;

	assert(!s->all_stopped && !s->borrowed.active && s->nr > 0);
	watch_stop(s);
	s->registry = registry;
	if (s->tracees[0].state == TRACEE_STOPPED)
		tracee_resume(&s->tracees[0]);
	code = check_holder(s, err);
	if (code == ULP_OK)
		code = move(s, err);
	if (code == ULP_OK)
		code = session_resume_first(s, err);
	return code;
}

/* After the thread that was the lock has ended, and the oldest one is ours. */
enum ulp_code session_lock_again(struct session *s, struct ulp_err *err)
{
	uint32_t holder;
	enum ulp_code code;

	if (s->holder == 0)
		return ULP_OK;
	code = holder_read(s, &holder, err);
	if (code != ULP_OK)
		return code;
	s->lost = holder != s->holder;
	return s->lost ? session_lost(err) : holder_write(s, 0, err);
}

enum ulp_code session_lost(struct ulp_err *err)
{
	return ulp_fail(err, ULP_ETRACED, "another tool has changed the process meanwhile");
}

void session_unlock(struct session *s)
{
	struct ulp_err second;
	uint32_t holder;
	enum ulp_code code;

	/* Without a thread of ours that lives the number may be that of another tool. */
	if (s->holder == 0 || s->nr == 0 || s->tracees[0].state == TRACEE_GONE ||
	    holder_read(s, &holder, &second) != ULP_OK || holder != s->holder)
		return;
	/* Where that fails the next tool finds that nobody traces the thread. */
	code = holder_write(s, 0, &second);
	(void)code;
}
