/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `ulp livepatchable --facts`: what the plugin has recorded, in words. */
#include "config.h"

#include "trigger/livepatchable.h"

#include "container/facts_file.h"
#include "i18n/i18n.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- answers -------------------------------------------------------------------------- */

static enum ulp_code answer_open(struct facts_answer *answer, const struct ulp_facts *facts,
				 uint32_t function, struct ulp_err *err)
{
	*answer = (struct facts_answer){.facts = facts,
					.identity = ulp_facts_identity(facts, function)};
	return ulp_facts_carriers(facts, function, &answer->carriers, &answer->nr_carriers, err);
}

static void answer_close(struct facts_answer *answer)
{
	free(answer->carriers);
}

bool answer_is_self(const struct facts_answer *answer, uint32_t i)
{
	return ulp_facts_identity(answer->facts, i) == answer->identity;
}

bool answer_is_derived(const struct facts_answer *answer, uint32_t i)
{
	if (answer_is_self(answer, i))
		return false;
	for (uint32_t at = answer->facts->functions[i].origin; at != ULP_FACTS_NONE;
	     at = answer->facts->functions[at].origin)
		if (answer_is_self(answer, at))
			return true;
	return false;
}

bool answer_is_through_lto(const struct facts_answer *answer,
			   const struct ulp_facts_carrier *carrier)
{
	uint32_t copied;

	if (carrier->inlined == ULP_FACTS_NONE)
		return false;
	copied = answer->facts->inlined[carrier->inlined].function;
	return (answer->facts->units[answer->facts->functions[carrier->function].unit].flags &
		ULP_FACTS_UNIT_PARTITION) != 0 &&
	       !answer_is_self(answer, copied) && !answer_is_derived(answer, copied);
}

bool facts_complete(const struct ulp_facts *facts)
{
	bool before_lto = false;
	bool partition = false;

	for (uint32_t i = 0; i < facts->nr_units; i++) {
		before_lto |= (facts->units[i].flags & ULP_FACTS_UNIT_BEFORE_LTO) != 0;
		partition |= (facts->units[i].flags & ULP_FACTS_UNIT_PARTITION) != 0;
	}
	return before_lto || !partition;
}

bool facts_source_wanted(const struct ulp_facts *facts, uint32_t function,
			 const struct livepatchable_options *options)
{
	return options->source == NULL ||
	       ulp_facts_find(facts, function, facts->functions[function].name, options->source) ==
		       function;
}

/* --- words ------------------------------------------------------------------------------ */

/* Text of any length, for what must not be cut: it is to be copied. */
static void say_whole(const struct report *report, const char *text)
{
	char *whole = quote_whole(text);

	report_say(report, "%s", whole != NULL ? whole : quoted(text).text);
	free(whole);
}

static void say_source(const struct report *report, const struct ulp_facts_function *f)
{
	if (*f->file == '\0')
		report_say(report, "-");
	else
		report_say(report, "%s", quoted(f->file).text);
	if (f->line != 0)
		report_say(report, ":%" PRIu32, f->line);
}

static void say_address(const struct report *report, const struct ulp_facts_function *f)
{
	if (f->vaddr != 0)
		report_say(report, "0x%016" PRIx64, f->vaddr);
	else
		report_say(report, "-");
}

static const struct {
	uint32_t bit;
	const char *text;
} relies_rows[] = {
#define RELIES_ROW(name, bit, text) {bit, text},
	ULP_FACTS_RELIES(RELIES_ROW)
#undef RELIES_ROW
};

static void say_relies(const struct report *report, const struct ulp_facts_function *f)
{
	const char *between = "";

	if (f->relies == 0)
		return;
	report_say(report, "    callers may rely on: ");
	for (size_t i = 0; i < sizeof(relies_rows) / sizeof(relies_rows[0]); i++) {
		if ((f->relies & relies_rows[i].bit) == 0)
			continue;
		report_say(report, "%s%s", between, relies_rows[i].text);
		between = "; ";
	}
	report_say(report, "\n");
}

/* "    0x... NAME (static clone), FILE:LINE: has an entry" */
static void say_function(const struct report *report, const struct ulp_facts_function *f)
{
	report_say(report, "    ");
	say_address(report, f);
	report_say(report, " %s (%s %s), ", quoted(f->name).text,
		   ulp_facts_linkage_text(f->linkage), ulp_facts_kind_text(f->kind));
	say_source(report, f);
	report_say(report, ": %s%s\n", ulp_facts_entry_text(f->entry),
		   (f->flags & ULP_FACTS_FUNCTION_COLD) != 0 ? _("; part of it stands in NAME.cold")
							     : "");
}

/* --- one function ------------------------------------------------------------------------ */

/* The records of the function that have code; the first one if none has. */
static void say_own_code(const struct report *report, const struct facts_answer *answer)
{
	const struct ulp_facts *facts = answer->facts;
	size_t nr = 0;

	report_say(report, "  code:\n");
	for (uint32_t i = 0; i < facts->nr_functions; i++) {
		if (!answer_is_self(answer, i) || !ulp_facts_has_code(facts, i))
			continue;
		say_function(report, &facts->functions[i]);
		say_relies(report, &facts->functions[i]);
		nr++;
	}
	if (nr == 0)
		say_function(report, &facts->functions[answer->identity]);
}

static void say_derived(const struct report *report, const struct facts_answer *answer)
{
	const struct ulp_facts *facts = answer->facts;
	size_t nr = 0;

	for (uint32_t i = 0; i < facts->nr_functions; i++) {
		if (!answer_is_derived(answer, i))
			continue;
		if (nr++ == 0)
			report_say(report, "  clones, parts and other names:\n");
		say_function(report, &facts->functions[i]);
	}
}

/* "      inner -> middle -> outer" */
static void say_chain(const struct report *report, const struct facts_answer *answer,
		      const struct ulp_facts_carrier *carrier)
{
	const struct ulp_facts *facts = answer->facts;

	if (carrier->inlined == ULP_FACTS_NONE)
		return;
	report_say(report, "      ");
	if (answer_is_through_lto(answer, carrier))
		report_say(report, "%s -> (before LTO) -> ",
			   quoted(facts->functions[answer->identity].name).text);
	for (uint32_t at = carrier->inlined; at != ULP_FACTS_NONE; at = facts->inlined[at].via)
		report_say(report, "%s -> ",
			   quoted(facts->functions[facts->inlined[at].function].name).text);
	report_say(report, "%s\n", quoted(facts->functions[carrier->function].name).text);
}

static void say_carriers(const struct report *report, const struct facts_answer *answer)
{
	if (answer->nr_carriers == 0)
		report_say(report, "  copies: none\n");
	else
		report_say(report,
			   ngettext("  copies in %zu function:\n", "  copies in %zu functions:\n",
				    answer->nr_carriers),
			   answer->nr_carriers);
	for (size_t i = 0; i < answer->nr_carriers; i++) {
		say_function(report, &answer->facts->functions[answer->carriers[i].function]);
		say_chain(report, answer, &answer->carriers[i]);
	}
	if (!facts_complete(answer->facts))
		report_say(report, "    copies made before LTO are not known: compile with -g\n");
}

static void say_command(const struct report *report, const struct ulp_facts_unit *unit)
{
	if (*unit->command == '\0')
		return;
	report_say(report, "    in %s: ", quoted(unit->directory).text);
	say_whole(report, unit->command);
	report_say(report, "\n");
}

/* How the units are compiled that have the function's code, or else its first one. */
static void say_commands(const struct report *report, const struct facts_answer *answer)
{
	const struct ulp_facts *facts = answer->facts;
	size_t nr = 0;

	report_say(report, "  compiled:\n");
	for (uint32_t i = 0; i < facts->nr_functions; i++) {
		const struct ulp_facts_unit *unit = &facts->units[facts->functions[i].unit];

		/* LTO: the command stands in the unit before it. */
		if (!answer_is_self(answer, i) || (!ulp_facts_has_code(facts, i) &&
						   (unit->flags & ULP_FACTS_UNIT_BEFORE_LTO) == 0))
			continue;
		say_command(report, unit);
		nr++;
	}
	if (nr == 0)
		say_command(report, &facts->units[facts->functions[answer->identity].unit]);
}

static void print_answer(const struct livepatchable_options *options,
			 const struct facts_answer *answer)
{
	const struct ulp_facts_function *f = &answer->facts->functions[answer->identity];
	const struct report *report = &options->report;

	report_say(report, "%s: %s %s, ", quoted(f->name).text, ulp_facts_linkage_text(f->linkage),
		   ulp_facts_kind_text(f->kind));
	say_source(report, f);
	report_say(report, "\n");
	say_own_code(report, answer);
	say_derived(report, answer);
	say_carriers(report, answer);
	say_commands(report, answer);
}

static enum ulp_code answer_one(const struct livepatchable_options *options,
				const struct ulp_facts *facts, uint32_t function,
				struct ulp_err *err)
{
	struct facts_answer answer;
	enum ulp_code code = answer_open(&answer, facts, function, err);

	if (code != ULP_OK)
		return code;
	if (options->report.json != NULL)
		json_add_answer(options, &answer);
	else
		print_answer(options, &answer);
	answer_close(&answer);
	return ULP_OK;
}

/* Each function of the name once, however many records it has. */
static enum ulp_code answer_all(const struct livepatchable_options *options,
				const struct ulp_facts *facts, struct ulp_err *err)
{
	bool *answered = calloc((size_t)facts->nr_functions + 1, sizeof(*answered));
	enum ulp_code code = ULP_OK;
	uint32_t i = 0;
	size_t nr = 0;

	if (answered == NULL)
		return ulp_fail(err, ULP_ENOMEM, "no memory for the answer");
	while (code == ULP_OK && (i = ulp_facts_find(facts, i, options->function,
						     options->source)) != ULP_FACTS_NONE) {
		uint32_t identity = ulp_facts_identity(facts, i);

		if (!answered[identity])
			code = answer_one(options, facts, i, err);
		answered[identity] = true;
		nr++;
		i++;
	}
	free(answered);
	if (code != ULP_OK || nr != 0)
		return code;
	if (options->source != NULL)
		return ulp_fail(err, ULP_ENOFUNC, "the facts know no function %s of %s",
				options->function, options->source);
	return ulp_fail(err, ULP_ENOFUNC, "the facts know no function %s", options->function);
}

/* --- all functions ------------------------------------------------------------------------ */

static void print_unit(const struct report *report, const struct ulp_facts *facts, uint32_t i)
{
	const struct ulp_facts_unit *unit = &facts->units[i];

	report_say(report, "unit\t%s%s\t", *unit->source != '\0' ? quoted(unit->source).text : "-",
		   (unit->flags & ULP_FACTS_UNIT_BEFORE_LTO) != 0  ? " (before LTO)"
		   : (unit->flags & ULP_FACTS_UNIT_PARTITION) != 0 ? " (LTO partition)"
								   : "");
	report_say(report, "%s\t%s\t", quoted(unit->directory).text, quoted(unit->producer).text);
	say_whole(report, unit->command);
	report_say(report, "\n");
	for (uint32_t k = 0; k < unit->nr_constants; k++)
		report_say(report, "constant\t%s\n",
			   quoted(facts->constants[unit->first_constant + k]).text);
}

static void print_row(const struct report *report, const struct ulp_facts_function *f)
{
	say_address(report, f);
	report_say(report, "\t%s\t%s %s\t%s\t", quoted(f->name).text,
		   ulp_facts_linkage_text(f->linkage), ulp_facts_kind_text(f->kind),
		   ulp_facts_entry_text(f->entry));
	say_source(report, f);
	report_say(report, "\n");
}

/* Each unit that has functions that are wanted, and these. */
static void print_all(const struct livepatchable_options *options, const struct ulp_facts *facts)
{
	uint32_t last_unit = UINT32_MAX;

	for (uint32_t i = 0; i < facts->nr_functions; i++) {
		const struct ulp_facts_function *f = &facts->functions[i];

		if (!facts_source_wanted(facts, i, options))
			continue;
		if (f->unit != last_unit)
			print_unit(&options->report, facts, f->unit);
		last_unit = f->unit;
		print_row(&options->report, f);
	}
}

/* That a source is unknown must not look as if it had no functions. */
static enum ulp_code source_check(const struct livepatchable_options *options,
				  const struct ulp_facts *facts, struct ulp_err *err)
{
	if (options->source == NULL)
		return ULP_OK;
	for (uint32_t i = 0; i < facts->nr_functions; i++)
		if (facts_source_wanted(facts, i, options))
			return ULP_OK;
	return ulp_fail(err, ULP_ENOFUNC, "the facts know no function of %s", options->source);
}

static enum ulp_code all_functions(const struct livepatchable_options *options,
				   const struct ulp_facts *facts, struct ulp_err *err)
{
	enum ulp_code code = source_check(options, facts, err);

	if (code != ULP_OK)
		return code;
	if (options->report.json != NULL)
		json_add_facts(options, facts);
	else
		print_all(options, facts);
	return ULP_OK;
}

enum ulp_code livepatchable_facts(const struct livepatchable_options *options, struct ulp_err *err)
{
	struct ulp_facts facts;
	enum ulp_code code = ulp_facts_open(options->files[0], options->debug_file, &facts, err);

	if (code != ULP_OK)
		return code;
	code = options->function != NULL ? answer_all(options, &facts, err)
					 : all_functions(options, &facts, err);
	if (code != ULP_OK)
		(void)ulp_err_at(err, "%s", options->files[0]);
	ulp_facts_free(&facts);
	return code;
}
