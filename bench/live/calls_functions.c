/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The functions that calls.c calls; each library or fix is made with another choice.
 */
#if defined(CALLS_PLAIN)
int calls_plain(int n);
int calls_plain(int n)
{
	return n + 1;
}
#elif defined(CALLS_FIX)
int calls_patched(int n);
int calls_patched(int n)
{
	return n + 2;
}
#else
int calls_entry(int n);
int calls_patched(int n);

int calls_entry(int n)
{
	return n + 1;
}

int calls_patched(int n)
{
	return n + 1;
}
#endif
