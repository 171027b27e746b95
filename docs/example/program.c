// SPDX-License-Identifier: GPL-3.0-or-later
/* Runs until it is ended, and prints what the library answers ten times a second. */
#include "calendar.h"

#include <stdio.h>
#include <time.h>

int main(void)
{
	const struct timespec tenth = {.tv_nsec = 100 * 1000 * 1000};

	for (;;) {
		bool leap = calendar_is_leap(2100);

		printf("question %lu: 2100 is %s leap year\n", calendar_nr_asked(),
		       leap ? "a" : "no");
		fflush(stdout);
		nanosleep(&tenth, NULL);
	}
}
