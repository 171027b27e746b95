/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `ulp extract LIB -o FILE`: keeps what a later patch needs of a build. */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/extract.h"
#include "trigger/report.h"

#include <inttypes.h>

enum {
	KEY_DEBUG_FILE = 0x100,
};

static const struct argp_option option_rows[] = {
	{"output", 'o', "FILE", 0, N_("The extract to write"), 0},
	{"debug-file", KEY_DEBUG_FILE, "FILE", 0,
	 N_("The separate debug file of a stripped LIBRARY"), 0},
	{0},
};

struct arguments {
	struct report report;
	const char *library;
	const char *debug_file;
	const char *out;
};

static void take_library(struct arguments *a, const char *arg, struct argp_state *state)
{
	if (a->library != NULL)
		argp_error(state, _("one library at a time"));
	a->library = arg;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->report;
		return 0;
	case 'o':
		a->out = arg;
		return 0;
	case KEY_DEBUG_FILE:
		a->debug_file = arg;
		return 0;
	case ARGP_KEY_ARG:
		take_library(a, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (a->library == NULL)
			argp_error(state, _("a library is missing"));
		if (a->out == NULL || !*a->out)
			argp_error(state, _("the file to write is missing: --output"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void tell(const struct arguments *a, const struct extract_result *result)
{
	if (!result->symbols)
		report_remark(&a->report,
			      "%s: no private symbols found: a patch cannot refer to them",
			      quoted(a->library).text);
	if (!result->facts && !result->types)
		report_remark(&a->report,
			      "%s: neither facts nor debug information found: ulp-packer cannot "
			      "know of inlined copies",
			      quoted(a->library).text);
	report_say(&a->report, "%s: %" PRIu64 " bytes: code, exported symbols%s%s%s\n",
		   quoted(a->out).text, result->len, result->symbols ? _(", private symbols") : "",
		   result->facts ? _(", facts") : "",
		   result->types ? _(", debug information") : "");
}

int cmd_extract(int argc, char **argv)
{
	static const struct argp_child children[] = {{&report_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.options = option_rows,
		.parser = parse,
		.args_doc = N_("LIBRARY"),
		.doc = N_(
			"Writes what ulp-packer needs of LIBRARY and its debug file into one small "
			"file, which it takes in place of them as a target."),
		.children = children,
	};
	struct arguments a = {0};
	struct extract_result result;
	struct ulp_err err;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	if (extract_write(a.library, a.debug_file, a.out, &result, &err))
		report_error(&a.report, &err);
	else
		tell(&a, &result);
	return report_status(&a.report);
}
