// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * System calls that wait for time, signals, locks and events.
 */
#include "syscalls.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- time --------------------------------------------------------------------------------- */

static long make_nanosleep(struct call *c)
{
	struct timespec time = call_time();

	(void)c;
	return or_errno(syscall(SYS_nanosleep, &time, &time));
}

static long make_clock_nanosleep(struct call *c)
{
	struct timespec time = call_time();

	(void)c;
	return -clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

static long make_clock_nanosleep_abs(struct call *c)
{
	struct timespec time = call_time_at(CLOCK_REALTIME);

	(void)c;
	return -clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &time, NULL);
}

/* --- futexes ------------------------------------------------------------------------------ */

static long futex(struct call *c, int op, unsigned value, const struct timespec *timeout)
{
	return or_errno(syscall(SYS_futex, &c->word, op | FUTEX_PRIVATE_FLAG, value, timeout, NULL,
				FUTEX_BITSET_MATCH_ANY));
}

static long make_futex(struct call *c)
{
	return futex(c, FUTEX_WAIT, 0, NULL);
}

static long make_futex_long(struct call *c)
{
	const struct timespec time = {600, 0};

	return futex(c, FUTEX_WAIT, 0, &time);
}

static long make_futex_short(struct call *c)
{
	const struct timespec time = call_time();

	return futex(c, FUTEX_WAIT, 0, &time);
}

static long make_futex_abs(struct call *c)
{
	const struct timespec time = call_time_at(CLOCK_MONOTONIC);

	return futex(c, FUTEX_WAIT_BITSET, 0, &time);
}

static void finish_futex(struct call *c)
{
	futex(c, FUTEX_WAKE, 1, NULL);
}

/* include/uapi/linux/futex.h, Linux 5.16 */
struct waitv {
	uint64_t value;
	uint64_t addr;
	uint32_t flags;
	uint32_t reserved;
};

static long futex_waitv(struct call *c, const struct timespec *timeout)
{
	struct waitv one = {0, (uintptr_t)&c->word, 2 | FUTEX_PRIVATE_FLAG, 0};

	return or_errno(syscall(449, &one, 1, 0, timeout, CLOCK_MONOTONIC));
}

static void prepare_waitv(struct call *c)
{
	const struct timespec past = {0, 0};

	if (futex_waitv(c, &past) == -ENOSYS)
		c->skip = "this kernel has no futex_waitv";
}

static long make_waitv(struct call *c)
{
	return futex_waitv(c, NULL);
}

static void prepare_sem(struct call *c)
{
	sem_init(&c->sem, 0, 0);
}

static long make_sem(struct call *c)
{
	return or_errno(sem_wait(&c->sem));
}

static long make_sem_long(struct call *c)
{
	struct timespec until = call_time_at(CLOCK_REALTIME);

	until.tv_sec += 600;
	return or_errno(sem_timedwait(&c->sem, &until));
}

static long make_sem_short(struct call *c)
{
	const struct timespec until = call_time_at(CLOCK_REALTIME);

	return or_errno(sem_timedwait(&c->sem, &until));
}

static void finish_sem(struct call *c)
{
	sem_post(&c->sem);
}

static void prepare_cond(struct call *c)
{
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->cond, NULL);
}

/* The number of times that it had to wait: a wake-up without cause is one more. */
static long make_cond(struct call *c)
{
	long nr = 0;

	pthread_mutex_lock(&c->lock);
	for (; c->word == 0; nr++)
		pthread_cond_wait(&c->cond, &c->lock);
	pthread_mutex_unlock(&c->lock);
	return nr;
}

static long make_cond_short(struct call *c)
{
	const struct timespec until = call_time_at(CLOCK_REALTIME);
	int error;

	pthread_mutex_lock(&c->lock);
	error = pthread_cond_timedwait(&c->cond, &c->lock, &until);
	pthread_mutex_unlock(&c->lock);
	return -error;
}

static void finish_cond(struct call *c)
{
	pthread_mutex_lock(&c->lock);
	c->word = 1;
	pthread_cond_signal(&c->cond);
	pthread_mutex_unlock(&c->lock);
}

/* One that inherits priorities: the kernel keeps it (FUTEX_LOCK_PI). */
static void prepare_lock_pi(struct call *c)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	if (pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) != 0 ||
	    pthread_mutex_init(&c->lock, &attr) != 0)
		c->skip = "no mutex inherits priorities here";
	else
		pthread_mutex_lock(&c->lock);
}

static long make_lock_pi(struct call *c)
{
	long error = pthread_mutex_lock(&c->lock);

	pthread_mutex_unlock(&c->lock);
	return -error;
}

static void finish_lock_pi(struct call *c)
{
	pthread_mutex_unlock(&c->lock);
}

/* --- signals ------------------------------------------------------------------------------ */

static long make_pause(struct call *c)
{
	(void)c;
	return or_errno(pause());
}

static long make_sigsuspend(struct call *c)
{
	sigset_t none;

	(void)c;
	sigemptyset(&none);
	return or_errno(sigsuspend(&none));
}

static void finish_signal(struct call *c)
{
	if (syscall(SYS_tgkill, getpid(), c->tid, SIGUSR1) < 0)
		calls_die("tgkill");
}

/* SIGUSR2 is blocked in all threads. */
static sigset_t only_usr2(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return set;
}

static long make_sigwait(struct call *c)
{
	const sigset_t set = only_usr2();

	(void)c;
	return or_errno(sigwaitinfo(&set, NULL));
}

static long make_sigtimedwait(struct call *c)
{
	const sigset_t set = only_usr2();
	const struct timespec time = call_time();

	(void)c;
	return or_errno(sigtimedwait(&set, NULL, &time));
}

static void prepare_signalfd(struct call *c)
{
	const sigset_t set = only_usr2();

	c->fd[0] = signalfd(-1, &set, 0);
}

static long make_signalfd(struct call *c)
{
	struct signalfd_siginfo info;

	return or_errno(read(c->fd[0], &info, sizeof(info))) == sizeof(info) ? 1 : -EINTR;
}

static void finish_usr2(struct call *c)
{
	if (syscall(SYS_tgkill, getpid(), c->tid, SIGUSR2) < 0)
		calls_die("tgkill");
}

/* --- processes ---------------------------------------------------------------------------- */

static void prepare_child(struct call *c)
{
	child_start(c, NULL);
}

static long make_wait4(struct call *c)
{
	return or_errno(waitpid(c->child, NULL, 0)) == c->child ? 1 : -errno;
}

static long make_waitid(struct call *c)
{
	siginfo_t info = {0};
	long result = or_errno(waitid(P_PID, (id_t)c->child, &info, WEXITED));

	return result < 0 ? result : info.si_pid == c->child;
}

/* --- readiness ---------------------------------------------------------------------------- */

static fd_set set_of(const struct call *c)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(c->fd[0], &set);
	return set;
}

static long make_select(struct call *c)
{
	fd_set set = set_of(c);

	return or_errno(syscall(SYS_select, c->fd[0] + 1, &set, NULL, NULL, NULL));
}

static long make_select_short(struct call *c)
{
	fd_set set = set_of(c);
	struct timeval time = {CALL_SECONDS, CALL_NSEC / 1000};

	return or_errno(syscall(SYS_select, c->fd[0] + 1, &set, NULL, NULL, &time));
}

static long make_pselect(struct call *c)
{
	fd_set set = set_of(c);
	sigset_t none;

	sigemptyset(&none);
	return or_errno(pselect(c->fd[0] + 1, &set, NULL, NULL, NULL, &none));
}

static long make_poll(struct call *c)
{
	struct pollfd poll_fd = {.fd = c->fd[0], .events = POLLIN};

	return or_errno(syscall(SYS_poll, &poll_fd, 1, -1));
}

static long make_poll_short(struct call *c)
{
	struct pollfd poll_fd = {.fd = c->fd[0], .events = POLLIN};

	return or_errno(syscall(SYS_poll, &poll_fd, 1, CALL_SECONDS * 1000 + CALL_NSEC / 1000000));
}

static long make_ppoll(struct call *c)
{
	struct pollfd poll_fd = {.fd = c->fd[0], .events = POLLIN};
	sigset_t none;

	sigemptyset(&none);
	return or_errno(ppoll(&poll_fd, 1, NULL, &none));
}

static long make_ppoll_short(struct call *c)
{
	struct pollfd poll_fd = {.fd = c->fd[0], .events = POLLIN};
	const struct timespec time = call_time();

	return or_errno(ppoll(&poll_fd, 1, &time, NULL));
}

static void prepare_epoll(struct call *c)
{
	struct epoll_event event = {.events = EPOLLIN};

	prepare_pipe(c);
	c->id = epoll_create1(0);
	if (c->id < 0 || epoll_ctl(c->id, EPOLL_CTL_ADD, c->fd[0], &event) < 0)
		calls_die("epoll");
}

static long make_epoll(struct call *c)
{
	struct epoll_event event;

	return or_errno(syscall(SYS_epoll_wait, c->id, &event, 1, -1));
}

static long make_epoll_short(struct call *c)
{
	struct epoll_event event;

	return or_errno(syscall(SYS_epoll_wait, c->id, &event, 1,
				CALL_SECONDS * 1000 + CALL_NSEC / 1000000));
}

static long make_epoll_pwait(struct call *c)
{
	struct epoll_event event;
	sigset_t none;

	sigemptyset(&none);
	return or_errno(epoll_pwait(c->id, &event, 1, -1, &none));
}

static long epoll_pwait2_of(struct call *c, const struct timespec *timeout)
{
	struct epoll_event event;

	return or_errno(syscall(441, c->id, &event, 1, timeout, NULL, 0));
}

static void prepare_epoll_pwait2(struct call *c)
{
	const struct timespec none = {0, 0};

	prepare_epoll(c);
	if (epoll_pwait2_of(c, &none) == -ENOSYS)
		c->skip = "this kernel has no epoll_pwait2";
}

static long make_epoll_pwait2(struct call *c)
{
	const struct timespec time = {600, 0};

	return epoll_pwait2_of(c, &time);
}

const struct call calls_waiting[] = {
	{CALL("nanosleep", NULL, make_nanosleep, NULL, 0)},
	{CALL("clock_nanosleep", NULL, make_clock_nanosleep, NULL, 0)},
	{CALL("clock_nanosleep until", NULL, make_clock_nanosleep_abs, NULL, 0)},
	{CALL("futex wait", NULL, make_futex, finish_futex, 0)},
	{CALL("futex wait with a time", NULL, make_futex_long, finish_futex, 0)},
	{CALL("futex wait whose time is over", NULL, make_futex_short, NULL, -ETIMEDOUT)},
	{CALL("futex wait until", NULL, make_futex_abs, NULL, -ETIMEDOUT)},
	{CALL("futex_waitv", prepare_waitv, make_waitv, finish_futex, 0)},
	{CALL("sem_wait", prepare_sem, make_sem, finish_sem, 0)},
	{CALL("sem_timedwait", prepare_sem, make_sem_long, finish_sem, 0)},
	{CALL("sem_timedwait whose time is over", prepare_sem, make_sem_short, NULL, -ETIMEDOUT)},
	{CALL("pthread_cond_wait", prepare_cond, make_cond, finish_cond, 1)},
	{CALL("pthread_cond_timedwait whose time is over", prepare_cond, make_cond_short, NULL,
	      -ETIMEDOUT)},
	{CALL("futex lock that inherits priorities", prepare_lock_pi, make_lock_pi, finish_lock_pi,
	      0)},
	{CALL("pause", NULL, make_pause, finish_signal, -EINTR), .handled = 1},
	{CALL("sigsuspend", NULL, make_sigsuspend, finish_signal, -EINTR), .handled = 1},
	{CALL("sigwaitinfo", NULL, make_sigwait, finish_usr2, SIGUSR2)},
	{CALL("sigtimedwait whose time is over", NULL, make_sigtimedwait, NULL, -EAGAIN)},
	{CALL("read of a signalfd", prepare_signalfd, make_signalfd, finish_usr2, 1)},
	{CALL("wait4", prepare_child, make_wait4, finish_child, 1)},
	{CALL("waitid", prepare_child, make_waitid, finish_child, 1)},
	{CALL("select", prepare_pipe, make_select, finish_byte, 1)},
	{CALL("select whose time is over", prepare_pipe, make_select_short, NULL, 0)},
	{CALL("pselect", prepare_pipe, make_pselect, finish_byte, 1)},
	{CALL("poll", prepare_pipe, make_poll, finish_byte, 1)},
	{CALL("poll whose time is over", prepare_pipe, make_poll_short, NULL, 0)},
	{CALL("ppoll", prepare_pipe, make_ppoll, finish_byte, 1)},
	{CALL("ppoll whose time is over", prepare_pipe, make_ppoll_short, NULL, 0)},
	{CALL("epoll_wait", prepare_epoll, make_epoll, finish_byte, 1)},
	{CALL("epoll_wait whose time is over", prepare_epoll, make_epoll_short, NULL, 0)},
	{CALL("epoll_pwait", prepare_epoll, make_epoll_pwait, finish_byte, 1)},
	{CALL("epoll_pwait ended by a signal", prepare_epoll, make_epoll_pwait, finish_signal,
	      -EINTR),
	 .handled = 1},
	{CALL("epoll_pwait2", prepare_epoll_pwait2, make_epoll_pwait2, finish_byte, 1)},
	{.name = NULL},
};
