/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/tools/findings.h"

#include <stdarg.h>

enum kind { SAME, EXPLAINED, FAULT, NR_KINDS };

static const struct {
	enum kind kind;
	const char *text;
} classes[] = {
#define FINDING_ROW(name, kind, text) {kind, text},
	FINDINGS(FINDING_ROW)
#undef FINDING_ROW
};

static const char *const kinds[] = {"same", "explained", "FAULT"};

static size_t counts[NR_FINDINGS];

int findings_verbose;

void found(enum finding finding, const char *fmt, ...)
{
	enum kind kind = classes[finding].kind;
	va_list args;

	counts[finding]++;
	if (kind == SAME || (kind == EXPLAINED && !findings_verbose))
		return;
	printf("%s: %s: ", kinds[kind], classes[finding].text);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

size_t findings_report(FILE *out)
{
	size_t sums[NR_KINDS] = {0};

	for (size_t i = 0; i < NR_FINDINGS; i++) {
		sums[classes[i].kind] += counts[i];
		if (counts[i] > 0)
			fprintf(out, "%9s %7zu %s\n", kinds[classes[i].kind], counts[i],
				classes[i].text);
	}
	fprintf(out, "%zu the same, %zu differences explained, %zu faults\n", sums[SAME],
		sums[EXPLAINED], sums[FAULT]);
	return sums[FAULT];
}
