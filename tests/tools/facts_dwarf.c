/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * facts_dwarf LIB: compares the plugin's facts with DWARF and the symbols of the same build.
 * Exit status 0: they agree but for differences that are explained, 1: they do not, 2: trouble.
 */
#include "config.h"

#include "container/facts_file.h"
#include "tests/tools/facts_dwarf.h"
#include "tests/tools/findings.h"

#include <err.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
	"Usage: facts_dwarf [-v] [--debug-file FILE] LIB [FUNCTION...]\n"
	"Compares the plugin's facts of a library with its DWARF and its symbols, as a whole;\n"
	"with functions named, prints who carries copies of them by both.\n"
	"\n"
	"  -v                  print each difference, also the explained ones\n"
	"  --debug-file FILE   where DWARF and symbols are, if not in LIB\n";

static _Noreturn void usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

static int by_code(const void *a, const void *b, void *facts)
{
	const struct ulp_facts_function *functions = ((const struct ulp_facts *)facts)->functions;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (functions[x].vaddr != functions[y].vaddr)
		return functions[x].vaddr > functions[y].vaddr ? 1 : -1;
	return (x > y) - (x < y);
}

/* The code is its own, and not that of the function that it is another name of. */
static bool has_own_code(const struct ulp_facts_function *function)
{
	return function->vaddr != 0 && function->kind != ULP_FACTS_ALIAS &&
	       function->kind != ULP_FACTS_MERGED;
}

/* A COMDAT function stands in several units, its code in one place. */
static void list_with_code(struct build *build)
{
	const struct ulp_facts *facts = &build->facts;
	size_t nr = 0;

	build->with_code = calloc(facts->nr_functions + 1u, sizeof(*build->with_code));
	if (build->with_code == NULL)
		err(2, "memory");
	for (uint32_t i = 0; i < facts->nr_functions; i++)
		if (has_own_code(&facts->functions[i]))
			build->with_code[nr++] = i;
	qsort_r(build->with_code, nr, sizeof(*build->with_code), by_code, &build->facts);
	for (size_t i = 0; i < nr; i++) {
		uint32_t *last = &build->with_code[build->nr_with_code];

		if (build->nr_with_code > 0 &&
		    facts->functions[last[-1]].vaddr == facts->functions[build->with_code[i]].vaddr)
			continue;
		*last = build->with_code[i];
		build->nr_with_code++;
	}
}

const struct ulp_facts_function *build_function_at(const struct build *build, uint64_t vaddr)
{
	size_t low = 0, high = build->nr_with_code;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ulp_facts_function *function =
			&build->facts.functions[build->with_code[middle]];

		if (function->vaddr == vaddr)
			return function;
		if (function->vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct ulp_facts_function *build_root(const struct build *build,
					    const struct ulp_facts_function *function)
{
	/* The reader has made sure of indices, not that no origin leads in a circle. */
	for (uint32_t i = 0; i < build->facts.nr_functions && function->origin != ULP_FACTS_NONE;
	     i++)
		function = &build->facts.functions[function->origin];
	return function;
}

bool build_same_source(const struct ulp_facts_function *function, const struct dwarf_source *source)
{
	return strcmp(function->name, source->name) == 0 && function->line == source->line &&
	       same_file(function->file, source->file);
}

static void build_read(struct build *build, const char *path, const char *debug_file)
{
	struct ulp_err why;
	char text[1200];

	if (ulp_facts_open(path, debug_file, &build->facts, &why))
		errx(2, "%s", ulp_err_format(&why, text, sizeof(text)));
	dwarf_code_read(path, debug_file, &build->dwarf);
	symbols_read(path, debug_file, &build->symbols);
	list_with_code(build);
}

static void build_free(struct build *build)
{
	free(build->with_code);
	symbols_free(&build->symbols);
	dwarf_code_free(&build->dwarf);
	ulp_facts_free(&build->facts);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"debug-file", required_argument, NULL, 'd'},
		{NULL, 0, NULL, 0},
	};
	const char *debug_file = NULL;
	struct build build = {0};
	bool good = true;
	int option;

	while ((option = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		if (option == 'v')
			findings_verbose = 1;
		else if (option == 'd')
			debug_file = optarg;
		else
			usage();
	}
	if (optind == argc)
		usage();
	build_read(&build, argv[optind], debug_file);
	if (optind + 1 == argc) {
		compare_code(&build);
		compare_copies(&build);
		compare_levels(&build);
		good = findings_report(stdout) == 0;
	}
	for (int i = optind + 1; i < argc; i++)
		good &= show_carriers(&build, argv[i]);
	build_free(&build);
	return good ? 0 : 1;
}
