/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled for the corpus of fuzz_object: thread-local variables. */
static _Thread_local int local = 1;
extern _Thread_local int shared;
_Thread_local int exported[4];

int f(int a)
{
	local += a;
	shared = local;
	return exported[a & 3]++;
}

int get(void)
{
	return local;
}
