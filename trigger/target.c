/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/report.h"
#include "trigger/target.h"
#include "trigger/tasks.h"
#include "trigger/tracee.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MS 1000000ull

/* Any version, and whatever link it was loaded through. */
#define RUNTIME_FILE "libpulp.so"

/* How long a look without --timeout waits for the dynamic linker. */
#define LOOK_NS (2000 * MS)

void wait_for_try(unsigned n)
{
	uint64_t ns = n < 6 ? MS << n : 50 * MS;
	struct timespec ts = {.tv_nsec = (long)ns};

	nanosleep(&ts, NULL);
}

enum ulp_code target_open(pid_t pid, uint64_t deadline_ns, struct target *t, struct ulp_err *err)
{
	enum ulp_code code = process_open(pid, &t->proc, err);

	if (code)
		return code;
	remote_space_init(&t->rs, &t->proc);
	if (!t->proc.at_phdr)
		code = ulp_fail(err, ULP_EUNSUP, "its auxiliary vector cannot be read");
	for (unsigned n = 0; !code; n++) {
		code = engine_open(&t->engine, &t->rs.space, t->proc.at_phdr, t->proc.at_phnum,
				   err);
		if (code != ULP_ESTOP || clock_ns() >= deadline_ns)
			break;
		wait_for_try(n);
		code = ULP_OK;
	}
	if (code && !process_alive(&t->proc))
		code = ulp_fail(err, ULP_EGONE, "the process ended");
	if (code)
		process_close(&t->proc);
	return code;
}

enum ulp_code target_refresh(struct target *t, uint64_t deadline_ns, struct ulp_err *err)
{
	enum ulp_code code;

	for (unsigned n = 0;; n++) {
		code = engine_refresh(&t->engine, t->proc.at_phdr, t->proc.at_phnum, err);
		if (code != ULP_ESTOP || clock_ns() >= deadline_ns)
			return code;
		wait_for_try(n);
	}
}

void target_close(struct target *t)
{
	engine_close(&t->engine);
	process_close(&t->proc);
}

static error_t selector_parse(int key, char *arg, struct argp_state *state)
{
	const char **selector = state->input;

	if (key != 'p')
		return ARGP_ERR_UNKNOWN;
	if (*selector)
		argp_error(state, "-p can be given once; a wildcard names several processes");
	if (!*arg || strspn(arg, "0") == strlen(arg) || *arg == '-')
		argp_error(state, "%s: -p wants a process ID or a name", arg);
	*selector = arg;
	return 0;
}

static const struct argp_option selector_options[] = {
	{"process", 'p', "PID|NAME", 0,
	 "Only this process, or those whose name matches the wildcard [all with libpulp.so.0]", 0},
	{0},
};

const struct argp selector_argp = {.options = selector_options, .parser = selector_parse};

/*
 * Whether a process that nobody named is worth a look: a file of the runtime's
 * name is mapped in it.  Spares all others the reading of their memory.
 */
static bool maps_runtime(pid_t pid, struct visits *visits)
{
	char path[64];
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *maps;

	/* Those of a leader that has ended before its threads are empty. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/maps", (int)pid, (int)tasks_live(pid));
	maps = fopen(path, "re");
	if (!maps) {
		visits->nr_denied += errno == EACCES || errno == EPERM;
		return false;
	}
	errno = 0;
	while (!found && getline(&line, &size, maps) > 0)
		found = strstr(line, "/" RUNTIME_FILE) != NULL;
	/* The check is made at the read where the file could be opened all the same. */
	visits->nr_denied += !found && (errno == EACCES || errno == EPERM);
	free(line);
	(void)fclose(maps);
	return found;
}

static void failed(pid_t pid, struct ulp_err *err, const struct visitor *visitor,
		   struct report *report)
{
	if (visitor->failed) {
		visitor->failed(pid, err, visitor->ctx);
		return;
	}
	ulp_err_at(err, "pid %d", (int)pid);
	report_error(report, err);
}

static void visit_pid(pid_t pid, bool named, struct report *report, const struct visitor *visitor,
		      struct visits *visits)
{
	struct ulp_err err = {0};
	struct target t;

	if (!named && !maps_runtime(pid, visits))
		return;
	if (!target_open(pid, clock_ns() + LOOK_NS, &t, &err)) {
		visits->nr_seen++;
		visitor->visit(&t, visitor->ctx);
		target_close(&t);
		return;
	}
	/* It has ended, or has the file mapped for other reasons, as a debugger does. */
	if (!named &&
	    (err.code == ULP_EGONE || err.code == ULP_ENOPROC || err.code == ULP_ENORUNTIME))
		return;
	failed(pid, &err, visitor, report);
}

enum ulp_code targets_each(const char *selector, struct report *report,
			   const struct visitor *visitor, struct visits *visits)
{
	struct ulp_err err;
	pid_t *pids;
	size_t nr;
	enum ulp_code code = process_list(selector, &pids, &nr, &err);

	*visits = (struct visits){0};
	if (code == ULP_ENOPROC)
		failed((pid_t)strtol(selector, NULL, 10), &err, visitor, report);
	else if (code)
		report_error(report, &err);
	if (code)
		return code;
	for (size_t i = 0; i < nr; i++)
		visit_pid(pids[i], selector != NULL, report, visitor, visits);
	free(pids);
	if (visits->nr_denied)
		report_remark(report, "%zu processes may not be looked at; run as root to see all",
			      visits->nr_denied);
	return ULP_OK;
}

void targets_say_none(const char *selector, const struct report *report,
		      const struct visits *visits)
{
	report_say(report, "no process %s%shas libpulp.so.0 loaded%s\n",
		   selector ? "that matches " : "",
		   visits->nr_denied ? "that may be looked at " : "",
		   visits->nr_denied ? "; run as root to see all" : "");
}
