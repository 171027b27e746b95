/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/abandoned.h"
#include "trigger/report.h"
#include "trigger/target.h"
#include "trigger/tasks.h"
#include "trigger/tracee.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MS 1000000ull

/* Any version, and whatever link it was loaded through. */
#define RUNTIME_FILE "libpulp.so"

/* How long a look without --timeout waits for the dynamic linker. */
#define LOOK_NS (2000 * MS)

/*
 * So long a registry in the middle of a commit is taken for the work of another tool, which has it
 * so for less than a millisecond; a killed one has left it.
 */
#define COMMIT_NS (200 * MS)

void wait_for_try(unsigned n)
{
	uint64_t ns = n < 6 ? MS << n : 50 * MS;
	struct timespec ts = {.tv_nsec = (long)ns};

	nanosleep(&ts, NULL);
}

/* Containers know a program by the name of its file; the dynamic linker has none for it. */
static enum ulp_code program_name(struct target *t, struct ulp_err *err)
{
	struct ulp_object *program = &t->engine.objects.list[0];
	char name[NAME_MAX + 1];
	char *copy;

	if (*program->soname)
		return ULP_OK;
	copy = strdup(process_program(&t->proc, name, sizeof(name)));
	if (!copy)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	free(program->soname);
	program->soname = copy;
	return ULP_OK;
}

static enum ulp_code open_engine(struct target *t, struct ulp_err *err)
{
	enum ulp_code code;

	if (!t->proc.at_phdr)
		return ulp_fail(err, ULP_EUNSUP, "its auxiliary vector cannot be read");
	code = engine_open(&t->engine, &t->rs.space, t->proc.at_phdr, t->proc.at_phnum, err);
	if (code)
		return code;
	code = program_name(t, err);
	if (code)
		engine_close(&t->engine);
	return code;
}

static enum ulp_code refresh_engine(struct target *t, struct ulp_err *err)
{
	enum ulp_code code = engine_refresh(&t->engine, t->proc.at_phdr, t->proc.at_phnum, err);

	return code ? code : program_name(t, err);
}

/* Whether what another tool, or the dynamic linker, is doing just now is the reason. */
static bool is_passing(const struct target *t, enum ulp_code code, uint64_t deadline_ns,
		       uint64_t commit_ns)
{
	const uint64_t now = clock_ns();

	if (abandoned())
		return false;
	if (code == ULP_ESTOP)
		return now < deadline_ns;
	/* Half of what another tool writes makes no sense. */
	if (code == ULP_EREGISTRY)
		return now < commit_ns;
	return !code && t->engine.registry.head.commit != ULP_COMMIT_IDLE && now < commit_ns;
}

static enum ulp_code open_patiently(struct target *t, uint64_t deadline_ns, struct ulp_err *err)
{
	const uint64_t commit_ns = clock_ns() + COMMIT_NS;
	bool opened = false;
	enum ulp_code code;

	for (unsigned n = 0;; n++) {
		code = opened ? refresh_engine(t, err) : open_engine(t, err);
		opened = opened || !code;
		if (!is_passing(t, code, deadline_ns, commit_ns))
			break;
		wait_for_try(n);
	}
	if (code && opened)
		engine_close(&t->engine);
	return code;
}

enum ulp_code target_open(pid_t pid, uint64_t deadline_ns, struct target *t, struct ulp_err *err)
{
	struct ulp_err why;
	enum ulp_code code = process_open(pid, &t->proc, err);

	if (code)
		return code;
	remote_space_init(&t->rs, &t->proc);
	code = open_patiently(t, deadline_ns, &why);
	if (!code)
		return ULP_OK;
	if (!process_alive(&t->proc))
		code = ulp_fail(&why, ULP_EGONE, "the process ended");
	if (err)
		*err = why;
	process_close(&t->proc);
	return code;
}

enum ulp_code target_refresh(struct target *t, uint64_t deadline_ns, struct ulp_err *err)
{
	for (unsigned n = 0;; n++) {
		enum ulp_code code = refresh_engine(t, err);

		if (code != ULP_ESTOP || clock_ns() >= deadline_ns || abandoned())
			return code;
		wait_for_try(n);
	}
}

void target_close(struct target *t)
{
	engine_close(&t->engine);
	process_close(&t->proc);
}

/* As a name it would be one that nobody means. */
static bool is_huge_number(const char *arg)
{
	if (arg[strspn(arg, "0123456789")])
		return false;
	errno = 0;
	return strtol(arg, NULL, 10) > INT_MAX || errno;
}

static error_t selector_parse(int key, char *arg, struct argp_state *state)
{
	const char **selector = state->input;

	if (key != 'p')
		return ARGP_ERR_UNKNOWN;
	if (*selector)
		argp_error(state, _("-p can be given once; a wildcard names several processes"));
	if (!*arg || strspn(arg, "0") == strlen(arg) || *arg == '-')
		argp_error(state, _("%s: -p wants a process ID or a name"), arg);
	if (is_huge_number(arg))
		argp_error(state, _("%s: no process ID is so large"), arg);
	*selector = arg;
	return 0;
}

static const struct argp_option selector_options[] = {
	{"process", 'p', "PID|NAME", 0,
	 N_("Only this process, or those whose name matches the wildcard [all with libpulp.so.0]"),
	 0},
	{0},
};

const struct argp selector_argp = {.options = selector_options, .parser = selector_parse};

static const struct argp_option needed_selector_options[] = {
	{"process", 'p', "PID|NAME", 0,
	 N_("This process, or those whose name matches the wildcard"), 0},
	{0},
};

const struct argp needed_selector_argp = {.options = needed_selector_options,
					  .parser = selector_parse};

/* A mapping that may be part of an injected runtime (engine/injected.h). */
struct own_mapping {
	uint64_t end; /* 0: it is none */
	bool code;
};

/*
 * Whether the mapping in a line of /proc/PID/maps and the one in the line before, which is in
 * *last, look like one: code, and data that is not written to, next to each other.
 */
static bool is_injected(const char *line, struct own_mapping *last)
{
	const struct own_mapping before = *last;
	uint64_t start, inode;
	char perms[5];

	*last = (struct own_mapping){0};
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %" SCNu64, &start, &last->end,
		   perms, &inode) != 4 ||
	    inode || strstr(line, "[v") || /* the kernel's own, in every process */
	    (strcmp(perms, "r--p") != 0 && strcmp(perms, "r-xp") != 0)) {
		last->end = 0;
		return false;
	}
	last->code = perms[2] == 'x';
	return before.end == start && before.code != last->code;
}

/*
 * Whether a process that nobody named is worth a look: a file of the runtime's
 * name is mapped in it, or what may be an injected one.  Spares all others the
 * reading of their memory.
 */
static bool maps_runtime(pid_t pid, struct visits *visits)
{
	char path[64];
	char *line = NULL;
	size_t size = 0;
	struct own_mapping last = {0};
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
		found = strstr(line, "/" RUNTIME_FILE) != NULL || is_injected(line, &last);
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
	report_process_error(report, pid, err);
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

static void say_denied(size_t nr, const struct report *report)
{
	/* Root can be told nothing better: it is in a container, or lacks capabilities. */
	if (nr && geteuid() == 0)
		report_remark(report,
			      ngettext("%zu process may not be looked at",
				       "%zu processes may not be looked at", nr),
			      nr);
	else if (nr)
		report_remark(report,
			      ngettext("%zu process may not be looked at; run as root to see all",
				       "%zu processes may not be looked at; run as root to see all",
				       nr),
			      nr);
}

enum ulp_code targets_each(const char *selector, struct report *report,
			   const struct visitor *visitor, struct visits *visits)
{
	struct ulp_err err;
	pid_t *pids;
	size_t nr;
	enum ulp_code code = process_list(selector, &pids, &nr, &err);

	*visits = (struct visits){0};
	report_count(report, "denied", 0);
	if (code == ULP_ENOPROC)
		failed((pid_t)strtol(selector, NULL, 10), &err, visitor, report);
	else if (code)
		report_error(report, &err);
	if (code)
		return code;
	visits->nr_matched = nr;
	for (size_t i = 0; i < nr; i++)
		visit_pid(pids[i], selector != NULL, report, visitor, visits);
	free(pids);
	report_count(report, "denied", visits->nr_denied);
	say_denied(visits->nr_denied, report);
	return ULP_OK;
}

void targets_say_none(const char *selector, const struct report *report,
		      const struct visits *visits)
{
	if (selector)
		report_say(report, "no process that matches has libpulp.so.0 loaded");
	else
		report_say(report, "no process has libpulp.so.0 loaded");
	if (selector && !visits->nr_matched)
		report_say(report, ": no process has such a name, of at most 15 characters");
	else if (visits->nr_denied && geteuid() == 0)
		report_say(report, ", of those that may be looked at");
	else if (visits->nr_denied)
		report_say(report, ", of those that may be looked at; run as root to see all");
	report_say(report, "\n");
}
