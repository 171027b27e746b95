// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A thread that stands still inside the entry of victim_number().
 *
 *   stepper NAME OFFSET
 *
 * It runs single-stepped (the trap flag), until SIGTRAP comes OFFSET bytes behind the
 * function's address: the handler then prints "there" and waits for a line from the FIFO
 * NAME.in.  What the function gave is the second line; with "never" in front if the thread never
 * came there.
 */
#include "../../libvictim.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define TRAP_FLAG 0x100 /* of RFLAGS; Intel SDM, volume 3B, "Single-Stepping" */

static uintptr_t wanted;
static volatile sig_atomic_t was_there;
static FILE *in;

static void trapped(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	char line[16];

	(void)signal;
	(void)info;
	if ((uintptr_t)uc->uc_mcontext.gregs[REG_RIP] != wanted)
		return;
	uc->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
	was_there = 1;
	if (write(1, "there\n", 6) != 6 || fgets(line, sizeof(line), in) == NULL)
		_exit(3);
}

/* Does not go through the PLT, whose resolver is long to step through. */
static int call_in_steps(int (*function)(int), int n)
{
	int result;

	__asm__ volatile("pushfq\n\t"
			 "orq %2, (%%rsp)\n\t"
			 "popfq\n\t"
			 "callq *%3\n\t"
			 "pushfq\n\t"
			 "andq %4, (%%rsp)\n\t"
			 "popfq"
			 : "=a"(result), "+D"(n)
			 : "i"(TRAP_FLAG), "r"(function), "i"(~TRAP_FLAG)
			 : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
	return result;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};
	char path[256];
	int result;

	if (argc != 3)
		return 2;
	snprintf(path, sizeof(path), "%.200s.in", argv[1]);
	in = fopen(path, "r+");
	if (in == NULL || sigaction(SIGTRAP, &action, NULL) < 0)
		return 3;
	wanted = (uintptr_t)victim_number + (uintptr_t)atol(argv[2]);
	result = call_in_steps(victim_number, 4);
	printf("%s%d\n", was_there ? "" : "never ", result);
	printf("%d\n", victim_number(4));
	return 0;
}
