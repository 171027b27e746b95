/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Libraries that can be live patched: the layouts of container/entry.h in words.
 */
#ifndef ULP_TRIGGER_LAYOUT_H
#define ULP_TRIGGER_LAYOUT_H

#include "container/entry.h"

#include <stdbool.h>

/* "5-byte NOP", ..., in the user's language; static storage. */
const char *layout_text(enum ulp_entry_layout layout);

/* Its name in JSON, "nop5", ...; never translated, never changed.  NULL: there is none. */
const char *layout_name(enum ulp_entry_layout layout);

/* Whether entries of this layout can be redirected by this version. */
bool layout_usable(enum ulp_entry_layout layout);

#endif
