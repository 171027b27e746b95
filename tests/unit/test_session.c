/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stopping all threads exactly, and the processes for which that is difficult.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/victim_session.h"
#include "trigger/tasks.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool is_kcmp_forbidden;

/* As the libc's, but for kcmp(2). */
long syscall(long nr, ...)
{
	long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long args[6];
	va_list list;

	if (nr == SYS_kcmp && is_kcmp_forbidden) {
		errno = EPERM;
		return -1;
	}
	va_start(list, nr);
	for (size_t i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	return real(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* As long as it takes a thread that was forgotten to do something. */
static void assert_nobody_moves(const struct victim *v)
{
	const struct timespec pause = {.tv_nsec = 300000};
	unsigned long before = atomic_load(&v->board->rounds);

	nanosleep(&pause, NULL);
	assert_int_equal(atomic_load(&v->board->rounds), before);
}

/* --- victims ------------------------------------------------------------------ */

static void *count(void *arg)
{
	struct board *board = arg;

	while (!atomic_load(&board->quit))
		atomic_fetch_add(&board->rounds, 1);
	return NULL;
}

static pthread_t start_thread(struct board *board, void *(*fn)(void *))
{
	pthread_t thread = 0;

	if (pthread_create(&thread, NULL, fn, board) != 0)
		victim_fail(board, "pthread_create");
	return thread;
}

static void *count_a_little(void *arg)
{
	struct board *board = arg;

	for (int i = 0; i < 50; i++)
		atomic_fetch_add(&board->rounds, 1);
	return NULL;
}

static void *create_threads(void *arg)
{
	struct board *board = arg;

	while (!atomic_load(&board->quit)) {
		pthread_t threads[4];

		for (size_t i = 0; i < 4; i++)
			threads[i] = start_thread(board, count_a_little);
		for (size_t i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
	return NULL;
}

/* Threads come and go all the time, and all of them count. */
static void churn(struct board *board, void *arg)
{
	pthread_t creators[3];

	(void)arg;
	for (size_t i = 0; i < 3; i++)
		creators[i] = start_thread(board, create_threads);
	atomic_store(&board->ready, true);
	for (size_t i = 0; i < 3; i++)
		pthread_join(creators[i], NULL);
}

static void two_threads(struct board *board, void *arg)
{
	pthread_t counter = start_thread(board, count);

	(void)arg;
	atomic_store(&board->ready, true);
	pthread_join(counter, NULL);
}

/* The last thread ends the process without what exit(3) does, as the others' victim_main() does. */
static void *count_and_exit(void *arg)
{
	struct board *board = arg;

	count(board);
	_exit(atomic_load(&board->failed) ? 1 : 0);
}

#define GB (1ul << 30)

/* ns that it takes to map so many gigabytes, page by page: a system call that no signal ends. */
static uint64_t map_zeros(struct board *board, size_t nr_gb)
{
	const uint64_t begun = clock_ns();
	void *zeros = mmap(NULL, nr_gb * GB, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1, 0);
	const uint64_t took = clock_ns() - begun;

	if (zeros == MAP_FAILED || munmap(zeros, nr_gb * GB) < 0)
		victim_fail(board, "mmap");
	return took;
}

/* Again and again in a call that takes a second or two, the shortest of which it tells. */
static void *stay_in_kernel(void *arg)
{
	struct board *board = arg;
	const uint64_t one = map_zeros(board, 1);
	const size_t nr_gb = 1 + 1500000000ul / one;
	uint64_t shortest = UINT64_MAX;

	while (!atomic_load(&board->quit)) {
		const uint64_t took = map_zeros(board, nr_gb);

		shortest = took < shortest ? took : shortest;
		atomic_store(&board->value, shortest);
		atomic_store(&board->ready, true);
	}
	return NULL;
}

/* `signals` is the longest pause that its first thread has seen, in ns. */
static void one_in_kernel(struct board *board, void *arg)
{
	pthread_t other;
	uint64_t last;

	(void)arg;
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
		victim_fail(board, "prctl");
	other = start_thread(board, stay_in_kernel);
	await_flag(&board->ready);
	last = clock_ns();
	while (!atomic_load(&board->quit)) {
		const uint64_t now = clock_ns();

		if (now - last > atomic_load(&board->signals))
			atomic_store(&board->signals, now - last);
		last = now;
		atomic_fetch_add(&board->rounds, 1);
	}
	pthread_join(other, NULL);
}

static void leader_ends(struct board *board, void *arg)
{
	(void)arg;
	start_thread(board, count_and_exit);
	atomic_store(&board->ready, true);
	pthread_exit(NULL);
}

static void many_threads(struct board *board, void *arg)
{
	pthread_t threads[200];

	(void)arg;
	for (size_t i = 0; i < 200; i++)
		threads[i] = start_thread(board, i < 2 ? count : create_threads);
	atomic_store(&board->ready, true);
	for (size_t i = 0; i < 200; i++)
		pthread_join(threads[i], NULL);
}

/* One vfork; its child shares our memory until it may go. */
static void *vfork_once(void *arg)
{
	struct board *board = arg;
	pid_t child;

	atomic_store(&board->tid, (int)syscall(SYS_gettid));
	child = vfork();
	if (child == 0) {
		const struct timespec pause = {.tv_nsec = 1000000};
		const pid_t parent = getppid();

		/* A test that failed kills only the victim. */
		while (!atomic_load(&board->go) && getppid() == parent)
			nanosleep(&pause, NULL);
		_exit(7);
	}
	waitpid(child, NULL, 0);
	return NULL;
}

static void vfork_parent(struct board *board, void *arg)
{
	pthread_t counter = start_thread(board, count), parent = start_thread(board, vfork_once);

	(void)arg;
	atomic_store(&board->ready, true);
	pthread_join(parent, NULL);
	pthread_join(counter, NULL);
}

static void *vfork_often(void *arg)
{
	struct board *board = arg;

	while (!atomic_load(&board->quit)) {
		pid_t child = vfork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
		atomic_fetch_add(&board->rounds, 1);
	}
	return NULL;
}

static void vfork_churn(struct board *board, void *arg)
{
	pthread_t threads[2] = {start_thread(board, vfork_often), start_thread(board, count)};

	(void)arg;
	atomic_store(&board->ready, true);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

#define NR_WAITERS 6u

static int waiters_epoll, waiters_event;

static void *wait_for_event(void *arg)
{
	struct board *board = arg;
	struct epoll_event event;
	int n;

	atomic_fetch_add(&board->rounds, 1);
	n = epoll_wait(waiters_epoll, &event, 1, -1);
	if (n != 1)
		victim_fail(board, n < 0 && errno == EINTR ? "epoll_wait: EINTR" : "epoll_wait");
	return NULL;
}

/* As a vfork, but for the child's memory: the thread does not stop, and nothing else is special. */
static void *wait_uninterruptibly(void *arg)
{
	struct board *board = arg;
	pid_t child;

	atomic_store(&board->tid, (int)syscall(SYS_gettid));
	child = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		const struct timespec pause = {.tv_nsec = 1000000};
		const pid_t parent = getppid();

		while (!atomic_load(&board->go) && getppid() == parent)
			nanosleep(&pause, NULL);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) != child)
		victim_fail(board, "the child is not there");
	atomic_store(&board->value, 1);
	return NULL;
}

/* The one that does not stop is seized before the others. */
static void one_does_not_stop(struct board *board, void *arg)
{
	struct epoll_event event = {.events = EPOLLIN};
	const uint64_t one = 1;
	pthread_t threads[1 + NR_WAITERS];

	(void)arg;
	waiters_epoll = epoll_create1(0);
	waiters_event = eventfd(0, 0);
	if (epoll_ctl(waiters_epoll, EPOLL_CTL_ADD, waiters_event, &event) != 0)
		victim_fail(board, "epoll_ctl");
	threads[0] = start_thread(board, wait_uninterruptibly);
	for (size_t i = 1; i <= NR_WAITERS; i++)
		threads[i] = start_thread(board, wait_for_event);
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit))
		usleep(1000);
	if (write(waiters_event, &one, sizeof(one)) != (ssize_t)sizeof(one))
		victim_fail(board, "write");
	for (size_t i = 0; i <= NR_WAITERS; i++)
		pthread_join(threads[i], NULL);
}

static void execute(struct board *board)
{
	execl("/bin/sh", "sh", "-c", "while :; do sleep 0.1; done", (char *)NULL);
	victim_fail(board, "execl");
}

static void exec_when_told(struct board *board, void *arg)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	(void)arg;
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->go))
		nanosleep(&pause, NULL);
	execute(board);
}

static void *count_and_execute(void *arg)
{
	struct board *board = arg;

	atomic_store(&board->tid, (int)syscall(SYS_gettid));
	while (!atomic_load(&board->go))
		atomic_fetch_add(&board->rounds, 1);
	execute(board);
	return NULL;
}

/* Not the leader executes another program, but a busy thread. */
static void thread_executes(struct board *board, void *arg)
{
	pthread_t executor = start_thread(board, count_and_execute);

	(void)arg;
	while (atomic_load(&board->tid) == 0)
		usleep(100);
	atomic_store(&board->ready, true);
	pthread_join(executor, NULL);
}

static pid_t fork_mortal(void)
{
	const pid_t pid = fork();

	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/*
 * The first process of a process id namespace, when it ends, waits until the numbers of all others
 * are free (zap_pid_ns_processes() in kernel/pid_namespace.c): until we wait for them.
 */
static void child_takes_long_to_end(struct board *board, void *arg)
{
	pid_t first, other;

	(void)arg;
	if (unshare(CLONE_NEWPID) != 0) {
		atomic_store(&board->ready, true);
		return;
	}
	first = fork_mortal();
	if (first == 0) {
		while (!atomic_load(&board->go))
			usleep(1000);
		_exit(0);
	}
	other = fork_mortal();
	if (other == 0)
		for (;;)
			pause();
	atomic_store(&board->tid, first);
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit))
		usleep(1000);
	waitpid(other, NULL, 0);
	waitpid(first, NULL, 0);
}

/* --- tests ---------------------------------------------------------------------- */

static void stop_is_complete_while_threads_come_and_go(void **state)
{
	struct victim v = victim_start(churn, NULL);
	struct process proc;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 300; i++) {
		struct session *s = begin_session(&proc, 20);
		size_t nr;

		stop_all(s);
		assert_non_null(session_threads(s, &nr));
		assert_true(nr >= 4);
		assert_nobody_moves(&v);
		session_end(s);
	}
	victim_await_rounds(&v, 1000);
	close_victim(&v, &proc);
}

static void stop_can_be_repeated_in_one_session(void **state)
{
	struct victim v = victim_start(churn, NULL);
	struct process proc;
	struct session *s;
	size_t nr;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	for (int i = 0; i < 50; i++) {

		borrow_thread(s);
		return_thread(s);
		resume_first(s);
		stop_all(s);
		assert_nobody_moves(&v);
		session_resume_all(s);
		assert_null(session_threads(s, &nr));
		victim_await_rounds(&v, 100);
	}
	session_end(s);
	close_victim(&v, &proc);
}

/* Whether no idle processor may sleep; to open the file asks for nothing. */
static bool stay_awake(void)
{
	const int fd = open("/dev/cpu_dma_latency", O_RDONLY | O_CLOEXEC);
	int32_t microseconds;

	if (fd < 0)
		skip();
	assert_int_equal(read(fd, &microseconds, sizeof(microseconds)), sizeof(microseconds));
	close(fd);
	return microseconds == 0;
}

/* Other programs may ask for it, but those that stop a process as we do not for long. */
static bool may_sleep_soon(void)
{
	const uint64_t until = deadline_in(5);

	while (stay_awake())
		if (is_past(until))
			return false;
	return true;
}

static void idle_processors_stay_awake_during_a_stop(void **state)
{
	struct victim v = victim_start(two_threads, NULL);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	if (!may_sleep_soon())
		skip();
	s = begin_session(&proc, 20);
	stop_all(s);
	assert_true(stay_awake());
	session_resume_all(s);
	assert_true(may_sleep_soon());
	session_end(s);
	close_victim(&v, &proc);
}

static void many_threads_are_stopped(void **state)
{
	struct victim v = victim_start(many_threads, NULL);
	struct process proc;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 5; i++) {
		struct session *s = begin_session(&proc, 20);

		stop_all(s);
		assert_nobody_moves(&v);
		session_end(s);
	}
	close_victim(&v, &proc);
}

static void threads_are_described_while_stopped(void **state)
{
	struct victim v = victim_start(two_threads, NULL);
	const struct stopped_thread *threads;
	struct process proc;
	struct session *s;
	size_t nr;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	stop_all(s);
	threads = session_threads(s, &nr);
	assert_int_equal(nr, 2);
	assert_int_equal(threads[0].tid, v.pid);
	for (size_t i = 0; i < nr; i++) {
		assert_true(threads[i].pc != 0);
		assert_true(threads[i].sp != 0);
		assert_true(threads[i].tls != 0);
	}
	assert_true(threads[0].tls != threads[1].tls);
	session_end(s);
	close_victim(&v, &proc);
}

static void process_without_its_first_thread_is_stopped(void **state)
{
	struct victim v = victim_start(leader_ends, NULL);
	struct ulp_region *regions;
	struct process proc;
	struct session *s;
	struct ulp_err err;
	size_t nr;

	(void)state;
	await_state(v.pid, v.pid, "Z");
	open_victim(&v, &proc);
	assert_true(process_alive(&proc));
	assert_true(proc.at_phdr != 0);
	assert_succeeds(process_regions(&proc, &regions, NULL, &nr, &err), &err);
	assert_true(nr > 5);
	free(regions);
	s = begin_session(&proc, 20);
	borrow_thread(s);
	return_thread(s);
	stop_all(s);
	(void)session_threads(s, &nr);
	assert_int_equal(nr, 1);
	assert_nobody_moves(&v);
	session_resume_all(s);
	victim_await_rounds(&v, 100);
	session_end(s);
	close_victim(&v, &proc);
}

/* The others go on while we wait for the child, and the deadline holds. */
static void child_of_vfork_is_waited_for(void **state)
{
	struct victim v = victim_start(vfork_parent, NULL);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	while (atomic_load(&v.board->tid) == 0)
		victim_await_rounds(&v, 1);
	await_state(v.pid, atomic_load(&v.board->tid), "D");
	s = NULL;
	assert_succeeds(session_begin(&proc, deadline_in(1), &s, &err), &err);
	assert_int_equal(session_stop_all(s, &err), ULP_ESTOP);
	assert_non_null(strstr(err.text, "vfork"));
	victim_await_rounds(&v, 1000);
	session_end(s);

	s = begin_session(&proc, 20);
	atomic_store(&v.board->go, true);
	stop_all(s);
	assert_nobody_moves(&v);
	session_end(s);
	close_victim(&v, &proc);
}

/* As in a container where it may not be called: the parent does not stop before the child is gone.
 */
static void child_of_vfork_is_waited_for_without_kcmp(void **state)
{
	is_kcmp_forbidden = true;
	child_of_vfork_is_waited_for(state);
	is_kcmp_forbidden = false;
}

/* The others do not notice that the stop failed, and neither does that one. */
static void calls_survive_a_stop_that_fails(void **state)
{
	struct victim v = victim_start(one_does_not_stop, NULL);
	uint64_t until = deadline_in(20);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	while (atomic_load(&v.board->tid) == 0 || atomic_load(&v.board->rounds) < NR_WAITERS)
		assert_false(is_past(until));
	await_state(v.pid, atomic_load(&v.board->tid), "D");
	s = begin_session(&proc, 1);
	assert_int_equal(session_stop_all(s, &err), ULP_ESTOP);
	assert_int_equal(err.code, ULP_ESTOP);
	assert_non_null(strstr(err.text, "state D"));
	/* It was asked to stop and does so now: the watch lets it go on. */
	atomic_store(&v.board->go, true);
	while (atomic_load(&v.board->value) == 0)
		assert_false(is_past(until));
	session_end(s);
	s = begin_session(&proc, 20);
	stop_all(s);
	session_end(s);
	close_victim(&v, &proc);
}

/* It may be stopped at once nevertheless; but it did not end. */
static void deadline_in_the_past_is_no_end_of_the_process(void **state)
{
	struct victim v = victim_start(churn, NULL);
	struct process proc;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 100; i++) {
		struct session *s = NULL;
		enum ulp_code code = session_begin(&proc, 0, &s, NULL);

		assert_true(code == ULP_OK || code == ULP_ESTOP);
		if (code == ULP_OK)
			session_end(s);
	}
	victim_await_rounds(&v, 1000);
	close_victim(&v, &proc);
}

static void nobody_waits_for_long_for_a_thread_that_does_not_stop(void **state)
{
	struct victim v = victim_start(one_in_kernel, NULL);
	struct process proc;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 4; i++) {
		struct session *s = begin_session(&proc, 30);

		stop_all(s);
		assert_nobody_moves(&v);
		session_end(s);
		victim_await_rounds(&v, 1000);
	}
	/* A tenth of a second twice, for those that stop meanwhile; not most of the call. */
	assert_true(atomic_load(&v.board->signals) * 2 < atomic_load(&v.board->value));
	close_victim(&v, &proc);
}

static void process_that_forks_all_the_time_is_stopped(void **state)
{
	struct victim v = victim_start(vfork_churn, NULL);
	struct process proc;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 30; i++) {
		struct session *s = begin_session(&proc, 20);

		stop_all(s);
		assert_nobody_moves(&v);
		session_end(s);
	}
	victim_await_rounds(&v, 1000);
	close_victim(&v, &proc);
}

static void process_stopped_by_the_user_stays_stopped(void **state)
{
	struct victim v = victim_start(two_threads, NULL);
	struct process proc;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 30; i++) {
		struct session *s;

		kill(v.pid, SIGSTOP);
		await_state(v.pid, v.pid, "T");
		s = begin_session(&proc, 20);
		stop_all(s);
		session_resume_all(s);
		victim_await_silence(&v);
		stop_all(s);
		session_end(s);
		await_state(v.pid, v.pid, "T");
		kill(v.pid, SIGCONT);
		victim_await_rounds(&v, 1000);
	}
	close_victim(&v, &proc);
}

static void traced_process_is_reported_with_its_tracer(void **state)
{
	struct victim v = victim_start(two_threads, NULL);
	struct process proc;
	struct session *s;
	struct ulp_err err;
	int ready[2];
	char name[64], byte;
	pid_t tracer;

	(void)state;
	open_victim(&v, &proc);
	assert_int_equal(pipe(ready), 0);
	tracer = fork();
	if (tracer == 0) {
		if (ptrace(PTRACE_SEIZE, v.pid, NULL, NULL) == 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(session_begin(&proc, deadline_in(20), &s, &err), ULP_ETRACED);
	assert_non_null(strstr(err.text, task_name(tracer, name, sizeof(name))));
	kill(tracer, SIGKILL);
	waitpid(tracer, NULL, 0);
	s = begin_session(&proc, 20);
	session_end(s);
	close(ready[0]);
	close(ready[1]);
	close_victim(&v, &proc);
}

/* Waits until the victim is another program. */
static void await_name(pid_t pid, const char *name)
{
	uint64_t until = deadline_in(20);
	char buf[64];

	while (strcmp(task_name(pid, buf, sizeof(buf)), name) != 0)
		assert_false(is_past(until));
}

static void victim_kill(struct victim *v)
{
	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
}

static void process_that_executes_another_program_is_gone(void **state)
{
	struct victim v = victim_start(exec_when_told, NULL);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	resume_first(s);
	atomic_store(&v.board->go, true);
	await_name(v.pid, "sh");
	assert_int_equal(session_stop_all(s, &err), ULP_EGONE);
	assert_int_equal(session_borrow(s, CODE, FRAME, VICTIM_FRAME_LEN, &err), ULP_EGONE);
	session_end(s);
	assert_int_equal(session_begin(&proc, deadline_in(20), &s, &err), ULP_EGONE);
	process_close(&proc);
	victim_kill(&v);
}

/* Whether the new program runs, while our session goes on. */
static void await_untraced(pid_t pid)
{
	const uint64_t until = deadline_in(20);
	struct task_status status;

	do {
		assert_false(is_past(until));
		usleep(200);
		assert_true(task_status(pid, pid, &status));
	} while (status.tracer != 0);
}

static void assert_executed(enum ulp_code code, const struct ulp_err *err)
{
	assert_int_equal(code, ULP_EGONE);
	assert_non_null(strstr(err->text, "executed another program"));
}

/* The number of the leader becomes that of the thread, while it halts for us. */
static void thread_that_executes_another_program_is_gone(void **state)
{
	struct victim v = victim_start(thread_executes, NULL);
	const pid_t tid = atomic_load(&v.board->tid);
	struct tracee executor, leader;
	struct ulp_err err;
	sigset_t set, old;

	(void)state;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	assert_succeeds(tracee_seize(v.pid, tid, &executor, &err), &err);
	atomic_store(&v.board->go, true);
	await_name(v.pid, "sh");
	await_state(v.pid, v.pid, "t");
	assert_executed(tracee_seize(v.pid, v.pid, &leader, &err), &err);
	(void)tracee_interrupt(&executor);
	assert_executed(tracee_await_stop(&executor, deadline_in(20), false, &err), &err);
	assert_int_equal(executor.state, TRACEE_GONE);
	await_untraced(v.pid);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	victim_kill(&v);
}

static void let_execute(void *ctx, struct stopped_thread *threads, size_t nr)
{
	const struct victim *v = ctx;

	(void)threads;
	(void)nr;
	atomic_store(&v->board->go, true);
}

/* 0: the session has ended as it should, before its deadline, and the program ran before that. */
static int stop_until_executed(const struct victim *v)
{
	const uint64_t until = deadline_in(20);
	struct task_status status;
	enum ulp_code code = ULP_OK;
	struct process proc;
	struct session *s;

	if (process_open(v->pid, &proc, NULL) != ULP_OK ||
	    session_begin(&proc, until, &s, NULL) != ULP_OK)
		return 1;
	session_set_look(s, let_execute, (void *)(uintptr_t)v);
	while (code == ULP_OK) {
		code = session_stop_all(s, NULL);
		if (code == ULP_OK)
			session_resume_all(s);
	}
	if (code != ULP_EGONE)
		return 2;
	do {
		if (is_past(until) || !task_status(v->pid, v->pid, &status))
			return 3;
	} while (status.tracer != 0);
	session_end(s);
	return is_past(until) ? 4 : 0;
}

/*
 * It does so when the leader is stopped, or when it is its own turn.  By a tool that is not the
 * victim's parent: that one would be told of the victim's end also if it does not trace it.
 */
static void program_executed_by_a_thread_during_a_stop_is_let_go(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		struct victim v = victim_start(thread_executes, NULL);
		pid_t tool = fork();
		int status;

		if (tool == 0)
			_exit(stop_until_executed(&v));
		assert_int_equal(waitpid(tool, &status, 0), tool);
		assert_int_equal(status, 0);
		await_name(v.pid, "sh");
		victim_kill(&v);
	}
}

/* Its last thread does not stop any more. */
static void process_that_takes_long_to_end_is_gone(void **state)
{
	struct victim v = victim_start(child_takes_long_to_end, NULL);
	const pid_t child = atomic_load(&v.board->tid);
	const uint64_t until = deadline_in(20);
	struct process proc;
	struct task_stat stat;
	struct session *s;
	struct ulp_err err;

	(void)state;
	if (child == 0) {
		victim_finish(&v);
		skip();
	}
	assert_succeeds(process_open(child, &proc, &err), &err);
	atomic_store(&v.board->go, true);
	do {
		assert_false(is_past(until));
		assert_true(task_stat(child, child, &stat));
	} while (!stat.exiting);
	assert_int_not_equal(stat.state, 'Z');
	assert_false(process_alive(&proc));
	assert_int_equal(tasks_live(child), 0);
	assert_int_equal(session_begin(&proc, deadline_in(20), &s, &err), ULP_EGONE);
	process_close(&proc);
	victim_finish(&v);
}

static void process_that_is_killed_is_gone(void **state)
{
	struct victim v = victim_start(churn, NULL);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	stop_all(s);
	kill(v.pid, SIGKILL);
	session_resume_all(s);
	assert_int_equal(session_stop_all(s, &err), ULP_EGONE);
	session_end(s);
	waitpid(v.pid, NULL, 0);
	process_close(&proc);
}

/* The caller dies with everything stopped. */
static void threads_run_on_when_the_tool_is_killed(void **state)
{
	struct victim v = victim_start(churn, NULL);

	(void)state;
	for (unsigned int i = 0; i < 50; i++) {
		const struct timespec pause = {.tv_nsec =
						       200000 + (long)(i * 7919u % 3000u) * 1000};
		pid_t tool = fork();

		if (tool == 0) {
			struct process proc;

			if (process_open(v.pid, &proc, NULL) != ULP_OK)
				_exit(1);
			for (;;) {
				struct session *s;

				if (session_begin(&proc, deadline_in(20), &s, NULL) != ULP_OK ||
				    session_stop_all(s, NULL) != ULP_OK)
					_exit(2);
				session_end(s);
			}
		}
		nanosleep(&pause, NULL);
		kill(tool, SIGKILL);
		waitpid(tool, NULL, 0);
		victim_await_rounds(&v, 100);
	}
	victim_finish(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First, for it cannot tell what an earlier one has left from another program. */
		cmocka_unit_test(idle_processors_stay_awake_during_a_stop),
		cmocka_unit_test(stop_is_complete_while_threads_come_and_go),
		cmocka_unit_test(stop_can_be_repeated_in_one_session),
		cmocka_unit_test(many_threads_are_stopped),
		cmocka_unit_test(threads_are_described_while_stopped),
		cmocka_unit_test(process_without_its_first_thread_is_stopped),
		cmocka_unit_test(child_of_vfork_is_waited_for),
		cmocka_unit_test(child_of_vfork_is_waited_for_without_kcmp),
		cmocka_unit_test(calls_survive_a_stop_that_fails),
		cmocka_unit_test(deadline_in_the_past_is_no_end_of_the_process),
		cmocka_unit_test(nobody_waits_for_long_for_a_thread_that_does_not_stop),
		cmocka_unit_test(process_that_forks_all_the_time_is_stopped),
		cmocka_unit_test(process_stopped_by_the_user_stays_stopped),
		cmocka_unit_test(traced_process_is_reported_with_its_tracer),
		cmocka_unit_test(process_that_executes_another_program_is_gone),
		cmocka_unit_test(thread_that_executes_another_program_is_gone),
		cmocka_unit_test(program_executed_by_a_thread_during_a_stop_is_let_go),
		cmocka_unit_test(process_that_takes_long_to_end_is_gone),
		cmocka_unit_test(process_that_is_killed_is_gone),
		cmocka_unit_test(threads_run_on_when_the_tool_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
