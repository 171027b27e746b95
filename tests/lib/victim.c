/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/victim.h"
#include "trigger/tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 20

alignas(64) unsigned char victim_frame[VICTIM_FRAME_LEN];

uint64_t deadline_in(unsigned int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_sec + seconds) * 1000000000ull + (uint64_t)now.tv_nsec;
}

bool is_past(uint64_t deadline_ns)
{
	return deadline_in(0) >= deadline_ns;
}

/* The whole time, also if a session's handler of SIGCHLD interrupts. */
static void pause_ns(long ns)
{
	struct timespec left = {.tv_nsec = ns};

	while (nanosleep(&left, &left) != 0)
		;
}

/* Between two looks at a condition. */
static void breathe(void)
{
	pause_ns(200000);
}

void await_flag(const atomic_bool *flag)
{
	uint64_t until = deadline_in(PATIENCE_S);

	while (!atomic_load(flag)) {
		assert_false(is_past(until));
		breathe();
	}
}

void await_state(pid_t pid, pid_t tid, const char *states)
{
	uint64_t until = deadline_in(PATIENCE_S);
	struct task_stat stat = {0};

	while (!task_stat(pid, tid, &stat) || strchr(states, stat.state) == NULL) {
		assert_false(is_past(until));
		breathe();
	}
}

static _Noreturn void victim_main(victim_fn *fn, void *arg, struct board *board)
{
	const struct sched_param usual = {.sched_priority = 0};

	/* A victim does not outlive a test that crashed. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Nor has it the real-time priority that one which failed during a stop has left us. */
	(void)sched_setscheduler(0, SCHED_OTHER, &usual);
	fn(board, arg);
	_exit(atomic_load(&board->failed) ? 1 : 0);
}

struct victim victim_start(victim_fn *fn, void *arg)
{
	struct victim v;

	v.board = mmap(NULL, sizeof(*v.board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	assert_ptr_not_equal(v.board, MAP_FAILED);
	v.pid = fork();
	assert_int_not_equal(v.pid, -1);
	if (v.pid == 0)
		victim_main(fn, arg, v.board);
	await_flag(&v.board->ready);
	return v;
}

void victim_fail(struct board *board, const char *what)
{
	if (atomic_exchange(&board->failed, true))
		return;
	snprintf(board->failure, sizeof(board->failure), "%s", what);
}

void victim_finish(struct victim *v)
{
	uint64_t until = deadline_in(PATIENCE_S);
	int status = 0;
	pid_t got;

	atomic_store(&v->board->quit, true);
	while ((got = waitpid(v->pid, &status, WNOHANG)) == 0 && !is_past(until))
		breathe();
	if (got == 0) {
		kill(v->pid, SIGKILL);
		waitpid(v->pid, NULL, 0);
		fail_msg("the victim did not quit");
	}
	if (atomic_load(&v->board->failed))
		fail_msg("the victim says: %s", v->board->failure);
	assert_int_equal(got, v->pid);
	assert_int_equal(status, 0);
	munmap(v->board, sizeof(*v->board));
}

void victim_await_rounds(const struct victim *v, unsigned long n)
{
	uint64_t until = deadline_in(PATIENCE_S);
	unsigned long start = atomic_load(&v->board->rounds);

	while (atomic_load(&v->board->rounds) - start < n) {
		assert_false(is_past(until));
		if (atomic_load(&v->board->failed))
			fail_msg("the victim says: %s", v->board->failure);
		breathe();
	}
}

static unsigned long activity(struct board *board)
{
	return atomic_load(&board->rounds) + atomic_load(&board->signals);
}

void victim_await_silence(const struct victim *v)
{
	uint64_t until = deadline_in(PATIENCE_S);
	unsigned long before, after = activity(v->board);

	do {
		assert_false(is_past(until));
		before = after;
		pause_ns(20000000);
		after = activity(v->board);
	} while (after != before);
}
