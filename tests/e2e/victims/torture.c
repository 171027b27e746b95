// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The process of the torture test:
 *
 *   torture NAME
 *
 * It has a thread for each kind of work and its first thread does all of them in turn, while timers
 * send 5000 signals a second.  Another thread answers requests as victim.c does.  TORTURE_REST_US:
 * microseconds between two steps of a worker, 500 without it.
 */
#include "fifo.h"
#include "libtorture.h"
#include "torture.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 256, TEXT_MAX_LEN = 200 };

static const struct {
	const char *name;
	torture_work *step;
	unsigned nr_workers; /* besides the first thread */
	bool no_signals;     /* in between steps, too */
} kinds[] = {
	{"malloc", work_malloc, 3, false}, {"vector", work_vector, 1, false},
	{"pipe", work_pipe, 1, false},	   {"cond", work_cond, 1, false},
	{"epoll", work_epoll, 1, true},	   {"sem", work_sem, 1, true},
	{"sleep", work_sleep, 1, true},	   {"fork", work_fork, 1, true},
	{"vfork", work_vfork, 1, false},   {"thread", work_thread, 1, false},
	{"dlopen", work_dlopen, 1, false}, {"throw", work_throw, 1, false},
	{"rest", work_rest, 1, false},	   {"many", work_many, 1, false},
};
enum { NR_KINDS = sizeof(kinds) / sizeof(kinds[0]), ALL_KINDS = NR_KINDS, MAX_WORKERS = 32 };

static struct worker workers[MAX_WORKERS]; /* the first one: the first thread */
static unsigned nr_workers;
static long rest_us = 500;

static atomic_ulong nr_wrong;
static atomic_ulong nr_eintr;
static atomic_ulong nr_signals;
static atomic_flag wrong_told = ATOMIC_FLAG_INIT;
static char first_wrong[TEXT_MAX_LEN];

/* Parked workers stand between two steps. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_changed = PTHREAD_COND_INITIALIZER;
static bool gate_closed;
static bool ending;
static unsigned nr_parked;
static atomic_bool first_leaves; /* the first thread ends before the others */

/* --- what goes wrong ---------------------------------------------------------------------- */

void torture_die(const char *what)
{
	fprintf(stderr, "torture: %s: %m\n", what);
	_exit(3);
}

void torture_wrong(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!atomic_flag_test_and_set(&wrong_told))
		vsnprintf(first_wrong, sizeof(first_wrong), fmt, args);
	va_end(args);
	nr_wrong++;
}

bool torture_again(long result)
{
	if (result >= 0 || errno != EINTR)
		return false;
	nr_eintr++;
	return true;
}

void torture_check_sum(const char *what, long wanted, long got, int times)
{
	long more = got - wanted;

	if (more % 100 != 0 || more < 0 || more > 200L * times)
		torture_wrong("%s: %ld instead of %ld", what, got, wanted);
}

void torture_check(const char *what, long wanted, long got)
{
	torture_check_sum(what, wanted, got, 1);
}

unsigned torture_random(struct worker *w)
{
	w->random = w->random * 1103515245 + 12345;
	return w->random >> 16;
}

/* --- signals ------------------------------------------------------------------------------ */

static int signal_of_thread(void)
{
	return SIGRTMIN;
}

static int signal_of_process(void)
{
	return SIGRTMIN + 1;
}

void torture_block_signals(bool block)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal_of_thread());
	sigaddset(&set, signal_of_process());
	pthread_sigmask(block ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* Uses what it interrupts: replaced functions, vector registers. */
static void on_signal(int number)
{
	static const _Alignas(32) unsigned char bytes[64] = {1, 2, 3};
	int saved = errno;

	if (vector_sum(bytes, sizeof(bytes)) != plain_sum(bytes, sizeof(bytes)))
		torture_wrong("vector: wrong in a signal handler");
	torture_check("a signal handler", number + 1, torture_step(number));
	nr_signals++;
	errno = saved;
}

static void timer_begin(struct sigevent *event, long ns)
{
	const struct itimerspec often = {{0, ns}, {0, ns}};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, event, &timer) < 0 ||
	    timer_settime(timer, 0, &often, NULL) < 0)
		torture_die("timer");
}

/* 4000 a second for any thread that does not block them, 1000 for the first one. */
static void signals_start(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = signal_of_process()};
	static unsigned char stack[64 << 10];

	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL);
	sigaction(signal_of_thread(), &action, NULL);
	sigaction(signal_of_process(), &action, NULL);
	timer_begin(&event, 250000);
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = signal_of_thread();
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	timer_begin(&event, 1000000);
}

/* --- workers ------------------------------------------------------------------------------ */

/* false: it is the end. */
static bool pass_gate(void)
{
	bool go_on;

	pthread_mutex_lock(&gate_lock);
	if (gate_closed && !ending) {
		nr_parked++;
		pthread_cond_broadcast(&gate_changed);
		while (gate_closed && !ending)
			pthread_cond_wait(&gate_changed, &gate_lock);
		nr_parked--;
	}
	go_on = !ending;
	pthread_mutex_unlock(&gate_lock);
	return go_on;
}

static void take_rest(void)
{
	const struct timespec rest = {rest_us / 1000000, rest_us % 1000000 * 1000};
	struct timespec left = rest;

	while (nanosleep(&left, &left) < 0)
		continue; /* by the timers' signals, which are no fault */
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;

	torture_block_signals(w->kind != ALL_KINDS && kinds[w->kind].no_signals);
	while (pass_gate() && !(w == &workers[0] && first_leaves)) {
		unsigned kind = w->kind == ALL_KINDS ? torture_random(w) % NR_KINDS : w->kind;

		kinds[kind].step(w);
		/* Some steps let the signals in at their end. */
		if (w->kind != ALL_KINDS && kinds[w->kind].no_signals)
			torture_block_signals(true);
		__atomic_fetch_add(&w->loops, 1, __ATOMIC_RELAXED);
		take_rest();
	}
	for (unsigned i = 0; i < TORTURE_BLOCKS; i++)
		free(w->blocks[i]);
	return NULL;
}

static struct worker *worker_add(unsigned kind)
{
	struct worker *w = &workers[nr_workers++];

	w->kind = kind;
	w->random = 12345 + 77 * nr_workers;
	partner_start(&w->partner);
	return w;
}

static void workers_start(void)
{
	for (unsigned kind = 0; kind < NR_KINDS; kind++) {
		for (unsigned n = 0; n < kinds[kind].nr_workers; n++) {
			struct worker *w = worker_add(kind);

			if (pthread_create(&w->id, NULL, worker_run, w) != 0)
				torture_die("pthread_create");
		}
	}
}

/* --- requests ----------------------------------------------------------------------------- */

static char answer_text[TEXT_MAX_LEN + 64];

static const char *number_text(unsigned long n)
{
	snprintf(answer_text, sizeof(answer_text), "%lu", n);
	return answer_text;
}

static const char *call_step(const char *arg)
{
	return number_text((unsigned long)torture_step(atoi(arg)));
}

static const char *wrong_results(const char *unused)
{
	unsigned long nr = nr_wrong + (torture_made < torture_destroyed);

	(void)unused;
	if (nr == 0)
		return "0";
	snprintf(answer_text, sizeof(answer_text), "%lu, first: %s", nr, first_wrong);
	return answer_text;
}

static const char *interrupted_calls(const char *unused)
{
	(void)unused;
	return number_text(nr_eintr);
}

static const char *signals(const char *unused)
{
	(void)unused;
	return number_text(nr_signals);
}

/* Steps of the worker that did fewest. */
static const char *fewest_loops(const char *unused)
{
	unsigned long fewest = ULONG_MAX;

	(void)unused;
	for (unsigned i = 0; i < nr_workers; i++) {
		unsigned long loops = __atomic_load_n(&workers[i].loops, __ATOMIC_RELAXED);

		if (i == 0 && first_leaves)
			continue;

		fewest = loops < fewest ? loops : fewest;
	}
	return number_text(fewest);
}

static void gate_set(bool closed, bool end)
{
	pthread_mutex_lock(&gate_lock);
	gate_closed = closed;
	ending = end;
	pthread_cond_broadcast(&gate_changed);
	while (closed && nr_parked < nr_workers)
		pthread_cond_wait(&gate_changed, &gate_lock);
	pthread_mutex_unlock(&gate_lock);
}

/* Until "go" no worker does anything: then memory can be compared. */
static const char *park(const char *unused)
{
	(void)unused;
	gate_set(true, false);
	malloc_trim(0);
	return torture_made == torture_destroyed ? "parked" : "objects were lost";
}

static const char *go(const char *unused)
{
	(void)unused;
	gate_set(false, false);
	return "going";
}

static int add_code(struct dl_phdr_info *info, size_t size, void *data)
{
	uint64_t *checksum = data;

	(void)size;
	if (strstr(info->dlpi_name, "libtorture.so") == NULL)
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const unsigned char *bytes = (const unsigned char *)(info->dlpi_addr + p->p_vaddr);

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
			continue;
		for (size_t k = 0; k < p->p_memsz; k++)
			*checksum = (*checksum ^ bytes[k]) * 0x100000001b3; /* FNV-1a */
	}
	return 0;
}

static const char *code_checksum(const char *unused)
{
	uint64_t checksum = 0xcbf29ce484222325;

	(void)unused;
	dl_iterate_phdr(add_code, &checksum);
	snprintf(answer_text, sizeof(answer_text), "%016llx", (unsigned long long)checksum);
	return answer_text;
}

/* The first thread ends, and the process goes on with a leader that is a zombie. */
static const char *leave(const char *unused)
{
	(void)unused;
	first_leaves = true;
	return "leaving";
}

static const char *end(const char *unused)
{
	(void)unused;
	gate_set(false, true);
	return NULL;
}

static const struct {
	const char *name;
	const char *(*act)(const char *arg); /* gives NULL: no answer, and no further request */
} requests[] = {
	{"number", call_step},
	{"wrong", wrong_results},
	{"eintr", interrupted_calls},
	{"signals", signals},
	{"loops", fewest_loops},
	{"park", park},
	{"go", go},
	{"code", code_checksum},
	{"leave", leave},
	{"end", end},
};

static const char *answer_to(char *line)
{
	char *arg = strchr(line, ' ');

	if (arg != NULL)
		*arg++ = '\0';
	else
		arg = line + strlen(line);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(line, requests[i].name) == 0)
			return requests[i].act(arg);
	}
	return "unknown request";
}

/* The process ends with this thread: the first one may not live any more. */
static void *serve(void *arg)
{
	FILE *in = fifo_open(arg, "in"), *out = fifo_open(arg, "out");
	char line[LINE_MAX_LEN];

	torture_block_signals(true);
	while (fgets(line, sizeof(line), in) != NULL) {
		const char *text;

		line[strcspn(line, "\n")] = '\0';
		text = answer_to(line);
		if (text == NULL)
			break;
		fprintf(out, "%s\n", text);
		fflush(out);
	}
	for (unsigned i = 1; i < nr_workers; i++)
		pthread_join(workers[i].id, NULL);
	exit(nr_wrong == 0 ? 0 : 1);
}

int main(int argc, char **argv)
{
	const char *rest = getenv("TORTURE_REST_US");
	struct worker *first;
	pthread_t server;

	if (argc != 2) {
		fprintf(stderr, "usage: torture NAME\n");
		return 2;
	}
	if (rest != NULL)
		rest_us = atol(rest);
	/* So that the memory in use does not depend on which thread is busy when. */
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	first = worker_add(ALL_KINDS);
	signals_start();
	workers_start();
	if (pthread_create(&server, NULL, serve, argv[1]) != 0)
		torture_die("pthread_create");
	worker_run(first);
	pthread_exit(NULL);
}
