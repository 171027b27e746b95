/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The entries and the table that lists them.
 */
#ifndef ULP_GCC_PLUGIN_ENTRY_H
#define ULP_GCC_PLUGIN_ENTRY_H

#include "gcc-plugin/gcc_headers.h"

/* Adds the pass that gives each function its entry to GCC's list of passes. */
void ulp_entry_register_pass(const char *plugin_name);

/*
 * PLUGIN_START_UNIT: refuses options that claim the entry for themselves, and
 * takes over the printing of what stands before a function's label.
 */
void ulp_entry_start_unit(void *gcc_data, void *user_data);

/* PLUGIN_FINISH_UNIT: with the option verbose, tells how many entries there are. */
void ulp_entry_finish_unit(void *gcc_data, void *user_data);

#endif
