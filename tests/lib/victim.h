/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A victim: a child process of the test that runs one function and reports on
 * a board, memory that both share.
 */
#ifndef ULP_TESTS_LIB_VICTIM_H
#define ULP_TESTS_LIB_VICTIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define VICTIM_FRAME_LEN (16u << 10)

struct board {
	atomic_bool ready;    /* set by the victim: the test may begin */
	atomic_bool go;	      /* set by the test: what it means is the victim's affair */
	atomic_bool quit;     /* set by the test: end with status 0 */
	atomic_ulong rounds;  /* counts as long as the victim works */
	atomic_ulong value;   /* a result */
	atomic_ulong signals; /* handled */
	atomic_int tid;	      /* of a thread of interest */
	atomic_bool failed;
	char failure[128]; /* valid if failed */
};

struct victim {
	pid_t pid;
	struct board *board; /* shared with the child */
};

/* The memory for a borrowed thread's signal frame; at the same address in the victim. */
extern unsigned char victim_frame[VICTIM_FRAME_LEN];

typedef void victim_fn(struct board *board, void *arg);

/*
 * Forks a child that runs fn(board, arg), then exits: 1 if it failed, else 0.
 * Waits until it is ready.  Fails the test if that does not happen.
 */
struct victim victim_start(victim_fn *fn, void *arg);

/* The victim's: notes the first failure. */
void victim_fail(struct board *board, const char *what);

/*
 * The test's: tells it to quit, waits, asserts that it did not fail and ended
 * with status 0, and frees the board.
 */
void victim_finish(struct victim *v);

/* Waits until it did n more rounds. */
void victim_await_rounds(const struct victim *v, unsigned long n);

/* Waits until it stands still: no round and no signal within 20 ms. */
void victim_await_silence(const struct victim *v);

/* CLOCK_MONOTONIC now + seconds, in nanoseconds. */
uint64_t deadline_in(unsigned int seconds);
bool is_past(uint64_t deadline_ns);

/* Waits until the flag is set or the thread is in a state of `states` ("S", "DT"); asserts that. */
void await_flag(const atomic_bool *flag);
void await_state(pid_t pid, pid_t tid, const char *states);

#endif
