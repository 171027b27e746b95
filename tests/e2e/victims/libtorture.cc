// SPDX-License-Identifier: GPL-3.0-or-later
// See libtorture.h.  Also the fixes, with -DMORE=100 and -DMORE=200.
#include "libtorture.h"

#include <cstdlib>
#include <cstring>
#include <ctime>

#ifndef MORE
#define MORE 0
unsigned long torture_made;
unsigned long torture_destroyed;
#endif

#ifndef TORTURE_BUILD
#define TORTURE_BUILD "0"
#endif
extern const char torture_build[];
const char torture_build[] = TORTURE_BUILD;

namespace
{
struct Guard {
	Guard()
	{
		__atomic_fetch_add(&torture_made, 1, __ATOMIC_RELAXED);
	}
	~Guard()
	{
		__atomic_fetch_add(&torture_destroyed, 1, __ATOMIC_RELAXED);
	}
};
} // namespace

int torture_step(int n)
{
	return n + 1 + MORE;
}

double torture_many(int a, int b, int c, int d, int e, int f, int g, int h, double x)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + x + MORE;
}

unsigned char *torture_block(size_t len, unsigned char first)
{
	void *block = malloc(len);

	if (block == nullptr)
		abort();
	memset(block, first + MORE, len);
	return static_cast<unsigned char *>(block);
}

int torture_rest(int n)
{
	const struct timespec some = {0, 20000};

	nanosleep(&some, nullptr);
	return n + 2 + MORE;
}

int torture_throw(int n)
{
	throw TortureFault{n + MORE};
}

int torture_through(torture_fn *step, int n)
{
	Guard guard;

	return step(n) + MORE;
}

int torture_catch(torture_fn *step, int n)
{
	try {
		return step(n);
	} catch (const TortureFault &fault) {
		return fault.value + MORE;
	}
}
