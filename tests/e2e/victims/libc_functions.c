// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Calls functions of the libc that every program lives on, in several threads and without pause,
 * and checks what they give: malloc, printf, getaddrinfo, fwrite (whose _IO_new_file_xsputn copies
 * with mempcpy) and strdup (which copies with memcpy).
 *
 * Each of them has one argument that tells a new function from an old one, as
 * tests/e2e/glibc_functions.sh makes the new one; the threads never pass it.  The line "which" is
 * answered by one on stdout: "malloc old, printf old, getaddrinfo old, fwrite old, strdup old".
 * "works" is answered by "faults 0, rounds 1234", with the rounds of the thread that did the
 * fewest. "end" ends it.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PRINTERS = 2,
	BATCH = 8,     /* lines that a printer prints before it waits for its reader */
	BLOCKS = 32,   /* that a thread holds at a time */
	RECORDS = 100, /* that are written to a file before they are read again */
	LEN = 700,     /* of the longest block, and of the longest record */
};

enum worker {
	ALLOCATES_1,
	ALLOCATES_2,
	RESOLVES,
	WRITES,
	DUPLICATES,
	PRINTS, /* the first of them */
	NR_WORKERS = PRINTS + PRINTERS,
};

static atomic_ulong rounds[NR_WORKERS];
static atomic_ulong faults;

static void check(bool good)
{
	if (!good)
		atomic_fetch_add(&faults, 1);
}

/* --- malloc and strdup ------------------------------------------------------------ */

struct block {
	unsigned char *bytes;
	size_t len;
	unsigned char mark;
};

static void block_free(struct block *b)
{
	for (size_t i = 0; b->bytes && i < b->len; i++)
		check(b->bytes[i] == b->mark);
	free(b->bytes);
	b->bytes = NULL;
}

static void block_get(struct block *b, unsigned n)
{
	/* Some are larger than the caches of a thread take. */
	b->len = 1 + n * 37 % LEN * (n % 5 == 0 ? 30 : 1);
	b->mark = (unsigned char)n;
	b->bytes = malloc(b->len);
	check(b->bytes && (uintptr_t)b->bytes % 16 == 0);
	if (b->bytes)
		memset(b->bytes, b->mark, b->len);
}

static void *allocate(void *arg)
{
	const enum worker self = (enum worker)(uintptr_t)arg;
	struct block blocks[BLOCKS] = {0};

	for (unsigned n = self * 1000;; atomic_fetch_add(&rounds[self], 1))
		for (size_t i = 0; i < BLOCKS; i++) {
			block_free(&blocks[i]);
			block_get(&blocks[i], n++);
		}
	return NULL;
}

static void *duplicate(void *arg)
{
	char text[LEN + 1];

	for (unsigned n = 0;; n++) {
		size_t len = n * 37 % LEN;
		char *copy;

		memset(text, 'a' + (int)(n % 26), len);
		text[len] = '\0';
		copy = strdup(text);
		check(copy && copy != text && strcmp(copy, text) == 0);
		free(copy);
		atomic_fetch_add(&rounds[DUPLICATES], 1);
	}
	return arg;
}

/* --- printf ------------------------------------------------------------------------ */

static sem_t read_again[PRINTERS];

static void *print(void *arg)
{
	const size_t self = (size_t)(uintptr_t)arg;
	char line[64];

	for (unsigned n = 0;; n++) {
		int len =
			snprintf(line, sizeof(line), "%zu %u %-8s|%08x|\n", self, n, "text", n * 7);

		check(printf("%zu %u %-8s|%08x|\n", self, n, "text", n * 7) == len);
		if (n % BATCH < BATCH - 1)
			continue;
		/* Never so far ahead that it would wait in printf for the pipe. */
		fflush(stdout);
		sem_wait(&read_again[self]);
		atomic_fetch_add(&rounds[PRINTS + self], 1);
	}
	return NULL;
}

/* Reads what the others print: no line is lost, doubled or torn. */
static void *read_lines(void *arg)
{
	FILE *lines = arg;
	unsigned next[PRINTERS] = {0};
	char line[64], wanted[64];

	while (fgets(line, sizeof(line), lines)) {
		size_t who = line[0] == '1';
		unsigned n = next[who]++;

		snprintf(wanted, sizeof(wanted), "%zu %u %-8s|%08x|\n", who, n, "text", n * 7);
		check(strcmp(line, wanted) == 0);
		if (n % BATCH == BATCH - 1)
			sem_post(&read_again[who]);
	}
	check(false);
	return NULL;
}

/* --- getaddrinfo --------------------------------------------------------------------- */

/* Of an address and a port in digits: nobody else has to be asked. */
static bool resolves(const char *name, int family)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	char got[INET6_ADDRSTRLEN] = "";
	const void *address;
	in_port_t port;

	if (getaddrinfo(name, "8080", &hints, &found) != 0)
		return false;
	if (found->ai_family == AF_INET) {
		address = &((const struct sockaddr_in *)found->ai_addr)->sin_addr;
		port = ((const struct sockaddr_in *)found->ai_addr)->sin_port;
	} else {
		address = &((const struct sockaddr_in6 *)found->ai_addr)->sin6_addr;
		port = ((const struct sockaddr_in6 *)found->ai_addr)->sin6_port;
	}
	inet_ntop(found->ai_family, address, got, sizeof(got));
	bool right = found->ai_family == family && !found->ai_next && port == htons(8080) &&
		     strcmp(got, name) == 0;
	freeaddrinfo(found);
	return right;
}

static void *resolve(void *arg)
{
	for (;;) {
		check(resolves("192.0.2.7", AF_INET));
		check(resolves("2001:db8::7", AF_INET6));
		atomic_fetch_add(&rounds[RESOLVES], 1);
	}
	return arg;
}

/* --- fwrite ------------------------------------------------------------------------- */

static size_t record_make(unsigned char *record, unsigned n)
{
	size_t len = 1 + n * 37 % LEN;

	memset(record, 'a' + (int)(n % 26), len);
	return len;
}

static void *write_and_read(void *arg)
{
	FILE *file = arg;
	unsigned char record[LEN], got[LEN];

	for (unsigned first = 0;; first += RECORDS) {
		rewind(file);
		for (unsigned n = first; n < first + RECORDS; n++) {
			size_t len = record_make(record, n);

			check(fwrite(record, 1, len, file) == len);
		}
		check(fflush(file) == 0);
		rewind(file);
		for (unsigned n = first; n < first + RECORDS; n++) {
			size_t len = record_make(record, n);

			check(fread(got, 1, len, file) == len && memcmp(record, got, len) == 0);
		}
		atomic_fetch_add(&rounds[WRITES], 1);
	}
	return NULL;
}

/* --- answers -------------------------------------------------------------------------- */

static const char *age(bool is_new)
{
	return is_new ? "new" : "old";
}

static bool malloc_is_new(void)
{
	volatile size_t len = 0x1234567;
	void *p = malloc(len);
	bool is_new = !p;

	free(p);
	return is_new;
}

static bool printf_is_new(void)
{
	const char *volatile format = "";

	return printf(format) == 4242;
}

static bool getaddrinfo_is_new(void)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
	struct addrinfo *found = NULL;

	return getaddrinfo("!", NULL, &hints, &found) == 4242;
}

static bool fwrite_is_new(FILE *null)
{
	volatile size_t len = 7;

	return fwrite("\1ABCDEF", 1, len, null) == 0;
}

static bool strdup_is_new(void)
{
	const char *volatile text = "\1";
	char *copy = strdup(text);
	bool is_new = !copy;

	free(copy);
	return is_new;
}

static unsigned long fewest_rounds(void)
{
	unsigned long fewest = atomic_load(&rounds[0]);

	for (size_t i = 1; i < NR_WORKERS; i++) {
		unsigned long n = atomic_load(&rounds[i]);

		fewest = n < fewest ? n : fewest;
	}
	return fewest;
}

static void answer(int fd, const char *question, FILE *null)
{
	if (strcmp(question, "which\n") == 0)
		dprintf(fd, "malloc %s, printf %s, getaddrinfo %s, fwrite %s, strdup %s\n",
			age(malloc_is_new()), age(printf_is_new()), age(getaddrinfo_is_new()),
			age(fwrite_is_new(null)), age(strdup_is_new()));
	else
		dprintf(fd, "faults %lu, rounds %lu\n", atomic_load(&faults), fewest_rounds());
}

static void start(void *(*function)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, arg) != 0) {
		perror("pthread_create");
		exit(1);
	}
}

/* From here on stdout is a pipe; gives what it was. */
static int stdout_into_pipe(FILE **reading)
{
	int answers = dup(STDOUT_FILENO), ends[2];

	if (answers < 0 || pipe(ends) != 0 || dup2(ends[1], STDOUT_FILENO) < 0 ||
	    !(*reading = fdopen(ends[0], "r"))) {
		perror("stdout");
		exit(1);
	}
	return answers;
}

int main(void)
{
	FILE *null = fopen("/dev/null", "w"), *file = tmpfile(), *printed;
	int answers = stdout_into_pipe(&printed);
	char line[64];

	if (!null || !file)
		return 1;
	start(allocate, (void *)(uintptr_t)ALLOCATES_1);
	start(allocate, (void *)(uintptr_t)ALLOCATES_2);
	start(resolve, NULL);
	start(write_and_read, file);
	start(duplicate, NULL);
	for (size_t i = 0; i < PRINTERS; i++) {
		sem_init(&read_again[i], 0, 0);
		start(print, (void *)(uintptr_t)i);
	}
	start(read_lines, printed);
	while (fgets(line, sizeof(line), stdin) && strcmp(line, "end\n") != 0)
		answer(answers, line, null);
	/* The others print and read as long as the process is there. */
	_exit(0);
}
