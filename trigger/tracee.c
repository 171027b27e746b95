/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ptrace(2) on one thread.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/restart.h"
#include "trigger/tasks.h"
#include "trigger/tracee.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ull

/* How often a thread that does not stop is looked at. */
#define LOOK_NS 20000000ull

#define SEIZE_OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC)

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* EPERM of PTRACE_SEIZE has three meanings. */
static enum ulp_code seize_refused(struct tracee *t, struct ulp_err *err)
{
	const pid_t pid = t->pid, tid = t->tid;
	struct task_status status;
	struct task_stat stat;
	char name[64];

	if (!task_stat(pid, tid, &stat) || !task_status(pid, tid, &status) || stat.exiting ||
	    stat.state == 'Z' || stat.state == 'X')
		return ulp_fail(err, ULP_EGONE, "thread %d has ended", tid);
	/* Another thread of ours has got the number of the leader: see tracee_poll(). */
	t->exec = status.tracer == getpid() && tid == pid;
	if (t->exec)
		return ulp_fail(err, ULP_EGONE, "the process executed another program meanwhile");
	if (status.tracer != 0)
		return ulp_fail(err, ULP_ETRACED,
				"process %d is being traced by process %d (%s); end that first",
				pid, status.tracer, task_name(status.tracer, name, sizeof(name)));
	if (geteuid() == 0)
		return ulp_fail(err, ULP_EPERM,
				"thread %d may not be traced by us although we are root: "
				"CAP_SYS_PTRACE is missing, or a user namespace, a container or a "
				"security module forbids it",
				tid);
	return ulp_fail(err, ULP_EPERM,
			"thread %d may not be traced by us: run as root or with CAP_SYS_PTRACE",
			tid);
}

enum ulp_code tracee_seize(pid_t pid, pid_t tid, struct tracee *t, struct ulp_err *err)
{
	*t = (struct tracee){.pid = pid, .tid = tid, .state = TRACEE_GONE};
	if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)SEIZE_OPTIONS) != 0) {
		if (errno == ESRCH)
			return ulp_fail(err, ULP_EGONE, "thread %d has ended", tid);
		if (errno == EPERM)
			return seize_refused(t, err);
		return ulp_fail_errno(err, ULP_EPERM, "cannot trace thread %d", tid);
	}
	t->state = TRACEE_RUNNING;
	return ULP_OK;
}

bool tracee_interrupt(struct tracee *t)
{
	t->is_asked = ptrace(PTRACE_INTERRUPT, t->tid, NULL, NULL) == 0;
	return t->is_asked;
}

/* The new program is none of ours: it runs on at once. */
static enum tracee_event let_go_program(struct tracee *t, int signal)
{
	/* It is being killed: its end is still to be waited for. */
	if (ptrace(PTRACE_DETACH, t->tid, NULL, (void *)(intptr_t)signal) != 0)
		return TRACEE_EVENT_NONE;
	t->state = TRACEE_GONE;
	return TRACEE_EVENT_GONE;
}

/* In PTRACE_EVENT_STOP: a tracee that was the leader may have been told of it. */
static bool is_halted(pid_t tid)
{
	siginfo_t info;

	return ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) == 0 &&
	       info.si_code >> 8 == PTRACE_EVENT_STOP;
}

static enum tracee_event stop_event(struct tracee *t, int status, int *signal)
{
	int sig = WSTOPSIG(status), event = status >> 16;

	/* Any stop makes the kernel forget the interrupt (ptrace_stop()). */
	t->is_asked = false;
	t->exec = t->exec || event == PTRACE_EVENT_EXEC;
	if (t->exec)
		return let_go_program(t, event == 0 && sig != (SIGTRAP | 0x80) ? sig : 0);
	if (event == PTRACE_EVENT_STOP) {
		t->group_stop = sig != SIGTRAP;
		return TRACEE_EVENT_STOP;
	}
	if (sig == (SIGTRAP | 0x80))
		return TRACEE_EVENT_SYSCALL;
	*signal = sig;
	return TRACEE_EVENT_SIGNAL;
}

static pid_t wait_status(pid_t tid, int *status)
{
	pid_t got;

	do
		got = waitpid(tid, status, __WALL | WNOHANG);
	while (got < 0 && errno == EINTR);
	return got;
}

enum tracee_event tracee_poll(struct tracee *t, int *signal)
{
	int status;
	pid_t got = wait_status(t->tid, &status);

	*signal = 0;
	/*
	 * A thread that executes a program gets the number of the leader, whose end nobody is
	 * told then (de_thread() in fs/exec.c).  The end of any other one is reported, so that it
	 * is a child of ours until then.
	 */
	if (got < 0 && t->tid != t->pid) {
		t->tid = t->pid;
		t->exec = true;
		/*
		 * PTRACE_SEIZE waits as long as the thread executes (cred_guard_mutex), and may so
		 * come after the event: any stop will do.
		 */
		(void)tracee_interrupt(t);
		got = wait_status(t->tid, &status);
	}
	if (got == 0 && t->exec && is_halted(t->tid))
		return let_go_program(t, 0);
	if (got == 0)
		return TRACEE_EVENT_NONE;
	if (got == t->tid && WIFSTOPPED(status))
		return stop_event(t, status, signal);
	/* Ended; or no child of ours any more, as a leader whose place an exec took. */
	t->state = TRACEE_GONE;
	return TRACEE_EVENT_GONE;
}

/*
 * Waits for SIGCHLD, which the kernel sends after each change of state and
 * which is kept for us while it is blocked, so that none is missed; or until
 * the time is over.
 */
static void wait_for_change(uint64_t until_ns)
{
	uint64_t now = clock_ns(), left = until_ns > now ? until_ns - now : 0;
	const struct timespec timeout = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	(void)sigtimedwait(&set, NULL, &timeout);
}

enum tracee_event tracee_wait(struct tracee *t, uint64_t deadline_ns, int *signal)
{
	for (;;) {
		enum tracee_event event = tracee_poll(t, signal);

		if (event != TRACEE_EVENT_NONE || clock_ns() >= deadline_ns)
			return event;
		wait_for_change(deadline_ns);
	}
}

void tracee_go_on(struct tracee *t, enum tracee_event event, int signal)
{
	const bool stay = event == TRACEE_EVENT_STOP && t->group_stop;
	void *data = (void *)(intptr_t)signal;
	long done;

	if (t->release)
		done = ptrace(PTRACE_DETACH, t->tid, NULL, data);
	else if (stay)
		done = ptrace(PTRACE_LISTEN, t->tid, NULL, data);
	else
		done = ptrace(PTRACE_CONT, t->tid, NULL, data);
	/*
	 * Detached from PTRACE_EVENT_STOP a group stop is in force again.  The
	 * request fails if the thread is being killed: then its end is still to
	 * be waited for, or the process would stay a zombie.
	 */
	t->state = done == 0 && t->release ? TRACEE_GONE : TRACEE_RUNNING;
	t->is_read = t->is_broken = false;
}

void tracee_pass_on(struct tracee *t, enum tracee_event event, int signal)
{
	struct thread_regs regs;

	if (((event == TRACEE_EVENT_STOP && !t->group_stop) || event == TRACEE_EVENT_SIGNAL) &&
	    thread_regs_get(t->tid, &regs))
		(void)restart_interrupted(t->tid, &regs);
	tracee_go_on(t, event, signal);
}

void tracee_look(struct tracee *t)
{
	struct thread_regs regs;

	t->is_read = thread_regs_get(t->tid, &regs);
	if (!t->is_read)
		return;
	t->is_broken = restart_interrupted(t->tid, &regs);
	t->regs = (struct stopped_thread){
		.tid = t->tid,
		.pc = thread_regs_pc(&regs),
		.sp = thread_regs_sp(&regs),
		.tls = thread_regs_tls(&regs),
	};
}

/* Looks why a thread does not stop.  false: go on waiting. */
static bool is_hopeless(struct tracee *t, bool patient)
{
	struct task_stat stat;

	if (!task_stat(t->pid, t->tid, &stat) || stat.state == 'Z' || stat.state == 'X') {
		/* wait() tells of all but a leader that ended before the others. */
		if (t->tid != t->pid)
			return false;
		t->state = TRACEE_GONE;
		return true;
	}
	return stat.state == 'D' && !patient;
}

enum ulp_code tracee_not_stopped(const struct tracee *t, struct ulp_err *err)
{
	if (t->exec)
		return ulp_fail(err, ULP_EGONE, "the process executed another program meanwhile");
	if (t->state == TRACEE_GONE)
		return ulp_fail(err, ULP_EGONE, "thread %d has ended", t->tid);
	return ulp_fail(err, ULP_ESTOP, "thread %d did not stop: it is %s", t->tid,
			tracee_state_text(t));
}

enum ulp_code tracee_await_stop(struct tracee *t, uint64_t deadline_ns, bool patient,
				struct ulp_err *err)
{
	for (;;) {
		uint64_t look = clock_ns() + LOOK_NS;
		bool last = look >= deadline_ns;
		int signal;
		enum tracee_event event = tracee_wait(t, last ? deadline_ns : look, &signal);

		if (event == TRACEE_EVENT_STOP) {
			t->state = TRACEE_STOPPED;
			tracee_look(t);
			return ULP_OK;
		}
		if (event == TRACEE_EVENT_GONE)
			return tracee_not_stopped(t, err);
		if (event == TRACEE_EVENT_NONE && (is_hopeless(t, patient) || last))
			return tracee_not_stopped(t, err);
		if (event == TRACEE_EVENT_NONE)
			continue;
		/* It was another stop: again. */
		(void)tracee_interrupt(t);
		tracee_pass_on(t, event, signal);
	}
}

void tracee_resume(struct tracee *t)
{
	int signal;

	/*
	 * It may have been killed by a thread that executed a program, and that now halts under
	 * its number: PTRACE_CONT would be that thread's, and hide the event.
	 */
	if (t->tid == t->pid && tracee_poll(t, &signal) == TRACEE_EVENT_GONE)
		return;
	tracee_go_on(t, TRACEE_EVENT_STOP, 0);
}

const char *tracee_state_text(const struct tracee *t)
{
	static const struct {
		char state;
		const char *text;
	} texts[] = {
		{'R', N_("running (state R)")},
		{'S', N_("asleep (state S)")},
		{'D',
		 N_("in uninterruptible sleep, as during vfork or input and output (state D)")},
		{'T', N_("stopped (state T)")},
		{'t', N_("stopped by a tracer (state t)")},
		{'Z', N_("a zombie (state Z)")},
	};
	struct task_stat stat;

	if (!task_stat(t->pid, t->tid, &stat))
		return _("gone");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].state == stat.state)
			return _(texts[i].text);
	}
	return _("in an unknown state");
}
