/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ULP_RUNTIME_SYSCALL_CODE_H
#define ULP_RUNTIME_SYSCALL_CODE_H

/*
 * Instructions for a borrowed thread, never called from C: one system call
 * with whatever the registers hold, then rt_sigreturn(2) with the stack
 * pointer as it is.  In arch/<cpu>/syscall_code.S.
 */
extern const char ulp_syscall_code[];

#endif
