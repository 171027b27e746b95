// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Runs a command and SIGKILLs it after some microseconds:
 *
 *   killer all|tool|worker MICROSECONDS COMMAND [ARG...]
 *
 * tool: the command itself; worker: its child, or the command where it has none; all: both in the
 * same instant.  Ends when the last of them has ended.  Status 0: it was too late and the command
 * had succeeded; 1: the command reported a failure; 9: it was killed; 2: wrong usage.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%d", &child) != 1)
		child = 0;
	fclose(f);
	return child;
}

static void hit(const char *whom, pid_t command)
{
	if (strcmp(whom, "all") == 0) {
		kill(-command, SIGKILL);
		return;
	}
	if (strcmp(whom, "worker") == 0) {
		pid_t child = child_of(command);

		kill(child > 0 ? child : command, SIGKILL);
		return;
	}
	kill(command, SIGKILL);
}

static int result(int status)
{
	if (WIFSIGNALED(status))
		return 9;
	return WEXITSTATUS(status) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct timespec delay = {0};
	int status = 0, last = 0;
	pid_t command, pid;
	long us;

	if (argc < 4)
		return 2;
	us = atol(argv[2]);
	delay = (struct timespec){us / 1000000, us % 1000000 * 1000};
	/* What the command leaves behind becomes our child, so that we can wait for its end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	command = fork();
	if (command < 0)
		return 2;
	if (command == 0) {
		setpgid(0, 0);
		execvp(argv[3], argv + 3);
		_exit(127);
	}
	setpgid(command, command);
	nanosleep(&delay, NULL);
	hit(argv[1], command);
	while ((pid = wait(&status)) > 0) {
		if (pid == command)
			last = status;
	}
	return result(last);
}
