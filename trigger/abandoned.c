/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/abandoned.h"

#include <signal.h>
#include <unistd.h>

static pid_t waits_for_us; /* 0: no worker */

void abandoned_watch(pid_t parent)
{
	waits_for_us = parent;
}

bool abandoned(void)
{
	sigset_t pending;

	if (!waits_for_us)
		return false;
	return getppid() != waits_for_us ||
	       (sigpending(&pending) == 0 &&
		(sigismember(&pending, SIGINT) > 0 || sigismember(&pending, SIGTERM) > 0 ||
		 sigismember(&pending, SIGHUP) > 0 || sigismember(&pending, SIGQUIT) > 0));
}

enum ulp_code abandoned_fail(struct ulp_err *err)
{
	return ulp_fail(err, ULP_ESTOP, "interrupted");
}
