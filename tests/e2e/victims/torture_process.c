// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The torture test's work with processes, threads and libraries.
 */
#include "libtorture.h"
#include "torture.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child that is to end with status 0. */
static void await_child(const char *what, pid_t child)
{
	int status = 0;
	pid_t got;

	if (child < 0)
		torture_die(what);
	do
		got = waitpid(child, &status, 0);
	while (got < 0 && torture_again(got));
	if (got != child || status != 0)
		torture_wrong("%s: waitpid gave %d, the child's status is 0x%x", what, (int)got,
			      (unsigned)status);
}

/* What a child looks at; true if all is well. */
static bool child_works(void)
{
	static _Alignas(32) unsigned char bytes[1024] = {1, 2, 3};
	unsigned char *block = torture_block(1000, 1);
	unsigned char first = block[0], last = block[999];
	int more = torture_step(1) - 2;

	free(block);
	return (more == 0 || more == 100 || more == 200) && first == last &&
	       (unsigned char)(first - 1) == more &&
	       vector_sum(bytes, sizeof(bytes)) == plain_sum(bytes, sizeof(bytes));
}

/* The child has one version and keeps it: nobody patches it. */
void work_fork(struct worker *w)
{
	pid_t child = fork();

	(void)w;
	if (child == 0)
		_exit(child_works() ? 0 : 1);
	await_child("fork", child);
}

/* The child runs our code in our memory, and with every second step it executes a program. */
void work_vfork(struct worker *w)
{
	static char *const argv[] = {(char *)"true", NULL};
	static char *const env[] = {NULL};
	const bool program = w->loops % 2 == 0;
	volatile int number = 1;
	pid_t child = vfork();

	if (child == 0) {
		if (program)
			execve("/bin/true", argv, env);
		number = torture_step(2);
		_exit(0);
	}
	await_child("vfork", child);
	if (!program)
		torture_check("vfork: the child's result", 3, number);
}

static void *short_thread(void *arg)
{
	struct worker *w = arg;

	/* Without a partner: what does not block. */
	work_many(w);
	work_throw(w);
	free(torture_block(1 + torture_random(w) % 5000, 1));
	return w;
}

void work_thread(struct worker *w)
{
	struct worker short_lived[3] = {0};

	for (unsigned i = 0; i < 3; i++) {
		short_lived[i].random = torture_random(w);
		if (pthread_create(&short_lived[i].id, NULL, short_thread, &short_lived[i]) != 0)
			torture_die("pthread_create");
	}
	for (unsigned i = 0; i < 3; i++) {
		void *result = NULL;

		if (pthread_join(short_lived[i].id, &result) != 0 || result != &short_lived[i])
			torture_wrong("a thread gave another result");
	}
}

/* Two workers may have it loaded at the same time: then its variable has counted before. */
void work_dlopen(struct worker *w)
{
	void *library = dlopen("libtorture_small.so", RTLD_NOW | RTLD_LOCAL);
	torture_fn *function;
	int got;

	(void)w;
	if (library == NULL) {
		torture_wrong("dlopen: %s", dlerror());
		return;
	}
	function = (torture_fn *)dlsym(library, "torture_small");
	got = function != NULL ? function(0) : 0;
	if (got != 40 + 8191)
		torture_wrong("dlopen: the library gives %d", got);
	if (dlclose(library) != 0)
		torture_wrong("dlclose: %s", dlerror());
}
