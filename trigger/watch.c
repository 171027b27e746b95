/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Passes on the signals of threads that are seized and run.
 */
#include "config.h"

#include "trigger/session_internal.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>

/*
 * A signal handler gets no argument of ours: hence this one variable.  It is
 * set only while SIGCHLD may be delivered, and the tracees do not change then
 * but by the handler.
 */
static struct session *volatile watched;

/*
 * A thread that was asked to stop, was not waited for any longer, and stops now
 * is resumed like any other.  Safe here: tracee_pass_on() does nothing but system calls.
 */
void watch_pass_on(struct tracee *t)
{
	enum tracee_event event;
	int signal;

	if (t->state != TRACEE_RUNNING)
		return;
	event = tracee_poll(t, &signal);
	if (event != TRACEE_EVENT_NONE && event != TRACEE_EVENT_GONE)
		tracee_pass_on(t, event, signal);
}

static void pass_on_all(struct session *s)
{
	for (size_t i = 0; s != NULL && i < s->nr; i++)
		watch_pass_on(&s->tracees[i]);
}

static void on_sigchld(int number)
{
	int saved = errno;

	(void)number;
	pass_on_all(watched);
	errno = saved;
}

static void sigchld_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
}

void watch_begin(struct session *s)
{
	struct sigaction action = {.sa_handler = on_sigchld, .sa_flags = SA_RESTART};
	sigset_t set;

	sigemptyset(&action.sa_mask);
	sigchld_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &s->old_mask);
	(void)sigaction(SIGCHLD, &action, &s->old_action);
}

void watch_start(struct session *s)
{
	sigset_t set;

	if (watched == s)
		return;
	/* The SIGCHLD of some may have been taken by who waited for others. */
	pass_on_all(s);
	watched = s;
	sigchld_set(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void watch_stop(struct session *s)
{
	sigset_t set;

	(void)s;
	sigchld_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	watched = NULL;
}

void watch_end(struct session *s)
{
	watch_stop(s);
	(void)sigaction(SIGCHLD, &s->old_action, NULL);
	(void)sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
}
