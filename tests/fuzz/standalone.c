/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a fuzz target without libFuzzer: over the files named and those of its
 * corpus, then over FUZZ_RUNS mutations of its seed and these files, the same
 * ones each time.  Speaks TAP.  A finding is a crash.
 *
 * FUZZ_CORPUS, if defined, is the corpus's folder below the path in the
 * environment variable FUZZ_CORPUS_ROOT.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef DEFAULT_RUNS
#define DEFAULT_RUNS 20000
#endif
#define MAX_CHAIN 8 /* mutations on top of one another before the seed is taken again */
#define EXTRA_ROOM 4096

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators"). */
static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1d;
}

/* 0 .. limit - 1 */
static size_t random_below(size_t limit)
{
	return (size_t)((random_next() >> 11) % limit);
}

static size_t flip_bit(uint8_t *bytes, size_t len, size_t room)
{
	(void)room;
	bytes[random_below(len)] ^= (uint8_t)(1u << random_below(8));
	return len;
}

static size_t set_byte(uint8_t *bytes, size_t len, size_t room)
{
	(void)room;
	bytes[random_below(len)] = (uint8_t)random_next();
	return len;
}

/* A number that is at some edge, in 1, 2, 4 or 8 bytes. */
static size_t set_edge(uint8_t *bytes, size_t len, size_t room)
{
	static const uint64_t edges[] = {
		0,
		1,
		7,
		8,
		0x7f,
		0x80,
		0xff,
		0x7fff,
		0x8000,
		0xffff,
		0x7fffffff,
		0x80000000,
		0xfffffff8,
		0xffffffff,
		INT64_MAX,
		0x8000000000000000,
		0xfffffffffffffff8,
		UINT64_MAX,
	};
	uint64_t value = edges[random_below(sizeof(edges) / sizeof(edges[0]))];
	size_t width = (size_t)1 << random_below(4);
	size_t at = random_below(len) / width * width;

	(void)room;
	memcpy(bytes + at, &value, width < len - at ? width : len - at);
	return len;
}

/* A small step up or down of a number. */
static size_t step_number(uint8_t *bytes, size_t len, size_t room)
{
	size_t at = random_below(len) / 4 * 4;
	uint32_t value = 0;
	size_t width = len - at < 4 ? len - at : 4;

	(void)room;
	memcpy(&value, bytes + at, width);
	value += (uint32_t)random_below(33) - 16;
	memcpy(bytes + at, &value, width);
	return len;
}

static size_t copy_inside(uint8_t *bytes, size_t len, size_t room)
{
	size_t from = random_below(len);
	size_t to = random_below(len);
	size_t most = len - (from > to ? from : to);

	(void)room;
	memmove(bytes + to, bytes + from, random_below(most < 64 ? most : 64) + 1);
	return len;
}

static size_t cut_end(uint8_t *bytes, size_t len, size_t room)
{
	(void)bytes;
	(void)room;
	return random_below(len) + 1;
}

static size_t add_end(uint8_t *bytes, size_t len, size_t room)
{
	size_t nr = room > len ? random_below(room - len < 64 ? room - len : 64) : 0;

	memset(bytes + len, (int)random_below(256), nr);
	return len + nr;
}

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t len, size_t room)
{
	static size_t (*const mutations[])(uint8_t *, size_t, size_t) = {
		flip_bit, set_byte, set_edge, set_edge, step_number, copy_inside, add_end,
	};

	if (len == 0)
		return 0;
	if (random_below(64) == 0) /* rarely: it ends most chains */
		return cut_end(bytes, len, room);
	return mutations[random_below(sizeof(mutations) / sizeof(mutations[0]))](bytes, len, room);
}

/* --- running -------------------------------------------------------------- */

/* In memory of exactly that length, so that a sanitizer sees the end. */
static void run_once(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len != 0 ? len : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

/* The bytes of a file, malloc'ed; NULL if it cannot be read. */
static uint8_t *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *bytes = NULL;
	size_t got;

	*len = 0;
	if (file == NULL)
		return NULL;
	do {
		bytes = realloc(bytes, *len + 65536);
		if (bytes == NULL)
			abort();
		got = fread(bytes + *len, 1, 65536, file);
		*len += got;
	} while (got != 0);
	(void)fclose(file);
	return bytes;
}

static bool run_file(const char *path)
{
	size_t len;
	uint8_t *bytes = read_file(path, &len);

	if (bytes == NULL)
		return false;
	run_once(bytes, len);
	free(bytes);
	return true;
}

/* The corpus; empty where there is none. */
static glob_t find_corpus(void)
{
	glob_t corpus = {0};
#ifdef FUZZ_CORPUS
	const char *root = getenv(FUZZ_CORPUS_ROOT);
	char pattern[4096];

	(void)snprintf(pattern, sizeof(pattern), "%s/" FUZZ_CORPUS "/*", root ? root : ".");
	if (glob(pattern, 0, NULL, &corpus) != 0) {
		fprintf(stderr, "%s: no such files\n", pattern);
		exit(99);
	}
#endif
	return corpus;
}

/* For the reader of a crash's report: which run it was. */
static unsigned long current_run;

/* Seed number i: the target's own, then the corpus. */
static uint8_t *seed_at(const glob_t *corpus, size_t i, size_t *len)
{
	i %= corpus->gl_pathc + 1;
	return i == 0 ? fuzz_seed(len) : read_file(corpus->gl_pathv[i - 1], len);
}

static void run_mutations(const glob_t *corpus, unsigned long nr_runs)
{
	uint8_t *bytes = NULL, *seed;
	size_t len = 0, room = 0;

	for (current_run = 0; current_run < nr_runs; current_run++) {
		if (current_run % MAX_CHAIN == 0) {
			seed = seed_at(corpus, current_run / MAX_CHAIN, &len);
			room = len + EXTRA_ROOM;
			bytes = realloc(bytes, room);
			if (seed == NULL || bytes == NULL)
				abort();
			memcpy(bytes, seed, len);
			run_once(bytes, len);
			free(seed);
		}
		len = LLVMFuzzerCustomMutator(bytes, len, room, (unsigned int)random_next());
		run_once(bytes, len);
	}
	free(bytes);
}

static int report_file(const char *path, size_t number)
{
	const bool read = run_file(path);
	const char *slash = strrchr(path, '/');

	printf("%s %zu - survives %s\n", read ? "ok" : "not ok", number, slash ? slash + 1 : path);
	return !read;
}

int main(int argc, char **argv)
{
	const char *runs = getenv("FUZZ_RUNS");
	unsigned long nr_runs = runs != NULL ? strtoul(runs, NULL, 10) : DEFAULT_RUNS;
	glob_t corpus = find_corpus();
	size_t number = 0;
	int nr_failed = 0;

	printf("1..%zu\n", (size_t)argc + corpus.gl_pathc);
	for (int i = 1; i < argc; i++)
		nr_failed += report_file(argv[i], ++number);
	for (size_t i = 0; i < corpus.gl_pathc; i++)
		nr_failed += report_file(corpus.gl_pathv[i], ++number);
	run_mutations(&corpus, nr_runs);
	printf("ok %zu - survives %lu mutations\n", number + 1, nr_runs);
	globfree(&corpus);
	return nr_failed != 0;
}
