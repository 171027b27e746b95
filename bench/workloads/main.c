// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Without arguments: lists the workloads as "NAME ITERATIONS".
 * With NAME and ITERATIONS: runs one.
 */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void workload_fail(const char *condition, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	exit(1);
}

static int list(void)
{
	for (const struct workload *w = workloads; w->name; w++)
		(void)printf("%s %u\n", w->name, w->nr);
	return 0;
}

static const struct workload *find(const char *name)
{
	for (const struct workload *w = workloads; w->name; w++)
		if (!strcmp(w->name, name))
			return w;
	return NULL;
}

int main(int argc, char **argv)
{
	const struct workload *w;
	unsigned long nr;

	if (argc == 1)
		return list();
	w = argc == 3 ? find(argv[1]) : NULL;
	if (!w) {
		(void)fprintf(stderr, "usage: %s [NAME ITERATIONS]\n", argv[0]);
		return 2;
	}
	nr = strtoul(argv[2], NULL, 10);
	if (w->prepare)
		w->prepare();
	for (unsigned long i = 0; i < nr; i++)
		w->once();
	return 0;
}
