/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * herd NUMBER PROGRAM: starts that many processes of PROGRAM, prints "ready" once each of
 * them has written a byte to its standard output, and ends them, each by its process ID,
 * at the end of its own standard input.  They also end when the herd does.
 */
#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PROCESSES 100000

static void await_bytes(int fd, unsigned long nr)
{
	char bytes[256];

	while (nr) {
		ssize_t n = read(fd, bytes, nr < sizeof(bytes) ? nr : sizeof(bytes));

		if (n <= 0)
			program_fail("not all of them came to life");
		nr -= (unsigned long)n;
	}
}

static pid_t start(char *const argv[], const int ready[2])
{
	pid_t herd = getpid(), pid = fork();
	int nothing;

	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	nothing = open("/dev/null", O_RDONLY);
	if (getppid() != herd || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(ready[1], STDOUT_FILENO) < 0)
		_exit(1);
	execv(argv[0], argv);
	_exit(1);
}

int main(int argc, char **argv)
{
	unsigned long nr = argc == 3 ? program_number(argv[1], MAX_PROCESSES) : 0;
	char *program[] = {argc == 3 ? argv[2] : NULL, NULL};
	pid_t *pids = calloc(nr + 1, sizeof(*pids));
	char byte;
	int ready[2];

	if (!nr) {
		(void)fprintf(stderr, "usage: herd NUMBER PROGRAM\n");
		return 2;
	}
	if (!pids || pipe2(ready, O_CLOEXEC) < 0)
		program_fail("pipe");
	for (unsigned long i = 0; i < nr; i++)
		if ((pids[i] = start(program, ready)) < 0)
			program_fail("fork");
	(void)close(ready[1]);
	await_bytes(ready[0], nr);
	(void)puts("ready");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	for (unsigned long i = 0; i < nr; i++)
		(void)kill(pids[i], SIGKILL);
	for (unsigned long i = 0; i < nr; i++)
		(void)waitpid(pids[i], NULL, 0);
	free(pids);
	return 0;
}
