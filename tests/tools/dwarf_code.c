/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/tools/dwarf_code.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for one more element behind nr of them, zeroed. */
static void *grow(void *array, size_t nr, size_t element)
{
	/* Powers of two, so that the room need not be remembered. */
	if ((nr & (nr - 1)) == 0) {
		array = reallocarray(array, nr == 0 ? 1 : 2 * nr, element);
		if (array == NULL)
			err(2, "memory");
	}
	memset((char *)array + nr * element, 0, element);
	return array;
}

#define APPEND(array, nr) ((array) = grow(array, nr, sizeof(*(array))), &(array)[(nr)++])

/* --- attributes -------------------------------------------------------------------- */

/* An attribute's text, also of the DIE that this one is an instance of; NULL without. */
static const char *text_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static struct dwarf_source source_of(Dwarf_Die *die)
{
	struct dwarf_source source = {"", "", 0};
	const char *name = text_of(die, DW_AT_linkage_name);
	const char *file = dwarf_decl_file(die);
	int line;

	if (name == NULL)
		name = text_of(die, DW_AT_name);
	if (name != NULL)
		source.name = name;
	if (file != NULL)
		source.file = file;
	if (dwarf_decl_line(die, &line) == 0)
		source.line = (uint32_t)line;
	return source;
}

/* Appends the DIE's ranges; returns how many. */
static uint32_t add_ranges(struct dwarf_code *code, Dwarf_Die *die)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;
	uint32_t nr = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		struct dwarf_range *range;

		if (start == end)
			continue;
		range = APPEND(code->ranges, code->nr_ranges);
		*range = (struct dwarf_range){start, end};
		nr++;
	}
	if (at < 0)
		errx(2, "the ranges of DIE %#llx: %s", (unsigned long long)dwarf_dieoffset(die),
		     dwarf_errmsg(-1));
	return nr;
}

/* --- DIEs ---------------------------------------------------------------------------- */

/* Where a walk over the DIEs is. */
struct place {
	uint64_t unit;
	bool assembler;
	uint32_t function; /* the innermost with code, index, or DWARF_NONE */
	uint32_t outer;	   /* the innermost copy, index, or DWARF_NONE */
	uint32_t depth;	   /* how many copies stand in one another here */
};

static void walk(struct dwarf_code *code, Dwarf_Die *parent, struct place place);

static void add_copy(struct dwarf_code *code, Dwarf_Die *die, struct place *place)
{
	struct dwarf_copy *copy;

	if (place->function == DWARF_NONE)
		return; /* inside the description of a function without code */
	copy = APPEND(code->copies, code->nr_copies);
	copy->source = source_of(die);
	copy->outer = place->outer;
	copy->depth = ++place->depth;
	place->outer = (uint32_t)code->nr_copies - 1;
	copy->first_range = (uint32_t)code->nr_ranges;
	copy->nr_ranges = add_ranges(code, die);
}

static void add_description(struct dwarf_code *code, Dwarf_Die *die, uint64_t unit)
{
	struct dwarf_subprogram *subprogram = APPEND(code->subprograms, code->nr_subprograms);
	Dwarf_Attribute attribute;
	Dwarf_Word how = DW_INL_not_inlined;

	(void)dwarf_formudata(dwarf_attr(die, DW_AT_inline, &attribute), &how);
	*subprogram = (struct dwarf_subprogram){
		.source = source_of(die),
		.unit = unit,
		.inlined = how == DW_INL_inlined || how == DW_INL_declared_inlined,
	};
}

/* A declaration, a description for instances elsewhere, or code. */
static void add_subprogram(struct dwarf_code *code, Dwarf_Die *die, struct place *place)
{
	uint32_t first = (uint32_t)code->nr_ranges, nr = add_ranges(code, die);
	struct dwarf_function *function;
	Dwarf_Attribute attribute;
	bool external = false;
	Dwarf_Addr entry;

	add_description(code, die, place->unit);
	*place = (struct place){place->unit, place->assembler, DWARF_NONE, DWARF_NONE, 0};
	if (nr == 0)
		return;
	(void)dwarf_formflag(dwarf_attr_integrate(die, DW_AT_external, &attribute), &external);
	if (dwarf_entrypc(die, &entry) != 0)
		entry = code->ranges[first].start;
	place->function = (uint32_t)code->nr_functions;
	function = APPEND(code->functions, code->nr_functions);
	*function = (struct dwarf_function){
		.source = source_of(die),
		.vaddr = entry,
		.unit = place->unit,
		.assembler = place->assembler,
		.external = external,
		.first_range = first,
		.nr_ranges = nr,
	};
}

static void visit(struct dwarf_code *code, Dwarf_Die *die, struct place place)
{
	uint32_t first_copy = (uint32_t)code->nr_copies;

	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		add_subprogram(code, die, &place);
		walk(code, die, place);
		if (place.function != DWARF_NONE) {
			struct dwarf_function *function = &code->functions[place.function];

			function->first_copy = first_copy;
			function->nr_copies = (uint32_t)code->nr_copies - first_copy;
		}
		return;
	case DW_TAG_inlined_subroutine:
		add_copy(code, die, &place);
		break;
	default:
		break;
	}
	walk(code, die, place);
}

static void walk(struct dwarf_code *code, Dwarf_Die *parent, struct place place)
{
	Dwarf_Die die;
	int more = dwarf_child(parent, &die);

	for (; more == 0; more = dwarf_siblingof(&die, &die))
		visit(code, &die, place);
	if (more < 0)
		errx(2, "DIE %#llx: %s", (unsigned long long)dwarf_dieoffset(parent),
		     dwarf_errmsg(-1));
}

/* --- line tables ---------------------------------------------------------------------- */

static void add_rows(struct dwarf_code *code, Dwarf_Die *unit)
{
	Dwarf_Lines *lines;
	size_t nr;

	if (dwarf_getsrclines(unit, &lines, &nr) != 0)
		return; /* a unit without code has none */
	/* The last one ends a sequence. */
	for (size_t i = 0; i + 1 < nr; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i);
		struct dwarf_row *row;
		Dwarf_Addr vaddr, next;
		const char *file;
		bool end;
		int number;

		if (dwarf_lineendsequence(line, &end) != 0 || end ||
		    dwarf_lineaddr(line, &vaddr) != 0 || dwarf_lineno(line, &number) != 0 ||
		    dwarf_lineaddr(dwarf_onesrcline(lines, i + 1), &next) != 0 || next == vaddr)
			continue;
		file = dwarf_linesrc(line, NULL, NULL);
		row = APPEND(code->rows, code->nr_rows);
		*row = (struct dwarf_row){vaddr, file ? file : "", (uint32_t)number};
	}
}

/* --- the whole ------------------------------------------------------------------------ */

static int by_vaddr(const void *a, const void *b)
{
	const struct dwarf_function *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static int by_row(const void *a, const void *b)
{
	const struct dwarf_row *x = a, *y = b;

	return (x->vaddr > y->vaddr) - (x->vaddr < y->vaddr);
}

static int by_unit_and_line(const void *a, const void *b)
{
	const struct dwarf_subprogram *x = a, *y = b;

	if (x->unit != y->unit)
		return x->unit > y->unit ? 1 : -1;
	return (x->source.line > y->source.line) - (x->source.line < y->source.line);
}

static Dwarf *open_dwarf(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Dwarf *dwarf;

	if (fd < 0)
		err(2, "%s", path);
	dwarf = dwarf_begin(fd, DWARF_C_READ);
	if (dwarf == NULL)
		errx(2, "%s: %s", path, dwarf_errmsg(-1));
	return dwarf; /* the descriptor stays open as long */
}

void dwarf_code_read(const char *path, const char *debug_file, struct dwarf_code *code)
{
	Dwarf *dwarf = open_dwarf(debug_file ? debug_file : path);
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	*code = (struct dwarf_code){.handle = dwarf};
	while (dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0) {
		int language = dwarf_srclang(&die);

		walk(code, &die,
		     (struct place){dwarf_dieoffset(&die), language == DW_LANG_Mips_Assembler,
				    DWARF_NONE, DWARF_NONE, 0});
		add_rows(code, &die);
	}
	if (code->nr_functions == 0)
		errx(2, "%s: DWARF has no function with code", debug_file ? debug_file : path);
	qsort(code->functions, code->nr_functions, sizeof(*code->functions), by_vaddr);
	qsort(code->subprograms, code->nr_subprograms, sizeof(*code->subprograms),
	      by_unit_and_line);
	qsort(code->rows, code->nr_rows, sizeof(*code->rows), by_row);
}

void dwarf_code_free(struct dwarf_code *code)
{
	free(code->functions);
	free(code->copies);
	free(code->ranges);
	free(code->subprograms);
	free(code->rows);
	dwarf_end(code->handle);
}

const struct dwarf_function *dwarf_code_at(const struct dwarf_code *code, uint64_t vaddr)
{
	struct dwarf_function key = {.vaddr = vaddr};

	return bsearch(&key, code->functions, code->nr_functions, sizeof(key), by_vaddr);
}

/* --- paths ------------------------------------------------------------------------------ */

const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * Takes the last component off [path, *end) that is neither "." nor taken back by "..".
 * Returns its start and sets *len; NULL at the beginning, or where the rest goes above it.
 */
static const char *take_component(const char *path, const char **end, size_t *len)
{
	unsigned int up = 0;

	while (*end > path) {
		const char *stop = *end, *start = stop;

		while (start > path && start[-1] != '/')
			start--;
		*end = start > path ? start - 1 : start;
		*len = (size_t)(stop - start);
		if (*len == 0 || (*len == 1 && start[0] == '.'))
			continue;
		if (*len == 2 && memcmp(start, "..", 2) == 0)
			up++;
		else if (up == 0)
			return start;
		else
			up--;
	}
	return NULL;
}

bool same_file(const char *a, const char *b)
{
	const char *a_end = a + strlen(a), *b_end = b + strlen(b);
	const char *x, *y;
	size_t x_len, y_len, nr = 0;

	for (;; nr++) {
		x = take_component(a, &a_end, &x_len);
		y = take_component(b, &b_end, &y_len);
		if (x == NULL || y == NULL)
			return nr > 0 || (*a == '\0' && *b == '\0');
		if (x_len != y_len || memcmp(x, y, x_len) != 0)
			return false;
	}
}
