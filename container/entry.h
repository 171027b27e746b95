/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The layouts of a patchable function entry, and where the list of a library's
 * entries is found.  The one header that the GCC plugin shares with the rest:
 * plain enough for C++.
 */
#ifndef ULP_CONTAINER_ENTRY_H
#define ULP_CONTAINER_ENTRY_H

/*
 * Section of the plugin's entry table: one 4-byte record a function, signed
 * and self-relative: address of the record + its value = address of the entry
 * instruction.  Loaded, read-only, without dynamic relocations; SHF_LINK_ORDER,
 * so it is garbage-collected with its functions, and kept by strip(1).
 */
#define ULP_ENTRIES_SECTION ".ulp.entries"

/* Section of GCC's and clang's own -fpatchable-function-entry: 8-byte addresses. */
#define ULP_PFE_SECTION "__patchable_function_entries"

enum ulp_entry_layout {
	ULP_ENTRY_NONE = 0, /* no patchable entry */
	/*
	 * The plugin's: one 5-byte NOP inside one aligned 8-byte word, becomes
	 * `jmp rel32`.  x86-64: 0f 1f 44 00 00 (nopl 0x0(%rax,%rax,1)).
	 */
	ULP_ENTRY_NOP5 = 1,
	/* -fpatchable-function-entry=16,14: 14 NOPs before the entry, 2 after it. */
	ULP_ENTRY_PFE_16_14 = 2,
};

#endif
