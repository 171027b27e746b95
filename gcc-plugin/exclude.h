/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which functions get no entry, and why.
 */
#ifndef ULP_GCC_PLUGIN_EXCLUDE_H
#define ULP_GCC_PLUGIN_EXCLUDE_H

#include "gcc-plugin/gcc_headers.h"

/* PLUGIN_ATTRIBUTES: makes __attribute__((ulp_not_patchable)) known. */
void ulp_exclude_register_attribute(void *gcc_data, void *user_data);

/*
 * PLUGIN_ALL_IPA_PASSES_START and _END: notes the resolvers of ifuncs.  Later the
 * symbol table no longer says which functions they are.
 */
void ulp_exclude_note_resolvers(void *gcc_data, void *user_data);

/*
 * Why the current function gets no entry: a few words for the user, static
 * storage; NULL if it gets one.  To be called from the entry pass.
 */
const char *ulp_exclude_reason(void);

#endif
