/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The borrowed thread: executes system calls for us, one at a time.
 *
 * At each instant the thread, left alone, would finish at most the system call
 * it is in, return through the signal frame, and be what it was.  The order of
 * the steps below keeps that true; so if we die the kernel detaches the thread
 * and nothing is lost.
 *
 *   in the target:  code: syscall          <- set before each system call
 *                   +2:   mov $15,%eax     <- where the thread stands in between
 *                         syscall             (rt_sigreturn)
 */
#include "config.h"

#include "trigger/memory.h"
#include "trigger/restart.h"
#include "trigger/session_internal.h"
#include "trigger/tasks.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

/*
 * Blocked in the borrowed thread: all but the signals that a fault raises.
 * Were those blocked, a fault would make the kernel reset their handlers.
 */
#define SIGNAL_BIT(n) (1ull << ((n)-1))
#define BORROWED_MASK                                                                           \
	(~(SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGFPE) | \
	   SIGNAL_BIT(SIGTRAP)))

#define GRACE_NS 2000000000ull

static enum ulp_code gone(const struct session *s, struct ulp_err *err)
{
	if (s->exec || (s->nr > 0 && s->tracees[0].exec))
		return ulp_fail(err, ULP_EGONE, "the process executed another program meanwhile");
	return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
}

static bool is_in_code(const struct session *s, const struct thread_regs *regs)
{
	return thread_regs_pc(regs) - s->borrowed.code < ULP_SYSCALL_CODE_LEN;
}

/*
 * The address comes from the target.  That the instructions are the right ones
 * may change as soon as we have looked; what keeps the target from running code
 * of its own without its filter is that is_our_stop() is asked first.
 */
static enum ulp_code check_code(const struct session *s, struct ulp_err *err)
{
	static const unsigned char expected[] = ULP_SYSCALL_CODE;
	unsigned char found[sizeof(expected)];

	_Static_assert(sizeof(expected) == ULP_SYSCALL_CODE_LEN, "see trigger_arch.h");
	if (memory_read(s->proc, s->borrowed.code, found, sizeof(found), NULL) == ULP_OK &&
	    memcmp(found, expected, sizeof(found)) == 0)
		return ULP_OK;
	if (!process_alive(s->proc))
		return gone(s, err);
	return ulp_fail(err, ULP_EREGISTRY,
			"the runtime's system call code is not what it should be");
}

/* --- restartable sequences -------------------------------------------------- */

/* include/uapi/linux/ptrace.h, Linux 5.13; not in every libc, and that header clashes with the
 * libc's */
#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f
#endif

struct rseq_configuration {
	uint64_t abi_pointer; /* address of the thread's struct rseq, 0 if it has none */
	uint32_t abi_size;
	uint32_t signature;
	uint32_t flags;
	uint32_t pad;
};

/* include/uapi/linux/rseq.h */
#define RSEQ_CS_OFFSET 8u /* of rseq_cs in struct rseq */

struct rseq_section {
	uint32_t version;
	uint32_t flags;
	uint64_t start_ip;
	uint64_t post_commit_offset;
	uint64_t abort_ip;
};

/*
 * If the thread is inside a restartable sequence, moves it to its abort
 * handler, as any preemption may.  The kernel would not do so: it forgets the
 * sequence when it sees the thread somewhere else, that is in our code.
 * Linux before 5.13 cannot tell where the sequence is.
 */
static void abort_rseq(const struct process *proc, pid_t tid, struct thread_regs *regs)
{
	struct rseq_configuration conf = {0};
	struct rseq_section section;
	uint64_t at;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, (void *)sizeof(conf), &conf) < 0 ||
	    conf.abi_pointer == 0)
		return;
	if (memory_read(proc, conf.abi_pointer + RSEQ_CS_OFFSET, &at, sizeof(at), NULL) != ULP_OK ||
	    at == 0 || memory_read(proc, at, &section, sizeof(section), NULL) != ULP_OK)
		return;
	if (thread_regs_pc(regs) - section.start_ip < section.post_commit_offset)
		thread_regs_set_pc(regs, section.abort_ip);
}

/* --- seccomp ---------------------------------------------------------------- */

#define BASE_OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC)

/* From now on the stopped thread's filter is not asked; see run_syscall(). */
static enum ulp_code suspend_seccomp(const struct process *proc, pid_t tid, struct ulp_err *err)
{
	struct task_status status;

	if (!task_status(proc->pid, tid, &status) || status.seccomp == 0)
		return ULP_OK;
	if (ptrace(PTRACE_SETOPTIONS, tid, NULL,
		   (void *)(BASE_OPTIONS | PTRACE_O_SUSPEND_SECCOMP)) == 0)
		return ULP_OK;
	if (errno == EPERM)
		return ulp_fail(
			err, ULP_EUNSUP,
			"the process runs under a seccomp filter, which only root may suspend: "
			"run as root with CAP_SYS_ADMIN in the initial user namespace, and not "
			"under a seccomp filter (outside of containers)");
	return ulp_fail_errno(
		err, ULP_EUNSUP,
		"the process runs under a seccomp filter, and this kernel cannot suspend "
		"it (CONFIG_CHECKPOINT_RESTORE)");
}

/* false: the thread is gone or not stopped. */
static bool resume_seccomp(pid_t tid)
{
	return ptrace(PTRACE_SETOPTIONS, tid, NULL, (void *)BASE_OPTIONS) == 0;
}

/* Whether the filter could be suspended: so that the refusal comes before anything is done. */
static enum ulp_code probe_seccomp(const struct session *s, struct ulp_err *err)
{
	const pid_t tid = s->tracees[0].tid;
	enum ulp_code code = suspend_seccomp(s->proc, tid, err);

	if (code == ULP_OK && !resume_seccomp(tid))
		return gone(s, err);
	return code;
}

/* --- borrow ----------------------------------------------------------------- */

/*
 * The tool before us may have been killed a moment ago: then the thread is on
 * its way through the code and the frame that it left, and must come out first.
 */
static bool is_frame_in_use(const struct session *s, const struct thread_regs *regs, uint64_t area,
			    uint64_t len)
{
	return is_in_code(s, regs) || thread_regs_sp(regs) - area < len;
}

/* Stops the thread and reads its state, at an instant when it does not use the frame. */
static enum ulp_code stop_outside_frame(struct session *s, uint64_t area, uint64_t len,
					struct ulp_err *err)
{
	struct borrowed *b = &s->borrowed;

	for (;;) {
		enum ulp_code code = session_stop_first(s, err);

		if (code != ULP_OK)
			return code;
		if (!thread_regs_get(s->tracees[0].tid, &b->regs) ||
		    !thread_mask_get(s->tracees[0].tid, &b->mask))
			return gone(s, err);
		if (!is_frame_in_use(s, &b->regs, area, len))
			return ULP_OK;
		if (clock_ns() >= s->deadline_ns)
			return ulp_fail(err, ULP_ESTOP,
					"thread %d is still returning from an earlier tool",
					s->tracees[0].tid);
		tracee_resume(&s->tracees[0]);
		sched_yield();
	}
}

/* Puts the frame into the target.  Until the registers are changed nobody looks at it. */
static enum ulp_code prepare_frame(struct session *s, uint64_t area, uint64_t len,
				   struct ulp_err *err)
{
	struct borrowed *b = &s->borrowed;
	const pid_t tid = s->tracees[0].tid;
	struct thread_regs later = b->regs;
	struct signal_frame frame;
	enum ulp_code code;

	restart_for_sigreturn(&later, restart_signal_waits(s->proc->pid, tid, b->mask));
	code = signal_frame_build(tid, &later, b->mask, area, len, &frame, err);
	if (code != ULP_OK)
		return code;
	code = memory_write(s->proc, tid, frame.addr, frame.bytes, frame.len, err);
	b->sp = frame.sp;
	signal_frame_free(&frame);
	return code;
}

/* Points the thread at the code, with rt_sigreturn itself as the system call. */
static bool enter_code(struct session *s)
{
	static const uint64_t no_args[6];
	struct borrowed *b = &s->borrowed;
	struct thread_regs regs = b->regs;

	thread_regs_set_syscall(&regs, b->code, b->sp, SYS_rt_sigreturn, no_args);
	return thread_regs_set(s->tracees[0].tid, &regs);
}

enum ulp_code session_borrow(struct session *s, uint64_t code, uint64_t frame, uint64_t frame_len,
			     struct ulp_err *err)
{
	struct borrowed *b = &s->borrowed;
	enum ulp_code result;
	pid_t tid;

	assert(!b->active && !s->all_stopped);
	*b = (struct borrowed){.code = code};
	result = stop_outside_frame(s, frame, frame_len, err);
	if (result != ULP_OK)
		return result;
	result = check_code(s, err);
	if (result == ULP_OK)
		result = probe_seccomp(s, err);
	if (result != ULP_OK)
		return result;
	tid = s->tracees[0].tid;
	abort_rseq(s->proc, tid, &b->regs);
	result = prepare_frame(s, frame, frame_len, err);
	if (result != ULP_OK)
		return result;
	/* Registers first: with the mask alone changed the thread could not repair itself. */
	if (!enter_code(s))
		return gone(s, err);
	b->active = true;
	if (!thread_mask_set(tid, BORROWED_MASK))
		return gone(s, err);
	return ULP_OK;
}

/* --- system calls ----------------------------------------------------------- */

/* A system call that we want. */
struct call {
	uint64_t nr;
	uint64_t args[6];
};

/*
 * Whether the thread, in a system call stop, is at `op` of ours: a handler of
 * the target may have come to our code with another call.
 */
static bool is_our_stop(const struct session *s, unsigned int op, const struct call *call)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, s->tracees[0].tid, (void *)sizeof(info), &info) <= 0 ||
	    info.op != op || info.instruction_pointer != s->borrowed.code + ULP_SYSCALL_INSN_LEN)
		return false;
	/* What was entered is what is left: the next stop of the thread after it. */
	return op != PTRACE_SYSCALL_INFO_ENTRY ||
	       (info.entry.nr == call->nr &&
		memcmp(info.entry.args, call->args, sizeof(call->args)) == 0);
}

/*
 * Runs the thread to that stop.  On the way it may be sent a signal that cannot
 * be blocked, and handlers make system calls of their own.
 */
static enum ulp_code run_to(struct session *s, unsigned int op, const struct call *call,
			    struct ulp_err *err)
{
	struct tracee *t = &s->tracees[0];
	int signal = 0;

	for (;;) {
		enum tracee_event event;

		if (ptrace(PTRACE_SYSCALL, t->tid, NULL, (void *)(intptr_t)signal) == 0)
			t->state = TRACEE_RUNNING;
		event = tracee_wait(t, s->deadline_ns, &signal);
		if (event == TRACEE_EVENT_GONE)
			return gone(s, err);
		if (event == TRACEE_EVENT_NONE)
			return ulp_fail(err, ULP_ESTOP,
					"thread %d did not finish a system call in time: it is %s",
					t->tid, tracee_state_text(t));
		t->state = TRACEE_BUSY;
		if (event == TRACEE_EVENT_SYSCALL && is_our_stop(s, op, call))
			return ULP_OK;
	}
}

/*
 * Runs the thread, which is at the code, through the call.  The filter is
 * suspended between entry and exit only: the stop at the entry comes before the
 * filter is asked (since Linux 4.8), and up to the exit the thread is in the
 * kernel.  So nothing of the target itself, such as a handler, escapes from it.
 */
static enum ulp_code run_syscall(struct session *s, const struct call *call, struct ulp_err *err)
{
	const pid_t tid = s->tracees[0].tid;
	enum ulp_code code = run_to(s, PTRACE_SYSCALL_INFO_ENTRY, call, err);

	if (code == ULP_OK)
		code = suspend_seccomp(s->proc, tid, err);
	if (code != ULP_OK)
		return code;
	code = run_to(s, PTRACE_SYSCALL_INFO_EXIT, call, err);
	/* Impossible while the call still runs: then it halts at its exit, for session_return(). */
	(void)resume_seccomp(tid);
	return code;
}

/* include/linux/errno.h: the kernel's own codes for "interrupted, to be restarted" */
static bool is_restart_code(int64_t result)
{
	return result <= -512 && result >= -516;
}

enum ulp_code session_syscall(struct session *s, long nr, const uint64_t args[6], int64_t *ret,
			      struct ulp_err *err)
{
	struct borrowed *b = &s->borrowed;
	struct call call = {.nr = (uint64_t)nr};
	struct thread_regs regs;
	enum ulp_code code;
	long seen;

	memcpy(call.args, args, sizeof(call.args));
	if (!b->active) {
		errno = EBUSY;
		return ulp_fail_errno(err, ULP_ESYS, "no thread is borrowed");
	}
	do {
		if (s->nr == 0 || s->tracees[0].state == TRACEE_GONE)
			return gone(s, err);
		regs = b->regs;
		thread_regs_set_syscall(&regs, b->code, b->sp, nr, args);
		if (!thread_regs_set(s->tracees[0].tid, &regs))
			return gone(s, err);
		code = run_syscall(s, &call, err);
		if (code != ULP_OK)
			return code;
		if (!thread_regs_get(s->tracees[0].tid, &regs) ||
		    !thread_regs_in_syscall(&regs, &seen, ret))
			return gone(s, err);
	} while (is_restart_code(*ret));
	return ULP_OK;
}

/* --- return ----------------------------------------------------------------- */

/*
 * To a fresh PTRACE_EVENT_STOP: only from there does the kernel treat the
 * thread's own interrupted system call as if we had never been there.
 * Registers written at a stop of a system call would make it run another one.
 */
static enum ulp_code leave_syscall(struct session *s, struct ulp_err *err)
{
	struct tracee *t = &s->tracees[0];
	uint64_t until = clock_ns() + GRACE_NS;

	if (t->state == TRACEE_STOPPED)
		return ULP_OK;
	if (!tracee_interrupt(t))
		t->state = TRACEE_GONE;
	if (t->state == TRACEE_BUSY)
		tracee_go_on(t, TRACEE_EVENT_SYSCALL, 0);
	if (t->state == TRACEE_GONE)
		return gone(s, err);
	return tracee_await_stop(t, until > s->deadline_ns ? until : s->deadline_ns, true, err);
}

enum ulp_code session_return(struct session *s, struct ulp_err *err)
{
	struct borrowed *b = &s->borrowed;
	struct thread_regs now;
	enum ulp_code code;
	pid_t tid;

	if (!b->active)
		return ULP_OK;
	b->active = false;
	if (s->nr == 0 || s->tracees[0].state == TRACEE_GONE)
		return gone(s, err);
	code = leave_syscall(s, err);
	if (code != ULP_OK)
		return code;
	tid = s->tracees[0].tid;
	if (!resume_seccomp(tid) || !thread_regs_get(tid, &now))
		return gone(s, err);
	/* Elsewhere: a handler runs on top of our code, or the frame was used already. */
	if (!is_in_code(s, &now))
		return ULP_OK;
	/* The registers last: up to then the thread still repairs itself. */
	if (!thread_mask_set(tid, b->mask) || !thread_regs_set(tid, &b->regs))
		return gone(s, err);
	tracee_look(&s->tracees[0]);
	return ULP_OK;
}
