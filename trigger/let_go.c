/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * In which order stopped threads are let go.
 *
 * The busy ones first: they alone feel the stop.
 *
 * Last those whose system call gave EINTR because of us, as epoll_wait(2) does: it is done
 * again, and no signal may interrupt it that the process ignores.  But while a thread is
 * traced, the kernel does send it such signals, as the SIGCHLD of its child (prepare_signal()
 * in kernel/signal.c), and if it is stopped, or about to stop, another thread of the process
 * has to take the signal (complete_signal()).  In one that is traced we see that, and have the
 * call done again; in one that is not any more the call ends with EINTR.
 */
#include "config.h"

#include "trigger/restart.h"
#include "trigger/session_internal.h"

enum let_go_turn { TURN_BUSY, TURN_OTHERS, TURN_BROKEN, NR_TURNS };

static enum let_go_turn turn_of(const struct tracee *t)
{
	if (t->was_broken)
		return TURN_BROKEN;
	return t->was_busy ? TURN_BUSY : TURN_OTHERS;
}

void session_find_broken(struct session *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		struct tracee *t = &s->tracees[i];
		struct thread_regs regs;

		t->was_broken = t->state == TRACEE_STOPPED && thread_regs_get(t->tid, &regs) &&
				restart_kind(&regs) == RESTART_EINTR;
	}
}

void session_let_go(struct session *s)
{
	for (int turn = 0; turn < NR_TURNS; turn++) {
		for (size_t i = 0; i < s->nr; i++) {
			struct tracee *t = &s->tracees[i];

			if (t->state == TRACEE_STOPPED && (int)turn_of(t) == turn)
				tracee_resume(t);
		}
		if (turn == TURN_BUSY)
			urgent_end(&s->urgent);
	}
}
