/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp check -p PID CONTAINER`: by the exit status, whether it is applied.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/json.h"
#include "trigger/report.h"
#include "trigger/target.h"

#include <stdlib.h>

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
		state->child_inputs[2] = &a->report;
		return 0;
	case ARGP_KEY_ARG:
		if (a->file)
			argp_error(state, _("one container at a time"));
		a->file = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, _("a container is missing"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The same line for --json. */
static void add_result(const struct arguments *a, const struct target *t, bool applied,
		       const struct ulp_err *err)
{
	struct json_object *result = report_result(&a->report);

	if (!result)
		return;
	json_put_number(result, "pid", (uint64_t)t->proc.pid);
	json_put_quoted(result, "process", t->proc.name);
	json_put_text(result, "container", a->container.base_name);
	json_put_bool(result, "applied", applied);
	if (*err->text)
		json_put_error(json_put_object(result, "error"), err, err->where);
	else
		json_put(result, "error", NULL);
}

/* A process can have several copies of one build; see trigger/copies.h. */
static bool applied_to_all(const struct engine *e, const struct ulp_container *c,
			   struct ulp_err *err)
{
	uint64_t *copies;
	size_t nr, nr_applied = 0;

	if (engine_copies(e, c, &copies, &nr, err))
		return false;
	for (size_t k = 0; k < nr; k++) {
		long i = registry_find(&e->registry, &c->build_id, copies[k]);

		nr_applied +=
			i >= 0 && registry_patch_applied(&e->registry, &e->registry.patches[i]);
	}
	free(copies);
	if (nr_applied && nr_applied < nr)
		ulp_fail(err, ULP_ENOTAPPLIED, "applied to %zu of %zu copies of %s", nr_applied, nr,
			 c->patch.soname);
	return nr_applied == nr;
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
	if (!code)
		applied = applied_to_all(e, &a->container, &err);
	if (applied && engine_needs_recovery(e)) {
		applied = false;
		ulp_fail(&err, ULP_ENOTAPPLIED,
			 "a change was not finished; the next ulp trigger will finish it");
	}
	add_result(a, t, applied, &err);
	a->nr_applied += applied;
	a->nr_not_applied += !applied;
	report_say(&a->report, "pid %d (%s): %s: %s%s%s\n", (int)t->proc.pid,
		   quoted(t->proc.name).text, quoted(a->container.base_name).text,
		   applied ? _("applied") : _("not applied"), *err.text ? ": " : "",
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
	else if (!status && !a->nr_applied && !a->nr_not_applied)
		report_say(&a->report, "no process has %s\n",
			   quoted(a->container.patch.soname).text);
	if (status)
		return status;
	return a->nr_applied && !a->nr_not_applied ? 0 : 1;
}

int cmd_check(int argc, char **argv)
{
	static const struct argp_child children[] = {{&selector_argp, 0, NULL, 0},
						     {&report_argp, 0, NULL, 0},
						     {&report_json_argp, 0, NULL, 0},
						     {0}};
	static const struct argp argp = {
		.parser = parse,
		.args_doc = N_("CONTAINER"),
		.doc = N_("Tells whether CONTAINER is applied.\vExit status: 0 if it is applied in "
			  "every process looked at (without -p: that has the library), 1 if it is "
			  "not, 2 or more on errors."),
		.children = children,
	};
	struct arguments a = {0};
	struct ulp_err err;
	int status;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	if (ulp_container_open(a.file, &a.container, &err)) {
		status = report_error(&a.report, &err);
	} else {
		status = check(&a);
		ulp_container_close(&a.container);
	}
	report_count(&a.report, "applied", a.nr_applied);
	report_count(&a.report, "not_applied", a.nr_not_applied);
	return report_finish(&a.report, status);
}
