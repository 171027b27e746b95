/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which functions get no entry, and why.
 */
#ifndef ULP_GCC_PLUGIN_EXCLUDE_H
#define ULP_GCC_PLUGIN_EXCLUDE_H

#include "gcc-plugin/gcc_headers.h"

#include "container/facts_format.h"

/* PLUGIN_ATTRIBUTES: makes __attribute__((ulp_not_patchable)) known. */
void ulp_exclude_register_attribute(void *gcc_data, void *user_data);

/*
 * PLUGIN_ALL_IPA_PASSES_START and _END: notes the resolvers of ifuncs.  Later the
 * symbol table no longer says which functions they are.
 */
void ulp_exclude_note_resolvers(void *gcc_data, void *user_data);

/*
 * Why the current function gets no entry; ULP_FACTS_ENTRY if it gets one.  To be
 * called from the entry pass.
 */
enum ulp_facts_entry ulp_exclude_reason(void);

/* A few words on that for the user; static storage. */
const char *ulp_exclude_text(enum ulp_facts_entry entry);

#endif
