/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a victim offers to a borrowed thread (as libpulp.so.0 does), and loops
 * that notice when anybody touches a register, the red zone or a flag.
 */
	.text

	.globl	victim_syscall_code
	.type	victim_syscall_code, @function
victim_syscall_code:
	syscall
	movl	$15, %eax		/* __NR_rt_sigreturn */
	syscall
	ud2
	.size	victim_syscall_code, . - victim_syscall_code

/* Each register holds a value of its own. */
#define PATTERN(n) (0x1122334400000000 + (n) * 0x01010101)

	.macro	gpr_set reg, n
	movabsq	$PATTERN(\n), %\reg
	.endm
	.macro	gpr_check reg, n
	pushq	%rax
	movabsq	$PATTERN(\n), %rax
	cmpq	%rax, %\reg
	popq	%rax
	jne	.Lgpr_bad
	.endm

/* unsigned long victim_canary_gprs(unsigned long rounds): 0 if all are intact */
	.globl	victim_canary_gprs
	.type	victim_canary_gprs, @function
victim_canary_gprs:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rdi, %rcx
	gpr_set	rbx, 1
	gpr_set	rdx, 2
	gpr_set	rsi, 3
	gpr_set	rdi, 4
	gpr_set	rbp, 5
	gpr_set	r8, 6
	gpr_set	r9, 7
	gpr_set	r10, 8
	gpr_set	r11, 9
	gpr_set	r12, 10
	gpr_set	r13, 11
	gpr_set	r14, 12
	gpr_set	r15, 13
1:	decq	%rcx
	jnz	1b
	gpr_check rbx, 1
	gpr_check rdx, 2
	gpr_check rsi, 3
	gpr_check rdi, 4
	gpr_check rbp, 5
	gpr_check r8, 6
	gpr_check r9, 7
	gpr_check r10, 8
	gpr_check r11, 9
	gpr_check r12, 10
	gpr_check r13, 11
	gpr_check r14, 12
	gpr_check r15, 13
	xorl	%eax, %eax
	jmp	2f
.Lgpr_bad:
	movl	$1, %eax
2:	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size	victim_canary_gprs, . - victim_canary_gprs

/* unsigned long victim_canary_red_zone(unsigned long rounds): a leaf uses 128 bytes below %rsp */
	.globl	victim_canary_red_zone
	.type	victim_canary_red_zone, @function
victim_canary_red_zone:
	movabsq	$0x5a5aa5a5c3c33c3c, %rdx
	movl	$16, %ecx
1:	negq	%rcx
	movq	%rdx, (%rsp, %rcx, 8)
	negq	%rcx
	decq	%rcx
	jnz	1b
2:	decq	%rdi
	jnz	2b
	xorl	%eax, %eax
	movl	$16, %ecx
3:	negq	%rcx
	cmpq	%rdx, (%rsp, %rcx, 8)
	je	4f
	movl	$1, %eax
4:	negq	%rcx
	decq	%rcx
	jnz	3b
	ret
	.size	victim_canary_red_zone, . - victim_canary_red_zone

/*
 * unsigned long victim_canary_direction(unsigned long rounds): the direction
 * and carry flags stay set; memory is moved backwards.
 */
	.globl	victim_canary_direction
	.type	victim_canary_direction, @function
victim_canary_direction:
	std
	stc
1:	decq	%rdi			/* leaves the carry alone */
	jnz	1b
	pushfq
	popq	%rax
	cld
	andl	$0x401, %eax		/* DF, CF */
	cmpl	$0x401, %eax
	setne	%al
	movzbl	%al, %eax
	ret
	.size	victim_canary_direction, . - victim_canary_direction

/* unsigned long victim_canary_sse(unsigned long rounds) */
	.globl	victim_canary_sse
	.type	victim_canary_sse, @function
victim_canary_sse:
	movq	%rdi, %rcx
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movl	$(0x1000 + \n), %eax
	movd	%eax, %xmm\n
	pshufd	$0, %xmm\n, %xmm\n
	.endr
1:	decq	%rcx
	jnz	1b
	xorl	%eax, %eax
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movhlps	%xmm\n, %xmm\n
	movd	%xmm\n, %edx
	xorl	$(0x1000 + \n), %edx
	orl	%edx, %eax
	.endr
	ret
	.size	victim_canary_sse, . - victim_canary_sse

/* unsigned long victim_canary_avx(unsigned long rounds): the upper halves; needs AVX */
	.globl	victim_canary_avx
	.type	victim_canary_avx, @function
victim_canary_avx:
	movq	%rdi, %rcx
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movl	$(0x2000 + \n), %eax
	vmovd	%eax, %xmm\n
	vpshufd	$0, %xmm\n, %xmm\n
	vinsertf128 $1, %xmm\n, %ymm\n, %ymm\n
	.endr
1:	decq	%rcx
	jnz	1b
	xorl	%eax, %eax
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vextractf128 $1, %ymm\n, %xmm\n
	vmovd	%xmm\n, %edx
	xorl	$(0x2000 + \n), %edx
	orl	%edx, %eax
	.endr
	vzeroupper
	ret
	.size	victim_canary_avx, . - victim_canary_avx

/*
 * A restartable sequence that adds 1 to *counter for each round:
 * void victim_rseq_add(struct rseq *self, volatile uint64_t *counter, unsigned long rounds)
 * The value is held in a register for a while, so that a section that is
 * resumed instead of aborted loses what others added meanwhile.
 */
	.section .data.rel.ro, "aw"
	.balign	32
.Lsection:
	.long	0, 0			/* version, flags */
	.quad	.Lstart
	.quad	.Lcommitted - .Lstart
	.quad	.Labort
	.text
	.globl	victim_rseq_add
	.type	victim_rseq_add, @function
victim_rseq_add:
.Lagain:
	leaq	.Lsection(%rip), %rax
	movq	%rax, 8(%rdi)		/* rseq_cs */
.Lstart:
	movq	(%rsi), %rax
	movl	$200, %ecx
1:	decl	%ecx
	jnz	1b
	incq	%rax
	movq	%rax, (%rsi)
.Lcommitted:
	movq	$0, 8(%rdi)
	decq	%rdx
	jnz	.Lagain
	ret
	.byte	0x0f, 0xb9, 0x3d	/* ud1 with RSEQ_SIG as its operand: what the libc registered */
	.long	0x53053053
.Labort:
	jmp	.Lagain
	.size	victim_rseq_add, . - victim_rseq_add

/*
 * void victim_call(void (*fn)(void *), void *arg), position independent and
 * without unwind information, as generated code often is.
 */
	.globl	victim_call
	.globl	victim_call_end
	.type	victim_call, @function
victim_call:
	subq	$8, %rsp
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
	addq	$8, %rsp
	ret
victim_call_end:
	.size	victim_call, . - victim_call

	.section .note.GNU-stack, "", @progbits
