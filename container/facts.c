/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking functions up among the facts, and the texts of the lists in facts_format.h. */
#include "config.h"

#include "container/facts_path.h"
#include "container/facts_store.h"

#include <string.h>

uint32_t ulp_facts_find(const struct ulp_facts *facts, uint32_t from, const char *name,
			const char *source)
{
	for (uint32_t i = from; i < facts->nr_functions; i++) {
		const struct ulp_facts_function *f = &facts->functions[i];

		if (strcmp(f->name, name) == 0 &&
		    (source == NULL ||
		     facts_path_ends_with(facts->units[f->unit].directory, f->file, source)))
			return i;
	}
	return ULP_FACTS_NONE;
}

uint32_t ulp_facts_identity(const struct ulp_facts *facts, uint32_t function)
{
	return facts_store(facts)->identity[function];
}

bool ulp_facts_is_constant(const struct ulp_facts *facts, uint32_t unit, const char *variable)
{
	const struct ulp_facts_unit *u = &facts->units[unit];
	const size_t len = strcspn(variable, ".");

	for (uint32_t i = 0; i < u->nr_constants; i++) {
		const char *name = facts->constants[u->first_constant + i];

		if (strlen(name) == len && strncmp(name, variable, len) == 0)
			return true;
	}
	return false;
}

bool ulp_facts_has_code(const struct ulp_facts *facts, uint32_t function)
{
	const struct ulp_facts_function *f = &facts->functions[function];

	if (facts_store(facts)->linked)
		return f->vaddr != 0;
	return (f->flags & ULP_FACTS_FUNCTION_CODE) != 0;
}

#define TEXT_ROW(name, number, text) [number] = (text),
static const char *const kind_texts[] = {ULP_FACTS_KINDS(TEXT_ROW)};
static const char *const linkage_texts[] = {ULP_FACTS_LINKAGES(TEXT_ROW)};
static const char *const entry_texts[] = {ULP_FACTS_ENTRY_STATES(TEXT_ROW)};
#undef TEXT_ROW

#define TEXT_OF(texts, i, unknown) \
	((i) < sizeof(texts) / sizeof((texts)[0]) ? (texts)[i] : (unknown))

const char *ulp_facts_kind_text(uint8_t kind)
{
	return TEXT_OF(kind_texts, kind, "unknown kind");
}

const char *ulp_facts_linkage_text(uint8_t linkage)
{
	return TEXT_OF(linkage_texts, linkage, "unknown linkage");
}

const char *ulp_facts_entry_text(uint8_t entry)
{
	return TEXT_OF(entry_texts, entry,
		       "no entry, for a reason that this version does not know");
}
