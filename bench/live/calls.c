/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * calls ROUNDS CALLS: what a call costs of a function without an entry, of one with an
 * entry, and of one that is patched.  Prints "ready" and waits for a line; meanwhile
 * calls_patched() is to be patched.  Then calls each function CALLS times, and does so
 * ROUNDS times, in turn; prints for each "plain", "entry" or "patched", the round and the
 * picoseconds a call.  At last prints for each "instructions" and how many one call executes,
 * counted by single steps in a forked child, which has the parent's patch; then "end".
 */
#include "program.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

typedef int function(int);

extern function calls_plain, calls_entry, calls_patched;

static const struct {
	const char *name;
	function *call;
	int of_1; /* what it returns for 1 */
} functions[] = {
	{"plain", calls_plain, 2},
	{"entry", calls_entry, 2},
	{"patched", calls_patched, 3},
};

#define NR (sizeof(functions) / sizeof(functions[0]))

static volatile int sink;

/* Its alignment must not depend on what is called. */
__attribute__((noinline, aligned(64))) static uint64_t calls_ns(function *call, unsigned long nr)
{
	uint64_t begin = program_clock(CLOCK_PROCESS_CPUTIME_ID);
	int n = 0;

	while (nr--)
		n = call(n);
	sink = n;
	return program_clock(CLOCK_PROCESS_CPUTIME_ID) - begin;
}

/* The child: only between the two writes its steps are counted. */
_Noreturn static void call_once(function *call, volatile int *counted)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(1);
	(void)raise(SIGSTOP);
	*counted = 1;
	sink = call(1);
	*counted = 0;
	_exit(0);
}

static unsigned instructions(function *call)
{
	volatile int *counted = mmap(NULL, sizeof(*counted), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned nr = 0;
	int status;
	pid_t pid;

	if (counted == MAP_FAILED || (pid = fork()) < 0)
		program_fail("a child to count instructions in");
	if (!pid)
		call_once(call, counted);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		nr += *counted != 0;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0)
			program_fail("PTRACE_SINGLESTEP");
	}
	(void)munmap((void *)(uintptr_t)counted, sizeof(*counted));
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		program_fail("the child that was stepped through");
	return nr;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc == 3 ? program_number(argv[1], 1ul << 30) : 0;
	unsigned long nr = rounds ? program_number(argv[2], 1ul << 40) : 0;
	char line[16];

	if (!nr) {
		(void)fprintf(stderr, "usage: calls ROUNDS CALLS\n");
		return 2;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	for (size_t i = 0; i < NR; i++)
		if (functions[i].call(1) != functions[i].of_1) {
			(void)fprintf(stderr, "calls: calls_%s is not what it should be\n",
				      functions[i].name);
			return 1;
		}
	for (unsigned long round = 0; round < rounds; round++)
		for (size_t i = 0; i < NR; i++)
			(void)printf("%s %lu %.0f\n", functions[i].name, round,
				     1e3 * (double)calls_ns(functions[i].call, nr) / (double)nr);
	for (size_t i = 0; i < NR; i++)
		(void)printf("%s instructions %u\n", functions[i].name,
			     instructions(functions[i].call));
	(void)puts("end");
	return 0;
}
