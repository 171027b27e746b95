/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ULP_TESTS_E2E_VICTIMS_TORTURE_H
#define ULP_TESTS_E2E_VICTIMS_TORTURE_H

/*
 * What the parts of the torture test's process share.  Each kind of work is a step that does one
 * small thing and looks whether it went as it must; a worker does steps until the end.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TORTURE_BLOCKS = 32 };

/* The other side of what blocks: a thread that answers, in the way it is asked for. */
struct partner {
	pthread_t id;
	int ask[2];    /* pipe, to the partner */
	int answer[2]; /* pipe, from it */
	int event;     /* eventfd, from it */
	int epoll;     /* with event in it */
	sem_t sem;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned asked;	   /* under the lock */
	unsigned answered; /* under the lock */
};

struct worker {
	pthread_t id;
	unsigned kind;	     /* row of the table of kinds; its number: all of them in turn */
	unsigned long loops; /* atomic */
	unsigned random;     /* state of torture_random() */
	struct partner partner;
	unsigned char *blocks[TORTURE_BLOCKS];
	size_t lens[TORTURE_BLOCKS];
};

/* One step.  They report what is wrong through torture_wrong(). */
typedef void torture_work(struct worker *w);
torture_work work_malloc, work_vector, work_pipe, work_cond, work_epoll, work_sem, work_sleep,
	work_fork, work_vfork, work_thread, work_dlopen, work_throw, work_rest, work_many;

void partner_start(struct partner *p);

/* Counts a wrong result and keeps the text of the first. */
__attribute__((format(printf, 1, 2))) void torture_wrong(const char *fmt, ...);

/* Ends the process: it cannot be tested. */
__attribute__((noreturn)) void torture_die(const char *what);

/* Whether a system call gave EINTR, which is counted: it has to be done again. */
bool torture_again(long result);

/* Looks that got is wanted, or what a fix makes of it once: 100 or 200 more. */
void torture_check(const char *what, long wanted, long got);

/* Like this for something that `times` replaced functions added to. */
void torture_check_sum(const char *what, long wanted, long got, int times);

/* All signals that the timers send, blocked or not, for the calling thread. */
void torture_block_signals(bool block);

unsigned torture_random(struct worker *w);

/* A checksum by vector registers of len bytes, a multiple of 32; and the same by plain code. */
uint64_t vector_sum(const unsigned char *bytes, size_t len);
uint64_t plain_sum(const unsigned char *bytes, size_t len);

#ifdef __cplusplus
}
#endif

#endif
