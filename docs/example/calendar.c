// SPDX-License-Identifier: GPL-3.0-or-later
#include "calendar.h"

static unsigned long nr_asked;

/* The fault: years such as 2100 are no leap years. */
bool calendar_is_leap(int year)
{
	nr_asked++;
	return year % 4 == 0;
}

unsigned long calendar_nr_asked(void)
{
	return nr_asked;
}
