/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small process that sleeps until it is ended.  Says by one byte on its standard
 * output that it is ready, after one block from malloc, as nearly every program has.
 */
#include "program.h"

#include <unistd.h>

/* From the library that is patched: linked, so that it is loaded. */
extern int bench_0(int);

static void *volatile block;

int main(void)
{
	block = malloc(100);
	if (!block || bench_0(1) < 0 || write(STDOUT_FILENO, "r", 1) != 1)
		return 1;
	for (;;)
		(void)pause();
}
