/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/check_err.h"
#include "tests/lib/victim_session.h"

void open_victim(const struct victim *v, struct process *proc)
{
	struct ulp_err err;

	assert_succeeds(process_open(v->pid, proc, &err), &err);
}

void close_victim(struct victim *v, struct process *proc)
{
	process_close(proc);
	victim_finish(v);
}

struct session *begin_session(const struct process *proc, unsigned int seconds)
{
	struct session *s = NULL;
	struct ulp_err err;

	assert_succeeds(session_begin(proc, deadline_in(seconds), &s, &err), &err);
	return s;
}

void borrow_thread(struct session *s)
{
	struct ulp_err err;

	assert_succeeds(session_borrow(s, CODE, FRAME, VICTIM_FRAME_LEN, &err), &err);
}

void return_thread(struct session *s)
{
	struct ulp_err err;

	assert_succeeds(session_return(s, &err), &err);
}

void stop_all(struct session *s)
{
	struct ulp_err err;

	assert_succeeds(session_stop_all(s, &err), &err);
}

void resume_first(struct session *s)
{
	struct ulp_err err;

	assert_succeeds(session_resume_first(s, &err), &err);
}
