/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stops all threads of a process, exactly.  While some run they create others,
 * and readdir of /proc/PID/task may skip a living thread when one exits; so
 * passes over it are repeated until
 *
 *     the process's number of threads == stopped threads + listed zombies
 *
 * holds after a pass.  What is stopped can neither end nor create threads, so
 * equality proves that nobody is left.
 */
#include "config.h"

#include "trigger/restart.h"
#include "trigger/session_internal.h"
#include "trigger/tasks.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_MS 1000000ull
#define FIRST_PAUSE_NS (1 * NS_PER_MS)
#define LAST_PAUSE_NS (50 * NS_PER_MS)

/* After so many threads it is noted which process ids have been given out. */
#define FOLLOW_THREADS 64u

#define STACK_LEN (64u << 10) /* bytes; more than what is done during a stop needs */
#define PAGE_LEN 4096u

/* The least time for a stop; after one thread did not, what the others have together. */
#define LATE_NS (20 * NS_PER_MS)

/* Looks at the threads before any is stopped.  One that creates threads all the time ends it. */
#define MAX_PASSES 4u

/* One look at /proc/PID/task. */
struct pass {
	pid_t *tids; /* owned; all that were listed, ascending */
	size_t nr;
	pid_t *zombies; /* owned; room for nr */
	size_t nr_zombies;
};

static void pass_free(struct pass *pass)
{
	free(pass->tids);
	free(pass->zombies);
}

static int compare_tids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* The tids of our tracees, ascending; malloc'ed. */
static pid_t *known_tids(const struct session *s)
{
	pid_t *known = malloc((s->nr + 1) * sizeof(*known));

	if (known == NULL)
		return NULL;
	for (size_t i = 0; i < s->nr; i++)
		known[i] = s->tracees[i].tid;
	qsort(known, s->nr, sizeof(*known), compare_tids);
	return known;
}

/* Its letter in proc(5), 0 if it is gone. */
static char state_of(pid_t pid, pid_t tid)
{
	struct task_stat stat;

	if (!task_stat(pid, tid, &stat))
		return 0;
	return stat.state;
}

static bool is_zombie(pid_t pid, pid_t tid)
{
	return state_of(pid, tid) == 'Z';
}

/* What it does now: sets was_busy and was_stuck. */
static void look_at_thread(struct tracee *t)
{
	const char state = state_of(t->pid, t->tid);

	t->was_busy = state == 'R';
	t->was_stuck = state == 'D';
}

static enum ulp_code meet_thread(struct session *s, pid_t tid, struct pass *pass,
				 struct ulp_err *err)
{
	const pid_t pid = s->proc->pid;
	struct ulp_err why;
	struct tracee *t;
	enum ulp_code code = session_reserve(s, err);

	if (code != ULP_OK)
		return code;
	t = &s->tracees[s->nr];
	code = tracee_seize(pid, tid, t, &why);
	if (code == ULP_EGONE) {
		if (is_zombie(pid, tid))
			pass->zombies[pass->nr_zombies++] = tid;
		return ULP_OK;
	}
	if (code != ULP_OK)
		return session_fail(err, &why);
	look_at_thread(t);
	if (s->nr++ % FOLLOW_THREADS == 0)
		memory_sharing_follow(&s->sharing);
	return ULP_OK;
}

/* Lists the threads and seizes those that are new to us. */
static enum ulp_code meet_threads(struct session *s, struct pass *pass, struct ulp_err *err)
{
	const size_t nr_known = s->nr;
	pid_t *known;
	enum ulp_code code;

	code = tasks_list(s->proc->pid, &pass->tids, &pass->nr, err);
	if (code != ULP_OK)
		return code;
	known = known_tids(s);
	pass->zombies = calloc(pass->nr + 1, sizeof(*pass->zombies));
	if (known == NULL || pass->zombies == NULL)
		code = ulp_fail(err, ULP_ENOMEM, "out of memory for a list of threads");
	for (size_t i = 0; code == ULP_OK && i < pass->nr; i++) {
		if (bsearch(&pass->tids[i], known, nr_known, sizeof(*known), compare_tids) == NULL)
			code = meet_thread(s, pass->tids[i], pass, err);
	}
	free(known);
	return code;
}

/* The busy ones last: they are the first to be resumed, and what they feel is the time between. */
static void interrupt_threads(struct session *s)
{
	for (int busy = 0; busy <= 1; busy++) {
		if (busy)
			urgent_begin(&s->urgent);
		for (size_t i = 0; i < s->nr; i++) {
			struct tracee *t = &s->tracees[i];

			if (t->state == TRACEE_RUNNING && t->was_busy == busy)
				(void)tracee_interrupt(t); /* if it is gone, the wait tells */
			if (!busy && i % FOLLOW_THREADS == 0)
				memory_sharing_follow(&s->sharing);
		}
	}
}

/*
 * Interrupts all that run, then waits for each.  Also if one does not stop the
 * others are waited for, shortly: they stop all the same, and only who is known
 * to be stopped is resumed in the right order and at once.
 */
static enum ulp_code halt_threads(struct session *s, struct ulp_err *err)
{
	uint64_t until = s->deadline_ns;
	enum ulp_code failure = ULP_OK;
	bool exec = false;

	interrupt_threads(s);
	for (size_t i = 0; i < s->nr; i++) {
		struct tracee *t = &s->tracees[i];
		enum ulp_code code = ULP_OK;
		struct ulp_err why;

		if (t->state == TRACEE_RUNNING)
			code = tracee_await_stop(t, until, false, &why);
		t->release = false;
		exec = exec || t->exec;
		if (failure != ULP_OK || code == ULP_OK || code == ULP_EGONE)
			continue;
		failure = session_fail(err, &why);
		until = clock_ns() + LATE_NS;
	}
	if (exec)
		return ulp_fail(err, ULP_EGONE, "the process executed another program meanwhile");
	if (failure == ULP_OK)
		session_compact(s);
	return failure;
}

static void pause_until(uint64_t until_ns)
{
	const struct timespec until = {(time_t)(until_ns / (1000 * NS_PER_MS)),
				       (long)(until_ns % (1000 * NS_PER_MS))};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
}

/*
 * Nobody has to stand still because of one in uninterruptible sleep, and while such a one is
 * about to stop others would have to take its signals (let_go.c).
 */
static enum ulp_code none_is_stuck(const struct session *s, struct ulp_err *err)
{
	const uint64_t until = clock_ns() + LATE_NS;

	for (size_t i = 0; i < s->nr; i++) {
		const struct tracee *t = &s->tracees[i];

		while (t->state == TRACEE_RUNNING && t->was_stuck &&
		       state_of(t->pid, t->tid) == 'D') {
			if (clock_ns() >= until)
				return tracee_not_stopped(t, err);
			pause_until(clock_ns() + NS_PER_MS);
		}
	}
	return ULP_OK;
}

/* The equation.  A zombie counts only if it is still there after the number was read. */
static bool is_complete(const struct session *s, const struct pass *pass)
{
	const pid_t pid = s->proc->pid;

	if (tasks_count_read(s->count_fd) != s->nr + pass->nr_zombies)
		return false;
	for (size_t i = 0; i < pass->nr_zombies; i++) {
		if (!is_zombie(pid, pass->zombies[i]))
			return false;
	}
	return true;
}

/* The first thread may be: it is held from the beginning. */
static bool is_any_stopped(const struct session *s)
{
	for (size_t i = 1; i < s->nr; i++) {
		if (s->tracees[i].state == TRACEE_STOPPED)
			return true;
	}
	return false;
}

/*
 * One pass, and while nobody is stopped yet as many as it takes to know all: a thread that a
 * listing skipped must not be the only one that runs and is not traced (let_go.c).
 */
static enum ulp_code meet_all(struct session *s, struct pass *pass, struct ulp_err *err)
{
	unsigned int passes = is_any_stopped(s) ? 1 : MAX_PASSES;
	enum ulp_code code;
	size_t known;

	do {
		known = s->nr;
		pass_free(pass);
		*pass = (struct pass){0};
		code = meet_threads(s, pass, err);
	} while (code == ULP_OK && s->nr > known && --passes > 0);
	return code;
}

/* Stops until complete; leaves behind what is stopped also if it fails. */
static enum ulp_code try_stop(struct session *s, struct ulp_err *err)
{
	for (;;) {
		struct pass pass = {0};
		enum ulp_code code = meet_all(s, &pass, err);
		bool complete;

		if (code == ULP_OK)
			code = none_is_stuck(s, err);
		if (code == ULP_OK)
			code = halt_threads(s, err);
		complete = code == ULP_OK && is_complete(s, &pass);
		/* All of them zombies: it was killed. */
		if (complete && s->nr == 0)
			code = ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
		pass_free(&pass);
		if (code != ULP_OK || complete)
			return code;
		if (!process_alive(s->proc))
			return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
		if (clock_ns() >= s->deadline_ns)
			return ulp_fail(
				err, ULP_ESTOP,
				"the process creates threads faster than they can be stopped");
	}
}

/* All run on, and only the first one stays ours. */
static void resume_all(struct session *s)
{
	watch_stop(s);
	for (size_t i = 0; i < s->nr; i++)
		s->tracees[i].release = i > 0;
	session_let_go(s);
	session_compact(s);
	watch_start(s);
}

static bool is_any_running(const struct session *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		if (s->tracees[i].state == TRACEE_RUNNING)
			return true;
	}
	return false;
}

/*
 * The same after a stop that failed.  Those that did not stop are left to the watch; as long as one
 * of them is about to stop the others stay ours, too (let_go.c).
 */
static void resume_for_now(struct session *s)
{
	const bool all = !is_any_running(s);

	watch_stop(s);
	session_find_broken(s);
	for (size_t i = 0; i < s->nr; i++)
		s->tracees[i].release = i > 0 && all;
	session_let_go(s);
	session_compact(s);
	watch_start(s);
}

static enum ulp_code read_threads(struct session *s, struct ulp_err *err)
{
	struct stopped_thread *threads = calloc(s->nr, sizeof(*threads));

	if (threads == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for %zu threads", s->nr);
	for (size_t i = 0; i < s->nr; i++) {
		struct thread_regs regs;

		if (!thread_regs_get(s->tracees[i].tid, &regs)) {
			free(threads);
			return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
		}
		s->tracees[i].was_broken = restart_kind(&regs) == RESTART_EINTR;
		threads[i] = (struct stopped_thread){
			.tid = s->tracees[i].tid,
			.pc = thread_regs_pc(&regs),
			.sp = thread_regs_sp(&regs),
			.tls = thread_regs_tls(&regs),
		};
	}
	s->threads = threads;
	s->all_stopped = true;
	return ULP_OK;
}

static enum ulp_code not_shared(struct session *s, struct ulp_err *err)
{
	pid_t *tids = malloc(s->nr * sizeof(*tids));
	enum ulp_code code;

	if (tids == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for %zu threads", s->nr);
	for (size_t i = 0; i < s->nr; i++)
		tids[i] = s->tracees[i].tid;
	code = memory_sharing_again(&s->sharing, tids, s->nr, err);
	free(tids);
	return code;
}

static enum ulp_code stop_looked(struct session *s, struct ulp_err *err)
{
	enum ulp_code code = session_hold_first(s, err);

	if (code == ULP_OK) {
		look_at_thread(&s->tracees[0]);
		code = try_stop(s, err);
	}
	if (code == ULP_OK)
		code = not_shared(s, err);
	if (code == ULP_OK)
		code = read_threads(s, err);
	if (code != ULP_OK)
		resume_for_now(s);
	return code;
}

/* So that the kernel need not find pages for the stack of our calls during the stop. */
static void touch_stack(void)
{
	volatile unsigned char room[STACK_LEN];

	for (size_t i = 0; i < sizeof(room); i += PAGE_LEN)
		room[i] = 0;
}

static enum ulp_code stop_once(struct session *s, struct ulp_err *err)
{
	/*
	 * A child between vfork(2) and exec(2) runs the same code and is none of
	 * our threads.  Asked before the stop, so as not to halt anybody in vain,
	 * and after it, when no thread can create another one.
	 */
	enum ulp_code code = memory_sharing_begin(&s->sharing, s->proc, err);

	if (code != ULP_OK) {
		resume_for_now(s);
		return code;
	}
	s->count_fd = tasks_count_open(s->proc->pid);
	touch_stack();
	code = stop_looked(s, err);
	if (code != ULP_OK)
		session_forget_looks(s);
	return code;
}

enum ulp_code session_stop_all(struct session *s, struct ulp_err *err)
{
	uint64_t pause = FIRST_PAUSE_NS;
	enum ulp_code code;

	assert(!s->all_stopped);
	code = session_return(s, err);
	if (code != ULP_OK)
		return code;
	for (;;) {
		struct ulp_err why;
		uint64_t now, last;

		code = stop_once(s, &why);
		now = clock_ns();
		if (code == ULP_OK)
			return ULP_OK;
		/* A try without time would only blame a thread that was about to stop. */
		last = s->deadline_ns > LATE_NS ? s->deadline_ns - LATE_NS : 0;
		if (code != ULP_ESTOP || now >= last)
			return session_fail(err, &why);
		/* The others must not stand still while one of them waits for something. */
		pause_until(now + pause < last ? now + pause : last);
		pause = 2 * pause < LAST_PAUSE_NS ? 2 * pause : LAST_PAUSE_NS;
	}
}

const struct stopped_thread *session_threads(const struct session *s, size_t *nr)
{
	*nr = s->all_stopped ? s->nr : 0;
	return s->threads;
}

void session_forget_looks(struct session *s)
{
	memory_sharing_end(&s->sharing);
	tasks_count_close(s->count_fd);
	free(s->threads);
	s->threads = NULL;
}

enum ulp_code session_resume_all(struct session *s, struct ulp_err *err)
{
	(void)err;
	if (!s->all_stopped)
		return ULP_OK;
	s->all_stopped = false;
	resume_all(s);
	/* What takes time but no stop: after it. */
	session_forget_looks(s);
	return ULP_OK;
}
