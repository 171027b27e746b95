// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A program that loads libvictim itself, in every way there is, and calls its functions.
 *
 *   loader NAME
 *
 * Requests, a line each, come through the FIFO NAME.in, the answers go to NAME.out:
 *   open K HOW PATH   loads it as number K; HOW: local, global, deep (RTLD_DEEPBIND), space
 * (dlmopen) close K call K FUNCTION N what that function of number K gives text K N victim_text(N)
 * of number K number N          of number 0; without one N + 1 end
 */
#include "fifo.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIBRARIES = 8 };

static void *libraries[LIBRARIES];

static const char *open_library(int k, const char *how, const char *path)
{
	if (strcmp(how, "space") == 0)
		libraries[k] = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
	else
		libraries[k] = dlopen(path, RTLD_NOW | (strcmp(how, "global") == 0 ? RTLD_GLOBAL
							: strcmp(how, "deep") == 0 ? RTLD_DEEPBIND
										   : RTLD_LOCAL));
	return libraries[k] != NULL ? "loaded" : dlerror();
}

static int call(int k, const char *function, int n)
{
	int (*f)(int) = (int (*)(int))dlsym(libraries[k], function);

	return f != NULL ? f(n) : -1;
}

static const char *text_of(int k, int n)
{
	const char *(*f)(int) = (const char *(*)(int))dlsym(libraries[k], "victim_text");

	return f != NULL ? f(n) : "no such function";
}

static void serve(const char *line, FILE *out)
{
	char how[64], path[256];
	int k = 0, n;

	if (sscanf(line, "open %d %63s %255s", &k, how, path) == 3 && k < LIBRARIES)
		fprintf(out, "%s\n", open_library(k, how, path));
	else if (sscanf(line, "close %d", &k) == 1 && k < LIBRARIES)
		fprintf(out, "%d\n", dlclose(libraries[k]));
	else if (sscanf(line, "call %d %63s %d", &k, how, &n) == 3 && k < LIBRARIES)
		fprintf(out, "%d\n", call(k, how, n));
	else if (sscanf(line, "text %d %d", &k, &n) == 2 && k < LIBRARIES)
		fprintf(out, "%s\n", text_of(k, n));
	else if (sscanf(line, "number %d", &n) == 1)
		fprintf(out, "%d\n", libraries[0] != NULL ? call(0, "victim_number", n) : n + 1);
	else
		exit(0);
}

int main(int argc, char **argv)
{
	char line[512];
	FILE *in, *out;

	if (argc != 2)
		return 2;
	in = fifo_open(argv[1], "in");
	out = fifo_open(argv[1], "out");
	while (fgets(line, sizeof(line), in) != NULL)
		serve(line, out);
	return 0;
}
