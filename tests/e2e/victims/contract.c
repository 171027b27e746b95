// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The process that relies on the contract of libcontract:
 *
 *   contract NAME
 *
 * Two threads call f and then g within a function of the library, one of them while signals come
 * 5000 times a second, whose handler runs on a stack of its own.  Two more meet in the library,
 * where one calls f and the other one g.  One more calls both from outside.  It answers requests as
 * victim.c does.
 */
#include "fifo.h"
#include "libcontract.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 256, NR_THREADS = 5 };

#define INSIDE_NS 20000l
#define OUTSIDE_NS 100000l
#define SIGNAL_NS 200000l

/* Less than two changes can take: f, g, f within this time were not of three moments. */
#define SHORT_NS 500000l

static atomic_bool ending;
static atomic_ulong nr_loops[NR_THREADS];
static atomic_ulong nr_broken;
static atomic_ulong nr_old, nr_new; /* of what was seen from outside */
static atomic_ulong nr_signals;
static pthread_barrier_t barrier;

static void die(const char *what)
{
	fprintf(stderr, "contract: %s: %m\n", what);
	_exit(3);
}

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000l + now.tv_nsec;
}

static void busy(long ns)
{
	long until = now_ns() + ns;

	while (now_ns() < until)
		continue;
}

static void rest(void)
{
	struct timespec left = {0, OUTSIDE_NS};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		continue;
}

/* --- inside the library ------------------------------------------------------------------- */

static void work(void)
{
	busy(INSIDE_NS);
}

static void call_both(unsigned thread)
{
	while (!ending) {
		if (contract_both(work) != 0)
			nr_broken++;
		nr_loops[thread]++;
		rest();
	}
}

static void *quiet(void *unused)
{
	(void)unused;
	call_both(0);
	return NULL;
}

static void on_signal(int number)
{
	(void)number;
	busy(INSIDE_NS);
	nr_signals++;
}

/* On the alternate stack nothing shows that the library's function waits on the usual one. */
static void *with_signals(void *unused)
{
	static unsigned char stack[64 << 10];
	const struct itimerspec often = {{0, SIGNAL_NS}, {0, SIGNAL_NS}};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
	timer_t timer = NULL;

	(void)unused;
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	if (sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL) < 0 ||
	    sigaction(SIGRTMIN, &action, NULL) < 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
	    timer_settime(timer, 0, &often, NULL) < 0)
		die("signals");
	call_both(1);
	timer_delete(timer);
	return NULL;
}

/* They go in together, so that nobody waits inside for long.  The end is agreed on, too. */
static void meet(unsigned thread, int (*function)(void))
{
	static bool go_on = true; /* changes while both are at the barrier */

	for (;;) {
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			go_on = !ending;
		pthread_barrier_wait(&barrier);
		if (!go_on)
			return;
		if (function() != 0)
			nr_broken++;
		nr_loops[thread]++;
		rest();
	}
}

static void *meet_f(void *unused)
{
	(void)unused;
	meet(2, contract_meet_f);
	return NULL;
}

static void *meet_g(void *unused)
{
	(void)unused;
	meet(3, contract_meet_g);
	return NULL;
}

/* --- outside ------------------------------------------------------------------------------ */

static void *outside(void *unused)
{
	(void)unused;
	while (!ending) {
		for (int i = 0; i < 100; i++) {
			long before = now_ns();
			int f = contract_f(), g = contract_g(), again = contract_f();

			if (now_ns() - before < SHORT_NS && f == again && f != g)
				nr_broken++;
			if (f == 1)
				nr_old++;
			else
				nr_new++;
		}
		nr_loops[4]++;
		rest();
	}
	return NULL;
}

/* --- requests ----------------------------------------------------------------------------- */

static char text[64];

static const char *number_text(unsigned long n)
{
	snprintf(text, sizeof(text), "%lu", n);
	return text;
}

static const char *fewest_loops(void)
{
	unsigned long fewest = nr_loops[0];

	for (unsigned i = 1; i < NR_THREADS; i++)
		fewest = nr_loops[i] < fewest ? nr_loops[i] : fewest;
	return number_text(fewest);
}

/* NULL: no answer, and no further request. */
static const char *answer_to(const char *line)
{
	if (strcmp(line, "number 41") == 0)
		return "42"; /* for victim_start of e2e.sh */
	if (strcmp(line, "version") == 0)
		return number_text((unsigned long)contract_f());
	if (strcmp(line, "broken") == 0)
		return number_text(nr_broken);
	if (strcmp(line, "old") == 0)
		return number_text(nr_old);
	if (strcmp(line, "new") == 0)
		return number_text(nr_new);
	if (strcmp(line, "signals") == 0)
		return number_text(nr_signals);
	if (strcmp(line, "loops") == 0)
		return fewest_loops();
	return strcmp(line, "end") == 0 ? NULL : "unknown request";
}

static void serve(const char *name)
{
	FILE *in = fifo_open(name, "in"), *out = fifo_open(name, "out");
	char line[LINE_MAX_LEN];

	while (fgets(line, sizeof(line), in) != NULL) {
		const char *answer;

		line[strcspn(line, "\n")] = '\0';
		answer = answer_to(line);
		if (answer == NULL)
			return;
		fprintf(out, "%s\n", answer);
		fflush(out);
	}
	die("requests");
}

int main(int argc, char **argv)
{
	static void *(*const runs[NR_THREADS])(void *) = {quiet, with_signals, meet_f, meet_g,
							  outside};
	pthread_t threads[NR_THREADS];

	if (argc != 2) {
		fprintf(stderr, "usage: contract NAME\n");
		return 2;
	}
	pthread_barrier_init(&barrier, NULL, 2);
	for (unsigned i = 0; i < NR_THREADS; i++) {
		if (pthread_create(&threads[i], NULL, runs[i], NULL) != 0)
			die("pthread_create");
	}
	serve(argv[1]);
	ending = true;
	for (unsigned i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	return nr_broken == 0 ? 0 : 1;
}
