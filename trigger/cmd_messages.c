/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp messages`: what was done to a process, as its runtime keeps it.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/json.h"
#include "trigger/report.h"
#include "trigger/target.h"

#include <string.h>

struct arguments {
	struct report report;
	const char *selector;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	(void)arg;
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->child_inputs[0] = &a->selector;
	state->child_inputs[1] = &a->report;
	state->child_inputs[2] = &a->report;
	return 0;
}

/* The ring, oldest byte first, into text (ULP_MESSAGES_LEN + 1 bytes). */
static void ring_read(const struct ulp_registry *head, char *text)
{
	uint64_t end = head->messages_end;
	size_t len = end < ULP_MESSAGES_LEN ? (size_t)end : ULP_MESSAGES_LEN;

	for (size_t i = 0; i < len; i++)
		text[i] = head->messages[(end - len + i) % ULP_MESSAGES_LEN];
	text[len] = '\0';
}

/* Digits of "2026-01-31T12:34:56Z ", with which registry_message() begins a line. */
static bool has_time(const char *line)
{
	static const char form[] = "0000-00-00T00:00:00Z ";

	for (size_t i = 0; form[i]; i++)
		if (form[i] == '0' ? line[i] < '0' || line[i] > '9' : line[i] != form[i])
			return false;
	return true;
}

static void add_message(struct json_object *messages, const char *line)
{
	struct json_object *message = json_append_object(messages);
	const size_t len = strlen("2026-01-31T12:34:56Z");
	char time[32] = "";

	if (has_time(line)) {
		memcpy(time, line, len);
		line += len + 1;
	}
	json_put_text(message, "time", time);
	json_put_quoted(message, "text", line);
}

static struct json_object *add_process(const struct report *report, const struct target *t)
{
	struct json_object *result = report_result(report);

	if (!result)
		return NULL;
	json_put_number(result, "pid", (uint64_t)t->proc.pid);
	json_put_quoted(result, "process", t->proc.name);
	json_put_bool(result, "cut", t->engine.registry.head.messages_end > ULP_MESSAGES_LEN);
	return json_put_array(result, "messages");
}

static void print_messages(struct target *t, void *ctx)
{
	struct arguments *a = ctx;
	const struct ulp_registry *head = &t->engine.registry.head;
	char text[ULP_MESSAGES_LEN + 1];
	struct json_object *messages = add_process(&a->report, t);
	char *next = text;
	char *line;

	ring_read(head, text);
	/* Where the ring is full its first line has lost its beginning. */
	if (head->messages_end > ULP_MESSAGES_LEN)
		strsep(&next, "\n");
	report_say(&a->report, "PID: %d, name: %s\n", (int)t->proc.pid, quoted(t->proc.name).text);
	while ((line = strsep(&next, "\n")) != NULL)
		if (*line && messages)
			add_message(messages, line);
		else if (*line)
			report_say(&a->report, "  %s\n", quoted(line).text);
}

int cmd_messages(int argc, char **argv)
{
	static const struct argp_child children[] = {{&selector_argp, 0, NULL, 0},
						     {&report_argp, 0, NULL, 0},
						     {&report_json_argp, 0, NULL, 0},
						     {0}};
	static const struct argp argp = {
		.parser = parse,
		.doc = N_("Prints what the runtime of each process has recorded."),
		.children = children,
	};
	struct arguments a = {0};
	const struct visitor visitor = {.visit = print_messages, .ctx = &a};
	struct visits visits;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	if (!targets_each(a.selector, &a.report, &visitor, &visits) && !visits.nr_seen &&
	    !report_status(&a.report))
		targets_say_none(a.selector, &a.report, &visits);
	report_count(&a.report, "processes", visits.nr_seen);
	return report_finish(&a.report, report_status(&a.report));
}
