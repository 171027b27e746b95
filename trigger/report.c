/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `ulp` prints: answers, errors, outcomes.  See report.h.
 */
#include "config.h"

#include "trigger/report.h"

#include <stdarg.h>
#include <string.h>

void report_init(struct report *r)
{
	*r = (struct report){.out = stdout, .err = stderr};
}

static const struct argp_option options[] = {
	{"quiet", 'q', NULL, 0, "Print nothing but errors", 10},
	{"verbose", 'v', NULL, 0, "Also tell what was passed over", 10},
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

void report_say(const struct report *r, const char *fmt, ...)
{
	va_list args;

	if (r->verbosity < 0)
		return;
	va_start(args, fmt);
	vfprintf(r->out, fmt, args);
	va_end(args);
}

void report_remark(const struct report *r, const char *fmt, ...)
{
	va_list args;

	if (r->verbosity < 1)
		return;
	fputs("ulp: ", r->err);
	va_start(args, fmt);
	vfprintf(r->err, fmt, args);
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
	/* The answer so far comes first where both go to one terminal. */
	(void)fflush(r->out);
	fputs("ulp: ", r->err);
	print_place_and_reason(r->err, err->where, err);
	return raise_status(r, err->code);
}

const char *report_word(enum ulp_code code)
{
	if (code == ULP_OK)
		return "SUCCESS";
	return ulp_code_is_skip(code) ? "SKIPPED" : "ERROR";
}

/* `where` without what the outcome's line has said already, and the ": " or ", " after that. */
static const char *skip_said(const char *where, const char *said)
{
	size_t len = strlen(said);

	if (len == 0 || strncmp(where, said, len) != 0)
		return where;
	if (where[len] == '\0')
		return where + len;
	if ((where[len] == ':' || where[len] == ',') && where[len + 1] == ' ')
		return where + len + 2;
	return where;
}

static void print_outcome(FILE *f, pid_t pid, const char *process, const char *container,
			  const struct ulp_err *err)
{
	char said[32];
	const char *where;

	snprintf(said, sizeof(said), "pid %ld", (long)pid);
	fputs(said, f);
	if (process && process[0])
		fprintf(f, " (%s)", quoted(process).text);
	if (container)
		fprintf(f, ": %s", quoted(container).text);
	if (!err || err->code == ULP_OK) {
		fputc('\n', f);
		return;
	}
	where = skip_said(err->where, said);
	if (container)
		where = skip_said(where, container);
	fputs(": ", f);
	print_place_and_reason(f, where, err);
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
	if (r->verbosity >= 0) {
		fprintf(r->out, "%-7s ", report_word(code));
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
