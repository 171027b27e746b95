/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp livepatchable LIB...`: whether libraries can be live patched, by the
 * exit status (0 all, 1 not all, 2 or more on errors) and in words; which functions
 * cannot, and why; and what the plugin has recorded of the build.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/livepatchable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_LIST = 0x100,
	KEY_FACTS,
	KEY_SOURCE,
	KEY_DEBUG_FILE,
	KEY_MIN,
};

static const struct argp_option option_rows[] = {
	{"list", KEY_LIST, "all", OPTION_ARG_OPTIONAL,
	 N_("List the functions without an entry, and why; with =all, those with one, too"), 0},
	{"min", KEY_MIN, "PERCENT", 0,
	 N_("Not livepatchable if fewer of the functions have entries"), 0},
	{"facts", KEY_FACTS, NULL, 0,
	 N_("Print what the plugin has recorded of one LIBRARY: of all functions, or of FUNCTION "
	    "and who carries a copy of it"),
	 0},
	{"source", KEY_SOURCE, "FILE", 0,
	 N_("With --facts: only functions that come from this file"), 0},
	{"debug-file", KEY_DEBUG_FILE, "FILE", 0,
	 N_("The separate debug file of a stripped LIBRARY"), 0},
	{0},
};

static void take_list(struct livepatchable_options *o, const char *arg, struct argp_state *state)
{
	if (arg != NULL && strcmp(arg, "all") != 0)
		argp_error(state, _("--list takes nothing or =all, not '%s'"), quoted(arg).text);
	o->list = true;
	o->list_all = arg != NULL;
}

static void take_min(struct livepatchable_options *o, const char *arg, struct argp_state *state)
{
	char *end;

	o->min = strtod(arg, &end);
	o->has_min = true;
	if (end == arg || *end != '\0' || !isfinite(o->min) || o->min < 0 || o->min > 100)
		argp_error(state, _("--min takes a number from 0 to 100, not '%s'"),
			   quoted(arg).text);
}

static size_t count_files(const struct livepatchable_options *o)
{
	size_t nr = 0;

	while (o->files[nr] != NULL)
		nr++;
	return nr;
}

/* Options that do not go together, one row each. */
static void check_options(struct livepatchable_options *o, struct argp_state *state)
{
	size_t nr = count_files(o);
	const struct {
		bool wrong;
		const char *text;
	} rows[] = {
		{o->facts && (o->list || o->has_min),
		 N_("--facts does not go with --list or --min")},
		{o->source != NULL && !o->facts, N_("--source goes with --facts only")},
		{o->source != NULL && *o->source == '\0', N_("--source needs a file's name")},
		{o->facts && nr > 2, N_("--facts takes one LIBRARY, and perhaps one FUNCTION")},
		{!o->facts && o->debug_file != NULL && nr > 1,
		 N_("--debug-file goes with one LIBRARY")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].wrong)
			argp_error(state, "%s", _(rows[i].text));
	if (o->facts)
		o->function = o->files[1];
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct livepatchable_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->report;
		state->child_inputs[1] = &o->report;
		return 0;
	case KEY_LIST:
		take_list(o, arg, state);
		return 0;
	case KEY_MIN:
		take_min(o, arg, state);
		return 0;
	case KEY_FACTS:
		o->facts = true;
		return 0;
	case KEY_SOURCE:
		o->source = arg;
		return 0;
	case KEY_DEBUG_FILE:
		o->debug_file = arg;
		return 0;
	case ARGP_KEY_ARGS:
		o->files = state->argv + state->next;
		check_options(o, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, _("a library is missing"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Whether the answer for a library that was read is yes. */
static enum ulp_code judge(const struct livepatchable_options *o, const struct library *lib,
			   bool *good, struct ulp_err *err)
{
	if (!lib->functions_known && (o->has_min || o->list)) {
		(void)ulp_fail(err, ULP_ENOFACTS,
			       "which functions there are is not known: it has no symbol table and "
			       "no facts, and no debug file with them is here");
		return ulp_err_at(err, "%s", lib->path);
	}
	if (o->report.json != NULL)
		json_add_library(o, lib);
	else
		livepatchable_print(o, lib);
	*good = library_livepatchable(lib) && library_reaches(lib, o);
	return ULP_OK;
}

/* Reports on one file.  Returns whether it is livepatchable; errors go to the report. */
static bool livepatchable(struct livepatchable_options *o, const char *path)
{
	struct library lib;
	struct ulp_err err;
	bool good = false;
	enum ulp_code code = library_open(&lib, path, o->debug_file, o->list, &err);

	if (code == ULP_OK) {
		code = judge(o, &lib, &good, &err);
		library_close(&lib);
	}
	if (code != ULP_OK) {
		report_error(&o->report, &err);
		if (o->report.json != NULL)
			json_add_error(o, path, &err);
	}
	return good;
}

static bool run_facts(struct livepatchable_options *o)
{
	struct ulp_err err;

	if (livepatchable_facts(o, &err) == ULP_OK)
		return true;
	report_error(&o->report, &err);
	if (o->report.json != NULL)
		json_add_error(o, o->files[0], &err);
	return false;
}

static bool run_libraries(struct livepatchable_options *o)
{
	size_t nr_good = 0, nr = 0;

	for (char **file = o->files; *file; file++, nr++)
		nr_good += livepatchable(o, *file);
	report_count(&o->report, "libraries", nr);
	report_count(&o->report, "livepatchable", nr_good);
	return nr_good == nr;
}

int cmd_livepatchable(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{&report_argp, 0, NULL, 0}, {&report_json_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = option_rows,
		.parser = parse,
		.args_doc = N_("LIBRARY...\n--facts LIBRARY [FUNCTION]"),
		.doc = N_(
			"Tells whether each LIBRARY (or program) has functions that can be live "
			"patched, and how many.\vExit status: 0 if all are livepatchable, 1 if one "
			"is not, 2 or more on errors."),
		.children = children,
	};
	struct livepatchable_options o = {0};
	int status;
	bool good;

	report_init(&o.report);
	o.report.results = "libraries";
	if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
		return ulp_code_status(ULP_EUSAGE);
	good = o.facts ? run_facts(&o) : run_libraries(&o);
	status = report_status(&o.report);
	return report_finish(&o.report, status != 0 || good ? status : 1);
}
