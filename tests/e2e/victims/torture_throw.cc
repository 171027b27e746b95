// SPDX-License-Identifier: GPL-3.0-or-later
// The torture test's exceptions.
#include "libtorture.h"
#include "torture.h"

namespace
{
int fail(int n)
{
	throw TortureFault{n};
}

int plain(int n)
{
	return torture_through(torture_step, n);
}

int caught(torture_fn *step, int n)
{
	try {
		return -step(n);
	} catch (const TortureFault &fault) {
		return fault.value;
	}
}

int nested(int n)
{
	return torture_through(torture_throw, n);
}
} // namespace

void work_throw(struct worker *w)
{
	const int n = static_cast<int>(torture_random(w) % 1000);

	torture_check("thrown by the library", n, caught(torture_throw, n));
	torture_check_sum("caught in the library", n, torture_catch(fail, n), 1);
	torture_check_sum("thrown and caught in the library", n, torture_catch(torture_throw, n),
			  2);
	torture_check_sum("thrown through the library", n, caught(nested, n), 1);
	torture_check_sum("caught after two frames", n, torture_catch(nested, n), 2);
	torture_check_sum("nothing thrown", n + 1, torture_catch(plain, n), 2);
}
