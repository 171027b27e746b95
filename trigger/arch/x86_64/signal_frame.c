/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Builds an rt_sigframe as the kernel does for a signal handler
 * (arch/x86/kernel/signal_64.c, arch/x86/kernel/fpu/signal.c), so that
 * rt_sigreturn(2) restores a borrowed thread completely.
 *
 *   area                                                          area + len
 *   | stack for handlers ... | rt_sigframe | xstate, 64-aligned | magic2 | spare |
 *                            ^ addr   ^ sp = addr + 8
 */
#include "config.h"

#include "trigger/thread_regs.h"

#include <asm/sigcontext.h>
#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

/* include/uapi/asm/ucontext.h */
#define UC_FP_XSTATE 0x1
#define UC_SIGCONTEXT_SS 0x2
#define UC_STRICT_RESTORE_SS 0x4

/*
 * Neither SS_ONSTACK nor SS_DISABLE: sigreturn's restore_altstack() refuses it
 * silently (kernel/signal.c, do_sigaltstack) and the thread keeps the one it has.
 */
#define SS_KEEP 0x7f

/* struct rt_sigframe up to and without the siginfo, which sigreturn does not read. */
struct rt_sigframe {
	uint64_t return_address; /* popped by the handler's `ret` */
	uint64_t uc_flags;
	uint64_t uc_link;
	uint64_t ss_sp;
	uint32_t ss_flags;
	uint32_t ss_pad;
	uint64_t ss_size;
	struct sigcontext_64 mcontext;
	uint64_t sigmask;
	uint64_t siginfo[16];
};
_Static_assert(sizeof(struct sigcontext_64) == 256, "kernel ABI");
_Static_assert(sizeof(struct rt_sigframe) == 8 + 40 + 256 + 8 + 128, "kernel ABI");

/* Intel SDM vol. 1, 13.4: legacy area, then header, then the components. */
#define XSAVE_SW_RESERVED 464u
#define XSAVE_XSTATE_BV 512u
#define XSAVE_MIN_LEN 576u
#define XSAVE_ALIGN 64u
#define XSAVE_CPUID_LEAF 0xdu
/* Components that a process has to ask for (arch_prctl(ARCH_REQ_XCOMP_PERM)): AMX tile data. */
#define XSAVE_DYNAMIC (1ull << 18)
/* A generous bound of the register set's size: AMX needs 11008 bytes. */
#define XSAVE_MAX_LEN (64u << 10)

/* Least room that must remain below the frame. */
#define HANDLER_STACK 2048u

struct xstate {
	unsigned char *bytes; /* owned */
	size_t len;	      /* of the register set, bytes */
	uint64_t features;    /* components that the frame restores */
	size_t used;	      /* bytes they extend over */
};

static enum ulp_code xstate_read(pid_t tid, struct xstate *x, struct ulp_err *err)
{
	struct iovec iov = {.iov_len = XSAVE_MAX_LEN};

	*x = (struct xstate){0};
	iov.iov_base = calloc(1, XSAVE_MAX_LEN);
	if (iov.iov_base == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for a signal frame");
	if (ptrace(PTRACE_GETREGSET, tid, (void *)(uintptr_t)NT_X86_XSTATE, &iov) != 0) {
		int saved = errno;

		free(iov.iov_base);
		errno = saved;
		return ulp_fail_errno(err, saved == ESRCH ? ULP_EGONE : ULP_EUNSUP,
				      "cannot read the vector registers of thread %d", tid);
	}
	if (iov.iov_len < XSAVE_MIN_LEN) {
		free(iov.iov_base);
		return ulp_fail(err, ULP_EUNSUP, "this processor does not have XSAVE");
	}
	x->bytes = iov.iov_base;
	x->len = iov.iov_len;
	return ULP_OK;
}

/*
 * Which components to restore.  The kernel compares their size with what the
 * thread may use, so that those which it never asked for must not be counted.
 */
static void xstate_measure(struct xstate *x)
{
	uint64_t supported, in_use;

	memcpy(&supported, x->bytes + XSAVE_SW_RESERVED, sizeof(supported));
	memcpy(&in_use, x->bytes + XSAVE_XSTATE_BV, sizeof(in_use));
	x->features = supported & ~(XSAVE_DYNAMIC & ~in_use);
	x->used = XSAVE_MIN_LEN;
	for (unsigned int i = 2; i < 63; i++) {
		unsigned int size, offset, flags, unused;

		if ((x->features >> i & 1) == 0)
			continue;
		__cpuid_count(XSAVE_CPUID_LEAF, i, size, offset, flags, unused);
		(void)flags;
		(void)unused;
		if ((size_t)offset + size > x->used && (size_t)offset + size <= x->len)
			x->used = (size_t)offset + size;
	}
}

/* The software-reserved bytes that tell sigreturn what follows. */
static void xstate_seal(struct xstate *x, unsigned char *out)
{
	const uint32_t magic2 = FP_XSTATE_MAGIC2;
	struct _fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = (uint32_t)(x->used + sizeof(magic2)),
		.xfeatures = x->features,
		.xstate_size = (uint32_t)x->used,
	};

	memcpy(out, x->bytes, x->used);
	memcpy(out + XSAVE_SW_RESERVED, &sw, sizeof(sw));
	memcpy(out + x->used, &magic2, sizeof(magic2));
}

static struct sigcontext_64 sigcontext(const struct thread_regs *regs, uint64_t fpstate)
{
	const struct user_regs_struct *user = &regs->user;

	return (struct sigcontext_64){
		.r8 = user->r8,
		.r9 = user->r9,
		.r10 = user->r10,
		.r11 = user->r11,
		.r12 = user->r12,
		.r13 = user->r13,
		.r14 = user->r14,
		.r15 = user->r15,
		.di = user->rdi,
		.si = user->rsi,
		.bp = user->rbp,
		.bx = user->rbx,
		.dx = user->rdx,
		.ax = user->rax,
		.cx = user->rcx,
		.sp = user->rsp,
		.ip = user->rip,
		.flags = user->eflags,
		.cs = (uint16_t)user->cs,
		.gs = (uint16_t)user->gs,
		.fs = (uint16_t)user->fs,
		.ss = (uint16_t)user->ss,
		.fpstate = fpstate,
	};
}

/* NT_X86_SHSTK of include/uapi/linux/elf.h, Linux 6.6; read succeeds only where one is in use. */
#define NT_SHADOW_STACK 0x204

/* A return through a signal frame also needs a token on the user shadow stack (CET). */
static bool has_shadow_stack(pid_t tid)
{
	uint64_t ssp = 0;
	struct iovec iov = {.iov_base = &ssp, .iov_len = sizeof(ssp)};

	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_SHADOW_STACK, &iov) == 0;
}

/* Puts frame and state together; x is complete. */
static enum ulp_code assemble(struct xstate *x, const struct thread_regs *regs, uint64_t mask,
			      uint64_t area, uint64_t len, struct signal_frame *ret,
			      struct ulp_err *err)
{
	/* The kernel touches as much as the thread's state may ever need: leave all of it. */
	const uint64_t need = sizeof(struct rt_sigframe) + x->len + sizeof(uint32_t) +
			      2ull * XSAVE_ALIGN + HANDLER_STACK;
	struct rt_sigframe frame = {
		.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
		.ss_flags = SS_KEEP,
		.sigmask = mask,
	};
	uint64_t fpstate, end;

	if (__builtin_add_overflow(area, len, &end) || len < need)
		return ulp_fail(
			err, ULP_EUNSUP,
			"the process keeps %llu bytes for a signal frame, this processor needs "
			"%llu: it has an older libpulp.so.0",
			(unsigned long long)len, (unsigned long long)need);
	fpstate = (end - x->len - sizeof(uint32_t)) & ~(uint64_t)(XSAVE_ALIGN - 1);
	ret->addr = (fpstate - sizeof(frame)) & ~(uint64_t)15;
	ret->sp = ret->addr + sizeof(frame.return_address);
	ret->len = (size_t)(fpstate - ret->addr) + x->used + sizeof(uint32_t);
	ret->bytes = calloc(1, ret->len);
	if (ret->bytes == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for a signal frame");
	frame.mcontext = sigcontext(regs, fpstate);
	memcpy(ret->bytes, &frame, sizeof(frame));
	xstate_seal(x, ret->bytes + (fpstate - ret->addr));
	return ULP_OK;
}

enum ulp_code signal_frame_build(pid_t tid, const struct thread_regs *regs, uint64_t mask,
				 uint64_t area, uint64_t len, struct signal_frame *ret,
				 struct ulp_err *err)
{
	struct xstate x;
	enum ulp_code code;

	if (has_shadow_stack(tid))
		return ulp_fail(
			err, ULP_EUNSUP,
			"thread %d has a user shadow stack: it could not be given back safely",
			tid);
	code = xstate_read(tid, &x, err);
	if (code != ULP_OK)
		return code;
	xstate_measure(&x);
	code = assemble(&x, regs, mask, area, len, ret, err);
	free(x.bytes);
	return code;
}

void signal_frame_free(struct signal_frame *frame)
{
	free(frame->bytes);
	frame->bytes = NULL;
}
