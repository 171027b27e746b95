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
 * Where the label of a function has to stand, so that its entry lies inside one
 * aligned word: offset bytes behind a multiple of 2^log.
 */
struct arch_place {
	unsigned log;
	unsigned offset; /* bytes, less than 2^log */
};

/*
 * Puts the entry instruction, with the local label .Lulp<nr> on it, in front of
 * the current function's code (behind a landing pad such as endbr64), and returns
 * the place that the function's own label needs.  Takes GCC's alignment of the
 * function over where it would be in the way.  To be called from an RTL pass after
 * the last one that moves instructions.
 */
struct arch_place arch_emit_entry(unsigned nr);

/* A byte of code for gaps that are never executed. */
extern const unsigned char arch_filler;

/* Bytes of code of the current function: an upper bound, from the same pass. */
unsigned long arch_code_size(void);

#endif
