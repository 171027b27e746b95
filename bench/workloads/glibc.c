// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Workloads on the C library.  Compiled with -fno-builtin, so that each call that
 * stands here reaches the library.
 */
#include "workload.h"

#include <fnmatch.h>
#include <pthread.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* --- qsort ----------------------------------------------------------------------- */

#define NR_NUMBERS 256

static int numbers[NR_NUMBERS];

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a;
	int y = *(const int *)b;

	return (x > y) - (x < y);
}

static void sort_numbers(void)
{
	uint32_t state = 1;

	for (size_t i = 0; i < NR_NUMBERS; i++) {
		state = state * 1664525u + 1013904223u; /* Numerical Recipes' generator */
		numbers[i] = (int)(state >> 8);
	}
	qsort(numbers, NR_NUMBERS, sizeof(numbers[0]), compare_ints);
	expect(numbers[0] <= numbers[1]);
}

/* --- text ------------------------------------------------------------------------ */

static void print_text(void)
{
	char text[128];
	int len = snprintf(text, sizeof(text), "%s %d %#lx %5.2f %c", "libcrypto.so.3", -4711,
			   0xfeedul, 3.14159, 'x');

	expect(len == 35);
}

static void scan_text(void)
{
	char name[16];
	int number;

	expect(sscanf("worker 4711 up", "%15s %d", name, &number) == 2 && number == 4711);
}

static void parse_double(void)
{
	char *end;

	expect(strtod("3.14159265358979", &end) > 3.14 && *end == '\0');
	expect(strtod("-1.5e300", &end) < -1e300 && *end == '\0');
	expect(strtod("0.1", &end) < 0.2 && *end == '\0');
}

static void measure_string(void)
{
	static const char *const strings[] = {"", "a", "sixteen bytes do",
					      "one of some more length"};
	size_t len = 0;

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		len += strlen(strings[i]);
	expect(len == 40);
}

static void match_names(void)
{
	expect(fnmatch("lib*.so.[0-9]", "libcrypto.so.3", 0) == 0);
	expect(fnmatch("*.tar.gz", "openssl-3.0.17.tar.xz", 0) == FNM_NOMATCH);
}

static regex_t regex;

static void prepare_regex(void)
{
	expect(regcomp(&regex, "^([a-z]+)://([^/:]+)(:[0-9]+)?/(.*)$", REG_EXTENDED) == 0);
}

static void match_regex(void)
{
	regmatch_t matches[5];

	expect(regexec(&regex, "https://www.example.org:8443/a/path?q=1", 5, matches, 0) == 0);
	expect(matches[3].rm_so == 23);
}

static void convert_wide(void)
{
	wchar_t wide[32];

	expect(mbstowcs(wide, "twenty-four ASCII bytes.", 32) == 24);
}

/* --- memory ---------------------------------------------------------------------- */

static void allocate(void)
{
	static const size_t lens[] = {16, 24, 100, 500, 2000, 40, 64, 8};
	void *blocks[sizeof(lens) / sizeof(lens[0])];

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		blocks[i] = malloc(lens[i]);
		expect(blocks[i] != NULL);
	}
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		free(blocks[i]);
}

/* --- stdio ----------------------------------------------------------------------- */

static FILE *sink;
static FILE *source;
static char lines[] = "first line\nsecond line, a bit longer\nthe third\n";

static void prepare_stdio(void)
{
	sink = fopen("/dev/null", "w");
	source = fmemopen(lines, sizeof(lines) - 1, "r");
	expect(sink != NULL && source != NULL);
}

static void use_stdio(void)
{
	char line[64];
	int nr = 0;

	rewind(source);
	while (fgets(line, sizeof(line), source)) {
		expect(fputs(line, sink) >= 0);
		expect(putc('.', sink) == '.');
		nr++;
	}
	expect(nr == 3);
}

/* --- the rest -------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock(void)
{
	expect(pthread_mutex_lock(&mutex) == 0);
	expect(pthread_mutex_unlock(&mutex) == 0);
}

static void tell_time(void)
{
	time_t seconds = 1700000000;
	char text[64];
	struct tm tm;

	expect(gmtime_r(&seconds, &tm) != NULL);
	expect(strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S", &tm) == 25);
	expect(timegm(&tm) == seconds);
}

static void prepare_environment(void)
{
	char name[16];

	for (int i = 0; i < 20; i++) {
		expect(snprintf(name, sizeof(name), "VARIABLE_%d", i) > 0);
		expect(setenv(name, "value", 1) == 0);
	}
}

static void read_environment(void)
{
	expect(getenv("VARIABLE_19") != NULL);
	expect(getenv("NO_SUCH_VARIABLE") == NULL);
}

const struct workload workloads[] = {
	{"qsort", 200, NULL, sort_numbers},
	{"snprintf", 2000, NULL, print_text},
	{"sscanf", 2000, NULL, scan_text},
	{"strtod", 5000, NULL, parse_double},
	{"strlen", 20000, NULL, measure_string},
	{"fnmatch", 5000, NULL, match_names},
	{"regexec", 500, prepare_regex, match_regex},
	{"mbstowcs", 5000, NULL, convert_wide},
	{"malloc-free", 5000, NULL, allocate},
	{"stdio", 5000, prepare_stdio, use_stdio},
	{"mutex", 20000, NULL, lock},
	{"gmtime-strftime", 2000, NULL, tell_time},
	{"getenv", 5000, prepare_environment, read_environment},
	{NULL, 0, NULL, NULL},
};
