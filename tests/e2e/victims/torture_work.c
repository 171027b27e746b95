// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The torture test's work within one process: memory, vector registers, and everything that blocks.
 * What blocks is woken by the worker's partner; no call has a reason to be interrupted or to time
 * out.
 */
#include "libtorture.h"
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 30, ECHO_LEN = 64 };

/* --- memory ------------------------------------------------------------------------------- */

/* The version that made the block shows in its first byte; all the others must be like it. */
static void check_block(unsigned char *block, size_t len, unsigned char first)
{
	unsigned char more = (unsigned char)(block[0] - first);

	if (more != 0 && more != 100 && more != 200)
		torture_wrong("malloc: a block begins with %u instead of %u", block[0], first);
	for (size_t i = 1; i < len; i++) {
		if (block[i] == block[0])
			continue;
		torture_wrong("malloc: byte %zu of %zu is %u instead of %u", i, len, block[i],
			      block[0]);
		return;
	}
}

void work_malloc(struct worker *w)
{
	for (unsigned n = 0; n < 16; n++) {
		unsigned i = torture_random(w) % TORTURE_BLOCKS;
		size_t len = 1 + torture_random(w) % 3000;

		if (w->blocks[i] != NULL)
			check_block(w->blocks[i], w->lens[i], (unsigned char)i);
		free(w->blocks[i]);
		w->blocks[i] = torture_block(len, (unsigned char)i);
		w->lens[i] = len;
		if (len < 2)
			continue;
		w->blocks[i] = realloc(w->blocks[i], len / 2);
		w->lens[i] = len / 2;
	}
}

/* --- registers ---------------------------------------------------------------------------- */

void work_vector(struct worker *w)
{
	static _Alignas(32) unsigned char bytes[4096];
	static _Atomic uint64_t sum;
	uint64_t got;

	/* The same for all, so that it does not matter who does it first. */
	if (sum == 0) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)(i * 7 + i / 256);
		sum = plain_sum(bytes, sizeof(bytes));
	}
	(void)w;
	for (unsigned n = 0; n < 20; n++) {
		got = vector_sum(bytes, sizeof(bytes));
		if (got != sum)
			torture_wrong("vector: the checksum is %llx instead of %llx",
				      (unsigned long long)got, (unsigned long long)sum);
	}
}

void work_many(struct worker *w)
{
	const double x = torture_random(w) % 1000;

	for (int i = 0; i < 50; i++) {
		double wanted = i + 2 * 2 + 3 * 3 + 4 * 4 + 5 * 5 + 6 * 6 + 7 * 7 + 8 * 8 + x;

		torture_check("many arguments", (long)wanted,
			      (long)torture_many(i, 2, 3, 4, 5, 6, 7, 8, x));
		torture_check("a plain call", i + 1, torture_step(i));
	}
}

void work_rest(struct worker *w)
{
	const int n = (int)(torture_random(w) % 1000);

	torture_check("a call that sleeps", n + 2, torture_rest(n));
}

/* --- the partner -------------------------------------------------------------------------- */

static void answer_cond(struct partner *p)
{
	pthread_mutex_lock(&p->lock);
	p->answered = p->asked;
	pthread_cond_signal(&p->cond);
	pthread_mutex_unlock(&p->lock);
}

static void answer_event(struct partner *p)
{
	uint64_t one = 1;

	if (write(p->event, &one, sizeof(one)) != sizeof(one))
		torture_die("write to an eventfd");
}

/* What it is asked for: one letter; all others come back through the pipe. */
static void *partner_run(void *arg)
{
	struct partner *p = arg;
	char letter;

	torture_block_signals(true);
	for (;;) {
		ssize_t n = read(p->ask[0], &letter, 1);

		if (n < 0 && torture_again(n))
			continue;
		if (n != 1)
			torture_die("read of a partner");
		if (letter == 'C')
			answer_cond(p);
		else if (letter == 'E')
			answer_event(p);
		else if (letter == 'S')
			sem_post(&p->sem);
		else if (write(p->answer[1], &letter, 1) != 1)
			torture_die("write of a partner");
	}
	return NULL;
}

void partner_start(struct partner *p)
{
	if (pipe2(p->ask, O_CLOEXEC) < 0 || pipe2(p->answer, O_CLOEXEC) < 0)
		torture_die("pipe2");
	p->event = eventfd(0, EFD_CLOEXEC);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (p->event < 0 || p->epoll < 0 ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->event, &(struct epoll_event){.events = EPOLLIN}) <
		    0)
		torture_die("epoll");
	sem_init(&p->sem, 0, 0);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->cond, NULL);
	if (pthread_create(&p->id, NULL, partner_run, p) != 0)
		torture_die("pthread_create");
}

static void ask(struct worker *w, const char *letters, size_t len)
{
	ssize_t n;

	do
		n = write(w->partner.ask[1], letters, len);
	while (n < 0 && torture_again(n));
	if (n != (ssize_t)len)
		torture_wrong("pipe: %zd bytes were written instead of %zu", n, len);
}

/* --- what blocks -------------------------------------------------------------------------- */

/* With the timers' signals: their handlers ask for restarts (SA_RESTART). */
void work_pipe(struct worker *w)
{
	char text[ECHO_LEN], back[ECHO_LEN];
	size_t len = 1 + torture_random(w) % ECHO_LEN;

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + torture_random(w) % 26);
	ask(w, text, len);
	for (size_t got = 0; got < len;) {
		ssize_t n = read(w->partner.answer[0], back + got, len - got);

		if (n < 0 && torture_again(n))
			continue;
		if (n <= 0)
			torture_die("read");
		got += (size_t)n;
	}
	if (memcmp(text, back, len) != 0)
		torture_wrong("pipe: %zu bytes came back as others", len);
}

static struct timespec in_a_while(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_sec += PATIENCE_S;
	return t;
}

void work_cond(struct worker *w)
{
	struct partner *p = &w->partner;
	const struct timespec until = in_a_while(CLOCK_REALTIME);

	pthread_mutex_lock(&p->lock);
	p->asked++;
	pthread_mutex_unlock(&p->lock);
	ask(w, "C", 1);
	pthread_mutex_lock(&p->lock);
	while (p->answered != p->asked) {
		int failure = w->loops % 2 == 0
				      ? pthread_cond_wait(&p->cond, &p->lock)
				      : pthread_cond_timedwait(&p->cond, &p->lock, &until);

		if (failure != 0) {
			torture_wrong("condition variable: %s", strerror(failure));
			break;
		}
	}
	pthread_mutex_unlock(&p->lock);
}

/* Ends with EINTR when a handler has run, whatever that asks for: so without the signals. */
void work_epoll(struct worker *w)
{
	struct epoll_event event = {0};
	uint64_t count = 0;
	sigset_t all;
	int n;

	sigfillset(&all);
	torture_block_signals(true);
	ask(w, "E", 1);
	do
		n = epoll_pwait(w->partner.epoll, &event, 1, PATIENCE_S * 1000,
				w->loops % 2 == 0 ? NULL : &all);
	while (torture_again(n));
	if (n != 1 || event.events != EPOLLIN)
		torture_wrong("epoll: %d events", n);
	if (read(w->partner.event, &count, sizeof(count)) != sizeof(count) || count != 1)
		torture_wrong("epoll: the event came %llu times", (unsigned long long)count);
	torture_block_signals(false);
}

void work_sem(struct worker *w)
{
	const struct timespec until = in_a_while(CLOCK_REALTIME);
	int n;

	torture_block_signals(true);
	ask(w, "S", 1);
	do
		n = sem_timedwait(&w->partner.sem, &until);
	while (torture_again(n));
	if (n != 0)
		torture_wrong("semaphore: %s", strerror(errno));
	torture_block_signals(false);
}

/* Not shorter than it has to be, and with nothing left. */
void work_sleep(struct worker *w)
{
	const struct timespec some = {0, 1000 + (long)(torture_random(w) % 500000)};
	struct timespec before, after;
	long ns;
	int n;

	torture_block_signals(true);
	clock_gettime(CLOCK_MONOTONIC, &before);
	n = nanosleep(&some, NULL);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ns = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
	if (!torture_again(n) && (n != 0 || ns < some.tv_nsec))
		torture_wrong("nanosleep: %ld ns instead of %ld", ns, some.tv_nsec);
	torture_block_signals(false);
}
