/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp trigger`: applies containers to processes, or reverts them.  What the options say;
 * trigger/operands.h opens the containers, trigger/rounds.h does the work.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/inject.h"
#include "trigger/jobs.h"
#include "trigger/operands.h"
#include "trigger/rounds.h"
#include "trigger/target.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000ull

/* Long enough for a busy server to leave a function, short enough for a person to wait. */
#define DEFAULT_TIMEOUT 10u /* seconds */
#define MAX_TIMEOUT 86400u  /* seconds */

/* Each is a process of ours with a few open files. */
#define MAX_JOBS 256u

struct arguments {
	struct report report;
	const char *selector;
	const char *library; /* of --revert-all, NULL without */
	bool revert;
	bool dry_run;
	bool force;
	bool recursive;
	bool inject;
	const char *runtime; /* the file to be injected */
	unsigned timeout;    /* seconds */
	unsigned jobs;
	char **files; /* operands; borrowed from argv */
	size_t nr_files;
};

enum {
	OPT_REVERT = 256,
	OPT_REVERT_ALL,
	OPT_DRY_RUN,
	OPT_TIMEOUT,
	OPT_FORCE,
	OPT_INJECT,
	OPT_RUNTIME
};

static const struct argp_option options[] = {
	{"revert", OPT_REVERT, NULL, 0, N_("Take the live patches out again"), 0},
	{"revert-all", OPT_REVERT_ALL, "LIB", 0,
	 N_("Take out all live patches of this library, or, with a CONTAINER for it, all others in "
	    "the "
	    "same stop.  LIB: soname, path, or 'target' for the library of each CONTAINER"),
	 0},
	{"dry-run", OPT_DRY_RUN, NULL, 0,
	 N_("Check all but whether a thread is inside a function; change nothing"), 0},
	{"timeout", OPT_TIMEOUT, "SECONDS", 0,
	 N_("How long to wait for one process's threads to leave the functions [10]"), 0},
	{"force", OPT_FORCE, NULL, 0,
	 N_("Do not check whether a thread is inside a function that is replaced"), 0},
	{"recursive", 'r', NULL, 0,
	 N_("A CONTAINER that is a folder stands for all containers below it"), 0},
	{"jobs", 'j', "N", 0,
	 N_("Change so many processes at once [2 for each processor, at most 16]"), 0},
	{"inject", OPT_INJECT, NULL, 0,
	 N_("Bring libpulp.so.0 into those of the processes that were started without it"), 0},
	{"runtime", OPT_RUNTIME, "FILE", 0, N_("The libpulp.so.0 for --inject [the installed one]"),
	 0},
	{0},
};

/* A whole number from 1 to max; 0 for anything else. */
static unsigned number_parse(const char *arg, unsigned max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(arg, &end, 10);
	/* strtoul() would take blanks and signs as well. */
	if (errno || *arg < '0' || *arg > '9' || *end || value > max)
		return 0;
	return (unsigned)value;
}

static void timeout_parse(struct arguments *a, const char *arg, struct argp_state *state)
{
	a->timeout = number_parse(arg, MAX_TIMEOUT);
	if (!a->timeout)
		argp_error(state, _("%s: a timeout is a number of seconds from 1 to %u"), arg,
			   MAX_TIMEOUT);
}

static void jobs_parse(struct arguments *a, const char *arg, struct argp_state *state)
{
	a->jobs = number_parse(arg, MAX_JOBS);
	if (!a->jobs)
		argp_error(state, _("%s: -j wants a number from 1 to %u"), arg, MAX_JOBS);
}

static void library_parse(struct arguments *a, const char *arg, struct argp_state *state)
{
	if (!*arg)
		argp_error(state, _("--revert-all wants a library"));
	if (a->library && strcmp(a->library, arg) != 0)
		argp_error(state, _("--revert-all can be given once"));
	a->library = arg;
}

static bool is_target(const struct arguments *a)
{
	return a->library && strcmp(a->library, "target") == 0;
}

static void inject_check(const struct arguments *a, struct argp_state *state)
{
	if (a->runtime != inject_default_runtime && !a->inject)
		argp_error(state, _("--runtime is for --inject"));
	if (!*a->runtime)
		argp_error(state, _("--runtime wants a file"));
	if (a->inject && !a->selector)
		argp_error(state, _("--inject wants -p: it is not for all processes"));
	if (a->inject && (a->revert || a->dry_run))
		argp_error(state, _("--inject goes with neither --revert nor --dry-run"));
	if (a->inject && !a->nr_files)
		argp_error(state, _("--inject wants a container"));
}

static void check(const struct arguments *a, struct argp_state *state)
{
	if (a->revert && a->library)
		argp_error(state, _("--revert and --revert-all do not go together"));
	if (!a->nr_files && is_target(a))
		argp_error(state, _("a container is missing, which tells what 'target' is"));
	if (!a->nr_files && !a->library)
		argp_error(state, _("a container is missing"));
	inject_check(a, state);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->selector;
		state->child_inputs[1] = &a->report;
		state->child_inputs[2] = &a->report;
		state->child_inputs[3] = &a->report;
		return 0;
	case OPT_REVERT:
		a->revert = true;
		return 0;
	case OPT_REVERT_ALL:
		library_parse(a, arg, state);
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
	case 'r':
		a->recursive = true;
		return 0;
	case 'j':
		jobs_parse(a, arg, state);
		return 0;
	case OPT_INJECT:
		a->inject = true;
		return 0;
	case OPT_RUNTIME:
		a->runtime = arg;
		return 0;
	case ARGP_KEY_ARGS:
		a->files = state->argv + state->next;
		a->nr_files = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_END:
		check(a, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(struct arguments *a, const struct operands *o, bool ok)
{
	const struct request request = {
		.report = &a->report,
		.selector = a->selector,
		.revert = a->revert,
		.revert_all = a->library != NULL,
		.library = is_target(a) ? NULL : a->library,
		.dry_run = a->dry_run,
		.force = a->force,
		.runtime = a->inject ? a->runtime : NULL,
		.timeout_ns = a->timeout * SECOND_NS,
		.nr_jobs = a->jobs ? a->jobs : jobs_default(),
		.containers = o->containers,
		.nr = o->nr,
	};

	return ok ? rounds_run(&request) : rounds_refuse(&request);
}

/* Whoever waits for us shall see that a signal has ended us, as it would have without our care. */
static void end_by_signal(void)
{
	if (!jobs_signal())
		return;
	(void)fflush(NULL);
	(void)signal(jobs_signal(), SIG_DFL);
	(void)raise(jobs_signal());
}

int cmd_trigger(int argc, char **argv)
{
	static const struct argp_child children[] = {{&selector_argp, 0, NULL, 0},
						     {&report_argp, 0, NULL, 0},
						     {&report_json_argp, 0, NULL, 0},
						     {&report_color_argp, 0, NULL, 0},
						     {0}};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.args_doc = N_("[CONTAINER...]"),
		.doc = N_(
			"Applies each CONTAINER to running processes, or reverts it.  A CONTAINER "
			"in "
			"quotes may have wildcards.\v"
			"For each process and container prints SUCCESS, SKIPPED (the container is "
			"not meant for the process) or ERROR with the reason.  Exit status: 0 "
			"success, 1 nothing but SKIPPED, 2 or more on errors; see ulp(1)."),
		.children = children,
	};
	struct arguments a = {.timeout = DEFAULT_TIMEOUT, .runtime = inject_default_runtime};
	struct operands operands = {.report = &a.report};
	bool ok = true;
	int status;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	operands.recursive = a.recursive;
	operands.descending = a.revert;
	/* All of them, before any process is touched: half a list is no list. */
	for (size_t i = 0; i < a.nr_files; i++)
		ok = operands_open(&operands, a.files[i]) && ok;
	status = run(&a, &operands, ok);
	status = report_finish(&a.report, status);
	operands_close(&operands);
	end_by_signal();
	return status;
}
