// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * See libvictim.h.  VICTIM_BUILD is a string that makes one build of it differ from another, and so
 * do their build IDs.  noipa: what is called by its name stays a function of its own.
 */
#include "libvictim.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef VICTIM_BUILD
#define VICTIM_BUILD "one build"
#endif

int victim_hidden(int n);

int victim_level = 7;

static int base = 1;
static char text[64];

__attribute__((noipa)) static int scale(int n)
{
	return n * base;
}

__attribute__((noipa, visibility("hidden"))) int victim_hidden(int n)
{
	return n + 10;
}

int victim_number(int n)
{
	return n + 1;
}

int victim_other(int n)
{
	return n + 2;
}

int victim_third(int n)
{
	return n + 3;
}

int victim_private(int n)
{
	return scale(n);
}

int victim_set_base(int n)
{
	base = n;
	return base;
}

int victim_through_hidden(int n)
{
	return victim_hidden(n);
}

int victim_with_level(int n)
{
	return n + victim_level;
}

const char *victim_text(int n)
{
	static const char build[] = VICTIM_BUILD;
	char copy[32];
	size_t len = strlen(build) < sizeof(copy) ? strlen(build) : sizeof(copy) - 1;

	memcpy(copy, build, len);
	copy[len] = '\0';
	snprintf(text, sizeof(text), "number %d of %s", n, copy);
	return text;
}

int victim_wait(int fd)
{
	unsigned char byte;

	return read(fd, &byte, 1) == 1 ? byte : -1;
}

int victim_spin(const volatile int *ready)
{
	while (!*ready)
		continue;
	return 1;
}
