/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * busy THREADS: a process with that many threads which sleep, besides its first one, and
 * two that read the clock in a loop and keep the longest time between two readings.
 *
 * Reads lines: "go" lets the two run until "end", which prints the longest gaps of both
 * since "go", in nanoseconds; that of the first one first.
 *
 * The first of the two has the last processor to itself, and a real-time priority where
 * that is allowed, so that its gaps come from being stopped and not from other programs;
 * all other threads stay off that processor.  "ready alone" or "ready shared" says which.
 */
#include "program.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#define NR_BUSY 2
#define MAX_THREADS 100000

struct busy {
	_Alignas(128) atomic_uint_fast64_t longest;
	atomic_bool runs;
};

static struct busy busy[NR_BUSY];
static atomic_bool go;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;

/* From the library that is patched: linked, so that it is loaded. */
extern int bench_0(int);

_Noreturn static void *sleep_on(void *nothing)
{
	(void)nothing;
	for (;;)
		(void)pause();
}

static void read_the_clock(struct busy *b)
{
	uint64_t last = program_clock(CLOCK_MONOTONIC);

	while (atomic_load_explicit(&go, memory_order_relaxed)) {
		uint64_t now = program_clock(CLOCK_MONOTONIC);

		if (now - last > atomic_load_explicit(&b->longest, memory_order_relaxed))
			atomic_store_explicit(&b->longest, now - last, memory_order_relaxed);
		last = now;
		atomic_store_explicit(&b->runs, true, memory_order_relaxed);
	}
}

_Noreturn static void *be_busy(void *arg)
{
	struct busy *b = arg;

	for (;;) {
		(void)pthread_mutex_lock(&lock);
		atomic_store(&b->runs, false);
		(void)pthread_cond_broadcast(&change);
		while (!atomic_load(&go))
			(void)pthread_cond_wait(&change, &lock);
		(void)pthread_mutex_unlock(&lock);
		read_the_clock(b);
	}
}

static pthread_t start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run, arg);
	if (errno)
		program_fail("pthread_create");
	return thread;
}

/* Its last processor for the first busy one, the others for all else; false if it has but one. */
static bool part_processors(pthread_t first)
{
	const struct sched_param param = {.sched_priority = 1};
	cpu_set_t all, last;
	size_t cpu = CPU_SETSIZE;

	if (sched_getaffinity(0, sizeof(all), &all) < 0 || CPU_COUNT(&all) < 2)
		return false;
	while (!CPU_ISSET(--cpu, &all))
		continue;
	CPU_ZERO(&last);
	CPU_SET(cpu, &last);
	CPU_CLR(cpu, &all);
	return pthread_setschedparam(first, SCHED_FIFO, &param) == 0 &&
	       pthread_setaffinity_np(first, sizeof(last), &last) == 0 &&
	       sched_setaffinity(0, sizeof(all), &all) == 0;
}

static void begin(void)
{
	for (int i = 0; i < NR_BUSY; i++)
		atomic_store(&busy[i].longest, 0);
	(void)pthread_mutex_lock(&lock);
	atomic_store(&go, true);
	(void)pthread_cond_broadcast(&change);
	(void)pthread_mutex_unlock(&lock);
	for (int i = 0; i < NR_BUSY; i++)
		while (!atomic_load(&busy[i].runs))
			(void)usleep(100);
	(void)puts("going");
}

static void end(void)
{
	uint64_t longest[NR_BUSY];

	/* Before they end: their end takes time as well. */
	for (int i = 0; i < NR_BUSY; i++)
		longest[i] = atomic_load(&busy[i].longest);
	(void)pthread_mutex_lock(&lock);
	atomic_store(&go, false);
	for (int i = 0; i < NR_BUSY; i++)
		while (atomic_load(&busy[i].runs))
			(void)pthread_cond_wait(&change, &lock);
	(void)pthread_mutex_unlock(&lock);
	(void)printf("%llu %llu\n", (unsigned long long)longest[0], (unsigned long long)longest[1]);
}

int main(int argc, char **argv)
{
	unsigned long nr = argc == 2 ? program_number(argv[1], MAX_THREADS) : 0;
	char line[16];
	bool alone;

	if (!nr) {
		(void)fprintf(stderr, "usage: busy THREADS\n");
		return 2;
	}
	alone = part_processors(start(be_busy, &busy[0]));
	start(be_busy, &busy[1]);
	while (nr--)
		start(sleep_on, NULL);
	if (bench_0(1) < 0)
		return 1;
	(void)printf("ready %s\n", alone ? "alone" : "shared");
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "go\n"))
			begin();
		else
			end();
		(void)fflush(stdout);
	}
	return 0;
}
