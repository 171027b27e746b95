/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stops all threads of a process, exactly.  While some run they create others,
 * and readdir of /proc/PID/task may skip a living thread when one exits; so
 * passes over it are repeated until
 *
 *     number of threads, as the kernel has it == stopped threads + listed zombies
 *
 * holds.  What is stopped can neither end nor create threads, so equality proves
 * that nobody is left.
 */
#include "config.h"

#include "trigger/memory_sharing.h"
#include "trigger/session_internal.h"
#include "trigger/tasks.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_MS 1000000ull
#define FIRST_PAUSE_NS (1 * NS_PER_MS)
#define LAST_PAUSE_NS (50 * NS_PER_MS)

/* How long the threads that sleep may take to stop while the busy ones still run. */
#define ASLEEP_NS (250 * NS_PER_MS)

/* The least time for a stop; after one thread did not, what the others have together. */
#define LATE_NS (20 * NS_PER_MS)

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

static bool is_zombie(pid_t pid, pid_t tid)
{
	struct task_stat stat;

	return task_stat(pid, tid, &stat) && stat.state == 'Z';
}

static bool is_busy(pid_t pid, pid_t tid)
{
	struct task_stat stat;

	return task_stat(pid, tid, &stat) && stat.state == 'R';
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
	t->was_busy = is_busy(pid, tid);
	s->nr++;
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

static void interrupt_threads(struct session *s, bool busy)
{
	for (size_t i = 0; i < s->nr; i++) {
		struct tracee *t = &s->tracees[i];

		if (t->state == TRACEE_RUNNING && t->was_busy == busy)
			(void)tracee_interrupt(t); /* if it is gone, the wait tells */
	}
}

/*
 * A child that shares the memory runs the same code and is none of our threads.  A stopped
 * thread creates none; only the children of one that ends may still be given to it, or to
 * all that live if the leader does not.
 */
static enum ulp_code check_children(struct session *s, bool all_stopped, struct ulp_err *err)
{
	const pid_t pid = s->proc->pid;
	bool leader_lives = false;

	for (size_t i = 0; i < s->nr; i++)
		leader_lives = leader_lives || s->tracees[i].tid == pid;
	for (size_t i = 0; i < s->nr; i++) {
		struct tracee *t = &s->tracees[i];
		const bool may_inherit = t->tid == pid || !leader_lives;
		enum ulp_code code;

		if (t->state != TRACEE_STOPPED || (t->unshared && !(all_stopped && may_inherit)))
			continue;
		code = memory_thread_not_shared(s->proc, t->tid, err);
		if (code != ULP_OK)
			return code;
		t->unshared = true;
	}
	return ULP_OK;
}

static void forget_threads(struct session *s)
{
	free(s->threads);
	s->threads = NULL;
	s->nr_threads = 0;
}

/* Those that are stopped and were not there for the early look. */
static enum ulp_code read_threads(struct session *s, struct ulp_err *err)
{
	struct stopped_thread *threads = calloc(s->nr, sizeof(*threads));
	size_t nr = 0;

	if (threads == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for %zu threads", s->nr);
	for (size_t i = 0; i < s->nr; i++) {
		const struct tracee *t = &s->tracees[i];
		struct thread_regs regs;

		if (t->state != TRACEE_STOPPED || t->looked_at)
			continue;
		if (!thread_regs_get(t->tid, &regs)) {
			free(threads);
			return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
		}
		threads[nr++] = (struct stopped_thread){
			.tid = t->tid,
			.pc = thread_regs_pc(&regs),
			.sp = thread_regs_sp(&regs),
			.tls = thread_regs_tls(&regs),
		};
	}
	s->threads = threads;
	s->nr_threads = nr;
	return ULP_OK;
}

static enum ulp_code look_early(struct session *s, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	if (s->early == NULL)
		return ULP_OK;
	code = read_threads(s, err);
	if (code == ULP_OK && s->nr_threads > 0)
		code = s->early(s->early_ctx, err);
	forget_threads(s);
	for (size_t i = 0; i < s->nr && code == ULP_OK; i++) {
		if (s->tracees[i].state == TRACEE_STOPPED)
			s->tracees[i].looked_at = true;
	}
	return code;
}

/*
 * The threads that sleep feel nothing of being stopped: they are first, and what can be asked
 * of them alone is asked before anybody else has to stand still.  Those that do not stop soon
 * are waited for with the others.
 */
static enum ulp_code halt_sleeping(struct session *s, struct ulp_err *err)
{
	const uint64_t until = clock_ns() + ASLEEP_NS;
	enum ulp_code code;

	interrupt_threads(s, false);
	for (size_t i = 0; i < s->nr; i++) {
		struct tracee *t = &s->tracees[i];

		if (t->state == TRACEE_RUNNING && !t->was_busy) {
			(void)!tracee_await_stop(t, until < s->deadline_ns ? until : s->deadline_ns,
						 false, NULL);
		}
	}
	code = check_children(s, false, err);
	return code == ULP_OK ? look_early(s, err) : code;
}

/*
 * While the threads stand still nobody else shall take the processor from us: on a busy machine
 * they would wait for that as well.  Where it is not allowed they do.
 */
static void hurry(struct session *s)
{
	const struct sched_param param = {.sched_priority = sched_get_priority_min(SCHED_RR)};

	s->old_policy = sched_getscheduler(0);
	if (s->hurries || s->old_policy == SCHED_FIFO || s->old_policy == SCHED_RR ||
	    sched_getparam(0, &s->old_param) != 0)
		return;
	s->hurries = sched_setscheduler(0, SCHED_RR, &param) == 0;
}

static void stop_hurrying(struct session *s)
{
	if (s->hurries)
		(void)sched_setscheduler(0, s->old_policy, &s->old_param);
	s->hurries = false;
}

/*
 * Interrupts all that run, then waits for each.  The busy ones are the last, and the first to be
 * resumed: what they feel is the time between.  Also if one does not stop the
 * others are waited for, shortly: they stop all the same, and only who is known
 * to be stopped is resumed in the right order and at once.
 */
static enum ulp_code halt_threads(struct session *s, struct ulp_err *err)
{
	uint64_t until = s->deadline_ns;
	enum ulp_code failure = ULP_OK;
	bool exec = false;

	hurry(s);
	interrupt_threads(s, false);
	interrupt_threads(s, true);
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

/*
 * The equation: what is stopped cannot end, so if as many threads live as are stopped there is no
 * other one.  A zombie counts only if it is still there after that was asked.
 */
static bool is_complete(const struct session *s, const struct pass *pass)
{
	const pid_t pid = s->proc->pid;

	if (tasks_count(pid) != s->nr + pass->nr_zombies)
		return false;
	for (size_t i = 0; i < pass->nr_zombies; i++) {
		if (!is_zombie(pid, pass->zombies[i]))
			return false;
	}
	return true;
}

/* Stops until complete; leaves behind what is stopped also if it fails. */
static enum ulp_code try_stop(struct session *s, struct ulp_err *err)
{
	for (;;) {
		struct pass pass = {0};
		enum ulp_code code = meet_threads(s, &pass, err);
		bool complete;

		if (code == ULP_OK)
			code = halt_sleeping(s, err);
		if (code == ULP_OK)
			code = halt_threads(s, err);
		complete = code == ULP_OK && is_complete(s, &pass);
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

/* Detaches from all but the first; those that did not stop are left to the watch. */
static void let_go(struct session *s)
{
	watch_stop(s);
	for (int busy = 1; busy >= 0; busy--) {
		/* The others were asleep, and there may be many. */
		if (!busy)
			stop_hurrying(s);
		for (size_t i = 0; i < s->nr; i++) {
			struct tracee *t = &s->tracees[i];

			if (t->was_busy != busy)
				continue;
			t->release = i > 0;
			if (t->state == TRACEE_STOPPED)
				tracee_resume(t);
		}
	}
	session_compact(s);
	watch_start(s);
}

static enum ulp_code stop_once(struct session *s, struct ulp_err *err)
{
	/*
	 * A child between vfork(2) and exec(2) runs the same code and is none of
	 * our threads.  Asked before the stop, so as not to halt anybody in vain,
	 * and after it, when no thread can create another one.
	 */
	enum ulp_code code = memory_not_shared(s->proc, err);

	if (code == ULP_OK)
		code = session_hold_first(s, err);
	/* It may have run since. */
	for (size_t i = 0; i < s->nr; i++)
		s->tracees[i].unshared = s->tracees[i].looked_at = false;
	if (code == ULP_OK) {
		s->tracees[0].was_busy = is_busy(s->proc->pid, s->tracees[0].tid);
		code = try_stop(s, err);
	}
	if (code == ULP_OK)
		code = check_children(s, true, err);
	if (code == ULP_OK)
		code = read_threads(s, err);
	s->all_stopped = code == ULP_OK;
	if (code != ULP_OK)
		let_go(s);
	return code;
}

static void pause_until(uint64_t until_ns)
{
	const struct timespec until = {(time_t)(until_ns / (1000 * NS_PER_MS)),
				       (long)(until_ns % (1000 * NS_PER_MS))};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
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

void session_set_early(struct session *s, session_early_fn *early, void *ctx)
{
	s->early = early;
	s->early_ctx = ctx;
}

const struct stopped_thread *session_threads(const struct session *s, size_t *nr)
{
	*nr = s->nr_threads;
	return s->threads;
}

enum ulp_code session_resume_all(struct session *s, struct ulp_err *err)
{
	(void)err;
	if (!s->all_stopped)
		return ULP_OK;
	s->all_stopped = false;
	forget_threads(s);
	let_go(s);
	return ULP_OK;
}
