/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether threads are found inside a function, and only there.
 */
#include "config.h"

#include "tests/lib/victim.h"
#include "tests/lib/victim_code.h"
#include "trigger/active.h"
#include "trigger/remote_space.h"
#include "trigger/tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/*
 * The function that is looked for, alone in a section so that its bounds are
 * known: [start, stop).
 */
#define TARGET __attribute__((section("ulp_active_target"), noinline))
extern const char __start_ulp_active_target[];
extern const char __stop_ulp_active_target[];

/* Never true, and the compiler does not know. */
static volatile bool never;

static TARGET void target(void (*fn)(struct board *), struct board *board)
{
	fn(board);
	/* Behind the call, so that it is no tail call. */
	if (never)
		victim_fail(board, "never");
}

/* Not on the stack, which victims inherit. */
static struct code_range range = {.name = "target"};

static int find_target(void **state)
{
	(void)state;
	range.start = (uint64_t)(uintptr_t)__start_ulp_active_target;
	range.end = (uint64_t)(uintptr_t)__stop_ulp_active_target;
	return 0;
}

/* --- what victims do -------------------------------------------------------------- */

static void wait_here(struct board *board)
{
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit))
		usleep(1000);
}

static void do_nothing(struct board *board)
{
	(void)board;
}

static TARGET void spin(struct board *board)
{
	atomic_store(&board->ready, true);
	while (!atomic_load(&board->quit))
		;
}

static void spins_inside(struct board *board, void *arg)
{
	(void)arg;
	spin(board);
}

static void waits_outside(struct board *board, void *arg)
{
	(void)arg;
	target(do_nothing, board);
	wait_here(board);
}

static void waits_inside(struct board *board, void *arg)
{
	(void)arg;
	target(wait_here, board);
}

static void *thread_inside(void *arg)
{
	target(wait_here, arg);
	return NULL;
}

static void other_thread_waits_inside(struct board *board, void *arg)
{
	pthread_t thread;

	(void)arg;
	pthread_create(&thread, NULL, thread_inside, board);
	pthread_join(thread, NULL);
}

/* Words that point into the function but are no return addresses: a table of its parts. */
static __attribute__((noinline)) void wait_with_words(struct board *board)
{
	volatile uintptr_t words[16];

	for (size_t i = 0; i < 16; i++)
		words[i] = (uintptr_t)__start_ulp_active_target + 1 + i;
	wait_here(board);
	if (words[3] == 0)
		victim_fail(board, "never");
}

static void waits_with_words(struct board *board, void *arg)
{
	(void)arg;
	wait_with_words(board);
}

/* The process's files in /proc are empty then. */
static void *wait_without_leader(void *arg)
{
	struct board *board = arg;
	struct task_stat stat;

	while (task_stat(getpid(), getpid(), &stat) && stat.state != 'Z')
		usleep(1000);
	wait_with_words(board);
	_exit(0);
}

static void waits_with_words_without_leader(struct board *board, void *arg)
{
	pthread_t thread;

	(void)arg;
	if (pthread_create(&thread, NULL, wait_without_leader, board) != 0)
		victim_fail(board, "no thread");
	pthread_exit(NULL);
}

static void waits_with_pointer(struct board *board, void *arg)
{
	volatile uintptr_t word = (uintptr_t)__start_ulp_active_target;

	(void)arg;
	wait_here(board);
	if (word == 0)
		victim_fail(board, "never");
}

/* On an alternate signal stack. */
static struct board *handler_board;

static void wait_in_handler(int number)
{
	(void)number;
	wait_here(handler_board);
}

static void signal_on_other_stack(struct board *board)
{
	struct sigaction action = {.sa_handler = wait_in_handler, .sa_flags = SA_ONSTACK};
	stack_t stack = {.ss_size = 256 << 10};

	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	handler_board = board;
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
}

static void handler_waits_inside(struct board *board, void *arg)
{
	(void)arg;
	target(signal_on_other_stack, board);
}

static __attribute__((noinline)) void handle_with_words(struct board *board)
{
	volatile uintptr_t word = (uintptr_t)__start_ulp_active_target + 3;

	signal_on_other_stack(board);
	if (word == 0)
		victim_fail(board, "never");
}

static void handler_waits_with_words(struct board *board, void *arg)
{
	(void)arg;
	handle_with_words(board);
}

/* As a coroutine: the thread's usual stack is not below it. */
static ucontext_t usual, coroutine;

static void coroutine_main(void)
{
	wait_here(handler_board);
}

static void switch_to_coroutine(struct board *board)
{
	const size_t len = 256 << 10;

	handler_board = board;
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	coroutine.uc_stack.ss_size = len;
	coroutine.uc_link = &usual;
	makecontext(&coroutine, coroutine_main, 0);
	swapcontext(&usual, &coroutine);
}

static void coroutine_waits_inside(struct board *board, void *arg)
{
	(void)arg;
	target(switch_to_coroutine, board);
}

static void coroutine_waits_outside(struct board *board, void *arg)
{
	(void)arg;
	switch_to_coroutine(board);
}

/* The usual stack cannot be unwound from there, so that its words count. */
static void coroutine_waits_with_pointer(struct board *board, void *arg)
{
	volatile uintptr_t word = (uintptr_t)__start_ulp_active_target;

	(void)arg;
	switch_to_coroutine(board);
	if (word == 0)
		victim_fail(board, "never");
}

/* Below code that no file is mapped for. */
static void wait_with_words_below(void *arg)
{
	wait_with_words(arg);
}

static void wait_below(void *arg)
{
	wait_here(arg);
}

static void call_generated(void (*fn)(void *), struct board *board)
{
	const size_t len = (size_t)(victim_call_end - (const char *)(uintptr_t)victim_call);
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*generated)(void (*)(void *), void *);

	memcpy(page, (const void *)(uintptr_t)victim_call, len);
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	memcpy(&generated, &page, sizeof(generated));
	generated(fn, board);
	if (never)
		victim_fail(board, "never");
}

static void generated_code_with_words(struct board *board, void *arg)
{
	(void)arg;
	call_generated(wait_with_words_below, board);
}

static void generated_code(struct board *board, void *arg)
{
	(void)arg;
	call_generated(wait_below, board);
}

static void call_generated_here(struct board *board)
{
	call_generated(wait_below, board);
}

static void generated_code_inside(struct board *board, void *arg)
{
	(void)arg;
	target(call_generated_here, board);
}

/* --- the check ---------------------------------------------------------------------- */

/* What earlier checks have left below the stack pointer, which victims inherit. */
static __attribute__((noinline)) void wipe_stack(void)
{
	volatile char bytes[256 << 10];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0;
}

static struct victim start_victim(victim_fn *fn)
{
	wipe_stack();
	return victim_start(fn, NULL);
}

static enum ulp_code check(victim_fn *fn, struct ulp_err *err)
{
	struct victim v = start_victim(fn);
	struct remote_space rs;
	struct process proc;
	struct session *s;
	struct active *active;
	enum ulp_code code;

	assert_int_equal(process_open(v.pid, &proc, err), ULP_OK);
	remote_space_init(&rs, &proc);
	assert_int_equal(active_open(&proc, &rs.space, &range, 1, &active, err), ULP_OK);
	assert_int_equal(session_begin(&proc, deadline_in(20), &s, err), ULP_OK);
	assert_int_equal(session_stop_all(s, err), ULP_OK);
	code = active_check(active, s, err);
	active_close(active);
	session_end(s);
	process_close(&proc);
	victim_finish(&v);
	return code;
}

static void assert_active(victim_fn *fn, const char *text)
{
	struct ulp_err err = {0};

	assert_int_equal(check(fn, &err), ULP_EACTIVE);
	if (strstr(err.text, text) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, text);
}

static void assert_not_active(victim_fn *fn)
{
	struct ulp_err err = {0};

	if (check(fn, &err) != ULP_OK)
		fail_msg("%s", err.text);
}

static void function_that_was_left_is_not_active(void **state)
{
	(void)state;
	assert_not_active(waits_outside);
}

static void caller_of_a_waiting_function_is_active(void **state)
{
	(void)state;
	assert_active(waits_inside, "is inside target");
}

static void function_in_another_thread_is_active(void **state)
{
	(void)state;
	assert_active(other_thread_waits_inside, "is inside target");
}

static void function_that_runs_is_active(void **state)
{
	(void)state;
	assert_active(spins_inside, "is inside target");
}

static void words_that_are_no_return_addresses_do_not_count(void **state)
{
	(void)state;
	assert_not_active(waits_with_words);
	assert_not_active(waits_with_words_without_leader);
	assert_not_active(waits_with_pointer);
}

static void function_below_an_alternate_stack_is_active(void **state)
{
	(void)state;
	assert_active(handler_waits_inside, "is inside target");
	assert_not_active(handler_waits_with_words);
}

static void function_below_a_coroutine_is_active(void **state)
{
	(void)state;
	assert_active(coroutine_waits_inside, "inside target");
	assert_not_active(coroutine_waits_outside);
}

static void word_below_generated_code_counts(void **state)
{
	(void)state;
	assert_active(generated_code_with_words, "may be inside target");
	assert_active(generated_code_inside, "inside target");
	assert_not_active(generated_code);
}

/* The range is a library: its first byte is no entry at which a thread would be outside. */
static void the_start_of_a_library_counts_and_that_of_a_function_does_not(void **state)
{
	(void)state;
	range.whole = true;
	assert_active(waits_inside, "is inside target, at 0x");
	assert_active(coroutine_waits_with_pointer, "may be inside target: its stack holds 0x");
	assert_not_active(waits_outside);
	range.whole = false;
	assert_not_active(coroutine_waits_with_pointer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(function_that_was_left_is_not_active),
		cmocka_unit_test(caller_of_a_waiting_function_is_active),
		cmocka_unit_test(function_in_another_thread_is_active),
		cmocka_unit_test(function_that_runs_is_active),
		cmocka_unit_test(words_that_are_no_return_addresses_do_not_count),
		cmocka_unit_test(function_below_an_alternate_stack_is_active),
		cmocka_unit_test(function_below_a_coroutine_is_active),
		cmocka_unit_test(word_below_generated_code_counts),
		cmocka_unit_test(the_start_of_a_library_counts_and_that_of_a_function_does_not),
	};

	return cmocka_run_group_tests(tests, find_target, NULL);
}
