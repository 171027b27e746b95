// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A process with children and threads in odd states.
 *
 *   family NAME
 *
 * takes NAME for its own name, reads requests from the FIFO NAME.in, a line each, and answers
 * through NAME.out:
 *   number N    victim_number(N)
 *   vfork       a thread calls vfork(2), whose child waits; when that child runs
 *   vforked     lets this child end; what victim_number(4) gave in the thread afterwards
 *   forks N     a thread makes a child every millisecond, N in all; each waits
 *   waiters N   the same, but five a second; each waits in victim_wait(), as a thread does
 *   forked      how many of them there are
 *   leave       the first thread ends, another one answers
 *   write FILE  appends a byte to the file; how many bytes write(2) has written
 *   writes FILE the same in a thread; 1
 *   written     waits for that thread; how many it has written
 *   end
 */
#include "fifo.h"
#include "libvictim.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static FILE *in, *out;
static int go[2];

static struct {
	int nr;
	unsigned pause_us;
	int wait_fd; /* what each waits for, -1: nothing */
} forks;
static atomic_bool child_runs;
static atomic_int nr_forked;
static pthread_t worker;
static int after_vfork;
static int nr_written;

static void die(const char *what)
{
	perror(what);
	_exit(3);
}

/* The child has the memory of its parent, whose thread the kernel keeps until it ends. */
static void *work_vfork(void *unused)
{
	char byte;
	pid_t child = vfork();

	(void)unused;
	if (child == 0) {
		child_runs = true;
		_exit(read(go[0], &byte, 1) == 1 ? 0 : 1);
	}
	after_vfork = victim_number(4);
	return NULL;
}

/* The children end with the thread that made them: it stays. */
__attribute__((noreturn)) static void *work_forks(void *unused)
{
	(void)unused;
	for (int n = forks.nr; n > 0; n--) {
		pid_t child = fork();

		if (child < 0)
			die("fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (forks.wait_fd >= 0)
				_exit(victim_wait(forks.wait_fd));
			for (;;)
				pause();
		}
		nr_forked++;
		usleep(forks.pause_us);
	}
	for (;;)
		pause();
}

static void start(void *(*work)(void *), void *arg)
{
	if (pthread_create(&worker, NULL, work, arg) != 0)
		die("pthread_create");
}

static int vfork_begin(void)
{
	if (pipe(go) < 0)
		die("pipe");
	start(work_vfork, NULL);
	while (!child_runs)
		usleep(1000);
	return 1;
}

static int vfork_end(void)
{
	if (write(go[1], "*", 1) != 1 || pthread_join(worker, NULL) != 0)
		die("vfork");
	return after_vfork;
}

static int forks_begin(int nr)
{
	forks.nr = nr;
	forks.pause_us = 1000;
	forks.wait_fd = -1;
	start(work_forks, NULL);
	return 1;
}

static void *work_wait(void *fd)
{
	(void)victim_wait(*(int *)fd);
	return NULL;
}

static int waiters_begin(int nr)
{
	if (pipe(go) < 0)
		die("pipe");
	forks.nr = nr;
	forks.pause_us = 200000;
	forks.wait_fd = go[0];
	start(work_wait, &forks.wait_fd);
	start(work_forks, NULL);
	return 1;
}

static int write_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND);
	ssize_t nr;

	if (fd < 0)
		die(path);
	nr = write(fd, "*", 1);
	close(fd);
	return (int)nr;
}

static void *work_write(void *path)
{
	nr_written = write_to(path);
	return NULL;
}

static int write_begin(const char *path)
{
	static char path_to_write[128];

	snprintf(path_to_write, sizeof(path_to_write), "%s", path);
	start(work_write, path_to_write);
	return 1;
}

static int write_end(void)
{
	if (pthread_join(worker, NULL) != 0)
		die("write");
	return nr_written;
}

static void *serve(void *unused);

static int leave(void)
{
	start(serve, NULL);
	fprintf(out, "1\n");
	pthread_exit(NULL);
}

static int answer_to(const char *line)
{
	char path[128];
	int n;

	if (sscanf(line, "number %d", &n) == 1)
		return victim_number(n);
	if (sscanf(line, "forks %d", &n) == 1)
		return forks_begin(n);
	if (sscanf(line, "waiters %d", &n) == 1)
		return waiters_begin(n);
	if (strcmp(line, "forked\n") == 0)
		return nr_forked;
	if (strcmp(line, "vfork\n") == 0)
		return vfork_begin();
	if (strcmp(line, "vforked\n") == 0)
		return vfork_end();
	if (strcmp(line, "leave\n") == 0)
		return leave();
	if (sscanf(line, "writes %127s", path) == 1)
		return write_begin(path);
	if (sscanf(line, "write %127s", path) == 1)
		return write_to(path);
	if (strcmp(line, "written\n") == 0)
		return write_end();
	_exit(0);
}

static void *serve(void *unused)
{
	char line[128];

	(void)unused;
	while (fgets(line, sizeof(line), in) != NULL)
		fprintf(out, "%d\n", answer_to(line));
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	prctl(PR_SET_NAME, argv[1]);
	in = fifo_open(argv[1], "in");
	out = fifo_open(argv[1], "out");
	serve(NULL);
	return 0;
}
