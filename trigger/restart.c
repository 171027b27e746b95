/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Most system calls that a stop interrupts return one of the kernel's restart
 * codes, and the kernel continues them when the thread runs on.  Some return
 * EINTR at once (signal(7), "Interruption of system calls and library functions
 * by stop signals"): these are given such a code here.
 */
#include "config.h"

#include "trigger/restart.h"
#include "trigger/tasks.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

/*
 * include/linux/errno.h: never seen by programs.  ERESTARTNOHAND: EINTR if a handler runs, else the
 * call is begun again (arch_do_signal_or_restart() in arch/x86/kernel/signal.c).
 */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

/*
 * System calls that have done nothing yet when they return EINTR, so that they
 * can be done again.  close(2) for one is not among them: its descriptor is gone.
 */
static const long repeatable[] = {
	SYS_read,	    SYS_readv,	     SYS_write,	     SYS_writev,
	SYS_recvfrom,	    SYS_recvmsg,     SYS_recvmmsg,   SYS_sendto,
	SYS_sendmsg,	    SYS_sendmmsg,    SYS_accept,     SYS_accept4,
	SYS_connect,	    SYS_splice,	     SYS_sendfile,   SYS_copy_file_range,
	SYS_getrandom,	    SYS_semop,	     SYS_semtimedop, SYS_rt_sigtimedwait,
	SYS_io_getevents,   SYS_epoll_pwait,
#ifdef SYS_epoll_wait /* not on architectures that came after epoll_pwait */
	SYS_epoll_wait,
#endif
#ifdef SYS_epoll_pwait2 /* Linux 5.11 */
	SYS_epoll_pwait2,
#endif
#ifdef SYS_io_pgetevents /* Linux 4.18 */
	SYS_io_pgetevents,
#endif
#ifdef SYS_io_uring_enter /* Linux 5.1 */
	SYS_io_uring_enter,
#endif
};

bool restart_is_repeatable(long nr)
{
	for (size_t i = 0; i < sizeof(repeatable) / sizeof(repeatable[0]); i++) {
		if (repeatable[i] == nr)
			return true;
	}
	return false;
}

bool restart_signal_waits(pid_t pid, pid_t tid, uint64_t mask)
{
	struct task_status status;

	/* A signal without a handler ends, stops or does nothing: none of it shows as EINTR. */
	return task_status(pid, tid, &status) &&
	       ((status.pending | status.shared_pending) & ~mask & status.caught) != 0;
}

bool thread_mask_get(pid_t tid, uint64_t *mask)
{
	return ptrace(PTRACE_GETSIGMASK, tid, (void *)sizeof(*mask), mask) == 0;
}

bool thread_mask_set(pid_t tid, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, tid, (void *)sizeof(mask), &mask) == 0;
}

bool restart_interrupted(pid_t tid, const struct thread_regs *regs)
{
	struct thread_regs again = *regs;
	int64_t result;
	long nr;

	if (!thread_regs_in_syscall(regs, &nr, &result) || !restart_is_repeatable(nr))
		return false;
	/* None of these calls gives it by itself. */
	if (result == -ERESTARTNOHAND)
		return true;
	if (result != -EINTR)
		return false;
	thread_regs_set_result(&again, -ERESTARTNOHAND);
	(void)thread_regs_set(tid, &again); /* if that fails it is being killed */
	return true;
}

void restart_for_sigreturn(struct thread_regs *regs, bool signal_waits)
{
	int64_t result;
	long nr;

	if (!thread_regs_in_syscall(regs, &nr, &result))
		return;
	/* What handle_signal() in arch/x86/kernel/signal.c makes EINTR of, whatever the handler's
	 * flags. */
	if (signal_waits && (result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK))
		thread_regs_set_result(regs, -EINTR);
	else if (result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND ||
		 result == -ERESTART_RESTARTBLOCK)
		thread_regs_rewind(regs);
}
