/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verdict and list of `ulp livepatchable`, for people and for grep. */
#include "config.h"

#include "trigger/livepatchable.h"

#include "i18n/i18n.h"
#include "trigger/layout.h"

#include <inttypes.h>

unsigned library_share(const struct library *lib)
{
	if (lib->nr_functions == 0)
		return 0;
	return (unsigned)((uint64_t)lib->nr_with_entry * 1000 / lib->nr_functions);
}

bool library_reaches(const struct library *lib, const struct livepatchable_options *options)
{
	if (!options->has_min)
		return true;
	return (double)lib->nr_with_entry * 100 >= options->min * (double)lib->nr_functions;
}

bool list_has(const struct library_function *f, const struct livepatchable_options *options)
{
	return options->list && (!f->has_entry || options->list_all);
}

void library_source(const struct library *lib, const struct library_function *f, const char **file,
		    uint32_t *line)
{
	*file = f->file;
	*line = 0;
	if (f->fact == ULP_FACTS_NONE)
		return;
	*file = lib->facts.functions[f->fact].file;
	*line = lib->facts.functions[f->fact].line;
}

/* ", 97.5 % of 10911" */
static void print_share(const struct livepatchable_options *options, const struct library *lib)
{
	unsigned share = library_share(lib);

	if (lib->functions_known)
		report_say(&options->report, ", %u.%u %% of %zu", share / 10, share % 10,
			   lib->nr_functions);
	else
		report_say(&options->report, ", of how many is not known");
	if (lib->functions_known && !library_reaches(lib, options))
		report_say(&options->report, ", fewer than %g %%", options->min);
}

static void print_verdict(const struct livepatchable_options *options, const struct library *lib)
{
	const struct report *report = &options->report;
	bool good = library_livepatchable(lib) && library_reaches(lib, options);

	if (good)
		report_say(report, "%s: livepatchable", quoted(lib->path).text);
	else
		report_say(report, "%s: not livepatchable", quoted(lib->path).text);
	if (lib->nr_entries == 0) {
		report_say(report, ", no function has an entry\n");
		return;
	}
	report_say(report,
		   ngettext(", %zu function has an entry", ", %zu functions have entries",
			    lib->nr_entries),
		   lib->nr_entries);
	if (!layout_usable(lib->layout))
		report_say(report, " of a kind not supported yet (%s)", layout_text(lib->layout));
	else if (lib->build_id.len == 0)
		report_say(report, " but there is no build ID (link with -Wl,--build-id)");
	else
		report_say(report, " (%s)", layout_text(lib->layout));
	print_share(options, lib);
	report_say(report, "\n");
}

static void print_source(const struct report *report, const char *file, uint32_t line)
{
	if (*file == '\0')
		report_say(report, "-\n");
	else if (line == 0)
		report_say(report, "%s\n", quoted(file).text);
	else
		report_say(report, "%s:%" PRIu32 "\n", quoted(file).text, line);
}

void livepatchable_print(const struct livepatchable_options *options, const struct library *lib)
{
	print_verdict(options, lib);
	for (size_t i = 0; i < lib->nr_functions; i++) {
		const struct library_function *f = &lib->functions[i];
		const char *file;
		uint32_t line;

		if (!list_has(f, options))
			continue;
		library_source(lib, f, &file, &line);
		report_say(&options->report, "0x%016" PRIx64 "\t%s\t%s\t", f->vaddr,
			   quoted(f->name).text, library_reason(lib, f));
		print_source(&options->report, file, line);
	}
}
