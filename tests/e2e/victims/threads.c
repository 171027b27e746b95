/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two threads that use thread-local variables of a library and of the program, on request:
 *   number N	     N + 1
 *   add THREAD N    thread 0 or 1 adds N; the sum of its variables of the library
 *   get THREAD      that sum
 *   mine THREAD N   the same with a variable of the program
 *   end
 * The requests come through the FIFO NAME.in, the answers go to NAME.out.  With -DLOADED the
 * library comes by dlopen().
 */
#include "libthreads.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TIMES
#define TIMES 1
#endif

#define NR_THREADS 2

static _Thread_local long mine = 10;
static long (*library_add)(long);
static long (*library_get)(void);

__attribute__((noinline)) long program_add(long n)
{
	mine += TIMES * n;
	return mine;
}

static struct worker {
	pthread_barrier_t asked, done;
	char what; /* first letter of the request; 'e' ends */
	long n;
	long answer;
} workers[NR_THREADS];

static void *work(void *arg)
{
	struct worker *w = arg;

	for (;;) {
		pthread_barrier_wait(&w->asked);
		if (w->what == 'a')
			w->answer = library_add(w->n);
		else if (w->what == 'g')
			w->answer = library_get();
		else if (w->what == 'm')
			w->answer = program_add(w->n);
		pthread_barrier_wait(&w->done);
		if (w->what == 'e')
			return NULL;
	}
}

static long ask(unsigned long thread, char what, long n)
{
	struct worker *w = &workers[thread % NR_THREADS];

	w->what = what;
	w->n = n;
	pthread_barrier_wait(&w->asked);
	pthread_barrier_wait(&w->done);
	return w->answer;
}

static void find_library(void)
{
#ifdef LOADED
	void *library = dlopen("libthreads.so.1", RTLD_NOW);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&library_add = dlsym(library, "threads_add");
	*(void **)&library_get = dlsym(library, "threads_get");
#else
	library_add = threads_add;
	library_get = threads_get;
#endif
}

/* One request; false at the end. */
static int serve(const char *line, const char *name)
{
	char word[16] = "", path[256];
	long a = 0, b = 0;
	FILE *out;

	(void)sscanf(line, "%15s %ld %ld", word, &a, &b);
	if (strcmp(word, "end") == 0)
		return 0;
	snprintf(path, sizeof(path), "%s.out", name);
	out = fopen(path, "we");
	if (!out)
		return 0;
	fprintf(out, "%ld\n", *word == 'n' ? a + 1 : ask((unsigned long)a, *word, b));
	return fclose(out) == 0;
}

int main(int argc, char **argv)
{
	pthread_t ids[NR_THREADS];
	char line[256], path[256];
	int more = argc == 2;

	find_library();
	for (int i = 0; i < NR_THREADS; i++) {
		pthread_barrier_init(&workers[i].asked, NULL, 2);
		pthread_barrier_init(&workers[i].done, NULL, 2);
		pthread_create(&ids[i], NULL, work, &workers[i]);
	}
	while (more) {
		FILE *in;

		snprintf(path, sizeof(path), "%s.in", argv[1]);
		in = fopen(path, "re");
		more = in && fgets(line, sizeof(line), in) && serve(line, argv[1]);
		if (in)
			fclose(in);
	}
	for (unsigned i = 0; i < NR_THREADS; i++) {
		ask(i, 'e', 0);
		pthread_join(ids[i], NULL);
	}
	return 0;
}
