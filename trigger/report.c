/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `ulp` prints: answers, errors, outcomes.  See report.h.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/report.h"
#include "trigger/report_json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void report_init(struct report *r)
{
	*r = (struct report){.out = stdout, .err = stderr, .results = "results"};
}

static const struct argp_option options[] = {
	{"quiet", 'q', NULL, 0, N_("Print nothing but errors"), 10},
	{"verbose", 'v', NULL, 0, N_("Also tell what was passed over"), 10},
	{0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct report *r = state->input;

	(void)arg;
	switch (key) {
	case 'q':
		r->verbosity = -1;
		return 0;
	case 'v':
		r->verbosity = 1;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp report_argp = {.options = options, .parser = parse_option};

static const struct argp_option color_options[] = {
	{"color", 'c' + 0x100, "auto|always|never", 0,
	 N_("Whether to colour the words SUCCESS, SKIPPED and ERROR [auto]"), 9},
	{0},
};

static error_t parse_color(int key, char *arg, struct argp_state *state)
{
	static const char *const words[] = {
		[REPORT_COLOR_AUTO] = "auto",
		[REPORT_COLOR_ALWAYS] = "always",
		[REPORT_COLOR_NEVER] = "never",
	};
	struct report *r = state->input;

	if (key != color_options[0].key)
		return ARGP_ERR_UNKNOWN;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(arg, words[i]) == 0) {
			r->color = (enum report_color)i;
			return 0;
		}
	}
	argp_error(state, _("--color takes auto, always or never, not '%s'"), quoted(arg).text);
	return 0;
}

const struct argp report_color_argp = {.options = color_options, .parser = parse_color};

/* NO_COLOR counts where it is set and not empty: see https://no-color.org. */
static bool is_colored(const struct report *r)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (r->color != REPORT_COLOR_AUTO)
		return r->color == REPORT_COLOR_ALWAYS;
	return (!no_color || !*no_color) && term && *term && strcmp(term, "dumb") != 0 &&
	       isatty(fileno(r->out));
}

void report_say(const struct report *r, const char *fmt, ...)
{
	va_list args;

	if (r->verbosity < 0 || r->json)
		return;
	va_start(args, fmt);
	vfprintf(r->out, _(fmt), args);
	va_end(args);
}

void report_remark(const struct report *r, const char *fmt, ...)
{
	va_list args;

	if (r->verbosity < 1)
		return;
	fputs("ulp: ", r->err);
	va_start(args, fmt);
	vfprintf(r->err, _(fmt), args);
	va_end(args);
	fputc('\n', r->err);
}

void report_warning(const struct report *r, const char *fmt, ...)
{
	va_list args;

	if (r->verbosity < 0)
		return;
	(void)fflush(r->out);
	fprintf(r->err, "ulp: %s", _("warning: "));
	va_start(args, fmt);
	vfprintf(r->err, _(fmt), args);
	va_end(args);
	fputc('\n', r->err);
}

/* The reason, never empty. */
static const char *reason(const struct ulp_err *err)
{
	return err->text[0] ? err->text : ulp_code_text(err->code);
}

static void print_place_and_reason(FILE *f, const char *where, const struct ulp_err *err)
{
	if (where[0])
		fprintf(f, "%s: ", quoted(where).text);
	fprintf(f, "%s\n", quoted(reason(err)).text);
}

static int raise_status(struct report *r, enum ulp_code code)
{
	int status = ulp_code_status(code);

	if (status > r->status)
		r->status = status;
	return status;
}

int report_error(struct report *r, const struct ulp_err *err)
{
	if (r->json)
		report_json_error(r, 0, err, err->where);
	/* The answer so far comes first where both go to one terminal. */
	(void)fflush(r->out);
	fputs("ulp: ", r->err);
	print_place_and_reason(r->err, err->where, err);
	return raise_status(r, err->code);
}

/* Those bytes of UTF-8 that do not continue a character. */
int report_columns(const char *text)
{
	int nr = 0;

	for (; *text; text++)
		nr += (*text & 0xc0) != 0x80;
	return nr;
}

const char *report_word(enum ulp_code code)
{
	if (code == ULP_OK)
		return N_("SUCCESS");
	return ulp_code_is_skip(code) ? N_("SKIPPED") : N_("ERROR");
}

/* The place, without what is said in front of it. */
static const char *place(pid_t pid, const char *container, const struct ulp_err *err)
{
	char said[32];
	const char *where;

	snprintf(said, sizeof(said), "pid %ld", (long)pid);
	where = ulp_err_skip_said(err->where, said);
	return container ? ulp_err_skip_said(where, container) : where;
}

int report_process_error(struct report *r, pid_t pid, const struct ulp_err *err)
{
	const char *where = place(pid, NULL, err);

	if (r->json)
		report_json_error(r, pid, err, where);
	(void)fflush(r->out);
	fprintf(r->err, "ulp: pid %ld: ", (long)pid);
	print_place_and_reason(r->err, where, err);
	return raise_status(r, err->code);
}

static void print_outcome(FILE *f, pid_t pid, const char *process, const char *container,
			  const struct ulp_err *err)
{
	fprintf(f, "pid %ld", (long)pid);
	if (process && process[0])
		fprintf(f, " (%s)", quoted(process).text);
	if (container)
		fprintf(f, ": %s", quoted(container).text);
	if (!err || err->code == ULP_OK) {
		if (err && err->text[0])
			fprintf(f, ": %s", quoted(err->text).text);
		fputc('\n', f);
		return;
	}
	fputs(": ", f);
	print_place_and_reason(f, place(pid, container, err), err);
}

/* The colours of a terminal's eight: green, yellow, red (ECMA-48, SGR). */
static const char *color_of(enum ulp_code code)
{
	if (code == ULP_OK)
		return "\033[32m";
	return ulp_code_is_skip(code) ? "\033[33m" : "\033[31m";
}

/* The width of the longest of the three words. */
static int word_columns(void)
{
	const enum ulp_code codes[] = {ULP_OK, ULP_ENOTARGET, ULP_ESYS};
	int longest = 0;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		int nr = report_columns(_(report_word(codes[i])));

		longest = nr > longest ? nr : longest;
	}
	return longest;
}

/* The word, and a blank, in a column of its own. */
static void print_word(const struct report *r, enum ulp_code code)
{
	const char *word = _(report_word(code));
	bool colored = is_colored(r);

	fprintf(r->out, "%s%s%s%*s", colored ? color_of(code) : "", word, colored ? "\033[0m" : "",
		word_columns() - report_columns(word) + 1, "");
}

void report_outcome(struct report *r, pid_t pid, const char *process, const char *container,
		    const struct ulp_err *err)
{
	enum ulp_code code = err ? err->code : ULP_OK;
	bool failed = code != ULP_OK && !ulp_code_is_skip(code);

	if (code == ULP_OK)
		r->nr_success++;
	else if (!failed)
		r->nr_skipped++;
	else
		r->nr_errors++;
	if (failed)
		raise_status(r, code);
	if (r->json) {
		report_json_outcome(r, pid, process, container, err,
				    err ? place(pid, container, err) : NULL);
	} else if (r->verbosity >= 0) {
		print_word(r, code);
		print_outcome(r->out, pid, process, container, err);
	} else if (failed) {
		fputs("ulp: ", r->err);
		print_outcome(r->err, pid, process, container, err);
	}
}

int report_status(const struct report *r)
{
	if (r->status)
		return r->status;
	return r->nr_skipped && !r->nr_success ? 1 : 0;
}
