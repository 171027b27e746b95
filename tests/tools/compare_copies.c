/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who carries a copy of whom, as pairs of carrier and function: by the facts, by DWARF, and where
 * only the facts have a pair, whether the line tables show that nothing of the copy is left.
 */
#include "config.h"

#include "tests/tools/facts_dwarf.h"
#include "tests/tools/findings.h"
#include "tests/tools/search.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

struct pair {
	struct dwarf_source source; /* the function of which there is a copy */
	uint64_t carrier;	    /* address */
};

struct pairs {
	struct pair *all;
	size_t nr, room;
};

static void add_pair(struct pairs *pairs, const struct dwarf_source *source, uint64_t carrier)
{
	if (pairs->nr == pairs->room) {
		pairs->room = pairs->room ? 2 * pairs->room : 1024;
		pairs->all = reallocarray(pairs->all, pairs->room, sizeof(*pairs->all));
		if (pairs->all == NULL)
			err(2, "memory");
	}
	pairs->all[pairs->nr++] = (struct pair){*source, carrier};
}

/* Paths may differ in their first components between the two. */
static int by_pair(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order;

	if (x->carrier != y->carrier)
		return x->carrier > y->carrier ? 1 : -1;
	order = strcmp(x->source.name, y->source.name);
	if (order == 0)
		order = (x->source.line > y->source.line) - (x->source.line < y->source.line);
	if (order == 0)
		order = strcmp(last_component(x->source.file), last_component(y->source.file));
	return order;
}

static bool same_pair(const struct pair *a, const struct pair *b)
{
	return by_pair(a, b) == 0 && same_file(a->source.file, b->source.file);
}

static void sort_pairs(struct pairs *pairs)
{
	size_t nr = 0;

	if (pairs->nr == 0)
		return;
	qsort(pairs->all, pairs->nr, sizeof(*pairs->all), by_pair);
	for (size_t i = 0; i < pairs->nr; i++)
		if (nr == 0 || !same_pair(&pairs->all[nr - 1], &pairs->all[i]))
			pairs->all[nr++] = pairs->all[i];
	pairs->nr = nr;
}

/* --- by the facts ------------------------------------------------------------------- */

static void add_carriers(const struct build *build, uint32_t index, struct pairs *pairs)
{
	const struct ulp_facts_function *function = &build->facts.functions[index];
	struct dwarf_source source = {function->name, function->file, function->line};
	struct ulp_facts_carrier *carriers;
	struct ulp_err why;
	size_t nr;

	if (ulp_facts_carriers(&build->facts, index, &carriers, &nr, &why))
		errx(2, "%s", why.text);
	for (size_t i = 0; i < nr; i++)
		add_pair(pairs, &source, build->facts.functions[carriers[i].function].vaddr);
	free(carriers);
}

static struct pairs pairs_of_facts(const struct build *build, const char *name)
{
	struct pairs pairs = {0};

	for (uint32_t i = 0; i < build->facts.nr_functions; i++) {
		const struct ulp_facts_function *function = &build->facts.functions[i];

		if (function->origin == ULP_FACTS_NONE &&
		    ulp_facts_identity(&build->facts, i) == i &&
		    (name == NULL || strcmp(function->name, name) == 0))
			add_carriers(build, i, &pairs);
	}
	sort_pairs(&pairs);
	return pairs;
}

/* --- by DWARF ------------------------------------------------------------------------- */

/* A clone or part has no symbol of the name it has in the source, but NAME.something. */
static bool is_piece(const struct build *build, const struct dwarf_function *function)
{
	const struct symbol *symbol = symbols_at(&build->symbols, function->vaddr);
	const struct symbol *end = build->symbols.all + build->symbols.nr;
	size_t len = strlen(function->source.name);
	bool piece = false;

	for (; symbol != NULL && symbol < end && symbol->vaddr == function->vaddr; symbol++) {
		if (strcmp(symbol->name, function->source.name) == 0)
			return false;
		if (strncmp(symbol->name, function->source.name, len) == 0 &&
		    symbol->name[len] == '.')
			piece = true;
	}
	return piece;
}

static bool same_source(const struct dwarf_source *a, const struct dwarf_source *b)
{
	return a->line == b->line && strcmp(a->name, b->name) == 0 && strcmp(a->file, b->file) == 0;
}

static struct pairs pairs_of_dwarf(const struct build *build, const char *name)
{
	const struct dwarf_code *dwarf = &build->dwarf;
	struct pairs pairs = {0};

	for (size_t i = 0; i < dwarf->nr_functions; i++) {
		const struct dwarf_function *function = &dwarf->functions[i];
		bool piece = is_piece(build, function);

		if (piece && (name == NULL || strcmp(function->source.name, name) == 0))
			add_pair(&pairs, &function->source, function->vaddr);
		for (uint32_t k = 0; k < function->nr_copies; k++) {
			const struct dwarf_copy *copy = &dwarf->copies[function->first_copy + k];

			/* Of itself into itself: a recursion, or a part that came back. */
			if ((name == NULL || strcmp(copy->source.name, name) == 0) &&
			    !same_source(&copy->source, &function->source))
				add_pair(&pairs, &copy->source, function->vaddr);
		}
	}
	sort_pairs(&pairs);
	return pairs;
}

/* --- what is left of a copy ------------------------------------------------------------ */

/* The first of a unit's subprograms, which are sorted by line. */
static size_t first_of_unit(const struct dwarf_code *dwarf, uint64_t unit)
{
	return first_not_below(dwarf->subprograms, dwarf->nr_subprograms,
			       sizeof(*dwarf->subprograms), offsetof(struct dwarf_subprogram, unit),
			       unit);
}

/*
 * The lines of a function, as its unit describes it: they end where the next function of the file
 * begins.  False if the unit does not know the function, or did not inline it anywhere.
 */
static bool find_lines(const struct dwarf_code *dwarf, uint64_t unit,
		       const struct dwarf_source *source, uint32_t *end)
{
	bool inlined = false;

	*end = UINT32_MAX;
	for (size_t i = first_of_unit(dwarf, unit);
	     i < dwarf->nr_subprograms && dwarf->subprograms[i].unit == unit; i++) {
		const struct dwarf_source *other = &dwarf->subprograms[i].source;

		if (other->line < source->line || !same_file(other->file, source->file))
			continue;
		if (other->line > source->line) {
			*end = other->line;
			break;
		}
		if (strcmp(other->name, source->name) == 0)
			inlined |= dwarf->subprograms[i].inlined;
	}
	return inlined;
}

static bool covers(const struct dwarf_code *dwarf, uint32_t first, uint32_t nr, uint64_t vaddr)
{
	for (uint32_t i = first; i < first + nr; i++)
		if (vaddr >= dwarf->ranges[i].start && vaddr < dwarf->ranges[i].end)
			return true;
	return false;
}

/* Whose code DWARF says it is: that of the deepest copy there, else of the function itself. */
static const struct dwarf_source *owner(const struct dwarf_code *dwarf,
					const struct dwarf_function *function, uint64_t vaddr)
{
	const struct dwarf_source *source = &function->source;
	uint32_t depth = 0;

	for (uint32_t i = 0; i < function->nr_copies; i++) {
		const struct dwarf_copy *copy = &dwarf->copies[function->first_copy + i];

		if (copy->depth > depth &&
		    covers(dwarf, copy->first_range, copy->nr_ranges, vaddr)) {
			source = &copy->source;
			depth = copy->depth;
		}
	}
	return source;
}

/* The first row at or behind an address. */
static size_t row_at(const struct dwarf_code *dwarf, uint64_t vaddr)
{
	return first_not_below(dwarf->rows, dwarf->nr_rows, sizeof(*dwarf->rows),
			       offsetof(struct dwarf_row, vaddr), vaddr);
}

/*
 * What became of a copy that DWARF does not name, by the code that the line tables give to the
 * lines of the copied function.
 */
static enum finding trace_copy(const struct dwarf_code *dwarf, const struct dwarf_function *carrier,
			       const struct dwarf_source *source)
{
	enum finding finding = COPY_NOTHING_LEFT;
	uint32_t end;

	if (!find_lines(dwarf, carrier->unit, source, &end))
		return COPY_NOT_INLINED;
	for (uint32_t i = carrier->first_range; i < carrier->first_range + carrier->nr_ranges;
	     i++) {
		const struct dwarf_range *range = &dwarf->ranges[i];

		for (size_t k = row_at(dwarf, range->start);
		     k < dwarf->nr_rows && dwarf->rows[k].vaddr < range->end; k++) {
			const struct dwarf_row *row = &dwarf->rows[k];
			const struct dwarf_source *whose;

			if (row->line < source->line || row->line >= end ||
			    !same_file(row->file, source->file))
				continue;
			whose = owner(dwarf, carrier, row->vaddr);
			if (whose->line != source->line || !same_file(whose->file, source->file))
				return COPY_EXTRA;
			finding = COPY_OTHERS_LINES;
		}
	}
	return finding;
}

/* --- the comparison ----------------------------------------------------------------------- */

static const char *name_at(const struct build *build, uint64_t vaddr)
{
	const struct symbol *symbol = symbols_at(&build->symbols, vaddr);
	const struct ulp_facts_function *function = build_function_at(build, vaddr);

	if (function != NULL)
		return function->name;
	return symbol ? symbol->name : "?";
}

static void report_pair(const struct build *build, enum finding finding, const struct pair *pair)
{
	found(finding, "%s (%s:%u) in %s at %#llx", pair->source.name, pair->source.file,
	      pair->source.line, name_at(build, pair->carrier), (unsigned long long)pair->carrier);
}

static void only_in_facts(const struct build *build, const struct pair *pair)
{
	const struct dwarf_function *carrier = dwarf_code_at(&build->dwarf, pair->carrier);
	enum finding finding = COPY_EXTRA;

	if (carrier != NULL)
		finding = trace_copy(&build->dwarf, carrier, &pair->source);
	report_pair(build, finding, pair);
}

void compare_copies(const struct build *build)
{
	struct pairs facts = pairs_of_facts(build, NULL), dwarf = pairs_of_dwarf(build, NULL);
	size_t f = 0, d = 0;

	while (f < facts.nr || d < dwarf.nr) {
		int order = f == facts.nr   ? 1
			    : d == dwarf.nr ? -1
					    : by_pair(&facts.all[f], &dwarf.all[d]);

		if (order == 0) {
			found(COPY_SAME, "%s", "");
			f++, d++;
		} else if (order < 0) {
			only_in_facts(build, &facts.all[f++]);
		} else {
			report_pair(build, COPY_MISSING, &dwarf.all[d++]);
		}
	}
	free(facts.all);
	free(dwarf.all);
}

static void show(const struct build *build, const char *whose, const char *name,
		 const struct pairs *pairs)
{
	printf("%s %s:", whose, name);
	for (size_t i = 0; i < pairs->nr; i++)
		printf(" %s", name_at(build, pairs->all[i].carrier));
	putchar('\n');
}

bool show_carriers(const struct build *build, const char *name)
{
	struct pairs facts = pairs_of_facts(build, name), dwarf = pairs_of_dwarf(build, name);
	bool same = facts.nr == dwarf.nr;

	if (ulp_facts_find(&build->facts, 0, name, NULL) == ULP_FACTS_NONE) {
		warnx("the facts have no function %s", name);
		same = false;
	}
	show(build, "facts", name, &facts);
	show(build, "DWARF", name, &dwarf);
	for (size_t i = 0; same && i < facts.nr; i++)
		same = same_pair(&facts.all[i], &dwarf.all[i]);
	free(facts.all);
	free(dwarf.all);
	return same;
}
