/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A library with thread-local variables; with -DTIMES=2 the fix of it, which adds twice. */
#include "libthreads.h"

#ifndef TIMES
#define TIMES 1
#endif

static _Thread_local long own = 100;
_Thread_local long threads_shown = 1000;
const char threads_build[] = THREADS_BUILD;

long threads_add(long n)
{
	own += TIMES * n;
	threads_shown += TIMES * n;
	return own + threads_shown;
}

long threads_get(void)
{
	return own + threads_shown;
}
