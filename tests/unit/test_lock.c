/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trigger/lock.c: which thread keeps other tools out, and what two tools at one process see.
 */
#include "config.h"

#include "engine/registry_format.h"
#include "tests/lib/check_err.h"
#include "tests/lib/victim_session.h"
#include "trigger/memory.h"
#include "trigger/session_internal.h"
#include "trigger/tasks.h"
#include "trigger/tracee.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A victim has its own, at the same address. */
static struct ulp_registry registry;
#define REGISTRY ((uint64_t)(uintptr_t)&registry)
#define HOLDER ((uint64_t)(uintptr_t)&registry.holder)

/* The kernel tells a thread's age in ticks of 10 ms. */
#define TICKS_US 30000

/* --- victims -------------------------------------------------------------------- */

struct sleeper {
	pthread_t thread;
	atomic_int tid;
	sem_t wake;
};

static void *sleep_and_leave(void *arg)
{
	struct sleeper *s = arg;

	atomic_store(&s->tid, (int)syscall(SYS_gettid));
	while (sem_wait(&s->wake) != 0)
		;
	return NULL;
}

static void *sleep_and_execute(void *arg)
{
	(void)sleep_and_leave(arg);
	execl("/bin/sh", "sh", "-c", "while :; do sleep 0.1; done", (char *)NULL);
	_exit(1);
}

static void sleeper_start_as(struct board *board, struct sleeper *s, void *(*fn)(void *))
{
	atomic_store(&s->tid, 0);
	if (sem_init(&s->wake, 0, 0) != 0 || pthread_create(&s->thread, NULL, fn, s) != 0) {
		victim_fail(board, "no thread");
		_exit(1);
	}
	while (atomic_load(&s->tid) == 0)
		usleep(100);
}

static void sleeper_start(struct board *board, struct sleeper *s)
{
	sleeper_start_as(board, s, sleep_and_leave);
}

static void sleeper_end(struct sleeper *s)
{
	sem_post(&s->wake);
	pthread_join(s->thread, NULL);
}

static void be_busy(struct board *board, struct sleeper *sleeper)
{
	atomic_store(&board->tid, sleeper->tid);
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit)) {
		atomic_fetch_add(&board->rounds, 1);
		if (atomic_exchange(&board->go, false))
			sem_post(&sleeper->wake);
	}
	sleeper_end(sleeper);
}

/* The oldest thread is busy; the other one sleeps until it is told to end. */
static void busy_and_sleeper(struct board *board, void *arg)
{
	static struct sleeper sleeper;

	(void)arg;
	sleeper_start(board, &sleeper);
	be_busy(board, &sleeper);
}

/* The same, but it is told to execute another program. */
static void busy_and_executor(struct board *board, void *arg)
{
	static struct sleeper executor;

	(void)arg;
	sleeper_start_as(board, &executor, sleep_and_execute);
	be_busy(board, &executor);
}

/* The older one is told to end; value: the number of the other one. */
static void busy_and_two_sleepers(struct board *board, void *arg)
{
	static struct sleeper older, younger;

	(void)arg;
	sleeper_start(board, &older);
	usleep(TICKS_US);
	sleeper_start(board, &younger);
	atomic_store(&board->value, (unsigned long)younger.tid);
	be_busy(board, &older);
	sleeper_end(&younger);
}

static void alone(struct board *board, void *arg)
{
	(void)arg;
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit))
		atomic_fetch_add(&board->rounds, 1);
}

/* So many threads give their numbers to a younger one; another program may be quicker. */
#define NR_NUMBERS 16u
#define TRIES 100u

/* The next thread or process gets the first free number behind this one; root may say so. */
static bool set_last_number(int number)
{
	FILE *file = fopen("/proc/sys/kernel/ns_last_pid", "w");
	bool done = file != NULL && fprintf(file, "%d", number) > 0;

	return file != NULL && fclose(file) == 0 && done;
}

/* The younger one has the lower number, as when numbers have begun anew; value: its number. */
static void older_and_younger(struct board *board, void *arg)
{
	static struct sleeper first[NR_NUMBERS], older, younger;

	for (size_t i = 0; i < NR_NUMBERS; i++)
		sleeper_start(board, &first[i]);
	sleeper_start(board, &older);
	for (size_t i = 0; i < NR_NUMBERS; i++)
		sleeper_end(&first[i]);
	usleep(TICKS_US);
	for (unsigned int i = 0; i < TRIES && atomic_load(&board->value) == 0; i++) {
		if (!set_last_number(first[0].tid - 1))
			break;
		sleeper_start(board, &younger);
		if (younger.tid < older.tid)
			atomic_store(&board->value, (unsigned long)younger.tid);
		else
			sleeper_end(&younger);
	}
	atomic_store(&board->tid, older.tid);
	alone(board, arg);
}

/* --- what can be seen -------------------------------------------------------------- */

static pid_t tracer_of(pid_t pid, pid_t tid)
{
	struct task_status status;

	assert_true(task_status(pid, tid, &status));
	return status.tracer;
}

static uint32_t holder_of(const struct process *proc)
{
	struct ulp_err err;
	uint32_t value;

	assert_succeeds(memory_read(proc, HOLDER, &value, sizeof(value), &err), &err);
	return value;
}

static pid_t await_sleeper(const struct victim *v)
{
	const uint64_t until = deadline_in(20);

	while (atomic_load(&v->board->tid) == 0)
		assert_false(is_past(until));
	await_state(v->pid, atomic_load(&v->board->tid), "S");
	return atomic_load(&v->board->tid);
}

static void lock(struct session *s)
{
	struct ulp_err err;

	assert_succeeds(session_lock(s, REGISTRY, &err), &err);
}

/* --- tests ---------------------------------------------------------------------- */

static void sleeper_is_the_lock(void **state)
{
	struct victim v = victim_start(busy_and_sleeper, NULL);
	const pid_t sleeper = await_sleeper(&v);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	assert_int_equal(tracer_of(v.pid, v.pid), getpid());
	lock(s);
	assert_int_equal(tracer_of(v.pid, v.pid), 0);
	assert_int_equal(tracer_of(v.pid, sleeper), getpid());
	assert_int_equal(holder_of(&proc), sleeper);
	victim_await_rounds(&v, 1000);
	borrow_thread(s);
	return_thread(s);
	resume_first(s);
	stop_all(s);
	victim_await_silence(&v);
	session_resume_all(s);
	victim_await_rounds(&v, 1000);
	session_end(s);
	assert_int_equal(tracer_of(v.pid, sleeper), 0);
	assert_int_equal(holder_of(&proc), 0);
	close_victim(&v, &proc);
}

/* A young one may soon end; and a thread's number does not tell its age. */
static void oldest_sleeper_is_the_lock(void **state)
{
	struct victim v = victim_start(older_and_younger, NULL);
	const pid_t younger = (pid_t)atomic_load(&v.board->value);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	if (younger == 0) {
		close_victim(&v, &proc);
		skip();
	}
	(void)await_sleeper(&v);
	await_state(v.pid, younger, "S");
	s = begin_session(&proc, 20);
	lock(s);
	assert_int_equal(tracer_of(v.pid, younger), 0);
	assert_int_equal(tracer_of(v.pid, atomic_load(&v.board->tid)), getpid());
	session_end(s);
	close_victim(&v, &proc);
}

static void without_a_sleeper_it_is_the_oldest_thread(void **state)
{
	struct victim v = victim_start(alone, NULL);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	lock(s);
	assert_int_equal(tracer_of(v.pid, v.pid), getpid());
	assert_int_equal(holder_of(&proc), 0);
	victim_await_rounds(&v, 1000);
	session_end(s);
	close_victim(&v, &proc);
}

/* A process that does so; fn writes a byte to the pipe when it has got so far as it should. */
typedef void tool_fn(const struct victim *v, int ready);

static pid_t tool_start(tool_fn *fn, const struct victim *v)
{
	int ready[2];
	char byte;
	pid_t tool;

	assert_int_equal(pipe(ready), 0);
	tool = fork();
	if (tool == 0) {
		fn(v, ready[1]);
		_exit(1);
	}
	assert_true(tool > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return tool;
}

/* Has the lock, and waits to be killed. */
static void works(const struct victim *v, int ready)
{
	struct process proc;
	struct session *s;

	if (process_open(v->pid, &proc, NULL) == ULP_OK &&
	    session_begin(&proc, deadline_in(20), &s, NULL) == ULP_OK &&
	    session_lock(s, REGISTRY, NULL) == ULP_OK && write(ready, "x", 1) == 1)
		pause();
}

static void tool_kill(pid_t tool)
{
	kill(tool, SIGKILL);
	waitpid(tool, NULL, 0);
}

static void second_tool_is_refused_until_the_first_is_gone(void **state)
{
	struct victim v = victim_start(busy_and_sleeper, NULL);
	const pid_t sleeper = await_sleeper(&v);
	const pid_t tool = tool_start(works, &v);
	struct process proc;
	struct session *s;
	struct ulp_err err;
	char name[64];

	(void)state;
	open_victim(&v, &proc);
	assert_int_equal(tracer_of(v.pid, v.pid), 0);
	assert_int_equal(tracer_of(v.pid, sleeper), tool);
	s = begin_session(&proc, 20);
	assert_int_equal(session_lock(s, REGISTRY, &err), ULP_ETRACED);
	assert_non_null(strstr(err.text, task_name(tool, name, sizeof(name))));
	session_end(s);
	/* The other one's lock is as it was. */
	assert_int_equal(holder_of(&proc), sleeper);
	assert_int_equal(tracer_of(v.pid, sleeper), tool);

	tool_kill(tool);
	assert_int_equal(holder_of(&proc), sleeper);
	s = begin_session(&proc, 20);
	lock(s);
	stop_all(s);
	victim_await_silence(&v);
	session_resume_all(s);
	session_end(s);
	assert_int_equal(holder_of(&proc), 0);
	close_victim(&v, &proc);
}

/* Traces the oldest thread for a moment, as a tool does that is going to be refused. */
static void passes(const struct victim *v, int ready)
{
	if (ptrace(PTRACE_SEIZE, v->pid, NULL, NULL) == 0 && write(ready, "x", 1) == 1)
		usleep(100000);
}

static void tool_that_passes_does_no_harm(void **state)
{
	struct victim v = victim_start(busy_and_sleeper, NULL);
	struct process proc;
	struct session *s;
	pid_t passer;

	(void)state;
	(void)await_sleeper(&v);
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	lock(s);
	passer = tool_start(passes, &v);
	stop_all(s);
	victim_await_silence(&v);
	session_resume_all(s);
	session_end(s);
	assert_int_equal(waitpid(passer, NULL, 0), passer);
	close_victim(&v, &proc);
}

static void await_end_of_thread(pid_t pid, pid_t tid)
{
	const uint64_t until = deadline_in(20);
	struct task_stat stat;

	while (task_stat(pid, tid, &stat) && stat.state != 'Z')
		assert_false(is_past(until));
}

static void lock_outlives_its_thread(void **state)
{
	struct victim v = victim_start(busy_and_sleeper, NULL);
	const pid_t sleeper = await_sleeper(&v);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	lock(s);
	atomic_store(&v.board->go, true);
	await_end_of_thread(v.pid, sleeper);
	stop_all(s);
	victim_await_silence(&v);
	assert_int_equal(tracer_of(v.pid, v.pid), getpid());
	assert_int_equal(holder_of(&proc), 0);
	session_resume_all(s);
	session_end(s);
	close_victim(&v, &proc);
}

/*
 * Nor is a thread that is ours for another reason, as one that did not stop when it was asked: no
 * other tool looks there.
 */
static void oldest_thread_is_the_lock_though_others_are_ours(void **state)
{
	struct victim v = victim_start(busy_and_two_sleepers, NULL);
	const pid_t sleeper = await_sleeper(&v);
	const pid_t other = (pid_t)atomic_load(&v.board->value);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	lock(s);
	assert_int_equal(holder_of(&proc), sleeper);
	assert_succeeds(session_reserve(s, &err), &err);
	assert_succeeds(tracee_seize(v.pid, other, &s->tracees[s->nr], &err), &err);
	s->nr++;
	atomic_store(&v.board->go, true);
	await_end_of_thread(v.pid, sleeper);
	stop_all(s);
	victim_await_silence(&v);
	assert_int_equal(s->tracees[0].tid, v.pid);
	assert_int_equal(holder_of(&proc), 0);
	session_resume_all(s);
	assert_int_equal(tracer_of(v.pid, v.pid), getpid());
	assert_int_equal(tracer_of(v.pid, other), 0);
	session_end(s);
	close_victim(&v, &proc);
}

/* Who has come in between may have changed everything. */
static void lock_that_was_lost_is_not_taken_again(void **state)
{
	struct victim v = victim_start(busy_and_sleeper, NULL);
	const pid_t sleeper = await_sleeper(&v);
	const uint32_t other = 1;
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	lock(s);
	assert_succeeds(memory_write(&proc, 0, HOLDER, &other, sizeof(other), &err), &err);
	atomic_store(&v.board->go, true);
	await_end_of_thread(v.pid, sleeper);
	assert_int_equal(session_stop_all(s, &err), ULP_ETRACED);
	assert_int_equal(session_stop_first(s, &err), ULP_ETRACED);
	session_end(s);
	assert_int_equal(holder_of(&proc), other);
	close_victim(&v, &proc);
}

/* Until the thread that executes a program has got the number of the leader. */
static void await_program(pid_t pid)
{
	const uint64_t until = deadline_in(20);
	char name[64];

	while (strcmp(task_name(pid, name, sizeof(name)), "sh") != 0)
		assert_false(is_past(until));
}

/* The new program runs, and the session knows. */
static void assert_let_go(struct session *s, pid_t pid)
{
	const uint64_t until = deadline_in(20);
	struct ulp_err err;

	while (tracer_of(pid, pid) != 0)
		assert_false(is_past(until));
	assert_int_equal(session_stop_all(s, &err), ULP_EGONE);
	assert_non_null(strstr(err.text, "executed another program"));
	assert_int_equal(session_stop_first(s, &err), ULP_EGONE);
	assert_non_null(strstr(err.text, "executed another program"));
	assert_int_equal(tracer_of(pid, pid), 0);
}

static void executor_end(struct victim *v, struct process *proc)
{
	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
	process_close(proc);
}

static void program_that_the_lock_executes_is_let_go(void **state)
{
	struct victim v = victim_start(busy_and_executor, NULL);
	const pid_t executor = await_sleeper(&v);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	lock(s);
	assert_int_equal(tracer_of(v.pid, executor), getpid());
	atomic_store(&v.board->go, true);
	await_program(v.pid);
	assert_let_go(s, v.pid);
	session_end(s);
	executor_end(&v, &proc);
}

/* It halts until somebody asks for it; its number is met among those of threads not known yet. */
static void program_that_the_lock_executes_is_seen_by_a_stop(void **state)
{
	struct victim v = victim_start(busy_and_executor, NULL);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	(void)await_sleeper(&v);
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	lock(s);
	watch_stop(s);
	atomic_store(&v.board->go, true);
	await_program(v.pid);
	await_state(v.pid, v.pid, "t");
	assert_int_equal(session_stop_all(s, &err), ULP_EGONE);
	assert_non_null(strstr(err.text, "executed another program"));
	assert_let_go(s, v.pid);
	session_end(s);
	executor_end(&v, &proc);
}

/* Both were ours, and have one number now. */
static void program_is_let_go_though_the_leader_was_ours(void **state)
{
	struct victim v = victim_start(busy_and_executor, NULL);
	const pid_t executor = await_sleeper(&v);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	assert_succeeds(session_reserve(s, &err), &err);
	assert_succeeds(tracee_seize(v.pid, executor, &s->tracees[s->nr], &err), &err);
	s->nr++;
	resume_first(s);
	atomic_store(&v.board->go, true);
	await_program(v.pid);
	assert_let_go(s, v.pid);
	session_end(s);
	executor_end(&v, &proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sleeper_is_the_lock),
		cmocka_unit_test(oldest_sleeper_is_the_lock),
		cmocka_unit_test(without_a_sleeper_it_is_the_oldest_thread),
		cmocka_unit_test(second_tool_is_refused_until_the_first_is_gone),
		cmocka_unit_test(tool_that_passes_does_no_harm),
		cmocka_unit_test(lock_outlives_its_thread),
		cmocka_unit_test(oldest_thread_is_the_lock_though_others_are_ours),
		cmocka_unit_test(lock_that_was_lost_is_not_taken_again),
		cmocka_unit_test(program_that_the_lock_executes_is_let_go),
		cmocka_unit_test(program_that_the_lock_executes_is_seen_by_a_stop),
		cmocka_unit_test(program_is_let_go_though_the_leader_was_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
