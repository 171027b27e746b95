// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Borrows a thread of a process for system calls, and stops all of its threads, again and again;
 * the process must not notice.
 *
 *   borrow_soak PID TIMES
 *
 * `ulp trigger` does this once for each new container; here it is the whole work.  Each time is
 * done by a child process, as `ulp` does it.  Prints how often it was done; status 1 at the first
 * failure.
 */
#include "config.h"

#include "trigger/session.h"
#include "trigger/target.h"
#include "trigger/tracee.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_NS 60000000000ull
#define LEN 4096

/* Memory that is mapped and unmapped in the process. */
static enum ulp_code map_and_unmap(struct session *s, struct ulp_err *err)
{
	const uint64_t map[6] = {
		0, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0};
	uint64_t unmap[6] = {0, LEN};
	int64_t at = 0, result = 0;
	enum ulp_code code = session_syscall(s, SYS_mmap, map, &at, err);

	if (code != ULP_OK)
		return code;
	if (at <= 0)
		return ulp_fail(err, ULP_ESYS, "mmap gave %lld", (long long)at);
	unmap[0] = (uint64_t)at;
	code = session_syscall(s, SYS_munmap, unmap, &result, err);
	if (code == ULP_OK && result != 0)
		return ulp_fail(err, ULP_ESYS, "munmap gave %lld", (long long)result);
	return code;
}

static enum ulp_code once_more(struct session *s, const struct ulp_registry *head,
			       struct ulp_err *err)
{
	enum ulp_code code =
		session_borrow(s, head->syscall_code, head->frame, head->frame_len, err);

	if (code == ULP_OK)
		code = map_and_unmap(s, err);
	if (code == ULP_OK)
		code = session_return(s, err);
	if (code == ULP_OK)
		code = session_resume_first(s, err);
	return code;
}

/* Two borrowings in one session, as an apply that fails has them, and a stop of all threads. */
static enum ulp_code session_run(struct target *t, struct ulp_err *err)
{
	const struct ulp_registry *head = &t->engine.registry.head;
	struct session *s;
	enum ulp_code code = session_begin(&t->proc, clock_ns() + TIMEOUT_NS, &s, err);

	if (code != ULP_OK)
		return code;
	code = session_lock(s, t->engine.registry.at, err);
	if (code == ULP_OK)
		code = once_more(s, head, err);
	if (code == ULP_OK)
		code = session_stop_all(s, err);
	session_resume_all(s);
	if (code == ULP_OK)
		code = once_more(s, head, err);
	session_end(s);
	return code;
}

static int child(pid_t pid)
{
	struct ulp_err err;
	struct target t;
	enum ulp_code code = target_open(pid, clock_ns() + TIMEOUT_NS, &t, &err);

	if (code == ULP_OK) {
		code = session_run(&t, &err);
		target_close(&t);
	}
	if (code != ULP_OK)
		fprintf(stderr, "borrow_soak: %s\n", err.text);
	return code == ULP_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	long times, n;

	if (argc != 3) {
		fprintf(stderr, "usage: borrow_soak PID TIMES\n");
		return 2;
	}
	times = atol(argv[2]);
	for (n = 0; n < times; n++) {
		int status = 1;
		pid_t worker = fork();

		if (worker < 0) {
			perror("borrow_soak: fork");
			return 1;
		}
		if (worker == 0)
			_exit(child((pid_t)atol(argv[1])));
		if (waitpid(worker, &status, 0) < 0 || status != 0)
			break;
	}
	printf("%ld\n", n);
	return n == times ? 0 : 1;
}
