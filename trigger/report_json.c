/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The answer of --json: one object with the same members for each command.  ulp(1) describes the
 * schema; who changes it in a way that a reader may stumble over raises the version.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/json.h"
#include "trigger/report_json.h"

#include <json-c/json.h>
#include <string.h>

#define SCHEMA_VERSION 1

static void begin(struct report *r, const char *name)
{
	const char *space = strrchr(name, ' ');

	/* What programs read is never translated. */
	i18n_off();
	r->json = json_made();
	json_put_number(r->json, "version", SCHEMA_VERSION);
	json_put_text(r->json, "command", space ? space + 1 : name);
	(void)json_put_array(r->json, r->results);
	(void)json_put_array(r->json, "errors");
	(void)json_put_object(r->json, "counts");
}

static const struct argp_option options[] = {
	{"json", 'j' + 0x100, NULL, 0, N_("Answer in JSON"), 9},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct report *r = state->input;

	(void)arg;
	if (key == options[0].key) {
		if (!r->json)
			begin(r, state->name);
		return 0;
	}
	if (key != ARGP_KEY_END)
		return ARGP_ERR_UNKNOWN;
	if (r->json && r->verbosity < 0)
		argp_error(state, _("--json does not go with --quiet"));
	return 0;
}

const struct argp report_json_argp = {.options = options, .parser = parse};

static struct json_object *member(const struct report *r, const char *name)
{
	return json_checked(json_object_object_get(r->json, name));
}

struct json_object *report_result(const struct report *r)
{
	return r->json ? json_append_object(member(r, r->results)) : NULL;
}

void report_count(const struct report *r, const char *what, uint64_t nr)
{
	if (r->json)
		json_put_number(member(r, "counts"), what, nr);
}

void report_count_outcomes(const struct report *r)
{
	report_count(r, "success", r->nr_success);
	report_count(r, "skipped", r->nr_skipped);
	report_count(r, "failed", r->nr_errors);
}

static void put_pid(struct json_object *object, pid_t pid)
{
	if (pid)
		json_put_number(object, "pid", (uint64_t)pid);
	else
		json_put(object, "pid", NULL);
}

void report_json_error(const struct report *r, pid_t pid, const struct ulp_err *err,
		       const char *where)
{
	struct json_object *object = json_append_object(member(r, "errors"));

	put_pid(object, pid);
	json_put_error(object, err, where);
}

void report_json_outcome(const struct report *r, pid_t pid, const char *process,
			 const char *container, const struct ulp_err *err, const char *where)
{
	enum ulp_code code = err ? err->code : ULP_OK;
	struct json_object *object = report_result(r);

	json_put_text(object, "outcome", report_word(code));
	put_pid(object, pid);
	json_put_text(object, "process", process);
	json_put_text(object, "container", container);
	json_put_text(object, "note", code == ULP_OK && err ? err->text : NULL);
	if (code == ULP_OK)
		json_put(object, "error", NULL);
	else
		json_put_error(json_put_object(object, "error"), err, where);
}

int report_finish(struct report *r, int status)
{
	const char *text;

	if (!r->json)
		return status;
	report_count(r, "errors", json_object_array_length(member(r, "errors")));
	json_put_number(r->json, "status", (uint64_t)status);
	text = json_object_to_json_string_ext(r->json, JSON_C_TO_STRING_PRETTY |
							       JSON_C_TO_STRING_SPACED |
							       JSON_C_TO_STRING_NOSLASHESCAPE);
	/* Borrowed from the object: json_checked() cannot take it. */
	if (!text)
		(void)json_checked(NULL);
	fprintf(r->out, "%s\n", text);
	(void)json_object_put(r->json);
	r->json = NULL;
	return status;
}
