/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Processes that share the memory of another one are found, those too that came between the two
 * looks.
 */
#include "config.h"

#include "tests/lib/check_err.h"
#include "trigger/memory_sharing.h"
#include "trigger/tasks.h"
#include "trigger/tracee.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_LEN 65536u

/*
 * A process that sleeps in read(2), and at each byte makes a child: 's' sharing, 'f' by fork; or
 * another one that shares: 'p', a child of its own parent.
 */
struct maker {
	pid_t pid;
	int to, from;
	struct process proc;
	struct memory_sharing m;
	struct ulp_err err;
};

static int sleep_on(void *nothing)
{
	(void)nothing;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pause() < 0)
		continue;
	return 0;
}

_Noreturn static void make_children(int in, int out)
{
	static char stack[STACK_LEN] __attribute__((aligned(16)));
	char what = '?';

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (write(out, &what, 1) == 1 && read(in, &what, 1) == 1) {
		if (what == 's' && clone(sleep_on, stack + STACK_LEN, CLONE_VM | SIGCHLD, NULL) < 0)
			break;
		if (what == 'p' &&
		    clone(sleep_on, stack + STACK_LEN, CLONE_VM | CLONE_PARENT | SIGCHLD, NULL) < 0)
			break;
		if (what == 'f' && fork() == 0)
			(void)sleep_on(NULL);
	}
	_exit(1);
}

/* Waits until it has done so and sleeps again. */
static void answer(struct maker *k)
{
	const uint64_t deadline = clock_ns() + 20000000000ull;
	char text[256] = "";

	assert_int_equal(read(k->from, text, 1), 1);
	do {
		assert_true(clock_ns() < deadline);
		assert_true(task_read_file(text, sizeof(text), "/proc/%d/syscall", k->pid) > 0);
	} while (text[0] == 'r' || strtol(text, NULL, 10) != SYS_read);
}

static void make(struct maker *k, char what)
{
	assert_int_equal(write(k->to, &what, 1), 1);
	answer(k);
}

static void maker_init(struct maker *k)
{
	int in[2], out[2];

	memset(k, 0, sizeof(*k));
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	k->pid = fork();
	if (k->pid == 0) {
		/* A group of its own, to be ended as a whole. */
		(void)setpgid(0, 0);
		close(in[1]);
		make_children(in[0], out[1]);
	}
	(void)setpgid(k->pid, k->pid);
	close(in[0]);
	close(out[1]);
	k->to = in[1];
	k->from = out[0];
	answer(k);
	assert_succeeds(process_open(k->pid, &k->proc, &k->err), &k->err);
}

static void maker_deinit(struct maker *k)
{
	process_close(&k->proc);
	(void)kill(-k->pid, SIGKILL);
	assert_int_equal(waitpid(k->pid, NULL, 0), k->pid);
	close(k->to);
	close(k->from);
}

static void begin(struct maker *k)
{
	assert_succeeds(memory_sharing_begin(&k->m, &k->proc, &k->err), &k->err);
}

static enum ulp_code again(struct maker *k)
{
	const enum ulp_code code = memory_sharing_again(&k->m, &k->pid, 1, &k->err);

	memory_sharing_end(&k->m);
	return code;
}

static void without_children_nothing_is_shared(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	begin(&k);
	assert_succeeds(again(&k), &k.err);
	maker_deinit(&k);
}

static void a_child_with_a_copy_of_the_memory_does_not_count(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	make(&k, 'f');
	begin(&k);
	make(&k, 'f');
	assert_succeeds(again(&k), &k.err);
	maker_deinit(&k);
}

static void a_child_that_shares_it_is_seen_at_once(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	make(&k, 's');
	assert_int_equal(memory_sharing_begin(&k.m, &k.proc, &k.err), ULP_ESTOP);
	maker_deinit(&k);
}

static void a_process_that_shares_it_need_not_be_a_child(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	make(&k, 'p');
	assert_int_equal(memory_sharing_begin(&k.m, &k.proc, &k.err), ULP_ESTOP);
	maker_deinit(&k);
	assert_true(waitpid(-k.pid, NULL, 0) > 0);
}

static void a_child_that_comes_after_the_first_look_is_seen(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	begin(&k);
	make(&k, 's');
	assert_int_equal(again(&k), ULP_ESTOP);
	maker_deinit(&k);
}

/* Where the newest process id cannot be told, all children are looked at again. */
static void it_is_seen_without_the_newest_process_id_too(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	begin(&k);
	close(k.m.newest_fd);
	k.m.newest_fd = -1;
	make(&k, 's');
	assert_int_equal(again(&k), ULP_ESTOP);
	maker_deinit(&k);
}

/* A thread that the first look has not seen, as readdir may leave one out. */
static void the_children_of_an_unknown_thread_are_looked_at(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	begin(&k);
	make(&k, 's');
	/* The child was there before, it is told. */
	memory_sharing_follow(&k.m);
	k.m.first = k.m.last;
	k.m.nr = 0;
	assert_int_equal(again(&k), ULP_ESTOP);
	maker_deinit(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_children_nothing_is_shared),
		cmocka_unit_test(a_child_with_a_copy_of_the_memory_does_not_count),
		cmocka_unit_test(a_child_that_shares_it_is_seen_at_once),
		cmocka_unit_test(a_process_that_shares_it_need_not_be_a_child),
		cmocka_unit_test(a_child_that_comes_after_the_first_look_is_seen),
		cmocka_unit_test(it_is_seen_without_the_newest_process_id_too),
		cmocka_unit_test(the_children_of_an_unknown_thread_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
