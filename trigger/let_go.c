/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In which order stopped threads are let go.
 *
 * While a thread is traced the kernel also sends it signals that the process ignores, as the
 * SIGCHLD of its child (prepare_signal() in kernel/signal.c), and if it is stopped, or about to
 * stop, another thread of the process is woken to take the signal (complete_signal()).  There a
 * system call as epoll_wait(2) ends with EINTR.  In a thread that is traced we see the signal, and
 * have the call done again; but not if a third thread has taken the signal before.  So those that
 * have children are let go first (and are stopped last: stop.c), and those last whose call gave
 * EINTR because of us.
 *
 * In between the busy ones are first: they alone feel the stop.
 */
#include "config.h"

#include "trigger/cpu_latency.h"
#include "trigger/session_internal.h"

enum let_go_turn { GO_PARENTS, GO_BUSY, GO_OTHERS, GO_BROKEN, NR_TURNS };

static enum let_go_turn turn_of(const struct tracee *t)
{
	if (t->turn == STOP_PARENTS)
		return GO_PARENTS;
	if (t->is_broken)
		return GO_BROKEN;
	return t->turn == STOP_BUSY ? GO_BUSY : GO_OTHERS;
}

void session_let_go(struct session *s)
{
	for (int turn = 0; turn < NR_TURNS; turn++) {
		for (size_t i = 0; i < s->nr; i++) {
			struct tracee *t = &s->tracees[i];

			if (t->state == TRACEE_STOPPED && (int)turn_of(t) == turn)
				tracee_resume(t);
		}
		if (turn != GO_BUSY)
			continue;
		urgent_end(&s->urgent);
		cpu_latency_release(s->latency_fd);
		s->latency_fd = -1;
	}
}
