/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp trigger`: applies containers to processes, or reverts them.
 */
#include "config.h"

#include "trigger/change.h"
#include "trigger/command.h"
#include "trigger/report.h"
#include "trigger/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000ull

/* Long enough for a busy server to leave a function, short enough for a person to wait. */
#define DEFAULT_TIMEOUT 10u /* seconds */
#define MAX_TIMEOUT 86400u  /* seconds */

/* Rounds of looking for processes that appeared meanwhile; a fork bomb ends here too. */
#define MAX_ROUNDS 8u

struct arguments {
	struct report report;
	const char *selector;
	bool revert;
	bool dry_run;
	bool force;
	unsigned timeout; /* seconds */
	char **files;	  /* operands; borrowed from argv */
	size_t nr_files;
};

/* A process that has had its turn. */
struct seen {
	pid_t pid;
	uint64_t start_time; /* 0: could not be opened */
};

struct run {
	struct arguments *args;
	struct ulp_container *containers;
	size_t nr;
	bool *container_used; /* one each: at least one success */
	size_t nr_processes;  /* with at least one success */
	struct seen *seen;
	size_t nr_seen;
	unsigned round; /* of looking for processes, from 0 */
};

enum { OPT_REVERT = 256, OPT_DRY_RUN, OPT_TIMEOUT, OPT_FORCE };

static const struct argp_option options[] = {
	{"revert", OPT_REVERT, NULL, 0, "Take the live patches out again", 0},
	{"dry-run", OPT_DRY_RUN, NULL, 0,
	 "Check all but whether a thread is inside a function; change nothing", 0},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0,
	 "How long to wait for one process's threads to leave the functions [10]", 0},
	{"force", OPT_FORCE, NULL, 0,
	 "Do not check whether a thread is inside a function that is replaced", 0},
	{0},
};

static void timeout_parse(struct arguments *a, const char *arg, struct argp_state *state)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || value < 1 || value > MAX_TIMEOUT)
		argp_error(state, "%s: a timeout is a number of seconds from 1 to %u", arg,
			   MAX_TIMEOUT);
	a->timeout = (unsigned)value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->selector;
		state->child_inputs[1] = &a->report;
		return 0;
	case OPT_REVERT:
		a->revert = true;
		return 0;
	case OPT_DRY_RUN:
		a->dry_run = true;
		return 0;
	case OPT_TIMEOUT:
		timeout_parse(a, arg, state);
		return 0;
	case OPT_FORCE:
		a->force = true;
		return 0;
	case ARGP_KEY_ARGS:
		a->files = state->argv + state->next;
		a->nr_files = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a container is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* All of them, before any process is touched: half a list is no list. */
static bool containers_open(struct run *run)
{
	struct arguments *a = run->args;
	bool ok = true;

	run->containers = calloc(a->nr_files, sizeof(*run->containers));
	run->container_used = calloc(a->nr_files, sizeof(*run->container_used));
	if (!run->containers || !run->container_used) {
		struct ulp_err err;

		ulp_fail(&err, ULP_ENOMEM, "out of memory");
		report_error(&a->report, &err);
		return false;
	}
	for (size_t i = 0; i < a->nr_files; i++) {
		struct ulp_err err;

		if (!ulp_container_open(a->files[i], &run->containers[run->nr], &err)) {
			run->nr++;
			continue;
		}
		report_error(&a->report, &err);
		ok = false;
	}
	return ok;
}

static bool seen_before(struct run *run, pid_t pid, uint64_t start_time)
{
	struct seen *list;

	for (size_t i = 0; i < run->nr_seen; i++)
		if (run->seen[i].pid == pid && run->seen[i].start_time == start_time)
			return true;
	list = reallocarray(run->seen, run->nr_seen + 1, sizeof(*list));
	if (!list)
		return true;
	run->seen = list;
	list[run->nr_seen++] = (struct seen){pid, start_time};
	return false;
}

/*
 * A process that ended on its own needs no patch any more; one that was asked
 * for is missed all the same.  A process that was forked meanwhile has its
 * parent's patches already.
 */
static bool worth_telling(const struct run *run, const struct target *t, enum ulp_code code)
{
	if (code == ULP_EGONE)
		return run->args->selector || process_alive(&t->proc);
	return !run->round || code != (run->args->revert ? ULP_ENOTAPPLIED : ULP_EAPPLIED);
}

static void trigger_process(struct target *t, void *ctx)
{
	struct run *run = ctx;
	struct arguments *a = run->args;
	bool success = false;

	if (seen_before(run, t->proc.pid, t->proc.start_time))
		return;
	for (size_t i = 0; i < run->nr; i++) {
		struct change change = {
			.container = &run->containers[i],
			.revert = a->revert,
			.dry_run = a->dry_run,
			.force = a->force,
			.timeout_ns = a->timeout * SECOND_NS,
		};
		struct ulp_err err = {0};
		char name[64];
		enum ulp_code code = change_process(t->proc.pid, &change, name, &err);

		if (!worth_telling(run, t, code))
			continue;
		report_outcome(&a->report, t->proc.pid, *name ? name : t->proc.name,
			       run->containers[i].base_name, code ? &err : NULL);
		if (!code) {
			success = true;
			run->container_used[i] = true;
		}
	}
	run->nr_processes += success;
}

/* A process that was seen in an earlier round has had its outcome, and may have ended since. */
static bool had_outcome(const struct run *run, pid_t pid)
{
	for (size_t i = 0; run->round && i < run->nr_seen; i++)
		if (run->seen[i].pid == pid)
			return true;
	return false;
}

static void process_failed(pid_t pid, const struct ulp_err *err, void *ctx)
{
	struct run *run = ctx;

	if (had_outcome(run, pid))
		return;
	/* One that could not be opened has no start time: told once. */
	if (seen_before(run, pid, 0))
		return;
	report_outcome(&run->args->report, pid, NULL, NULL, err);
}

static void summary(const struct run *run)
{
	const struct arguments *a = run->args;
	size_t nr_patches = 0;

	for (size_t i = 0; i < run->nr; i++)
		nr_patches += run->container_used[i];
	report_say(&a->report, "%zu patch%s %s %zu process%s", nr_patches,
		   nr_patches == 1 ? "" : "es",
		   a->dry_run  ? (a->revert ? "could be reverted in" : "could be applied to")
		   : a->revert ? "reverted in"
			       : "applied to",
		   run->nr_processes, run->nr_processes == 1 ? "" : "es");
	report_say(&a->report, " (%u skipped, %u failed)\n", a->report.nr_skipped,
		   a->report.nr_errors);
}

/* The exit status where nothing succeeded: the errors', or 1. */
static int nothing_done(const struct report *report)
{
	int status = report_status(report);

	return status ? status : 1;
}

/* A process may fork while its turn has not come: again until no new one is there. */
static int processes(struct run *run)
{
	const struct visitor visitor = {trigger_process, process_failed, run};
	struct arguments *a = run->args;
	struct visits visits;
	size_t before;

	do {
		before = run->nr_seen;
		if (targets_each(a->selector, &a->report, &visitor, &visits)) {
			if (run->round)
				break;
			return report_status(&a->report);
		}
	} while (run->nr_seen != before && ++run->round < MAX_ROUNDS);

	summary(run);
	if (!run->nr_seen) {
		targets_say_none(a->selector, &a->report, &visits);
		return 1;
	}
	/* All of them may have ended meanwhile. */
	return a->report.nr_success ? report_status(&a->report) : nothing_done(&a->report);
}

int cmd_trigger(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{&selector_argp, 0, NULL, 0}, {&report_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = "CONTAINER...",
		.doc = "Applies each CONTAINER to running processes, or reverts it.\v"
		       "For each process and container prints SUCCESS, SKIPPED (the container is "
		       "not meant for the process) or ERROR with the reason.  Exit status: 0 "
		       "success, 1 nothing but SKIPPED, 2 or more on errors; see ulp(1).",
		.children = children,
	};
	struct arguments a = {.timeout = DEFAULT_TIMEOUT};
	struct run run = {.args = &a};
	int status;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	status = containers_open(&run) ? processes(&run) : report_status(&a.report);
	for (size_t i = 0; i < run.nr; i++)
		ulp_container_close(&run.containers[i]);
	free(run.containers);
	free(run.container_used);
	free(run.seen);
	return status;
}
