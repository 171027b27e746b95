// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A program that is the target itself: what is replaced are functions of the executable.
 *
 *   program NAME
 *
 * It reads requests from the FIFO NAME.in, "FUNCTION NUMBER" a line, and writes what the function
 * gives to NAME.out.  noipa: what is called by its name stays a function of its own.
 */
#include "fifo.h"
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int program_level = 7;

static int base = 1;

__attribute__((noipa)) static int scale(int n)
{
	return n * base;
}

__attribute__((noipa)) int program_number(int n)
{
	return n + 1;
}

__attribute__((noipa)) int program_private(int n)
{
	return scale(n);
}

__attribute__((noipa)) int program_with_level(int n)
{
	return n + program_level;
}

/* Called through a pointer, as from a table of functions. */
static int (*const table[])(int) = {program_number, program_private};

__attribute__((noipa)) static int by_table(int n)
{
	return table[n % 2](n);
}

static int set_base(int n)
{
	base = n;
	return base;
}

static const struct {
	const char *name;
	int (*function)(int n);
} requests[] = {
	{"number", program_number}, {"private", program_private}, {"level", program_with_level},
	{"table", by_table},	    {"set-base", set_base},
};

int main(int argc, char **argv)
{
	FILE *in, *out;
	char name[32];
	int n;

	if (argc != 2)
		return 2;
	in = fifo_open(argv[1], "in");
	out = fifo_open(argv[1], "out");
	while (fscanf(in, "%31s", name) == 1 && strcmp(name, "end") != 0 &&
	       fscanf(in, "%d", &n) == 1)
		for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
			if (strcmp(name, requests[i].name) == 0)
				fprintf(out, "%d\n", requests[i].function(n));
	return 0;
}
