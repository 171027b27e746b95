/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Blocking system calls: a thread that is stopped, borrowed, or left alone by a
 * dying tool in the middle of one gets neither EINTR nor a wrong result.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/victim_session.h"
#include "trigger/tasks.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NR_STOPS 8
#define SLEEP_MS 400u

/* What the calls wait for; made before the fork, so that both sides have it. */
struct fixture {
	const struct call *call;
	int pipe[2];
	int socket[2]; /* [0] has a receive timeout of 60 s */
	int listener;
	struct sockaddr_un address;
	socklen_t address_len;
	int epoll; /* of pipe[0] */
	int semaphore;
	atomic_int *word; /* shared */
};

/* One system call. */
struct call {
	const char *name;
	long nr;
	long (*block)(struct fixture *f); /* result, or -errno */
	void (*finish)(struct fixture *f, pid_t pid);
	long expected;
};

/* --- the calls -------------------------------------------------------------------- */

static long or_errno(long result)
{
	return result < 0 ? -errno : result;
}

static long block_read(struct fixture *f)
{
	char byte = 0;
	long n = or_errno(read(f->pipe[0], &byte, 1));

	return n == 1 ? byte : n;
}

static long block_poll(struct fixture *f)
{
	struct pollfd fd = {.fd = f->pipe[0], .events = POLLIN};

	return or_errno(syscall(SYS_poll, &fd, 1, -1));
}

static long block_ppoll(struct fixture *f)
{
	struct pollfd fd = {.fd = f->pipe[0], .events = POLLIN};
	const struct timespec timeout = {.tv_sec = 60};
	sigset_t none;

	sigemptyset(&none);
	return or_errno(ppoll(&fd, 1, &timeout, &none));
}

static long block_epoll_wait(struct fixture *f)
{
	struct epoll_event event;

	return or_errno(syscall(SYS_epoll_wait, f->epoll, &event, 1, -1));
}

/* SIGUSR2 may come at any time from now on. */
static void unblock_usr2(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static long block_epoll_unblocked(struct fixture *f)
{
	unblock_usr2();
	return block_epoll_wait(f);
}

static long block_poll_unblocked(struct fixture *f)
{
	unblock_usr2();
	return block_poll(f);
}

/* SIGUSR2 can only come in here. */
static long block_epoll_pwait(struct fixture *f)
{
	struct epoll_event event;
	sigset_t none;

	sigemptyset(&none);
	return or_errno(epoll_pwait(f->epoll, &event, 1, -1, &none));
}

static void finish_pipe(struct fixture *f, pid_t pid)
{
	(void)pid;
	assert_int_equal(write(f->pipe[1], "x", 1), 1);
}

static long block_futex(struct fixture *f)
{
	return or_errno(syscall(SYS_futex, f->word, FUTEX_WAIT, 0, NULL, NULL, 0));
}

static long block_futex_timed(struct fixture *f)
{
	const struct timespec timeout = {.tv_sec = 60};

	return or_errno(syscall(SYS_futex, f->word, FUTEX_WAIT, 0, &timeout, NULL, 0));
}

static void finish_futex(struct fixture *f, pid_t pid)
{
	(void)pid;
	/* The word stays: a wake-up that is lost is not made good by its value. */
	assert_int_equal(syscall(SYS_futex, f->word, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
}

static long block_nanosleep(struct fixture *f)
{
	const struct timespec time = {.tv_nsec = SLEEP_MS * 1000000l};
	const uint64_t start = deadline_in(0);
	long result = or_errno(syscall(SYS_nanosleep, &time, NULL));

	(void)f;
	return result == 0 && deadline_in(0) - start < SLEEP_MS * 1000000ull ? -ETIME : result;
}

static void finish_nothing(struct fixture *f, pid_t pid)
{
	(void)f;
	(void)pid;
}

static long block_sigtimedwait(struct fixture *f)
{
	const struct timespec timeout = {.tv_sec = 60};
	siginfo_t info;
	sigset_t set;

	(void)f;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return or_errno(sigtimedwait(&set, &info, &timeout));
}

static void finish_usr1(struct fixture *f, pid_t pid)
{
	(void)f;
	kill(pid, SIGUSR1);
}

static long block_semop(struct fixture *f)
{
	struct sembuf take = {.sem_op = -1};

	return or_errno(syscall(SYS_semop, f->semaphore, &take, 1));
}

static void finish_semop(struct fixture *f, pid_t pid)
{
	struct sembuf give = {.sem_op = 1};

	(void)pid;
	assert_int_equal(semop(f->semaphore, &give, 1), 0);
}

static long block_accept(struct fixture *f)
{
	long fd = or_errno(accept(f->listener, NULL, NULL));

	return fd < 0 ? fd : 0;
}

static void finish_accept(struct fixture *f, pid_t pid)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)pid;
	assert_int_equal(connect(fd, (struct sockaddr *)&f->address, f->address_len), 0);
	close(fd);
}

static long block_recv(struct fixture *f)
{
	char byte = 0;
	long n = or_errno(recv(f->socket[0], &byte, 1, 0));

	return n == 1 ? byte : n;
}

static void finish_recv(struct fixture *f, pid_t pid)
{
	(void)pid;
	assert_int_equal(send(f->socket[1], "y", 1, 0), 1);
}

static long block_pause(struct fixture *f)
{
	sigset_t none;

	(void)f;
	sigemptyset(&none);
	return or_errno(sigsuspend(&none));
}

/* The one signal that has a handler: now EINTR is right. */
static void finish_usr2(struct fixture *f, pid_t pid)
{
	(void)f;
	kill(pid, SIGUSR2);
}

static const struct call calls[] = {
	{"read", SYS_read, block_read, finish_pipe, 'x'},
	{"poll", SYS_poll, block_poll, finish_pipe, 1},
	{"ppoll", SYS_ppoll, block_ppoll, finish_pipe, 1},
	{"epoll_wait", SYS_epoll_wait, block_epoll_wait, finish_pipe, 1},
	{"epoll_pwait", SYS_epoll_pwait, block_epoll_pwait, finish_pipe, 1},
	{"futex", SYS_futex, block_futex, finish_futex, 0},
	{"futex with timeout", SYS_futex, block_futex_timed, finish_futex, 0},
	{"nanosleep", SYS_nanosleep, block_nanosleep, finish_nothing, 0},
	{"rt_sigtimedwait", SYS_rt_sigtimedwait, block_sigtimedwait, finish_usr1, SIGUSR1},
	{"semop", SYS_semop, block_semop, finish_semop, 0},
	{"accept", SYS_accept, block_accept, finish_accept, 0},
	{"recv with timeout", SYS_recvfrom, block_recv, finish_recv, 'y'},
	{"sigsuspend and signal", SYS_rt_sigsuspend, block_pause, finish_usr2, -EINTR},
	{"poll and signal", SYS_poll, block_poll_unblocked, finish_usr2, -EINTR},
	{"epoll_wait and signal", SYS_epoll_wait, block_epoll_unblocked, finish_usr2, -EINTR},
	{"epoll_pwait and signal", SYS_epoll_pwait, block_epoll_pwait, finish_usr2, -EINTR},
};
#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))

/* --- the victim --------------------------------------------------------------------- */

static struct board *signal_board;

static void on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&signal_board->signals, 1);
}

static void call_once(struct board *board, void *arg)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct fixture *f = arg;
	sigset_t blocked;

	signal_board = board;
	sigaction(SIGUSR2, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	atomic_store(&board->ready, true);
	atomic_store(&board->value, (unsigned long)f->call->block(f));
	atomic_store(&board->go, true);
	while (!atomic_load(&board->quit))
		usleep(1000);
}

static void fixture_open(struct fixture *f, const struct call *call)
{
	const struct timeval timeout = {.tv_sec = 60};
	struct epoll_event event = {.events = EPOLLIN};

	*f = (struct fixture){.call = call, .address = {.sun_family = AF_UNIX}};
	f->address_len = sizeof(f->address);
	f->word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(f->word, MAP_FAILED);
	assert_int_equal(pipe(f->pipe), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, f->socket), 0);
	assert_int_equal(
		setsockopt(f->socket[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), 0);
	f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	/* Without a name the kernel chooses one. */
	assert_int_equal(bind(f->listener, (struct sockaddr *)&f->address, sizeof(sa_family_t)), 0);
	assert_int_equal(getsockname(f->listener, (struct sockaddr *)&f->address, &f->address_len),
			 0);
	assert_int_equal(listen(f->listener, 1), 0);
	f->epoll = epoll_create1(0);
	assert_int_equal(epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->pipe[0], &event), 0);
	f->semaphore = semget(IPC_PRIVATE, 1, 0600);
	assert_int_not_equal(f->semaphore, -1);
}

static void fixture_close(struct fixture *f)
{
	const int fds[] = {f->pipe[0],	 f->pipe[1],  f->socket[0],
			   f->socket[1], f->listener, f->epoll};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	semctl(f->semaphore, 0, IPC_RMID);
	munmap(f->word, 4096);
}

/* Until the victim is asleep in its call, under its own number or as the restart of it. */
static void await_blocked(const struct victim *v, long nr)
{
	uint64_t until = deadline_in(20);
	char text[256];

	for (;;) {
		long now = -1;

		await_state(v->pid, v->pid, "S");
		if (task_read_file(text, sizeof(text), "/proc/%d/syscall", v->pid) > 0)
			now = strtol(text, NULL, 10);
		if (now == nr || now == SYS_restart_syscall)
			return;
		/* nanosleep may be over by now, or anything have gone wrong: the result tells. */
		if (atomic_load(&v->board->go))
			return;
		if (is_past(until))
			fail_msg("the victim is in system call %ld, not %ld", now, nr);
	}
}

/* --- what is done to it ------------------------------------------------------------------ */

static void stop_first(const struct process *proc)
{
	struct session *s = begin_session(proc, 20);

	session_end(s);
}

static void stop_and_resume_all(const struct process *proc)
{
	struct session *s = begin_session(proc, 20);

	stop_all(s);
	session_resume_all(s);
	session_end(s);
}

static void borrow_and_return(const struct process *proc)
{
	static const uint64_t none[6];
	struct session *s;
	struct ulp_err err;
	int64_t ret;

	s = begin_session(proc, 20);
	borrow_thread(s);
	assert_succeeds(session_syscall(s, SYS_getpid, none, &ret, &err), &err);
	assert_int_equal(ret, proc->pid);
	return_thread(s);
	session_end(s);
}

/* A process that ends at once in the middle of it; act is false where it did not come so far. */
typedef bool tool_fn(const struct process *proc);

static void tool_dies(tool_fn *act, const struct process *proc)
{
	int status = 0;
	pid_t tool = fork();

	if (tool == 0)
		_exit(act(proc) ? 0 : 1);
	assert_int_equal(waitpid(tool, &status, 0), tool);
	assert_int_equal(status, 0);
}

static bool borrows(const struct process *proc)
{
	static const uint64_t none[6];
	struct session *s;
	int64_t ret;

	return session_begin(proc, deadline_in(20), &s, NULL) == ULP_OK &&
	       session_borrow(s, CODE, FRAME, VICTIM_FRAME_LEN, NULL) == ULP_OK &&
	       session_syscall(s, SYS_getpid, none, &ret, NULL) == ULP_OK;
}

static void borrow_and_die(const struct process *proc)
{
	tool_dies(borrows, proc);
}

static bool stops(const struct process *proc)
{
	struct session *s;

	return session_begin(proc, deadline_in(20), &s, NULL) == ULP_OK &&
	       session_stop_all(s, NULL) == ULP_OK;
}

static void stop_and_die(const struct process *proc)
{
	tool_dies(stops, proc);
}

/*
 * By default nothing happens at SIGWINCH, so that the kernel drops it, unless the thread is traced.
 * It comes while the thread is seized and runs, and while it is stopped.
 */
static void stop_and_send_ignored_signal(const struct process *proc)
{
	struct session *s = begin_session(proc, 20);

	resume_first(s);
	kill(proc->pid, SIGWINCH);
	stop_all(s);
	kill(proc->pid, SIGWINCH);
	session_resume_all(s);
	session_end(s);
}

static void check_call(const struct call *call, void (*disturb)(const struct process *))
{
	struct fixture f;
	struct victim v;
	struct process proc;

	fixture_open(&f, call);
	v = victim_start(call_once, &f);
	open_victim(&v, &proc);
	for (int i = 0; i < NR_STOPS; i++) {
		await_blocked(&v, call->nr);
		disturb(&proc);
	}
	await_blocked(&v, call->nr);
	call->finish(&f, v.pid);
	await_flag(&v.board->go);
	if ((long)atomic_load(&v.board->value) != call->expected)
		fail_msg("%s gave %ld, not %ld", call->name, (long)atomic_load(&v.board->value),
			 call->expected);
	assert_int_equal(atomic_load(&v.board->signals), call->finish == finish_usr2);
	close_victim(&v, &proc);
	fixture_close(&f);
}

static void check_calls(void (*disturb)(const struct process *))
{
	for (size_t i = 0; i < NR_CALLS; i++)
		check_call(&calls[i], disturb);
}

static void call_survives_a_stop_of_its_thread(void **state)
{
	(void)state;
	check_calls(stop_first);
}

static void call_survives_a_stop_of_all_threads(void **state)
{
	(void)state;
	check_calls(stop_and_resume_all);
}

static void call_survives_an_ignored_signal(void **state)
{
	(void)state;
	check_calls(stop_and_send_ignored_signal);
}

static void call_survives_borrowing(void **state)
{
	(void)state;
	check_calls(borrow_and_return);
}

static void call_survives_the_death_of_the_tool(void **state)
{
	(void)state;
	check_calls(borrow_and_die);
	check_calls(stop_and_die);
}

/* --- a signal with a handler: it ends the call, and is handled once ------------------------ */

static void signal_while_stopped(const struct process *proc)
{
	struct session *s = begin_session(proc, 20);

	stop_all(s);
	kill(proc->pid, SIGUSR2);
	session_end(s);
}

static bool stops_and_signals(const struct process *proc)
{
	return stops(proc) && kill(proc->pid, SIGUSR2) == 0;
}

/* Nobody lets the threads go on but the kernel, when the tool is dead. */
static void signal_before_the_tool_dies(const struct process *proc)
{
	tool_dies(stops_and_signals, proc);
}

static bool signals_and_borrows(const struct process *proc)
{
	struct session *s;

	return session_begin(proc, deadline_in(20), &s, NULL) == ULP_OK &&
	       kill(proc->pid, SIGUSR2) == 0 &&
	       session_borrow(s, CODE, FRAME, VICTIM_FRAME_LEN, NULL) == ULP_OK;
}

static void signal_before_a_borrower_dies(const struct process *proc)
{
	tool_dies(signals_and_borrows, proc);
}

static void signal_while_borrowed(const struct process *proc)
{
	struct session *s = begin_session(proc, 20);

	borrow_thread(s);
	kill(proc->pid, SIGUSR2);
	return_thread(s);
	session_end(s);
}

/* The call is seen to twice, at the signal that is ignored and at the stop. */
static void signal_after_an_ignored_one(const struct process *proc)
{
	struct session *s = begin_session(proc, 20);

	resume_first(s);
	kill(proc->pid, SIGWINCH);
	stop_all(s);
	kill(proc->pid, SIGUSR2);
	session_resume_all(s);
	session_end(s);
}

static void signal_after_a_group_stop(const struct process *proc)
{
	struct session *s;

	kill(proc->pid, SIGSTOP);
	await_state(proc->pid, proc->pid, "T");
	s = begin_session(proc, 20);
	stop_all(s);
	session_resume_all(s);
	session_end(s);
	kill(proc->pid, SIGUSR2);
	kill(proc->pid, SIGCONT);
}

static void check_signal(const struct call *call, void (*signal_once)(const struct process *))
{
	struct fixture f;
	struct victim v;
	struct process proc;

	fixture_open(&f, call);
	v = victim_start(call_once, &f);
	open_victim(&v, &proc);
	await_blocked(&v, call->nr);
	signal_once(&proc);
	await_flag(&v.board->go);
	assert_int_equal((long)atomic_load(&v.board->value), -EINTR);
	assert_int_equal(atomic_load(&v.board->signals), 1);
	close_victim(&v, &proc);
	fixture_close(&f);
}

static void check_signals(void (*signal_once)(const struct process *))
{
	for (size_t i = 0; i < NR_CALLS; i++)
		if (calls[i].finish == finish_usr2)
			check_signal(&calls[i], signal_once);
}

static void signal_while_stopped_ends_the_call(void **state)
{
	(void)state;
	check_signals(signal_while_stopped);
	check_signals(signal_after_an_ignored_one);
	check_signals(signal_after_a_group_stop);
}

static void signal_while_borrowed_ends_the_call(void **state)
{
	(void)state;
	check_signals(signal_while_borrowed);
}

static void signal_ends_the_call_although_the_tool_is_dead(void **state)
{
	(void)state;
	check_signals(signal_before_the_tool_dies);
	check_signals(signal_before_a_borrower_dies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(call_survives_a_stop_of_its_thread),
		cmocka_unit_test(call_survives_a_stop_of_all_threads),
		cmocka_unit_test(call_survives_an_ignored_signal),
		cmocka_unit_test(call_survives_borrowing),
		cmocka_unit_test(call_survives_the_death_of_the_tool),
		cmocka_unit_test(signal_while_stopped_ends_the_call),
		cmocka_unit_test(signal_while_borrowed_ends_the_call),
		cmocka_unit_test(signal_ends_the_call_although_the_tool_is_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
