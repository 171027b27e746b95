/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Through which copies others came in: for each copy that DWARF puts inside of another one, the
 * facts have to name that function as inlined into the same other one.
 */
#include "config.h"

#include "tests/tools/facts_dwarf.h"
#include "tests/tools/findings.h"

static const struct ulp_facts_function *root_of_row(const struct build *build, uint32_t row)
{
	const struct ulp_facts *facts = &build->facts;

	return build_root(build, &facts->functions[facts->inlined[row].function]);
}

/* Whether row `via` is the one through which row came in, or further out. */
static bool is_outside(const struct build *build, uint32_t via, uint32_t row)
{
	while (row != ULP_FACTS_NONE) {
		row = build->facts.inlined[row].via; /* an earlier row */
		if (row == via)
			return true;
	}
	return false;
}

/* How a row of the carrier fits a copy that DWARF puts into the outer one. */
static enum finding judge_row(const struct build *build, const struct ulp_facts_function *carrier,
			      uint32_t row, const struct dwarf_source *outer)
{
	uint32_t via = build->facts.inlined[row].via;

	if (via != ULP_FACTS_NONE && build_same_source(root_of_row(build, via), outer))
		return LEVEL_SAME;
	for (uint32_t i = carrier->first_inlined; i < carrier->first_inlined + carrier->nr_inlined;
	     i++)
		if (build_same_source(root_of_row(build, i), outer) && is_outside(build, via, i))
			return LEVEL_OUTER;
	return LEVEL_WRONG;
}

static enum finding judge_copy(const struct build *build, const struct ulp_facts_function *carrier,
			       const struct dwarf_copy *copy, const struct dwarf_copy *outer)
{
	enum finding best = LEVEL_WRONG;

	for (uint32_t i = carrier->first_inlined;
	     i < carrier->first_inlined + carrier->nr_inlined && best != LEVEL_SAME; i++) {
		enum finding finding = LEVEL_WRONG;

		if (build_same_source(root_of_row(build, i), &copy->source))
			finding = judge_row(build, carrier, i, &outer->source);
		if (finding != LEVEL_WRONG)
			best = finding;
	}
	return best;
}

static void compare_copy(const struct build *build, const struct dwarf_function *function,
			 const struct dwarf_copy *copy)
{
	const struct dwarf_copy *outer = &build->dwarf.copies[copy->outer];
	const struct ulp_facts_function *carrier = build_function_at(build, function->vaddr);

	found(carrier ? judge_copy(build, carrier, copy, outer) : LEVEL_WRONG,
	      "%s (%s:%u) in %s in %s at %#llx", copy->source.name, copy->source.file,
	      copy->source.line, outer->source.name, carrier ? carrier->name : "?",
	      (unsigned long long)function->vaddr);
}

void compare_levels(const struct build *build)
{
	for (size_t i = 0; i < build->dwarf.nr_functions; i++) {
		const struct dwarf_function *function = &build->dwarf.functions[i];

		for (uint32_t k = 0; k < function->nr_copies; k++) {
			const struct dwarf_copy *copy =
				&build->dwarf.copies[function->first_copy + k];

			if (copy->outer != DWARF_NONE)
				compare_copy(build, function, copy);
		}
	}
}
