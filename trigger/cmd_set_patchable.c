/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp set_patchable`: whether running processes let themselves be patched.
 *
 * The switch is one word of the registry, but it is set with the process seized,
 * as for a change: otherwise one that another ulp has begun could be committed
 * after we have said that the process is disabled.
 */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/command.h"
#include "trigger/json.h"
#include "trigger/report.h"
#include "trigger/session.h"
#include "trigger/target.h"
#include "trigger/tracee.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* How long another tool may hold the process, or its dynamic linker the list of objects. */
#define TIMEOUT_NS 10000000000ull

struct arguments {
	struct report report;
	const char *selector;
	const char *word; /* "enable" or "disable"; NULL: not given yet */
};

/* Rows: what the operand means. */
static const struct setting {
	const char *word;
	uint32_t disabled;
	const char *message; /* for the process's own record */
} settings[] = {
	{"enable", 0, "live patching was enabled by ulp set_patchable"},
	{"disable", 1, "live patching was disabled by ulp set_patchable"},
};
#define NR_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static const struct setting *setting_find(const char *word)
{
	for (size_t i = 0; i < NR_SETTINGS; i++)
		if (strcmp(settings[i].word, word) == 0)
			return &settings[i];
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->selector;
		for (unsigned i = 1; i <= 3; i++)
			state->child_inputs[i] = &a->report;
		return 0;
	case ARGP_KEY_ARG:
		if (a->word || !setting_find(arg))
			argp_error(state, _("one word, enable or disable"));
		a->word = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->word)
			argp_error(state, _("one word is missing: enable or disable"));
		if (!a->selector)
			argp_error(state, _("a process is missing: -p PID or -p NAME"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static size_t count_applied(const struct registry *reg)
{
	size_t nr = 0;

	for (size_t i = 0; i < reg->nr; i++)
		nr += registry_patch_applied(reg, &reg->patches[i]);
	return nr;
}

/* While the process is seized, so that no other tool is at it. */
static enum ulp_code set_seized(struct target *t, struct session *session, uint64_t deadline_ns,
				const struct setting *setting, struct ulp_err *err)
{
	const struct registry *reg = &t->engine.registry;
	enum ulp_code code = session_lock(session, reg->at, err);

	if (!code)
		code = target_refresh(t, deadline_ns, err);
	if (code || (reg->head.disabled != 0) == (setting->disabled != 0))
		return code;
	code = space_write(&t->rs.space, reg->at + offsetof(struct ulp_registry, disabled),
			   &setting->disabled, sizeof(setting->disabled), err);
	if (!code)
		registry_message(&t->engine.registry, &t->rs.space, setting->message);
	return code;
}

static enum ulp_code set(struct target *t, const struct setting *setting, struct ulp_err *err)
{
	const uint64_t deadline_ns = clock_ns() + TIMEOUT_NS;
	struct session *session;
	enum ulp_code code;

	if (!t->proc.writable)
		return ulp_fail(err, ULP_EPERM, "its memory cannot be written; run as root");
	code = session_begin(&t->proc, deadline_ns, &session, err);
	if (code)
		return code;
	t->rs.session = session;
	code = set_seized(t, session, deadline_ns, setting, err);
	t->rs.session = NULL;
	session_end(session);
	return code;
}

/* What is to be told of a success besides: that the patches a process has are not taken out. */
static void note(const struct target *t, const struct setting *setting, struct ulp_err *err)
{
	const size_t nr = count_applied(&t->engine.registry);

	if (setting->disabled && nr)
		snprintf(err->text, sizeof(err->text),
			 ngettext("%zu live patch stays applied", "%zu live patches stay applied",
				  nr),
			 nr);
}

static void set_process(struct target *t, void *ctx)
{
	struct arguments *a = ctx;
	const struct setting *setting = setting_find(a->word);
	struct ulp_err err = {0};

	if (!set(t, setting, &err))
		note(t, setting, &err);
	report_outcome(&a->report, t->proc.pid, t->proc.name, NULL, &err);
}

static void set_failed(pid_t pid, const struct ulp_err *err, void *ctx)
{
	struct arguments *a = ctx;

	report_outcome(&a->report, pid, NULL, NULL, err);
}

int cmd_set_patchable(int argc, char **argv)
{
	static const struct argp_child children[] = {{&needed_selector_argp, 0, NULL, 0},
						     {&report_argp, 0, NULL, 0},
						     {&report_json_argp, 0, NULL, 0},
						     {&report_color_argp, 0, NULL, 0},
						     {0}};
	static const struct argp argp = {
		.parser = parse,
		.args_doc = N_("-p PROCESS enable|disable"),
		.doc = N_(
			"Tells running processes whether to let themselves be patched from now "
			"on.\vA disabled process keeps the live patches that it has, and they can "
			"be reverted."),
		.children = children,
	};
	struct arguments a = {0};
	const struct visitor visitor = {.visit = set_process, .failed = set_failed, .ctx = &a};
	struct visits visits;
	int status;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	if (!targets_each(a.selector, &a.report, &visitor, &visits) && !visits.nr_seen &&
	    !report_status(&a.report)) {
		targets_say_none(a.selector, &a.report, &visits);
		status = 1;
	} else {
		status = report_status(&a.report);
	}
	if (a.report.json)
		json_put_text(a.report.json, "setting", a.word);
	report_count_outcomes(&a.report);
	return report_finish(&a.report, status);
}
