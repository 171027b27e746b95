/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tool points a borrowed thread at ulp_syscall_code and takes it back
 * right after the first `syscall`.  What follows runs only if the tool has
 * died: rsp points behind the return address slot of a complete rt_sigframe,
 * as after a signal handler's `ret`, and the thread becomes what it was.
 */
	.text
	.globl	ulp_syscall_code
	.hidden	ulp_syscall_code
	.type	ulp_syscall_code, @function
	.balign	16
ulp_syscall_code:
	syscall
	movl	$15, %eax		/* __NR_rt_sigreturn */
	syscall
	ud2
	.size	ulp_syscall_code, . - ulp_syscall_code

	.section .note.GNU-stack, "", @progbits
