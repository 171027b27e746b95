/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/restart.h"
#include "trigger/survey.h"
#include "trigger/tasks.h"

#include <stdlib.h>
#include <sys/syscall.h>

/*
 * In which threads sleep, mostly, beside those that restart.c repeats.  restart_syscall(2) is
 * poll(2), a sleep or a futex with a timeout that was stopped before.
 */
static const long sleeps[] = {
	SYS_futex, SYS_ppoll,  SYS_pselect6,	  SYS_nanosleep,       SYS_clock_nanosleep,
	SYS_wait4, SYS_waitid, SYS_rt_sigsuspend, SYS_restart_syscall,
#ifdef SYS_poll /* these not on architectures that came after the others */
	SYS_poll,  SYS_select, SYS_pause,
#endif
};

static bool is_sleep(long nr)
{
	for (size_t i = 0; i < sizeof(sleeps) / sizeof(sleeps[0]); i++) {
		if (sleeps[i] == nr)
			return true;
	}
	return false;
}

bool survey_is_asleep(pid_t pid, pid_t tid)
{
	long nr;

	return task_sleeps_in(pid, tid, &nr) && (restart_is_repeatable(nr) || is_sleep(nr));
}

/* If it sleeps, in system call nr.  One that waits for children is taken for a parent whether or
 * not it has some just now. */
static bool is_parent(pid_t pid, pid_t tid, long nr)
{
	return nr == SYS_wait4 || nr == SYS_waitid || task_has_children(pid, tid);
}

bool survey_is_parent(pid_t pid, pid_t tid)
{
	long nr = -1;

	(void)task_sleeps_in(pid, tid, &nr);
	return is_parent(pid, tid, nr);
}

/*
 * Asleep, without children, and asleep still: else it may have woken up after the first look and be
 * about to fork, which shows among its children only later.  As little as can be comes between
 * this and what the caller does.
 */
enum stop_turn survey_turn(pid_t pid, pid_t tid)
{
	long nr = -1;
	const bool asleep = task_sleeps_in(pid, tid, &nr);

	if (is_parent(pid, tid, nr))
		return STOP_PARENTS;
	if (!asleep || !task_sleeps_in(pid, tid, &nr))
		return STOP_BUSY;
	if (restart_is_repeatable(nr))
		return STOP_BREAKABLE;
	return is_sleep(nr) ? STOP_SLEEPERS : STOP_BUSY;
}

char survey_state(pid_t pid, pid_t tid)
{
	struct task_stat stat;

	if (!task_stat(pid, tid, &stat))
		return 0;
	return stat.state;
}

/* Their tids, ascending; malloc'ed. */
static pid_t *known_tids(const struct tracee *tracees, size_t nr)
{
	pid_t *known = malloc((nr + 1) * sizeof(*known));

	if (known == NULL)
		return NULL;
	for (size_t i = 0; i < nr; i++)
		known[i] = tracees[i].tid;
	qsort(known, nr, sizeof(*known), tasks_compare);
	return known;
}

static void add(struct survey *survey, pid_t pid, pid_t tid)
{
	struct task_stat stat;

	if (!task_stat(pid, tid, &stat))
		stat = (struct task_stat){0};
	if (stat.worker)
		survey->workers[survey->nr_workers++] = tid;
	else
		survey->threads[survey->nr++] = (struct surveyed){.tid = tid, .state = stat.state};
}

enum ulp_code survey_take(pid_t pid, const struct tracee *tracees, size_t nr, struct survey *ret,
			  struct ulp_err *err)
{
	pid_t *tids, *known;
	size_t nr_tids;
	enum ulp_code code = tasks_list(pid, &tids, &nr_tids, err);

	*ret = (struct survey){0};
	if (code != ULP_OK)
		return code;
	known = known_tids(tracees, nr);
	ret->threads = calloc(nr_tids + 1, sizeof(*ret->threads));
	ret->workers = calloc(nr_tids + 1, sizeof(*ret->workers));
	if (known == NULL || ret->threads == NULL || ret->workers == NULL)
		code = ulp_fail(err, ULP_ENOMEM, "out of memory for a list of threads");
	for (size_t i = 0; code == ULP_OK && i < nr_tids; i++) {
		if (bsearch(&tids[i], known, nr, sizeof(*known), tasks_compare) == NULL)
			add(ret, pid, tids[i]);
	}
	free(known);
	free(tids);
	return code;
}

void survey_free(struct survey *survey)
{
	free(survey->threads);
	free(survey->workers);
	*survey = (struct survey){0};
}
