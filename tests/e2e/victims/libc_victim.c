// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Shows two faults of glibc 2.36 by what they do.
 *
 * CVE-2025-15281: wordexp() with WRDE_REUSE and WRDE_APPEND frees the words of before, but still
 * counts them: the new word comes behind one that was never set.
 * CVE-2026-0861: memalign() adds the alignment to the size without a look at the overflow, takes a
 * block that is too small, and writes outside of it.  A child tries that, for it is killed.
 *
 * Four threads allocate, align and free without pause, and check what they get.  A line on stdin
 * ("?") is answered by a line on stdout:
 *   wordexp RIGHT, memalign RIGHT, faults 0, rounds 1234
 * rounds: of the thread that did the fewest.  A line "end" ends it.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wordexp.h>

enum {
	THREADS = 4,
	BLOCKS = 32, /* that a thread holds at a time */
};

static atomic_ulong rounds[THREADS];
static atomic_ulong faults;

/* --- the load ------------------------------------------------------------------ */

struct block {
	unsigned char *bytes;
	size_t len;
	unsigned char mark;
};

static void check(bool good)
{
	if (!good)
		atomic_fetch_add(&faults, 1);
}

static void block_free(struct block *b)
{
	for (size_t i = 0; b->bytes && i < b->len; i++)
		check(b->bytes[i] == b->mark);
	free(b->bytes);
	b->bytes = NULL;
}

static void block_get(struct block *b, unsigned n)
{
	size_t align = (size_t)16 << n % 9; /* 16 to 4096 bytes */

	b->len = 1 + n * 37 % 700;
	b->mark = (unsigned char)n;
	if (n % 3 == 0)
		b->bytes = malloc(b->len);
	else
		b->bytes = aligned_alloc(align, b->len);
	check(b->bytes && (n % 3 == 0 || (uintptr_t)b->bytes % align == 0));
	if (b->bytes)
		memset(b->bytes, b->mark, b->len);
}

static void *load(void *arg)
{
	size_t thread = (size_t)(uintptr_t)arg;
	struct block blocks[BLOCKS] = {0};
	unsigned n = (unsigned)thread * 1000;

	for (;;) {
		for (size_t i = 0; i < BLOCKS; i++) {
			block_free(&blocks[i]);
			block_get(&blocks[i], n++);
		}
		atomic_fetch_add(&rounds[thread], 1);
	}
	return NULL;
}

/* --- the faults ---------------------------------------------------------------- */

static bool wordexp_is_right(void)
{
	wordexp_t words = {0};

	if (wordexp("one", &words, 0) != 0 || words.we_wordc != 1)
		return false;
	if (wordexp("two", &words, WRDE_REUSE | WRDE_APPEND) != 0)
		return false;
	/* Where the first word was not set there is nothing that may be freed. */
	if (words.we_wordc != 1 || strcmp(words.we_wordv[0], "two") != 0)
		return false;
	wordfree(&words);
	return true;
}

/* Ends the child: status 0 where the request is refused, as it has to be. */
_Noreturn static void memalign_try(void)
{
	const struct rlimit no_core = {0, 0};
	/* Not known to the compiler, which would warn.  With the alignment the size overflows. */
	volatile size_t align = SIZE_MAX / 2 + 1, len = PTRDIFF_MAX - 47;
	void *p;

	(void)setrlimit(RLIMIT_CORE, &no_core);
	errno = 0;
	p = memalign(align, len);
	_exit(p == NULL && errno == ENOMEM ? 0 : 1);
}

static bool memalign_is_right(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		memalign_try();
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("libc_victim");
		exit(1);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const char *word(bool right)
{
	return right ? "RIGHT" : "WRONG";
}

static unsigned long fewest_rounds(void)
{
	unsigned long fewest = atomic_load(&rounds[0]);

	for (size_t i = 1; i < THREADS; i++) {
		unsigned long n = atomic_load(&rounds[i]);

		fewest = n < fewest ? n : fewest;
	}
	return fewest;
}

int main(void)
{
	char line[16];

	for (size_t i = 0; i < THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, load, (void *)(uintptr_t)i) != 0)
			return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "end\n") != 0) {
		bool wordexp_right = wordexp_is_right(), memalign_right = memalign_is_right();

		printf("wordexp %s, memalign %s, faults %lu, rounds %lu\n", word(wordexp_right),
		       word(memalign_right), atomic_load(&faults), fewest_rounds());
		fflush(stdout);
	}
	return 0;
}
