/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The library of the example; scripts/demo.sh builds it, patches it and reverts the patch. */
#ifndef EXAMPLE_CALENDAR_H
#define EXAMPLE_CALENDAR_H

#include <stdbool.h>

/* Whether a year of the Gregorian calendar has a 29th of February. */
bool calendar_is_leap(int year);

/* How often calendar_is_leap() has been asked. */
unsigned long calendar_nr_asked(void);

#endif
