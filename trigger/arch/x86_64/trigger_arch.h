/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TRIGGER_ARCH_X86_64_H
#define ULP_TRIGGER_ARCH_X86_64_H

#include <sys/user.h>

/* General registers of a stopped thread, as PTRACE_GETREGS has them. */
struct thread_regs {
	struct user_regs_struct user;
};

/* The runtime's syscall code (syscall_code.S): syscall; mov $15,%eax; syscall; ud2. */
#define ULP_SYSCALL_CODE                                                         \
	{                                                                        \
		0x0f, 0x05, 0xb8, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05, 0x0f, 0x0b \
	}
#define ULP_SYSCALL_CODE_LEN 11u /* bytes */

/* Bytes of its first instruction: a thread at a system call stop stands right behind it. */
#define ULP_SYSCALL_INSN_LEN 2u

#endif
