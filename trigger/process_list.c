/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds the processes that a selector (nothing, a pid, a wildcard) names.
 */
#include "config.h"

#include "trigger/process.h"
#include "trigger/tasks.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_user_space(pid_t pid)
{
	struct task_stat stat;

	return task_stat(pid, pid, &stat) && !stat.kernel_thread && tasks_live(pid) != 0;
}

/* Whether selector is a pid, and which. */
static bool parse_pid(const char *selector, pid_t *pid)
{
	char *end;
	long value;

	if (!isdigit((unsigned char)selector[0]))
		return false;
	errno = 0;
	value = strtol(selector, &end, 10);
	if (errno != 0 || *end != '\0' || value <= 0 || value > INT_MAX)
		return false;
	*pid = (pid_t)value;
	return true;
}

static enum ulp_code list_one(pid_t pid, pid_t **pids, size_t *nr, struct ulp_err *err)
{
	enum ulp_code code = process_exists(pid, err);
	pid_t *list;

	if (code != ULP_OK)
		return code;
	list = malloc(sizeof(*list));
	if (list == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory for a list of processes");
	list[0] = pid;
	*pids = list;
	*nr = 1;
	return ULP_OK;
}

static bool matches(pid_t pid, const char *pattern)
{
	char name[64];

	return pid != getpid() && has_user_space(pid) &&
	       (pattern == NULL || fnmatch(pattern, task_name(pid, name, sizeof(name)), 0) == 0);
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

static enum ulp_code scan(DIR *proc, const char *pattern, pid_t **pids, size_t *nr,
			  struct ulp_err *err)
{
	struct dirent *entry;
	size_t cap = 0;

	while ((entry = readdir(proc)) != NULL) {
		pid_t pid;

		if (!parse_pid(entry->d_name, &pid) || !matches(pid, pattern))
			continue;
		if (*nr == cap) {
			pid_t *grown;

			cap = cap == 0 ? 64 : 2 * cap;
			grown = reallocarray(*pids, cap, sizeof(*grown));
			if (grown == NULL)
				return ulp_fail(err, ULP_ENOMEM,
						"out of memory for a list of processes");
			*pids = grown;
		}
		(*pids)[(*nr)++] = pid;
	}
	return ULP_OK;
}

enum ulp_code process_list(const char *selector, pid_t **pids, size_t *nr, struct ulp_err *err)
{
	pid_t *list = NULL, pid;
	size_t count = 0;
	enum ulp_code code;
	DIR *proc;

	if (selector != NULL && parse_pid(selector, &pid))
		return list_one(pid, pids, nr, err);
	proc = opendir("/proc");
	if (proc == NULL)
		return ulp_fail_errno(err, ULP_ESYS, "cannot open /proc");
	code = scan(proc, selector, &list, &count, err);
	closedir(proc);
	if (code != ULP_OK) {
		free(list);
		return code;
	}
	if (count > 0)
		qsort(list, count, sizeof(*list), compare_pids);
	*pids = list;
	*nr = count;
	return ULP_OK;
}
