/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `ulp livepatchable LIB...`: whether libraries can be live patched, by the
 * exit status (0 all, 1 not all, 2 or more on errors) and in words.
 */
#include "config.h"

#include "container/elf_view.h"
#include "container/file.h"
#include "container/machine.h"
#include "trigger/command.h"
#include "trigger/layout.h"
#include "trigger/report.h"

#include <stdlib.h>

/* The largest libraries of today have some hundred MiB, most of it debug info. */
#define LIBRARY_MAX_LEN (4ull << 30) /* bytes */

struct arguments {
	struct report report;
	char **files; /* NULL-terminated; borrows argv */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->report;
		return 0;
	case ARGP_KEY_ARGS:
		a->files = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a library is missing");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* What a file has. */
struct entries {
	size_t nr;
	enum ulp_entry_layout layout;
	bool build_id; /* by which containers know their target */
};

/* Counts the entries of a linked ELF file in memory. */
static enum ulp_code count_entries(const void *bytes, size_t len, struct entries *e,
				   struct ulp_err *err)
{
	struct ulp_build_id id;
	struct ulp_elf elf;

	if (ulp_elf_init(&elf, bytes, len, err))
		return err->code;
	if (elf.ehdr.e_type == ET_REL)
		return ulp_fail(err, ULP_EELF,
				"an object file; libraries and programs can be live patched, "
				"so link it first");
	if (!ulp_machine_find(elf.ehdr.e_machine))
		return ulp_fail(err, ULP_EARCH,
				"made for a machine (e_machine %u) that is not known",
				elf.ehdr.e_machine);
	if (elf.nr_sections == 0)
		return ulp_fail(err, ULP_EELF,
				"the file has no section table, which lists the entries");
	e->nr = ulp_elf_count_entries(&elf, &e->layout);
	e->build_id = ulp_elf_build_id(&elf, &id);
	return ULP_OK;
}

/* Prints the verdict and returns it. */
static bool verdict(const struct report *report, const char *path, const struct entries *e)
{
	const char *have = e->nr == 1 ? "function has an entry" : "functions have entries";

	if (e->nr == 0)
		report_say(report, "%s: not livepatchable, no function has an entry\n",
			   quoted(path).text);
	else if (!layout_usable(e->layout))
		report_say(report,
			   "%s: not livepatchable, %zu %s of a kind not supported yet (%s)\n",
			   quoted(path).text, e->nr, have, layout_text(e->layout));
	else if (!e->build_id)
		report_say(report,
			   "%s: not livepatchable, %zu %s but there is no build ID (link with "
			   "-Wl,--build-id)\n",
			   quoted(path).text, e->nr, have);
	else
		report_say(report, "%s: livepatchable, %zu %s (%s)\n", quoted(path).text, e->nr,
			   have, layout_text(e->layout));
	return layout_usable(e->layout) && e->build_id;
}

/* Reports on one file.  Returns whether it is livepatchable; errors go to *report. */
static bool livepatchable(struct report *report, const char *path)
{
	struct ulp_err err;
	struct entries entries = {0};
	unsigned char *bytes;
	size_t len;
	enum ulp_code code = ulp_file_read(path, LIBRARY_MAX_LEN, &bytes, &len, &err);

	if (code == ULP_OK) {
		code = count_entries(bytes, len, &entries, &err);
		free(bytes);
	}
	if (code) {
		(void)ulp_err_at(&err, "%s", path);
		report_error(report, &err);
		return false;
	}
	return verdict(report, path, &entries);
}

int cmd_livepatchable(int argc, char **argv)
{
	static const struct argp_child children[] = {{&report_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {
		.parser = parse,
		.args_doc = "LIBRARY...",
		.doc = "Tells whether each LIBRARY (or program) has functions that can be live "
		       "patched, and how many.\vExit status: 0 if all are livepatchable, 1 if one "
		       "is "
		       "not, 2 or more on errors.",
		.children = children,
	};
	struct arguments a = {0};
	bool all = true;

	report_init(&a.report);
	if (argp_parse(&argp, argc, argv, 0, NULL, &a) != 0)
		return ulp_code_status(ULP_EUSAGE);
	for (char **file = a.files; *file; file++)
		all = livepatchable(&a.report, *file) && all;
	if (report_status(&a.report) != 0)
		return report_status(&a.report);
	return all ? 0 : 1;
}
