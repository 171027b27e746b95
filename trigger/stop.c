/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stops all threads of a process, exactly.  While some run they create others,
 * and readdir of /proc/PID/task may skip a living thread when one exits; so
 * passes over it are repeated until
 *
 *     the process's number of threads == stopped threads + listed zombies + listed workers
 *
 * holds after a pass.  What is stopped can neither end nor create threads, so
 * equality proves that nobody is left.  Workers (tasks.h) are not stopped: they run none of the
 * process's code, and create nothing but workers (create_io_thread() in kernel/fork.c); where they
 * come and go during a pass there is another one.
 *
 * First those are stopped that sleep, which do not feel it, then those that are busy, and last
 * those that have children, or wait for one: let_go.c tells why.  But for the first one nobody is
 * traced before its turn comes.
 */
#include "config.h"

#include "trigger/abandoned.h"
#include "trigger/cpu_latency.h"
#include "trigger/session_internal.h"
#include "trigger/survey.h"
#include "trigger/tasks.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#define NS_PER_MS 1000000ull
#define FIRST_PAUSE_NS (1 * NS_PER_MS)
#define LAST_PAUSE_NS (50 * NS_PER_MS)
#define NR_SHORT_PAUSES 6u /* each twice as long as the one before */

/* After so many threads it is noted which process ids have been given out. */
#define FOLLOW_THREADS 64u

#define STACK_LEN (64u << 10) /* bytes; more than what is done during a stop needs */
#define PAGE_LEN 4096u

/* The least time for a stop; after one thread did not, what the others have together. */
#define LATE_NS (20 * NS_PER_MS)

/* So long another tool's trace of a thread is taken for a passing one. */
#define TRACED_NS (1000 * NS_PER_MS)

/*
 * So long threads that stand still wait for one that does not stop, in the first try and at most.
 * A thread that a CPU limit has halted runs again within 100 ms, the usual period (cgroup v2,
 * cpu.max).
 */
#define FIRST_HOLD_NS (100 * NS_PER_MS)
#define LAST_HOLD_NS (400 * NS_PER_MS)

/* So often those that sleep are looked for, while others fall asleep. */
#define MAX_PASSES 4u

/*
 * Seizes it, and interrupts one that sleeps at once, before it wakes up and creates a child.  It
 * may be gone: then nothing is added, and its state is known.
 */
static enum ulp_code meet_thread(struct session *s, struct surveyed *seen, struct ulp_err *err)
{
	const pid_t pid = s->proc->pid;
	struct ulp_err why;
	struct tracee *t;
	enum ulp_code code = session_reserve(s, err);

	if (code != ULP_OK)
		return code;
	t = &s->tracees[s->nr];
	code = tracee_seize(pid, seen->tid, t, &why);
	if (code == ULP_OK && seen->turn < STOP_BUSY)
		(void)tracee_interrupt(t); /* if it is gone, the wait tells */
	if (code == ULP_EGONE) {
		seen->state = survey_state(pid, seen->tid);
		return ULP_OK;
	}
	if (code != ULP_OK)
		return session_fail(err, &why);
	seen->met = true;
	t->turn = seen->turn;
	if (s->nr++ % FOLLOW_THREADS == 0)
		memory_sharing_follow(&s->sharing);
	return ULP_OK;
}

static bool is_any_running(const struct session *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		if (s->tracees[i].state == TRACEE_RUNNING)
			return true;
	}
	return false;
}

/* Until when those that stand still may wait from now on. */
static uint64_t hold_until(const struct session *s)
{
	const uint64_t until = clock_ns() + s->hold_ns;

	return until < s->deadline_ns ? until : s->deadline_ns;
}

/* Those whose turn has not come, and that are seized already: they halt at their signals. */
static void keep_others_going(struct session *s, enum stop_turn turn)
{
	for (size_t i = 0; i < s->nr && i < s->nr_seized; i++)
		if (s->tracees[i].turn > turn)
			watch_pass_on(&s->tracees[i]);
}

static void interrupt_threads(struct session *s, enum stop_turn turn)
{
	for (size_t i = 0; i < s->nr; i++) {
		struct tracee *t = &s->tracees[i];

		if (t->state == TRACEE_RUNNING && t->turn == turn)
			(void)tracee_interrupt(t); /* if it is gone, the wait tells */
	}
}

/* It has created a child before it was stopped: its turn has not come. */
static void put_off(struct session *s, struct tracee *t)
{
	t->release = t != s->tracees;
	t->turn = STOP_PARENTS;
	tracee_resume(t);
}

/* Waits for one that was interrupted. */
static enum ulp_code await_thread(struct session *s, struct tracee *t, uint64_t until_ns,
				  struct ulp_err *err)
{
	const bool asleep = t->turn < STOP_BUSY;
	enum ulp_code code;

	if (t->state != TRACEE_RUNNING)
		return ULP_OK;
	code = tracee_await_stop(t, until_ns, false, err);
	t->release = false;
	if (code == ULP_OK && asleep && task_has_children(t->pid, t->tid))
		put_off(s, t);
	else if (code == ULP_OK && !t->is_read)
		code = ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
	return code;
}

/*
 * One whose call the stop has broken is looked at as soon as it has stopped, which repairs the
 * call: we may be killed while the others are stopped.
 */
static enum ulp_code await_breakable(struct session *s, struct tracee *t, struct ulp_err *err)
{
	struct ulp_err why;
	enum ulp_code code;

	if (t->turn != STOP_BREAKABLE)
		return ULP_OK;
	code = await_thread(s, t, hold_until(s), &why);
	return code == ULP_OK || code == ULP_EGONE ? ULP_OK : session_fail(err, &why);
}

/*
 * Waits for those that were interrupted, and reads their registers.  Also if one does not stop
 * the others are waited for, shortly: they stop all the same, and only who is known to be stopped
 * is resumed in the right order and at once.
 */
static enum ulp_code await_threads(struct session *s, enum stop_turn turn, struct ulp_err *err)
{
	uint64_t until = hold_until(s);
	enum ulp_code failure = ULP_OK;
	bool exec = false;

	for (size_t i = 0; i < s->nr; i++) {
		struct tracee *t = &s->tracees[i];
		struct ulp_err why;
		enum ulp_code code;

		if (t->turn > turn)
			continue;
		keep_others_going(s, turn);
		code = await_thread(s, t, until, &why);
		exec = exec || t->exec;
		if (failure != ULP_OK || code == ULP_OK || code == ULP_EGONE)
			continue;
		failure = session_fail(err, &why);
		until = clock_ns() + LATE_NS;
	}
	if (failure == ULP_OK)
		session_compact(s);
	/* Also one whose turn has not come. */
	if (exec || s->exec)
		return ulp_fail(err, ULP_EGONE, "the process executed another program meanwhile");
	return failure;
}

static void pause_until(uint64_t until_ns)
{
	const struct timespec until = {(time_t)(until_ns / (1000 * NS_PER_MS)),
				       (long)(until_ns % (1000 * NS_PER_MS))};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
		;
}

static enum ulp_code wait_while_stuck(struct session *s, pid_t tid, uint64_t until_ns,
				      struct ulp_err *err)
{
	const struct tracee stuck = {.pid = s->proc->pid, .tid = tid};

	while (survey_state(s->proc->pid, tid) == 'D') {
		if (clock_ns() >= until_ns)
			return tracee_not_stopped(&stuck, err);
		keep_others_going(s, STOP_SLEEPERS);
		pause_until(clock_ns() + NS_PER_MS);
	}
	return ULP_OK;
}

/*
 * Nobody has to stand still because of one in uninterruptible sleep; and one that is interrupted
 * there, as the parent of a vfork child, cannot take the SIGCHLD at its end itself (let_go.c).
 */
static enum ulp_code none_is_stuck(struct session *s, const struct survey *survey,
				   struct ulp_err *err)
{
	const uint64_t until = clock_ns() + LATE_NS;
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < s->nr && code == ULP_OK; i++)
		if (s->tracees[i].state == TRACEE_RUNNING)
			code = wait_while_stuck(s, s->tracees[i].tid, until, err);
	for (size_t i = 0; i < survey->nr && code == ULP_OK; i++)
		if (survey->threads[i].state == 'D')
			code = wait_while_stuck(s, survey->threads[i].tid, until, err);
	return code;
}

/*
 * Between the look at what a thread does and its interrupt no other program is to come: meanwhile
 * it may wake up and fork.
 *
 * It is its turn by what it does now; or was already, but it was awake then.
 */
static enum ulp_code meet_sleeper(struct session *s, enum stop_turn turn, struct surveyed *seen,
				  struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	keep_others_going(s, turn);
	if (seen->met || seen->state == 'Z')
		return ULP_OK;
	urgent_begin(&s->urgent);
	seen->turn = survey_turn(s->proc->pid, seen->tid);
	if (seen->turn <= turn)
		code = meet_thread(s, seen, err);
	if (code == ULP_OK && seen->met)
		code = await_breakable(s, &s->tracees[s->nr - 1], err);
	urgent_end(&s->urgent);
	return code;
}

/* The same for one that is ours already. */
static enum ulp_code interrupt_sleeper(struct session *s, enum stop_turn turn, struct tracee *t,
				       struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	urgent_begin(&s->urgent);
	t->turn = survey_turn(t->pid, t->tid);
	if (t->turn <= turn) {
		(void)tracee_interrupt(t); /* if it is gone, the wait tells */
		code = await_breakable(s, t, err);
	}
	urgent_end(&s->urgent);
	return code;
}

/* Those that are seized already, and those of the survey. */
static enum ulp_code stop_those_asleep(struct session *s, enum stop_turn turn,
				       struct survey *survey, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < s->nr && code == ULP_OK; i++)
		if (s->tracees[i].state == TRACEE_RUNNING)
			code = interrupt_sleeper(s, turn, &s->tracees[i], err);
	for (size_t i = 0; i < survey->nr && code == ULP_OK; i++)
		code = meet_sleeper(s, turn, &survey->threads[i], err);
	return code == ULP_OK ? await_threads(s, turn, err) : code;
}

/* Those that sleep and have no children.  *more: there were some. */
static enum ulp_code stop_sleepers_once(struct session *s, bool *more, struct ulp_err *err)
{
	struct survey survey;
	enum ulp_code code = survey_take(s->proc->pid, s->tracees, s->nr, &survey, err);
	const size_t nr = s->nr;

	if (code == ULP_OK)
		code = none_is_stuck(s, &survey, err);
	if (code == ULP_OK)
		code = stop_those_asleep(s, STOP_BREAKABLE, &survey, err);
	if (code == ULP_OK)
		code = stop_those_asleep(s, STOP_SLEEPERS, &survey, err);
	*more = s->nr > nr;
	survey_free(&survey);
	return code;
}

/* The registers of those that are stopped; malloc'ed. */
static struct stopped_thread *read_threads(const struct session *s, size_t *nr)
{
	struct stopped_thread *threads = calloc(s->nr + 1, sizeof(*threads));

	*nr = 0;
	for (size_t i = 0; threads != NULL && i < s->nr; i++)
		if (s->tracees[i].is_read)
			threads[(*nr)++] = s->tracees[i].regs;
	return threads;
}

static void look_at_sleepers(struct session *s)
{
	struct stopped_thread *threads;
	size_t nr, next = 0;

	if (s->look == NULL)
		return;
	threads = read_threads(s, &nr);
	if (threads == NULL)
		return;
	/* Where none that sleeps is the lock the first one runs, and halts at its signals. */
	watch_start(s);
	s->look(s->look_ctx, threads, nr);
	watch_stop(s);
	for (size_t i = 0; i < s->nr; i++)
		if (s->tracees[i].is_read)
			s->tracees[i].regs.clean = threads[next++].clean;
	free(threads);
}

/* While they are stopped others fall asleep. */
static enum ulp_code stop_sleepers(struct session *s, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;
	bool more = true;

	for (unsigned passes = MAX_PASSES; code == ULP_OK && more && passes > 0; passes--)
		code = stop_sleepers_once(s, &more, err);
	if (code == ULP_OK)
		look_at_sleepers(s);
	return code;
}

/* The equation.  Zombies and workers count only if still there after the number was read. */
static bool is_complete(const struct session *s, const struct survey *survey)
{
	const size_t nr = tasks_count_read(s->count_fd);
	size_t nr_others = 0;

	for (size_t i = 0; i < survey->nr; i++)
		if (survey->threads[i].state == 'Z' &&
		    survey_state(s->proc->pid, survey->threads[i].tid) == 'Z')
			nr_others++;
	for (size_t i = 0; i < survey->nr_workers; i++)
		nr_others += task_is_worker(s->proc->pid, survey->workers[i]);
	return nr == s->nr + nr_others;
}

/* Those of the others whose turn it is. */
static enum ulp_code stop_turn(struct session *s, enum stop_turn turn, struct survey *survey,
			       struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	/* From here on others wait for us: no other program is to come in between. */
	urgent_begin(&s->urgent);
	for (size_t i = 0; i < survey->nr && code == ULP_OK; i++)
		if (survey->threads[i].turn == turn && survey->threads[i].state != 'Z')
			code = meet_thread(s, &survey->threads[i], err);
	if (code != ULP_OK)
		return code;
	interrupt_threads(s, turn);
	return await_threads(s, turn, err);
}

static enum stop_turn turn_awake(pid_t pid, pid_t tid)
{
	return survey_is_parent(pid, tid) ? STOP_PARENTS : STOP_BUSY;
}

static enum ulp_code stop_surveyed(struct session *s, struct survey *survey, struct ulp_err *err)
{
	enum ulp_code code = none_is_stuck(s, survey, err);

	if (code != ULP_OK)
		return code;
	for (size_t i = 0; i < survey->nr; i++) {
		struct surveyed *seen = &survey->threads[i];

		keep_others_going(s, STOP_SLEEPERS);
		seen->turn = turn_awake(s->proc->pid, seen->tid);
	}
	for (size_t i = 0; i < s->nr; i++)
		if (s->tracees[i].state == TRACEE_RUNNING)
			s->tracees[i].turn = turn_awake(s->proc->pid, s->tracees[i].tid);
	/* Before any of them stands still, for that takes a while. */
	if (s->latency_fd < 0 && (survey->nr > 0 || is_any_running(s)))
		s->latency_fd = cpu_latency_hold();
	code = stop_turn(s, STOP_BUSY, survey, err);
	if (code == ULP_OK)
		code = stop_turn(s, STOP_PARENTS, survey, err);
	return code;
}

/* All others, also those that fell asleep or were born since.  *complete: that was all. */
static enum ulp_code stop_rest(struct session *s, bool *complete, struct ulp_err *err)
{
	struct survey survey;
	enum ulp_code code = survey_take(s->proc->pid, s->tracees, s->nr, &survey, err);

	if (code == ULP_OK)
		code = stop_surveyed(s, &survey, err);
	*complete = code == ULP_OK && is_complete(s, &survey);
	survey_free(&survey);
	return code;
}

/* Stops until complete; leaves behind what is stopped also if it fails. */
static enum ulp_code try_stop(struct session *s, struct ulp_err *err)
{
	enum ulp_code code = stop_sleepers(s, err);
	const uint64_t until = hold_until(s);

	while (code == ULP_OK) {
		bool complete;

		code = stop_rest(s, &complete, err);
		/* The first one has ended: maybe because one not met yet executed a program. */
		if (code == ULP_OK && s->nr > 0 && s->tracees[0].tid != s->lock)
			code = session_check_program(s, err);
		/* All of them zombies: it was killed. */
		if (complete && s->nr == 0)
			return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
		if (code != ULP_OK || complete)
			return code;
		if (!process_alive(s->proc))
			return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
		if (clock_ns() >= until)
			return ulp_fail(
				err, ULP_ESTOP,
				"the process creates threads faster than they can be stopped");
	}
	return code;
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

/*
 * The same after a stop that failed.  Those that did not stop are left to the watch; as long as one
 * of them is about to stop the others stay ours, too (let_go.c).
 */
static void resume_for_now(struct session *s)
{
	const bool all = !session_any_asked(s);

	watch_stop(s);
	for (size_t i = 0; i < s->nr; i++)
		s->tracees[i].release = i > 0 && all;
	session_let_go(s);
	session_compact(s);
	watch_start(s);
}

static enum ulp_code keep_threads(struct session *s, struct ulp_err *err)
{
	size_t nr;

	s->threads = read_threads(s, &nr);
	if (s->threads == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for %zu threads", s->nr);
	/* One that was killed since it stopped. */
	if (nr != s->nr)
		return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
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

/* The first one, and others that did not stop when they were asked before. */
static void note_seized(struct session *s)
{
	s->nr_seized = s->nr;
	for (size_t i = 0; i < s->nr; i++)
		s->tracees[i].turn = STOP_PARENTS; /* until it is looked at */
}

static enum ulp_code stop_looked(struct session *s, struct ulp_err *err)
{
	enum ulp_code code = session_hold_first(s, err);

	if (code == ULP_OK) {
		note_seized(s);
		code = try_stop(s, err);
	}
	if (code == ULP_OK)
		code = not_shared(s, err);
	if (code == ULP_OK)
		code = keep_threads(s, err);
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

/* Another tool may have the oldest thread for the moment that it takes to see that we are here. */
static bool is_passing(const struct session *s, enum ulp_code code, uint64_t begun_ns)
{
	return code == ULP_ETRACED && s->holder != 0 && !s->lost &&
	       clock_ns() < begun_ns + TRACED_NS;
}

/* One that was asked may have stopped now.  Who has created a child goes on: its turn has not come.
 */
static bool is_late_stopped(struct session *s, struct tracee *t)
{
	if (tracee_await_stop(t, clock_ns() + NS_PER_MS, true, NULL) != ULP_OK)
		return false;
	if (task_has_children(t->pid, t->tid))
		put_off(s, t);
	return t->state == TRACEE_STOPPED;
}

/*
 * Waits for those that were asked and did not stop, while all others run; they stay stopped, for
 * the next try.  After the first of them the others have as long as in a try.
 */
static void await_late(struct session *s, uint64_t until_ns)
{
	watch_stop(s);
	while (session_any_asked(s) && clock_ns() < until_ns && !abandoned()) {
		for (size_t i = 0; i < s->nr; i++) {
			struct tracee *t = &s->tracees[i];

			if (t->state != TRACEE_RUNNING || !t->is_asked)
				watch_pass_on(t);
			else if (is_late_stopped(s, t) && hold_until(s) < until_ns)
				until_ns = hold_until(s);
		}
	}
	s->hold_ns = 2 * s->hold_ns < LAST_HOLD_NS ? 2 * s->hold_ns : LAST_HOLD_NS;
}

/* Between two tries; the others must not stand still while one of them waits for something. */
static void rest(struct session *s, unsigned nr_tries, uint64_t until_ns)
{
	const uint64_t pause =
		nr_tries < NR_SHORT_PAUSES ? FIRST_PAUSE_NS << nr_tries : LAST_PAUSE_NS;
	const uint64_t end = clock_ns() + pause;

	if (session_any_asked(s))
		await_late(s, until_ns);
	else
		pause_until(end < until_ns ? end : until_ns);
}

enum ulp_code session_stop_all(struct session *s, struct ulp_err *err)
{
	const uint64_t begun = clock_ns();
	enum ulp_code code;

	assert(!s->all_stopped);
	code = session_return(s, err);
	if (code != ULP_OK)
		return code;
	s->hold_ns = FIRST_HOLD_NS;
	for (unsigned n = 0;; n++) {
		struct ulp_err why;
		uint64_t now, last;

		code = stop_once(s, &why);
		now = clock_ns();
		if (code == ULP_OK)
			return ULP_OK;
		/* A try without time would only blame a thread that was about to stop. */
		last = s->deadline_ns > LATE_NS ? s->deadline_ns - LATE_NS : 0;
		if ((code != ULP_ESTOP && !is_passing(s, code, begun)) || now >= last)
			return session_fail(err, &why);
		if (abandoned())
			return abandoned_fail(err);
		rest(s, n, last);
	}
}

void session_set_look(struct session *s, session_look_fn *look, void *ctx)
{
	s->look = look;
	s->look_ctx = ctx;
}

struct stopped_thread *session_threads(struct session *s, size_t *nr)
{
	*nr = s->all_stopped ? s->nr : 0;
	return s->threads;
}

void session_forget_looks(struct session *s)
{
	tasks_count_close(s->count_fd);
	free(s->threads);
	s->threads = NULL;
}

void session_resume_all(struct session *s)
{
	if (!s->all_stopped)
		return;
	s->all_stopped = false;
	resume_all(s);
	/* What takes time but no stop: after it. */
	session_forget_looks(s);
}
