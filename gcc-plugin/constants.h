/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Static variables that no function of the unit writes: GCC takes them for constants,
 * and the facts say so, because a patch must not begin to write them.
 */
#ifndef ULP_GCC_PLUGIN_CONSTANTS_H
#define ULP_GCC_PLUGIN_CONSTANTS_H

#include "gcc-plugin/gcc_headers.h"

/*
 * Registers the search for such variables, unless the user has switched GCC's own off
 * (-fno-ipa-reference-addressable).  To be called before ulp_soundness_init(), which
 * switches it off, and only if facts are recorded.
 */
void ulp_constants_init(const char *plugin_name);

/* The variables that were marked, by name, each name once.  To be called at the unit's end. */
const std::set<std::string> &ulp_constants(void);

#endif
