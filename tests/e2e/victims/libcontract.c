// SPDX-License-Identifier: GPL-3.0-or-later
/* See libcontract.h.  Also the fix, with -DMORE=100.  noipa: each one is called as it is. */
#include "libcontract.h"

#include <sched.h>
#include <stdatomic.h>

#ifndef MORE
#define MORE 0
/* What the two have seen; 0: not yet.  The fix uses these too. */
atomic_int contract_seen_f;
atomic_int contract_seen_g;
#else
extern atomic_int contract_seen_f;
extern atomic_int contract_seen_g;
#endif

#ifndef CONTRACT_BUILD
#define CONTRACT_BUILD "0"
#endif
const char contract_build[] = CONTRACT_BUILD;

__attribute__((noipa)) int contract_f(void)
{
	return 1 + MORE;
}

__attribute__((noipa)) int contract_g(void)
{
	return 1 + MORE;
}

__attribute__((noipa)) int contract_both(contract_work *work)
{
	int f = contract_f();

	work();
	return f - contract_g();
}

/* Tells what it has seen, and takes what the other one tells. */
static inline int meet(atomic_int *mine, atomic_int *theirs, int seen)
{
	int other;

	*mine = seen;
	while ((other = atomic_exchange(theirs, 0)) == 0)
		sched_yield();
	return seen - other;
}

__attribute__((noipa)) int contract_meet_f(void)
{
	return meet(&contract_seen_f, &contract_seen_g, contract_f());
}

__attribute__((noipa)) int contract_meet_g(void)
{
	return meet(&contract_seen_g, &contract_seen_f, contract_g());
}
