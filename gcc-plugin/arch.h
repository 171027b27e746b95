/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the plugin has to know about an instruction set; implemented in
 * arch/<cpu>/entry.cc.
 */
#ifndef ULP_GCC_PLUGIN_ARCH_H
#define ULP_GCC_PLUGIN_ARCH_H

#include "gcc-plugin/gcc_headers.h"

/*
 * Gives an error for every command line option with which the entries would be
 * wrong.  To be called when GCC has finished its options (PLUGIN_START_UNIT).
 */
void arch_check_options(void);

/* Attributes of functions that must keep their first bytes; ends with NULL. */
extern const char *const arch_no_entry_attributes[];

/*
 * Puts the entry instruction, with the local label .Lulp<nr> on it, in front of
 * the current function's code (behind a landing pad such as endbr64).  Returns
 * assembler text (static storage) to be printed directly before the function's
 * own label; it aligns the label so that the entry lies inside one aligned word.
 * To be called from an RTL pass after the last one that moves instructions.
 */
const char *arch_emit_entry(unsigned nr);

/* Bytes of code of the current function: an upper bound, from the same pass. */
unsigned long arch_code_size(void);

#endif
