/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/abandoned.h"
#include "trigger/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ctrl-C must not hit in the middle: it is looked for where giving up is clean. */
static void hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

enum ulp_code worker_start(pid_t target, const struct change *change, struct worker *ret,
			   struct ulp_err *err)
{
	struct change_outcome out = {0};
	pid_t parent = getpid();
	pid_t pid;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return ulp_fail_errno(err, ULP_ESYS, "pipe");
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0) {
		enum ulp_code code = ulp_fail_errno(err, ULP_ESYS, "fork");

		close(fd[0]);
		close(fd[1]);
		return code;
	}
	if (pid == 0) {
		close(fd[0]);
		hold_signals();
		abandoned_watch(parent);
		change_carry_out(target, change, &out);
		_exit(write(fd[1], &out, sizeof(out)) == sizeof(out) ? 0 : 1);
	}
	close(fd[1]);
	*ret = (struct worker){pid, fd[0]};
	return ULP_OK;
}

static bool read_all(int fd, void *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)buf + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

void worker_finish(struct worker *worker, struct change_outcome *out)
{
	bool told = read_all(worker->fd, out, sizeof(*out));
	int status = 0;

	close(worker->fd);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (told)
		return;
	*out = (struct change_outcome){0};
	if (WIFSIGNALED(status))
		(void)ulp_fail(&out->err, ULP_ESYS, "the working process was killed by signal %d",
			       WTERMSIG(status));
	else
		(void)ulp_fail(&out->err, ULP_ESYS, "the working process ended without a result");
}
