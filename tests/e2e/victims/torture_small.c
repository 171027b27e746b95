// SPDX-License-Identifier: GPL-3.0-or-later
/* The small library that the torture test loads and unloads all the time. */
#include <string.h>

int torture_small(int n);

static int calls;
static char text[8192];

__attribute__((constructor)) static void start(void)
{
	calls = 40;
	memset(text, 'x', sizeof(text) - 1);
}

/* 40 + n and the length of the text at the first call after it was loaded. */
int torture_small(int n)
{
	calls += n;
	return calls + (int)strlen(text);
}
