/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * General registers of an x86-64 thread.
 */
#include "config.h"

#include "trigger/thread_regs.h"

#include <sys/ptrace.h>

/* arch/x86/include/asm/segment.h: what a 64-bit program runs with. */
#define USER_CS 0x33
#define USER_SS 0x2b

/* Interrupts enabled and the bit that is always one: no DF, no TF, no AC. */
#define PLAIN_EFLAGS 0x202

/*
 * PTRACE_GETREGS and not PTRACE_GETREGSET: its layout depends on us and not on
 * whether the thread happens to run 32-bit code (Wine).
 */
bool thread_regs_get(pid_t tid, struct thread_regs *regs)
{
	return ptrace(PTRACE_GETREGS, tid, NULL, &regs->user) == 0;
}

bool thread_regs_set(pid_t tid, const struct thread_regs *regs)
{
	return ptrace(PTRACE_SETREGS, tid, NULL, &regs->user) == 0;
}

uint64_t thread_regs_pc(const struct thread_regs *regs)
{
	return regs->user.rip;
}

uint64_t thread_regs_sp(const struct thread_regs *regs)
{
	return regs->user.rsp;
}

uint64_t thread_regs_tls(const struct thread_regs *regs)
{
	return regs->user.fs_base;
}

void thread_regs_set_pc(struct thread_regs *regs, uint64_t pc)
{
	regs->user.rip = pc;
	regs->user.orig_rax = UINT64_MAX;
}

bool thread_regs_in_syscall(const struct thread_regs *regs, long *nr, int64_t *result)
{
	/* orig_rax is -1 outside of system calls and after rt_sigreturn. */
	if ((int64_t)regs->user.orig_rax < 0)
		return false;
	*nr = (long)regs->user.orig_rax;
	*result = (int64_t)regs->user.rax;
	return true;
}

void thread_regs_rewind(struct thread_regs *regs)
{
	regs->user.rip -= ULP_SYSCALL_INSN_LEN; /* also the length of sysenter and int $0x80 */
	regs->user.rax = regs->user.orig_rax;
	regs->user.orig_rax = UINT64_MAX;
}

void thread_regs_set_result(struct thread_regs *regs, int64_t result)
{
	regs->user.rax = (uint64_t)result;
}

void thread_regs_set_syscall(struct thread_regs *regs, uint64_t code, uint64_t sp, long nr,
			     const uint64_t args[6])
{
	struct user_regs_struct *user = &regs->user;

	user->rip = code;
	user->rsp = sp;
	user->rax = (uint64_t)nr;
	/* Not on the way out of a system call: the kernel must not restart anything. */
	user->orig_rax = UINT64_MAX;
	user->rdi = args[0];
	user->rsi = args[1];
	user->rdx = args[2];
	user->r10 = args[3];
	user->r8 = args[4];
	user->r9 = args[5];
	/* The thread may have been in 32-bit code, or inside `std; rep movs`. */
	user->cs = USER_CS;
	user->ss = USER_SS;
	user->eflags = PLAIN_EFLAGS;
}
