/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp messages`: what was done to a process, as its runtime keeps it.
 */
#include "config.h"

#include "trigger/command.h"
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

static void print_messages(struct target *t, void *ctx)
{
	struct arguments *a = ctx;
	const struct ulp_registry *head = &t->engine.registry.head;
	char text[ULP_MESSAGES_LEN + 1];
	char *next = text;
	char *line;

	ring_read(head, text);
	/* Where the ring is full its first line has lost its beginning. */
	if (head->messages_end > ULP_MESSAGES_LEN)
		strsep(&next, "\n");
	report_say(&a->report, "PID: %d, name: %s\n", (int)t->proc.pid, quoted(t->proc.name).text);
	while ((line = strsep(&next, "\n")) != NULL)
		if (*line)
			report_say(&a->report, "  %s\n", quoted(line).text);
}

int cmd_messages(int argc, char **argv)
{
	static const struct argp_child children[] = {
		{&selector_argp, 0, NULL, 0}, {&report_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.parser = parse,
		.doc = "Prints what the runtime of each process has recorded.",
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
	return report_status(&a.report);
}
