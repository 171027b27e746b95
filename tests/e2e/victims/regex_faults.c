// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Shows CVE-2025-8058 of glibc 2.36: where memory runs out at one point while regcomp() reads a
 * bracket expression, it frees the same set of characters twice.
 *
 * A line "CVE-2025-8058" is answered by a line on stdout: RIGHT where regcomp() comes to its end
 * whichever allocation fails, WRONG where a child that tries it is killed.  "works" is answered by
 * "faults 0, rounds 1234": a thread compiles and matches expressions without pause, and checks what
 * it finds.  "end" ends it.
 */
#include <pthread.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_ulong rounds;
static atomic_ulong nr_wrong;

/* Zero: none fails.  Set in children only, which have one thread. */
static unsigned allocations_left;

/* The program's malloc takes the place of the libc's for the libc as well, and goes on there. */
extern void *__libc_malloc(size_t len);

void *malloc(size_t len)
{
	if (allocations_left > 0 && --allocations_left == 0)
		return NULL;
	return __libc_malloc(len);
}

/* Ends the child: 0 if the allocation that was to fail was not reached. */
_Noreturn static void compile_with(unsigned failing)
{
	const struct rlimit no_core = {0, 0};
	regex_t regex;
	int result;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	/* What the libc has to say about it is no news. */
	(void)close(STDERR_FILENO);
	allocations_left = failing;
	result = regcomp(&regex, "[a-c]x", REG_EXTENDED);
	if (allocations_left > 0)
		_exit(result == 0 ? 0 : 2);
	/* Some of what it allocates it can do without. */
	_exit(result == REG_ESPACE || result == 0 ? 1 : 2);
}

static const char *finding(void)
{
	for (unsigned failing = 1;; failing++) {
		int status = 0;
		pid_t child = fork();

		if (child == 0)
			compile_with(failing);
		if (child < 0 || waitpid(child, &status, 0) != child)
			return "(no child)";
		if (!WIFEXITED(status))
			return "WRONG";
		if (WEXITSTATUS(status) == 0)
			return failing > 1 ? "RIGHT" : "(no allocation)";
		if (WEXITSTATUS(status) != 1)
			return "(an answer that is not known)";
	}
}

static bool matches(const char *expression, const char *text, bool wanted)
{
	regex_t regex;
	bool as_wanted;

	if (regcomp(&regex, expression, REG_EXTENDED) != 0)
		return false;
	as_wanted = (regexec(&regex, text, 0, NULL, 0) == 0) == wanted;
	regfree(&regex);
	return as_wanted;
}

static void *work(void *arg)
{
	(void)arg;
	for (;;) {
		if (!matches("^[a-c]+$", "abcabc", true) || !matches("^[^a-c]+$", "xyz", true) ||
		    !matches("^[[:digit:]_]+$", "12_3", true) ||
		    !matches("^[a-c]+$", "abd", false) || !matches("^[]x]$", "]", true))
			atomic_fetch_add(&nr_wrong, 1);
		atomic_fetch_add(&rounds, 1);
	}
	return NULL;
}

int main(void)
{
	char line[64];
	pthread_t worker;

	if (pthread_create(&worker, NULL, work, NULL) != 0)
		return 1;
	while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "end\n") != 0) {
		if (strcmp(line, "works\n") == 0)
			printf("faults %lu, rounds %lu\n", atomic_load(&nr_wrong),
			       atomic_load(&rounds));
		else
			printf("%s\n", finding());
		fflush(stdout);
	}
	return 0;
}
