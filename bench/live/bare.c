/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bare PID: the least that a tool can do which stops all threads of a process: seizes
 * them, interrupts them, waits for each, and detaches.  Those that are running now
 * are interrupted last and detached first, as ulp does, so that they feel least of it.
 */
#include "program.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_THREADS 100000

struct thread {
	pid_t tid;
	bool busy;
};

/* Whether its state in /proc/PID/task/TID/stat is R. */
static bool is_busy(pid_t pid, pid_t tid)
{
	char path[128], text[512] = "";
	const char *end;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		program_fail(path);
	(void)close(fd);
	end = strrchr(text, ')');
	return end && !strncmp(end, ") R", 3);
}

static size_t list(pid_t pid, struct thread *threads)
{
	char path[64];
	struct dirent *entry;
	size_t nr = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		program_fail(path);
	while ((entry = readdir(dir)) && nr < MAX_THREADS) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (isdigit((unsigned char)entry->d_name[0]))
			threads[nr++] = (struct thread){tid, is_busy(pid, tid)};
	}
	(void)closedir(dir);
	return nr;
}

static void request(enum __ptrace_request what, const struct thread *threads, size_t nr, bool busy)
{
	for (size_t i = 0; i < nr; i++)
		if (threads[i].busy == busy && ptrace(what, threads[i].tid, NULL, NULL) < 0)
			program_fail("ptrace");
}

int main(int argc, char **argv)
{
	static struct thread threads[MAX_THREADS];
	size_t nr;
	int status;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: bare PID\n");
		return 2;
	}
	nr = list((pid_t)program_number(argv[1], INT_MAX), threads);
	request(PTRACE_SEIZE, threads, nr, false);
	request(PTRACE_SEIZE, threads, nr, true);
	request(PTRACE_INTERRUPT, threads, nr, false);
	request(PTRACE_INTERRUPT, threads, nr, true);
	for (size_t i = 0; i < nr; i++)
		if (waitpid(threads[i].tid, &status, __WALL) < 0 || !WIFSTOPPED(status))
			program_fail("waitpid");
	request(PTRACE_DETACH, threads, nr, true);
	request(PTRACE_DETACH, threads, nr, false);
	return 0;
}
