/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Facts as short texts.
 */
#include "config.h"

#include "tests/lib/check_err.h"

#include "tests/lib/facts_lab.h"
#include "tests/lib/plugin_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One test runs at a time. */
static struct ulp_facts facts;
static char text[4096];

int facts_lab_setup(void **state)
{
	return lab_setup(state);
}

int facts_lab_teardown(void **state)
{
	ulp_facts_free(&facts);
	return lab_teardown(state);
}

void facts_read(const char *name, const char *section, bool linked)
{
	struct ulp_err err = {0};
	size_t len;
	const void *bytes;

	ulp_facts_free(&facts);
	lab_open(name);
	bytes = lab_section(section, &len);
	assert_non_null(bytes);
	assert_succeeds(ulp_facts_read(bytes, len, linked, &facts, &err), &err);
}

static void build(const char *file, const char *source, const char *options)
{
	char command[1024];

	lab_write(file, source);
	(void)snprintf(command, sizeof(command),
		       "@gcc @plugin -shared -fPIC -nostdlib %s %s -o out", options, file);
	lab_must(command);
	facts_read("out", ULP_FACTS_SECTION, true);
}

void facts_build(const char *source, const char *options)
{
	build("in.c", source, options);
}

void facts_build_cxx(const char *source, const char *options)
{
	build("in.cc", source, options);
}

const struct ulp_facts *facts_all(void)
{
	return &facts;
}

bool facts_has(const char *name)
{
	return ulp_facts_find(&facts, 0, name, NULL) != ULP_FACTS_NONE;
}

uint32_t facts_find(const char *name)
{
	uint32_t function = ulp_facts_find(&facts, 0, name, NULL);

	if (function == ULP_FACTS_NONE)
		fail_msg("no facts about %s", name);
	return function;
}

static void append(const char *part)
{
	size_t len = strlen(text);

	(void)snprintf(text + len, sizeof(text) - len, "%s", part);
}

const char *facts_record(const char *name)
{
	const struct ulp_facts_function *f = &facts.functions[facts_find(name)];

	text[0] = '\0';
	append(ulp_facts_kind_text(f->kind));
	append(f->origin != ULP_FACTS_NONE ? " of " : "");
	append(f->origin != ULP_FACTS_NONE ? facts.functions[f->origin].name : "");
	append(" ");
	append(ulp_facts_linkage_text(f->linkage));
	append(f->flags & ULP_FACTS_FUNCTION_COLD ? " cold" : "");
	append(f->flags & ULP_FACTS_FUNCTION_WEAK ? " weak" : "");
	append(f->flags & ULP_FACTS_FUNCTION_COMDAT ? " comdat" : "");
	append(": ");
	append(ulp_facts_entry_text(f->entry));
	return text;
}

const char *facts_copies(const char *name)
{
	const struct ulp_facts_function *f = &facts.functions[facts_find(name)];

	text[0] = '\0';
	for (uint32_t i = 0; i < f->nr_inlined; i++) {
		const struct ulp_facts_inlined *row = &facts.inlined[f->first_inlined + i];

		append(i ? " " : "");
		append(facts.functions[row->function].name);
		for (; row->via != ULP_FACTS_NONE; row = &facts.inlined[row->via]) {
			append("<");
			append(facts.functions[facts.inlined[row->via].function].name);
		}
	}
	return text;
}

const char *facts_carriers(const char *name)
{
	struct ulp_facts_carrier *carriers = NULL;
	struct ulp_err err = {0};
	size_t nr = 0;

	assert_succeeds(ulp_facts_carriers(&facts, facts_find(name), &carriers, &nr, &err), &err);
	text[0] = '\0';
	for (size_t i = 0; i < nr; i++) {
		append(i ? " " : "");
		append(facts.functions[carriers[i].function].name);
	}
	free(carriers);
	return text;
}
