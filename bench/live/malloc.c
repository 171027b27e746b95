/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * malloc THREADS PAIRS: all threads together allocate and free that many blocks
 * of 16 to 1023 bytes, and sometimes larger ones, in an order that is random but
 * always the same.  Prints how many pairs of malloc and free were done in a second
 * of the clock, and in a second of processor time: what other programs take from
 * the machine is in the first number only.
 */
#include "program.h"

#include <pthread.h>

#define MAX_THREADS 256
#define NR_SLOTS 256u /* blocks that a thread holds at a time */

static pthread_barrier_t start;
static unsigned long pairs_each;

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void *work(void *seed)
{
	uint32_t state = 2463534242u + (uint32_t)(uintptr_t)seed;
	char *slots[NR_SLOTS] = {NULL};

	(void)pthread_barrier_wait(&start);
	for (unsigned long i = 0; i < pairs_each; i++) {
		uint32_t random = next_random(&state);
		size_t len = 16 + (random >> 8) % (random % 64 ? 1008 : 32768);
		char **slot = &slots[(random >> 2) % NR_SLOTS];

		free(*slot);
		*slot = malloc(len);
		if (!*slot)
			program_fail("malloc");
		**slot = (char)random;
	}
	for (size_t i = 0; i < NR_SLOTS; i++)
		free(slots[i]);
	return NULL;
}

static double rate(uint64_t ns, unsigned long nr_threads)
{
	return (double)(pairs_each * nr_threads) * 1e9 / (double)ns;
}

int main(int argc, char **argv)
{
	unsigned long nr = argc == 3 ? program_number(argv[1], MAX_THREADS) : 0;
	pthread_t threads[MAX_THREADS];
	uint64_t wall, cpu;

	if (!nr) {
		(void)fprintf(stderr, "usage: malloc THREADS PAIRS\n");
		return 2;
	}
	pairs_each = program_number(argv[2], 1ul << 40) / nr;
	(void)pthread_barrier_init(&start, NULL, (unsigned)nr + 1);
	for (unsigned long i = 0; i < nr; i++)
		if ((errno = pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i)) != 0)
			program_fail("pthread_create");
	wall = program_clock(CLOCK_MONOTONIC);
	cpu = program_clock(CLOCK_PROCESS_CPUTIME_ID);
	(void)pthread_barrier_wait(&start);
	for (unsigned long i = 0; i < nr; i++)
		(void)pthread_join(threads[i], NULL);
	wall = program_clock(CLOCK_MONOTONIC) - wall;
	cpu = program_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	(void)printf("%.0f %.0f\n", rate(wall, nr), rate(cpu, nr));
	return 0;
}
