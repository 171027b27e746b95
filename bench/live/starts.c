/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * starts PAIRS RUNTIME PROGRAM: executes PROGRAM, which ends at once, in turn without
 * and with LD_PRELOAD=RUNTIME, that many times each; which of the two comes first
 * changes from pair to pair.  Prints for each execution "without" or "with", the pair,
 * the nanoseconds from before the fork to its end, and the processor time that it took.
 */
#include "program.h"

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t ns_of(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

static void run_once(const char *how, unsigned long pair, char *const argv[], char *const env[])
{
	uint64_t begin = program_clock(CLOCK_MONOTONIC);
	struct rusage used;
	int status;
	pid_t pid;

	errno = posix_spawn(&pid, argv[0], NULL, NULL, argv, env);
	if (errno)
		program_fail(argv[0]);
	if (wait4(pid, &status, 0, &used) != pid)
		program_fail("wait4");
	begin = program_clock(CLOCK_MONOTONIC) - begin;
	if (status) {
		(void)fprintf(stderr, "starts: %s did not end well\n", argv[0]);
		exit(1);
	}
	(void)printf("%s %lu %llu %llu\n", how, pair, (unsigned long long)begin,
		     (unsigned long long)(ns_of(used.ru_utime) + ns_of(used.ru_stime)));
}

int main(int argc, char **argv)
{
	unsigned long nr = argc == 4 ? program_number(argv[1], 1ul << 30) : 0;
	char *none[] = {NULL};
	char preload[4096];
	char *with[] = {preload, NULL};
	char *program[] = {argc == 4 ? argv[3] : NULL, NULL};

	if (!nr ||
	    snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[2]) >= (int)sizeof(preload)) {
		(void)fprintf(stderr, "usage: starts PAIRS RUNTIME PROGRAM\n");
		return 2;
	}
	for (unsigned long i = 0; i < nr; i++) {
		if (i % 2)
			run_once("with", i, program, with);
		run_once("without", i, program, none);
		if (i % 2 == 0)
			run_once("with", i, program, with);
	}
	return 0;
}
