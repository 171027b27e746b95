/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Borrowing a thread at any instant, and what it does not notice of that.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/victim_session.h"
#include "trigger/remote_space.h"
#include "trigger/tasks.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Rounds of a canary's loop: some tens of microseconds. */
#define CANARY_ROUNDS 60000ul

/* --- the victim that works -------------------------------------------------- */

/* All that a program does between two rounds; a thread answers through pipes. */
struct work {
	int to[2];
	int from[2];
	int epoll;
	int event;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	unsigned long asked;
	unsigned long answered;
	bool tool_dies; /* a tool that is killed before it resumes us may cause EINTR */
	sigset_t mask;
	stack_t altstack;
	struct board *board;
};

static struct board *signal_board;

static void on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&signal_board->signals, 1);
}

static void *partner(void *arg)
{
	struct work *w = arg;
	unsigned long number;

	while (read(w->to[0], &number, sizeof(number)) == (ssize_t)sizeof(number)) {
		const uint64_t one = 1;

		number = ~number;
		if (write(w->from[1], &number, sizeof(number)) != (ssize_t)sizeof(number) ||
		    write(w->event, &one, sizeof(one)) != (ssize_t)sizeof(one))
			victim_fail(w->board, "the partner cannot answer");
		pthread_mutex_lock(&w->mutex);
		w->answered++;
		pthread_cond_signal(&w->cond);
		pthread_mutex_unlock(&w->mutex);
	}
	return NULL;
}

static void ask_partner(struct work *w, struct board *board, unsigned long round)
{
	struct epoll_event event;
	unsigned long answer = 0;
	uint64_t count = 0;
	int n;

	/* No signal has a handler here: EINTR would be ours. */
	if (write(w->to[1], &round, sizeof(round)) != (ssize_t)sizeof(round))
		victim_fail(board, "cannot write to the pipe");
	w->asked++;
	do
		n = epoll_wait(w->epoll, &event, 1, -1);
	while (n < 0 && errno == EINTR && w->tool_dies);
	if (n != 1)
		victim_fail(board, n < 0 && errno == EINTR ? "epoll_wait: EINTR"
							   : "epoll_wait: wrong result");
	if (read(w->event, &count, sizeof(count)) != (ssize_t)sizeof(count) || count != 1)
		victim_fail(board, "wrong count in the eventfd");
	if (read(w->from[0], &answer, sizeof(answer)) != (ssize_t)sizeof(answer) ||
	    answer != ~round)
		victim_fail(board, "wrong answer from the pipe");
	pthread_mutex_lock(&w->mutex);
	while (w->answered != w->asked)
		pthread_cond_wait(&w->cond, &w->mutex);
	pthread_mutex_unlock(&w->mutex);
}

static void use_malloc(struct board *board)
{
	static void *blocks[64];

	for (size_t i = 0; i < 64; i++) {
		size_t len = 16 + i * 97;

		free(blocks[i]);
		blocks[i] = malloc(len);
		if (blocks[i] == NULL)
			victim_fail(board, "malloc");
		else
			memset(blocks[i], (int)i, len);
	}
}

/* The signal mask and the alternate stack are part of what is given back. */
static void check_signal_state(const struct work *w, struct board *board)
{
	sigset_t mask;
	stack_t stack;

	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int number = 1; number <= 31; number++) {
		if (sigismember(&mask, number) != sigismember(&w->mask, number))
			victim_fail(board, "the signal mask changed");
	}
	sigaltstack(NULL, &stack);
	if (stack.ss_sp != w->altstack.ss_sp || stack.ss_size != w->altstack.ss_size ||
	    stack.ss_flags != w->altstack.ss_flags)
		victim_fail(board, "the alternate signal stack changed");
}

static void set_signal_state(struct work *w)
{
	static unsigned char stack[64 << 10];

	w->altstack = (stack_t){.ss_sp = stack, .ss_size = sizeof(stack)};
	sigaltstack(&w->altstack, NULL);
	sigemptyset(&w->mask);
	sigaddset(&w->mask, SIGUSR1);
	sigaddset(&w->mask, SIGTERM);
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
}

static void work_open(struct work *w, struct board *board, pthread_t *thread, bool tool_dies)
{
	struct epoll_event event = {.events = EPOLLIN};

	*w = (struct work){.board = board, .tool_dies = tool_dies};
	set_signal_state(w);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->cond, NULL);
	w->epoll = epoll_create1(0);
	w->event = eventfd(0, 0);
	if (pipe(w->to) != 0 || pipe(w->from) != 0 || w->epoll < 0 || w->event < 0 ||
	    epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->event, &event) != 0 ||
	    pthread_create(thread, NULL, partner, w) != 0)
		victim_fail(board, "cannot set up");
}

static void work(struct board *board, void *arg)
{
	static struct work w;
	pthread_t thread;

	work_open(&w, board, &thread, arg != NULL);
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit)) {
		const char *broken = victim_canaries(CANARY_ROUNDS);

		if (broken != NULL)
			victim_fail(board, broken);
		use_malloc(board);
		check_signal_state(&w, board);
		ask_partner(&w, board, atomic_load(&board->rounds));
		atomic_fetch_add(&board->rounds, 1);
	}
	close(w.to[1]);
	pthread_join(thread, NULL);
}

/* Without epoll_wait, which may rightly return EINTR, but under 5000 signals a second. */
static void work_under_signals(struct board *board, void *arg)
{
	const struct itimerval timer = {{0, 200}, {0, 200}};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	(void)arg;
	signal_board = board;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit)) {
		const char *broken = victim_canaries(CANARY_ROUNDS);

		if (broken != NULL)
			victim_fail(board, broken);
		use_malloc(board);
		atomic_fetch_add(&board->rounds, 1);
	}
}

/* --- borrowing --------------------------------------------------------------- */

static void call(struct session *s, long nr, const uint64_t args[6], int64_t *ret)
{
	struct ulp_err err;

	assert_succeeds(session_syscall(s, nr, args, ret, &err), &err);
}

/* getpid, a mapping made, written, and removed. */
static void use_borrowed(struct session *s, const struct process *proc)
{
	static const uint64_t none[6];
	const uint64_t map[6] = {
		0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
	struct remote_space rs;
	uint64_t word = 0x0123456789abcdef, back = 0;
	struct ulp_err err;
	int64_t ret = 0;

	call(s, SYS_getpid, none, &ret);
	assert_int_equal(ret, proc->pid);
	call(s, SYS_mmap, map, &ret);
	assert_true(ret > 0);
	remote_space_init(&rs, proc);
	rs.session = s;
	assert_succeeds(space_write(&rs.space, (uint64_t)ret + 4096, &word, sizeof(word), &err),
			&err);
	assert_succeeds(space_read(&rs.space, (uint64_t)ret + 4096, &back, sizeof(back), &err),
			&err);
	assert_true(back == word);
	assert_succeeds(rs.space.ops->unmap(&rs.space, remote_at((uint64_t)ret), 8192, &err), &err);
}

static void borrow_once(const struct process *proc)
{
	struct session *s = begin_session(proc, 20);

	borrow_thread(s);
	use_borrowed(s, proc);
	return_thread(s);
	session_end(s);
}

static void borrow_often(victim_fn *fn, unsigned int times)
{
	struct victim v = victim_start(fn, NULL);
	struct process proc;

	open_victim(&v, &proc);
	for (unsigned int i = 0; i < times; i++)
		borrow_once(&proc);
	victim_await_rounds(&v, 10);
	close_victim(&v, &proc);
}

static void borrowed_thread_notices_nothing(void **state)
{
	(void)state;
	borrow_often(work, 2000);
}

static void borrowed_thread_gets_its_signals(void **state)
{
	(void)state;
	borrow_often(work_under_signals, 1000);
}

/* --- the tool dies -------------------------------------------------------------- */

/* What a tool does, again and again, until it is killed. */
static _Noreturn void be_a_tool(pid_t pid)
{
	static const uint64_t none[6];
	struct process proc;
	struct session *s;

	if (process_open(pid, &proc, NULL) != ULP_OK)
		_exit(1);
	for (;;) {
		int64_t ret = 0;

		if (session_begin(&proc, deadline_in(20), &s, NULL) != ULP_OK ||
		    session_borrow(s, CODE, FRAME, VICTIM_FRAME_LEN, NULL) != ULP_OK)
			_exit(2);
		for (int i = 0; i < 3; i++) {
			if (session_syscall(s, SYS_getpid, none, &ret, NULL) != ULP_OK ||
			    ret != pid)
				_exit(3);
		}
		if (session_return(s, NULL) != ULP_OK)
			_exit(4);
		session_end(s);
	}
}

/* Kills a tool after some time that differs from call to call. */
static void kill_a_tool(pid_t pid, unsigned int i)
{
	const struct timespec pause = {.tv_nsec = 300000 + (long)(i * 7919u % 1500u) * 1000};
	int status;
	pid_t tool = fork();

	assert_int_not_equal(tool, -1);
	if (tool == 0)
		be_a_tool(pid);
	nanosleep(&pause, NULL);
	kill(tool, SIGKILL);
	assert_int_equal(waitpid(tool, &status, 0), tool);
	assert_true(WIFSIGNALED(status));
}

static void thread_restores_itself_when_tool_is_killed(void **state)
{
	struct victim v = victim_start(work, &v);

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		kill_a_tool(v.pid, i);
		if (i % 20 == 0)
			victim_await_rounds(&v, 2);
	}
	victim_await_rounds(&v, 10);
	victim_finish(&v);
}

/* --- special states ---------------------------------------------------------------- */

static bool is_stopped(pid_t pid)
{
	struct task_stat stat;

	return task_stat(pid, pid, &stat) && stat.state == 'T';
}

/* The user's SIGSTOP, before and during a session, lasts until the user's SIGCONT. */
static void stopped_process_can_be_borrowed_and_stays_stopped(void **state)
{
	struct victim v = victim_start(work, NULL);
	struct process proc;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 50; i++) {
		kill(v.pid, SIGSTOP);
		await_state(v.pid, v.pid, "T");
		borrow_once(&proc);
		await_state(v.pid, v.pid, "T");
		kill(v.pid, SIGCONT);
		victim_await_rounds(&v, 1);
	}
	close_victim(&v, &proc);
}

static void stop_during_the_session_is_kept(void **state)
{
	struct victim v = victim_start(work, NULL);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 50; i++) {
		s = begin_session(&proc, 20);
		borrow_thread(s);
		kill(v.pid, SIGSTOP);
		use_borrowed(s, &proc);
		return_thread(s);
		session_end(s);
		await_state(v.pid, v.pid, "T");
		kill(v.pid, SIGCONT);
		victim_await_rounds(&v, 1);
		assert_false(is_stopped(v.pid));
	}
	close_victim(&v, &proc);
}

static void continue_during_the_session_is_kept(void **state)
{
	struct victim v = victim_start(work, NULL);
	struct process proc;
	struct session *s;

	(void)state;
	open_victim(&v, &proc);
	for (int i = 0; i < 50; i++) {
		kill(v.pid, SIGSTOP);
		await_state(v.pid, v.pid, "T");
		s = begin_session(&proc, 20);
		borrow_thread(s);
		kill(v.pid, SIGCONT);
		use_borrowed(s, &proc);
		return_thread(s);
		session_end(s);
		victim_await_rounds(&v, 1);
	}
	close_victim(&v, &proc);
}

/* Signals to a thread that is seized and runs are passed on while the tool does other things. */
static void seized_thread_gets_signals_while_it_runs(void **state)
{
	struct victim v = victim_start(work_under_signals, NULL);
	struct process proc;
	struct session *s;
	unsigned long before;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	resume_first(s);
	before = atomic_load(&v.board->signals);
	while (atomic_load(&v.board->signals) < before + 10)
		victim_await_rounds(&v, 10);
	borrow_thread(s);
	use_borrowed(s, &proc);
	resume_first(s);
	kill(v.pid, SIGSTOP);
	victim_await_silence(&v);
	kill(v.pid, SIGCONT);
	victim_await_rounds(&v, 10);
	session_end(s);
	victim_await_rounds(&v, 10);
	close_victim(&v, &proc);
}

/* --- seccomp -------------------------------------------------------------------------- */

/* From now on mmap and getpid kill the process. */
static bool forbid_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void work_filtered(struct board *board, void *arg)
{
	(void)arg;
	if (!forbid_calls())
		victim_fail(board, "cannot set a seccomp filter");
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit)) {
		const char *broken = victim_canaries(CANARY_ROUNDS);

		if (broken != NULL)
			victim_fail(board, broken);
		atomic_fetch_add(&board->rounds, 1);
	}
}

/* Whether we may suspend a filter: otherwise the refusal is what is tested. */
static bool may_suspend(void)
{
	struct task_status status;

	return geteuid() == 0 && task_status(getpid(), getpid(), &status) && status.seccomp == 0;
}

static void seccomp_filter_is_suspended_or_the_process_refused(void **state)
{
	struct victim v = victim_start(work_filtered, NULL);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	assert_int_equal(proc.seccomp, 2);
	if (may_suspend()) {
		for (int i = 0; i < 100; i++)
			borrow_once(&proc);
	} else {
		s = begin_session(&proc, 20);
		assert_int_equal(session_borrow(s, CODE, FRAME, VICTIM_FRAME_LEN, &err),
				 ULP_EUNSUP);
		session_end(s);
	}
	victim_await_rounds(&v, 10);
	close_victim(&v, &proc);
}

/*
 * A target that wants its own code to run without its filter: handlers of a
 * signal that cannot be blocked interrupt the borrowed thread all the time.
 */
static void try_getpid(int number)
{
	(void)number;
	if (syscall(SYS_getpid) > 0)
		victim_fail(signal_board, "a handler ran with the filter suspended");
	atomic_fetch_add(&signal_board->signals, 1);
}

static bool refuse_getpid(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpid, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
	};
	const struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void *send_faults(void *arg)
{
	const struct timespec pause = {.tv_nsec = 20000};
	const pid_t pid = *(const pid_t *)arg;

	while (!atomic_load(&signal_board->quit)) {
		syscall(SYS_tgkill, pid, pid, SIGSEGV);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void work_hostile(struct board *board, void *arg)
{
	struct sigaction action = {.sa_handler = try_getpid, .sa_flags = SA_RESTART};
	pid_t pid = getpid();
	pthread_t thread;

	(void)arg;
	signal_board = board;
	sigaction(SIGSEGV, &action, NULL);
	if (!refuse_getpid() || pthread_create(&thread, NULL, send_faults, &pid) != 0)
		victim_fail(board, "cannot set up");
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit))
		atomic_fetch_add(&board->rounds, 1);
	pthread_join(thread, NULL);
}

static void handler_does_not_escape_the_filter(void **state)
{
	static const uint64_t none[6];
	struct victim v;
	struct process proc;
	struct session *s;

	(void)state;
	if (!may_suspend()) {
		print_message("only root may suspend a filter\n");
		skip();
	}
	v = victim_start(work_hostile, NULL);
	open_victim(&v, &proc);
	for (int i = 0; i < 300; i++) {
		unsigned long before = atomic_load(&v.board->signals);
		int64_t ret = 0;

		s = begin_session(&proc, 20);
		borrow_thread(s);
		for (int n = 0; n < 10; n++) {
			call(s, SYS_getpid, none, &ret);
			assert_int_equal(ret, proc.pid);
		}
		resume_first(s);
		while (atomic_load(&v.board->signals) == before)
			victim_await_rounds(&v, 1);
		session_end(s);
	}
	close_victim(&v, &proc);
}

/* --- restartable sequences ---------------------------------------------------------------- */

#define RSEQ_BATCH 1000ul

/* The libc registered one for each thread (glibc 2.35); else there is nothing to test. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

/* Interrupted sequences must be aborted: while one is, a signal handler adds to the counter too. */
static uint64_t rseq_counter;
static uint64_t rseq_expected;

static void add_in_handler(int number)
{
	(void)number;
	rseq_counter++;
	rseq_expected++;
}

/* Twice: what the test adds to both may come between the two that are compared. */
static bool counters_differ(void)
{
	const volatile uint64_t *counter = &rseq_counter, *expected = &rseq_expected;

	return *counter != *expected && *counter != *expected;
}

static void work_rseq(struct board *board, void *arg)
{
	struct sigaction action = {.sa_handler = add_in_handler, .sa_flags = SA_RESTART};
	char *self = (char *)__builtin_thread_pointer() + __rseq_offset;

	(void)arg;
	sigaction(SIGALRM, &action, NULL);
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit)) {
		victim_rseq_add(self, &rseq_counter, RSEQ_BATCH);
		__atomic_fetch_add(&rseq_expected, RSEQ_BATCH, __ATOMIC_SEQ_CST);
		if (counters_differ())
			victim_fail(board, "a restartable sequence was resumed, not aborted");
		atomic_fetch_add(&board->rounds, 1);
	}
}

/*
 * The counter is changed from outside while the thread is borrowed, as another
 * thread on the same processor would: a sequence that is resumed overwrites that.
 */
static void add_from_outside(struct session *s, const struct process *proc)
{
	struct remote_space rs;
	struct ulp_err err;
	uint64_t counter = 0, expected = 0;
	const uint64_t at = (uint64_t)(uintptr_t)&rseq_counter;
	const uint64_t expected_at = (uint64_t)(uintptr_t)&rseq_expected;

	remote_space_init(&rs, proc);
	rs.session = s;
	assert_succeeds(space_read(&rs.space, at, &counter, sizeof(counter), &err), &err);
	assert_succeeds(space_read(&rs.space, expected_at, &expected, sizeof(expected), &err),
			&err);
	counter += 1000000;
	expected += 1000000;
	assert_succeeds(space_write(&rs.space, at, &counter, sizeof(counter), &err), &err);
	assert_succeeds(space_write(&rs.space, expected_at, &expected, sizeof(expected), &err),
			&err);
}

static void restartable_sequence_is_aborted(void **state)
{
	struct victim v;
	struct process proc;
	struct session *s;

	(void)state;
	if (&__rseq_size == NULL || __rseq_size == 0) {
		print_message("the libc registers no restartable sequences\n");
		skip();
	}
	v = victim_start(work_rseq, NULL);
	open_victim(&v, &proc);
	for (int i = 0; i < 500; i++) {
		s = begin_session(&proc, 20);
		borrow_thread(s);
		use_borrowed(s, &proc);
		add_from_outside(s, &proc);
		return_thread(s);
		session_end(s);
	}
	victim_await_rounds(&v, 10);
	close_victim(&v, &proc);
}

/* --- refusals -------------------------------------------------------------------------------- */

static void frame_that_is_too_small_is_refused(void **state)
{
	struct victim v = victim_start(work, NULL);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	assert_int_equal(session_borrow(s, CODE, FRAME, 1024, &err), ULP_EUNSUP);
	session_end(s);
	victim_await_rounds(&v, 2);
	close_victim(&v, &proc);
}

/* The address comes from the process, which may want us to run something else. */
static void code_that_is_not_the_runtimes_is_refused(void **state)
{
	const uint64_t places[] = {CODE + 2, CODE - 1, FRAME, 0, 4096, UINT64_MAX - 4};
	struct victim v = victim_start(work, NULL);
	struct process proc;
	struct session *s;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		s = begin_session(&proc, 20);
		assert_int_equal(session_borrow(s, places[i], FRAME, VICTIM_FRAME_LEN, &err),
				 ULP_EREGISTRY);
		assert_int_equal(err.code, ULP_EREGISTRY);
		session_end(s);
		victim_await_rounds(&v, 2);
	}
	close_victim(&v, &proc);
}

static void process_that_ends_is_gone(void **state)
{
	struct victim v = victim_start(work, NULL);
	static const uint64_t none[6];
	struct process proc;
	struct session *s;
	struct ulp_err err;
	int64_t ret;

	(void)state;
	open_victim(&v, &proc);
	s = begin_session(&proc, 20);
	borrow_thread(s);
	kill(v.pid, SIGKILL);
	assert_int_equal(session_syscall(s, SYS_getpid, none, &ret, &err), ULP_EGONE);
	session_end(s);
	waitpid(v.pid, NULL, 0);
	assert_false(process_alive(&proc));
	process_close(&proc);
}

static void mapping_in_the_way_is_reported(void **state)
{
	struct victim v = victim_start(work, NULL);
	const struct remote place = remote_at((uint64_t)(uintptr_t)v.board);
	struct remote_space rs;
	struct process proc;
	struct ulp_err err;

	(void)state;
	open_victim(&v, &proc);
	remote_space_init(&rs, &proc);
	assert_int_equal(rs.space.ops->map(&rs.space, place, 4096, PROT_READ, false, &err),
			 ULP_ESYS);
	assert_int_equal(err.sys_errno, EBUSY);
	rs.session = begin_session(&proc, 20);
	borrow_thread(rs.session);
	assert_int_equal(rs.space.ops->map(&rs.space, place, 4096, PROT_READ, false, &err),
			 ULP_EROOM);
	session_end(rs.session);
	victim_await_rounds(&v, 2);
	close_victim(&v, &proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(borrowed_thread_notices_nothing),
		cmocka_unit_test(borrowed_thread_gets_its_signals),
		cmocka_unit_test(thread_restores_itself_when_tool_is_killed),
		cmocka_unit_test(stopped_process_can_be_borrowed_and_stays_stopped),
		cmocka_unit_test(stop_during_the_session_is_kept),
		cmocka_unit_test(continue_during_the_session_is_kept),
		cmocka_unit_test(seized_thread_gets_signals_while_it_runs),
		cmocka_unit_test(seccomp_filter_is_suspended_or_the_process_refused),
		cmocka_unit_test(handler_does_not_escape_the_filter),
		cmocka_unit_test(restartable_sequence_is_aborted),
		cmocka_unit_test(frame_that_is_too_small_is_refused),
		cmocka_unit_test(code_that_is_not_the_runtimes_is_refused),
		cmocka_unit_test(process_that_ends_is_gone),
		cmocka_unit_test(mapping_in_the_way_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
