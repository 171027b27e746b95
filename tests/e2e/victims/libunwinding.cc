// SPDX-License-Identifier: GPL-3.0-or-later
// Also the fix, with -DMORE=100: then the version and what is added are other ones.
#include "libunwinding.h"

#include <pthread.h>
#include <unistd.h>

#ifndef MORE
#define MORE 0
int unwinding_cleanups;
#endif

#ifndef UNWINDING_BUILD
#define UNWINDING_BUILD "0"
#endif
extern const char unwinding_build[];
const char unwinding_build[] = UNWINDING_BUILD;

namespace
{
struct Secret {
	int value;
};

struct Guard {
	~Guard()
	{
		__atomic_fetch_add(&unwinding_cleanups, 1 + MORE, __ATOMIC_RELAXED);
	}
};

// A function of another name in each version: what the target has is used from the target.
template <int more> void clean_up(void *)
{
	__atomic_fetch_add(&unwinding_cleanups, 1 + more, __ATOMIC_RELAXED);
}
#if MORE == 0
// Runs before the constructors of preloaded libraries, the runtime's included.
struct Early {
	Early()
	{
		try {
			unwinding_throw(0);
		} catch (const Failure &failure) {
			unwinding_cleanups = failure.value;
		}
	}
} early;
#endif
} // namespace

int unwinding_version()
{
	return 1 + MORE;
}

int unwinding_throw(int n)
{
	throw Failure{n + MORE};
}

int unwinding_through(step_fn *step, int n)
{
	Guard guard;

	return step(n) + MORE;
}

int unwinding_catch(step_fn *step, int n)
{
	try {
		return step(n);
	} catch (const Failure &failure) {
		return failure.value + MORE;
	}
}

int unwinding_rethrow(step_fn *step, int n)
{
	try {
		return step(n);
	} catch (Failure &failure) {
		failure.value += 1 + MORE;
		throw;
	}
}

int unwinding_throw_secret(int n)
{
	throw Secret{n + MORE};
}

int unwinding_catch_secret(int n)
{
	try {
		return -unwinding_throw_secret(n);
	} catch (const Secret &secret) {
		return secret.value;
	}
}

int unwinding_wait(int fd)
{
	char byte;
	long got;

	pthread_cleanup_push(clean_up<MORE>, nullptr);
	got = read(fd, &byte, 1);
	pthread_cleanup_pop(0);
	return static_cast<int>(got) + MORE;
}
