// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Has the address of the middle of a function on its stack, as if it were about to return there,
 * and waits above it in another function, once that is patched.  Status 0: both functions were
 * patched in the end.
 */
#include "libvictim.h"

#include <stdint.h>
#include <unistd.h>

int main(void)
{
	volatile uintptr_t words[2] = {(uintptr_t)victim_other + 9};
	int got;

	do {
		usleep(1000);
		got = victim_number(5);
	} while (got == 6);
	return words[0] != 0 && got == 106 && victim_other(5) == 207 ? 0 : 1;
}
