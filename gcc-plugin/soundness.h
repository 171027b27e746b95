/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps callers from relying on what GCC knows of a function's body: the body may
 * be replaced while they run.
 */
#ifndef ULP_GCC_PLUGIN_SOUNDNESS_H
#define ULP_GCC_PLUGIN_SOUNDNESS_H

#include "gcc-plugin/gcc_headers.h"

/*
 * Switches the dangerous optimisations off, and registers what is needed to keep
 * them off later.  To be called when GCC has read the command line and before it
 * derives options from others: in plugin_init.  Tells the user if he had asked for
 * one of them by name.
 */
void ulp_soundness_init(const char *plugin_name);

/*
 * Whether the source says that the function throws nothing: noexcept, throw() or
 * __attribute__((nothrow)).  Not with LTO, which has lost it by then.
 */
bool ulp_soundness_declares_nothrow(tree decl);

#endif
