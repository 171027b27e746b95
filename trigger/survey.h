/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A look at the threads of a process while they run.
 */
#ifndef ULP_TRIGGER_SURVEY_H
#define ULP_TRIGGER_SURVEY_H

#include "trigger/tracee.h"

struct surveyed {
	pid_t tid;
	char state; /* its letter in proc(5); 0: it is gone */
	/* For the caller: */
	enum stop_turn turn;
	bool met; /* it is, or was, a tracee */
};

/* One look at /proc/PID/task: the threads that are not among our tracees. */
struct survey {
	struct surveyed *threads; /* owned; nr of them, by ascending tid */
	size_t nr;
	pid_t *workers; /* owned; nr_workers of them, which are to be left alone (tasks.h) */
	size_t nr_workers;
};

/* Whether the thread is asleep in a call that creates no process. */
bool survey_is_asleep(pid_t pid, pid_t tid);

/* Whether it has children, or waits for one. */
bool survey_is_parent(pid_t pid, pid_t tid);

/* When it is to be stopped, going by what it does now. */
enum stop_turn survey_turn(pid_t pid, pid_t tid);

/* The state of a thread: a letter, 0 if it is gone. */
char survey_state(pid_t pid, pid_t tid);

/*
 * The threads of a process that are not among nr tracees; may lack some, as tasks_list() does.
 * Also after an error ret can be freed.
 *
 * Errors: ULP_EGONE, ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code survey_take(pid_t pid, const struct tracee *tracees, size_t nr,
					 struct survey *ret, struct ulp_err *err);

void survey_free(struct survey *survey);

#endif
