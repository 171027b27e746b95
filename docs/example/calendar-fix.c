// SPDX-License-Identifier: GPL-3.0-or-later
#include "calendar.h"

/* The library's own variable: it is static there, and its plain name is enough here. */
extern unsigned long nr_asked;

bool calendar_is_leap(int year)
{
	nr_asked++;
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}
