/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp check -p PID CONTAINER`: by the exit status, whether it is applied.
 */
#include "config.h"

#include "trigger/command.h"
#include "trigger/report.h"
#include "trigger/target.h"

struct arguments {
	struct report report;
	const char *selector;
	const char *file;
	struct ulp_container container;
	size_t nr_applied;
	size_t nr_not_applied;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->selector;
		state->child_inputs[1] = &a->report;
		return 0;
	case ARGP_KEY_ARG:
		if (a->file)
			argp_error(state, "one container at a time");
		a->file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a container is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void check_process(struct target *t, void *ctx)
{
	struct arguments *a = ctx;
	const struct engine *e = &t->engine;
	const struct ulp_object *target;
	struct ulp_err err = {0};
	bool applied = false;
	enum ulp_code code = engine_target(e, &a->container, &target, &err);

	/* Where nobody named the process, only those that the container is meant for count. */
	if (code == ULP_ENOTARGET && !a->selector)
		return;
	if (!code) {
		long i = registry_find(&e->registry, &a->container.build_id, target->bias);

		applied = i >= 0 && registry_patch_applied(&e->registry, &e->registry.patches[i]);
	}
	if (applied && engine_needs_recovery(e)) {
		applied = false;
		ulp_fail(&err, ULP_ENOTAPPLIED,
			 "a change was not finished; the next ulp trigger will finish it");
	}
	a->nr_applied += applied;
	a->nr_not_applied += !applied;
	report_say(&a->report, "pid %d (%s): %s: %s%s%s\n", (int)t->proc.pid,
		   quoted(t->proc.name).text, quoted(a->container.base_name).text,
		   applied ? "applied" : "not applied", *err.text ? ": " : "",
		   quoted(err.text).text);
}

static int check(struct arguments *a)
{
	const struct visitor visitor = {.visit = check_process, .ctx = a};
	struct visits visits;
	int status;

	if (targets_each(a->selector, &a->report, &visitor, &visits))
		return report_status(&a->report);
	status = report_status(&a->report);
	if (!status && !visits.nr_seen)
		targets_say_none(a->selector, &a->report, &visits);
	if (status)
		return status;
	return a->nr_applied && !a->nr_not_applied ? 0 : 1;
}

int cmd_check(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{&selector_argp, 0, NULL, 0}, {&report_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "CONTAINER",
		.doc = "Tells whether CONTAINER is applied.\vExit status: 0 if it is applied in "
		       "every process looked at (without -p: that has the library), 1 if it is "
		       "not, 2 or more on errors.",
		.children = children,
	};
	struct arguments a = {0};
	struct ulp_err err;
	int status;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	if (ulp_container_open(a.file, &a.container, &err))
		return report_error(&a.report, &err);
	status = check(&a);
	ulp_container_close(&a.container);
	return status;
}
