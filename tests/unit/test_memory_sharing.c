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

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK_LEN 65536u

/* --- a kernel, a folder /proc and a clock in which we have a say ------------------------ */

static bool is_kcmp_forbidden;

static unsigned nr_slow;      /* so many entries more, of no process, take 1 ms each */
static uint64_t later_ns;     /* what is added to the time */
static pid_t dies_in_between; /* this process, before the others are listed */
static size_t nr_listed;      /* so often they were */

long syscall(long nr, ...)
{
	long (*real)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long args[6];
	va_list list;

	if (nr == SYS_kcmp && is_kcmp_forbidden) {
		errno = EPERM;
		return -1;
	}
	va_start(list, nr);
	for (size_t i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	return real(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* Comes in /proc before the processes. */
static void meet_self(void)
{
	siginfo_t info;

	nr_listed++;
	if (dies_in_between == 0)
		return;
	(void)kill(dies_in_between, SIGKILL);
	(void)waitid(P_PID, (id_t)dies_in_between, &info, WEXITED | WNOWAIT);
	dies_in_between = 0;
}

struct dirent *readdir(DIR *dir)
{
	struct dirent *(*real)(DIR *) = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, "readdir");
	static struct dirent *self;
	struct dirent *entry;

	if (self != NULL && nr_slow > 0) {
		nr_slow--;
		later_ns += 1000000;
		return self;
	}
	entry = real(dir);
	self = entry != NULL && strcmp(entry->d_name, "self") == 0 ? entry : NULL;
	if (self != NULL)
		meet_self();
	return entry;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	const int result = (int)syscall(SYS_clock_gettime, id, ret);
	const uint64_t ns = (uint64_t)ret->tv_nsec + later_ns;

	ret->tv_sec += (time_t)(ns / 1000000000u);
	ret->tv_nsec = (long)(ns % 1000000000u);
	return result;
}

/* --- processes that share ---------------------------------------------------------------- */

/*
 * A process that sleeps in read(2), and at each byte makes a child: 's' sharing, 'f' by fork; or
 * another one that shares: 'p', a child of its own parent; or 't', a thread;
 * or 'v', a child by vfork, for which it waits.
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
		if (what == 't' && clone(sleep_on, stack + STACK_LEN,
					 CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, NULL) < 0)
			break;
		if (what == 'v' && vfork() == 0)
			(void)sleep_on(NULL);
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

static void it_is_seen_then_if_it_is_no_child_too(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	begin(&k);
	close(k.m.newest_fd);
	k.m.newest_fd = -1;
	make(&k, 'p');
	assert_int_equal(again(&k), ULP_ESTOP);
	maker_deinit(&k);
	assert_true(waitpid(-k.pid, NULL, 0) > 0);
}

/* Between two notes of the newest id there must be less than 100 ms. */
static void a_long_first_look_keeps_track_of_the_ids(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	nr_slow = 1000;
	begin(&k);
	assert_int_equal(nr_slow, 0);
	assert_true(k.m.known);
	assert_succeeds(again(&k), &k.err);
	maker_deinit(&k);
}

/* --- without kcmp ------------------------------------------------------------------------ */

/* Waits until it has a child. */
static void open_child(const struct maker *k, struct process *child)
{
	const uint64_t deadline = clock_ns() + 20000000000ull;
	struct ulp_err err;
	char text[64];

	while (task_read_file(text, sizeof(text), "/proc/%d/task/%d/children", k->pid, k->pid) <= 0)
		assert_true(clock_ns() < deadline);
	assert_succeeds(process_open((pid_t)strtol(text, NULL, 10), child, &err), &err);
}

static void a_child_of_vfork_is_known_by_its_parent(void **state)
{
	const char what = 'v';
	struct task_stat stat;
	struct process child;
	struct maker k;

	(void)state;
	maker_init(&k);
	is_kcmp_forbidden = true;
	assert_int_equal(write(k.to, &what, 1), 1);
	open_child(&k, &child);
	do
		assert_true(task_stat(k.pid, k.pid, &stat));
	while (stat.state != 'D');
	assert_int_equal(memory_sharing_begin(&k.m, &child, &k.err), ULP_ESTOP);
	process_close(&child);
	is_kcmp_forbidden = false;
	maker_deinit(&k);
}

static void another_child_is_not_taken_for_one_of_vfork(void **state)
{
	struct process child;
	struct maker k;

	(void)state;
	maker_init(&k);
	is_kcmp_forbidden = true;
	make(&k, 'f');
	open_child(&k, &child);
	assert_succeeds(memory_sharing_begin(&k.m, &child, &k.err), &k.err);
	assert_succeeds(memory_sharing_again(&k.m, &child.pid, 1, &k.err), &k.err);
	memory_sharing_end(&k.m);
	process_close(&child);
	is_kcmp_forbidden = false;
	maker_deinit(&k);
}

/* --- several stops ----------------------------------------------------------------------- */

static void processes_are_asked_once_for_several_stops(void **state)
{
	struct maker k;
	size_t before;

	(void)state;
	maker_init(&k);
	begin(&k);
	before = nr_listed;
	assert_succeeds(memory_sharing_again(&k.m, &k.pid, 1, &k.err), &k.err);
	make(&k, 'f');
	make(&k, 't');
	begin(&k);
	assert_int_equal(nr_listed, before);
	make(&k, 's');
	assert_int_equal(again(&k), ULP_ESTOP);
	maker_deinit(&k);
}

static void what_came_since_an_earlier_stop_is_seen_before_the_next(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	begin(&k);
	make(&k, 's');
	assert_int_equal(memory_sharing_begin(&k.m, &k.proc, &k.err), ULP_ESTOP);
	maker_deinit(&k);
}

/* The ids may have gone all round, as if the one that was made were an old one. */
static void after_a_long_time_they_are_asked_anew(void **state)
{
	struct maker k;

	(void)state;
	maker_init(&k);
	begin(&k);
	make(&k, 'p');
	memory_sharing_follow(&k.m);
	k.m.first = k.m.last;
	later_ns += 200000000;
	assert_int_equal(memory_sharing_begin(&k.m, &k.proc, &k.err), ULP_ESTOP);
	maker_deinit(&k);
	assert_true(waitpid(-k.pid, NULL, 0) > 0);
}

static void where_there_are_many_new_ones_they_are_asked_anew(void **state)
{
	struct maker k;
	size_t before;

	(void)state;
	maker_init(&k);
	begin(&k);
	before = nr_listed;
	k.m.first -= 1000;
	begin(&k);
	assert_true(nr_listed > before);
	assert_succeeds(again(&k), &k.err);
	maker_deinit(&k);
}

/* --- the end of the process ---------------------------------------------------------------- */

/* A process without memory, as the target will be one, and as threads of the kernel are. */
static pid_t start_zombie(void)
{
	const pid_t pid = fork();
	siginfo_t info;

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return pid;
}

static void a_process_that_ends_during_the_first_look_shares_nothing(void **state)
{
	const pid_t zombie = start_zombie();
	struct maker k;

	(void)state;
	maker_init(&k);
	dies_in_between = k.pid;
	begin(&k);
	assert_succeeds(again(&k), &k.err);
	maker_deinit(&k);
	assert_int_equal(waitpid(zombie, NULL, 0), zombie);
}

static void a_process_that_ends_before_the_second_look_shares_nothing(void **state)
{
	struct maker k;
	siginfo_t info;
	pid_t zombie;

	(void)state;
	maker_init(&k);
	begin(&k);
	zombie = start_zombie();
	(void)kill(k.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)k.pid, &info, WEXITED | WNOWAIT), 0);
	assert_succeeds(again(&k), &k.err);
	maker_deinit(&k);
	assert_int_equal(waitpid(zombie, NULL, 0), zombie);
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
		cmocka_unit_test(it_is_seen_then_if_it_is_no_child_too),
		cmocka_unit_test(a_long_first_look_keeps_track_of_the_ids),
		cmocka_unit_test(a_child_of_vfork_is_known_by_its_parent),
		cmocka_unit_test(another_child_is_not_taken_for_one_of_vfork),
		cmocka_unit_test(processes_are_asked_once_for_several_stops),
		cmocka_unit_test(what_came_since_an_earlier_stop_is_seen_before_the_next),
		cmocka_unit_test(after_a_long_time_they_are_asked_anew),
		cmocka_unit_test(where_there_are_many_new_ones_they_are_asked_anew),
		cmocka_unit_test(a_process_that_ends_during_the_first_look_shares_nothing),
		cmocka_unit_test(a_process_that_ends_before_the_second_look_shares_nothing),
		cmocka_unit_test(the_children_of_an_unknown_thread_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
