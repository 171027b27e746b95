// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A process, or one for each call, in which every blocking system call of syscalls.h is made.
 *
 *   syscalls NAME
 *
 * reads requests from the FIFO NAME.in, a line each, and answers through NAME.out:
 *   number N        victim_number(N)
 *   together        makes the calls, each in a thread of this process; how many
 *   apart           each in the first thread of a child of its own, named as this process; how many
 *   blocked         how many of those that wait for an event do so now
 *   waiting         how many of those there are
 *   finish          lets each event come; a line for each call goes to NAME.results; how many went
 *                   wrong
 *   end
 */
#include "asleep.h"
#include "libvictim.h"
#include "syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS_MAX = 128, LINE_MAX_LEN = 128, PATIENCE_SECONDS = 30 };

/* Shared with the children. */
struct calls {
	struct call list[CALLS_MAX];
	pid_t owner[CALLS_MAX];	      /* the process that makes it */
	atomic_bool ready[CALLS_MAX]; /* prepared, so that its event may come */
	atomic_bool finish;
	int nr;
};

static struct calls *calls;
static __thread struct call *current;
static int in = -1, out = -1;
static const char *name;

void calls_die(const char *what)
{
	fprintf(stderr, "syscalls: %s: %m\n", what);
	_exit(3);
}

long or_errno(long result)
{
	return result < 0 ? -errno : result;
}

struct timespec call_time(void)
{
	return (struct timespec){CALL_SECONDS, CALL_NSEC};
}

struct timespec call_time_at(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += CALL_SECONDS + (t.tv_nsec + CALL_NSEC) / 1000000000;
	t.tv_nsec = (t.tv_nsec + CALL_NSEC) % 1000000000;
	return t;
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void prepare_pipe(struct call *c)
{
	if (pipe(c->fd) < 0)
		calls_die("pipe");
}

void finish_byte(struct call *c)
{
	if (write(c->fd[1], "*", 1) != 1)
		calls_die(c->name);
}

/* The child ends with its only writer of the pipe. */
void child_start(struct call *c, void (*begin)(struct call *c))
{
	int ready[2], go[2];
	char byte;
	pid_t child;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
		calls_die("pipe");
	child = fork();
	if (child < 0)
		calls_die("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (begin != NULL)
			begin(c);
		if (write(ready[1], "*", 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(0);
	}
	if (read(ready[0], &byte, 1) != 1)
		calls_die("a child");
	c->id = go[1];
	c->child = child; /* not at fork(): the memory is shared */
}

void finish_child(struct call *c)
{
	if (write(c->id, "*", 1) != 1)
		calls_die("a child");
}

static void count_signal(int signal)
{
	(void)signal;
	if (current != NULL)
		current->nr_handled++;
}

/* --- making them -------------------------------------------------------------------------- */

static void *make(void *arg)
{
	struct call *c = arg;
	double begin = seconds_now();

	current = c;
	c->tid = (int)syscall(SYS_gettid);
	c->got = c->make(c);
	c->seconds = seconds_now() - begin;
	c->done = true;
	return NULL;
}

static void prepare(int i)
{
	struct call *c = &calls->list[i];

	if (c->prepare != NULL)
		c->prepare(c);
	calls->owner[i] = getpid();
	calls->ready[i] = true;
}

static void finish(struct call *c)
{
	if (c->skip != NULL || c->finish == NULL)
		return;
	c->finishing = true;
	c->finish(c);
}

static void make_together(void)
{
	for (int i = 0; i < calls->nr; i++) {
		struct call *c = &calls->list[i];

		prepare(i);
		if (c->skip == NULL && pthread_create(&c->thread, NULL, make, c) != 0)
			calls_die("pthread_create");
	}
}

static void await(const atomic_bool *what)
{
	while (!*what)
		usleep(5000);
}

static void *finish_apart(void *arg)
{
	struct call *c = arg;

	prepare((int)(c - calls->list));
	await(&calls->finish);
	finish(c);
	return NULL;
}

static void child_main(struct call *c)
{
	pthread_t helper;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(in);
	close(out);
	if (pthread_create(&helper, NULL, finish_apart, c) != 0)
		calls_die("pthread_create");
	await(&calls->ready[c - calls->list]);
	if (c->skip == NULL)
		make(c);
	pthread_join(helper, NULL);
	_exit(0);
}

static void make_apart(void)
{
	for (int i = 0; i < calls->nr; i++) {
		pid_t child = fork();

		if (child < 0)
			calls_die("fork");
		if (child == 0)
			child_main(&calls->list[i]);
	}
	for (int i = 0; i < calls->nr; i++)
		await(&calls->ready[i]);
}

/* --- looking at them ----------------------------------------------------------------------- */

static bool is_asleep(pid_t pid, int tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, tid);
	return is_asleep_by(path);
}

static bool is_awaiting_event(const struct call *c)
{
	return c->skip == NULL && c->finish != NULL && c->other == 0;
}

static int nr_waiting(void)
{
	int nr = 0;

	for (int i = 0; i < calls->nr; i++)
		nr += is_awaiting_event(&calls->list[i]);
	return nr;
}

static int nr_blocked(void)
{
	int nr = 0;

	for (int i = 0; i < calls->nr; i++) {
		const struct call *c = &calls->list[i];

		nr += is_awaiting_event(c) && c->tid != 0 && !c->done &&
		      is_asleep(calls->owner[i], c->tid);
	}
	return nr;
}

/* NULL: all is well. */
static const char *fault_of(const struct call *c)
{
	static char text[128];
	bool early = c->finish == NULL && c->got == c->want &&
		     c->seconds < (double)CALL_SECONDS + (double)CALL_NSEC / 1e9 - 0.01;

	if (!c->done)
		return "it did not return: a wake-up was lost";
	if (c->finish != NULL && c->other == 0 && !c->finishing)
		return "it returned before its event";
	if (c->got != c->want && (c->other == 0 || c->got != c->other)) {
		snprintf(text, sizeof(text), "gave %ld%s%s, not %ld", c->got, c->got < 0 ? " " : "",
			 c->got < 0 ? strerror((int)-c->got) : "", c->want);
		return text;
	}
	if (c->nr_handled != c->handled)
		return "a signal was lost, or came twice";
	return early ? "it returned before its time" : NULL;
}

static int write_results(void)
{
	char path[LINE_MAX_LEN];
	int nr_wrong = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%.100s.results", name);
	file = fopen(path, "w");
	if (file == NULL)
		calls_die(path);
	for (int i = 0; i < calls->nr; i++) {
		const struct call *c = &calls->list[i];
		const char *fault = c->skip == NULL ? fault_of(c) : NULL;

		nr_wrong += fault != NULL;
		fprintf(file, "%s\t%s\t%s\n",
			c->skip != NULL	    ? "skip"
			: fault != NULL	    ? "wrong"
			: c->got == c->want ? "ok"
					    : "other",
			c->name,
			c->skip != NULL ? c->skip
			: fault != NULL ? fault
					: "");
	}
	if (fclose(file) != 0)
		calls_die(path);
	return nr_wrong;
}

static bool all_done(void)
{
	for (int i = 0; i < calls->nr; i++)
		if (calls->list[i].skip == NULL && !calls->list[i].done)
			return false;
	return true;
}

/* What returned before now did so without its event. */
static int finish_all(bool apart)
{
	double until;

	calls->finish = true;
	for (int i = 0; i < calls->nr && !apart; i++)
		if (!calls->list[i].done)
			finish(&calls->list[i]);
	until = seconds_now() + PATIENCE_SECONDS;
	while (!all_done() && seconds_now() < until)
		usleep(10000);
	return write_results();
}

/* --- requests ------------------------------------------------------------------------------ */

static void add_calls(const struct call *table)
{
	for (; table->name != NULL; table++) {
		if (calls->nr == CALLS_MAX)
			calls_die("too many calls");
		memcpy(&calls->list[calls->nr++], table, sizeof(*table));
	}
}

static int answer_to(const char *line)
{
	static bool apart;
	int n;

	if (sscanf(line, "number %d", &n) == 1)
		return victim_number(n);
	if (strcmp(line, "together") == 0 || strcmp(line, "apart") == 0) {
		apart = *line == 'a';
		if (apart)
			make_apart();
		else
			make_together();
		return calls->nr;
	}
	if (strcmp(line, "blocked") == 0)
		return nr_blocked();
	if (strcmp(line, "waiting") == 0)
		return nr_waiting();
	if (strcmp(line, "finish") == 0)
		return finish_all(apart);
	_exit(0);
}

static void serve(void)
{
	char line[LINE_MAX_LEN];
	FILE *requests = fdopen(in, "r");

	while (requests != NULL && fgets(line, sizeof(line), requests) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		dprintf(out, "%d\n", answer_to(line));
	}
	calls_die("no request can be read");
}

static void open_fifos(void)
{
	char path[LINE_MAX_LEN];

	snprintf(path, sizeof(path), "%.100s.in", name);
	in = open(path, O_RDWR | O_CLOEXEC);
	snprintf(path, sizeof(path), "%.100s.out", name);
	out = open(path, O_RDWR | O_CLOEXEC);
	if (in < 0 || out < 0)
		calls_die(name);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = count_signal};
	sigset_t blocked;

	if (argc != 2)
		return 2;
	name = argv[1];
	prctl(PR_SET_NAME, name);
	calls = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (calls == MAP_FAILED)
		calls_die("mmap");
	add_calls(calls_data);
	add_calls(calls_waiting);
	add_calls(calls_queues);
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	open_fifos();
	serve();
}
