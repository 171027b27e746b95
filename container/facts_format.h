/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the plugin records of a build for the authors of patches: which functions
 * were inlined into which, which clones exist, who has an entry, and which variables
 * the code takes for constants.  Shared by the
 * plugin, which prints it as assembler text, and by the one reader (facts.h): plain
 * enough for C++.  ulp-facts(5) describes the same.
 *
 * The section is not loaded.  Its name starts with ".debug", by which strip(1),
 * objcopy(1) --only-keep-debug and eu-strip(1) move it to the debug file and
 * compress it there (binutils, bfd/elf.c: SEC_DEBUGGING by name), and not with
 * ".debug_", because dwz(1) refuses files with such sections that it does not know.
 *
 * It is a row of units, one a translation unit (with LTO: one a partition and one a
 * translation unit), each behind the other without padding, little-endian:
 *
 *	u32	length		bytes that follow in this unit
 *	u16	version		ULP_FACTS_VERSION
 *	u16	flags		ULP_FACTS_UNIT_*
 *	string	producer	compiler and plugin with their versions
 *	string	directory	where the compiler ran
 *	string	source		the file compiled, "" for an LTO partition
 *	string	command		as for a shell, without -f*-prefix-map options
 *	uleb	number of files; so many strings, paths as the compiler knows them
 *	uleb	number of functions; so many functions:
 *		u8	kind		ULP_FACTS_KINDS
 *		u8	linkage		ULP_FACTS_LINKAGES
 *		u8	entry		ULP_FACTS_ENTRY_STATES
 *		u8	flags		ULP_FACTS_FUNCTION_*
 *		u64	address		only with ULP_FACTS_FUNCTION_CODE; 0 where the
 *					linker has dropped the function
 *		string	name		as in the symbol table
 *		uleb	file		0: the unit's source; else 1 + index of the file
 *		uleb	line		of the declaration, 0: unknown
 *		uleb	origin		0: none; else 1 + index of the function that this
 *					one is a clone, part, alias or thunk of
 *		uleb	relies		ULP_FACTS_RELIES_*: what callers may rely on
 *		uleb	number of inlined; so many:
 *			uleb	function	index of the function that was inlined
 *			uleb	via		0: into this function itself; else k: into
 *						the k-th (from 1) of this list, an earlier one
 *	uleb	number of constants; so many strings (not in version 1): static
 *		variables that are not const, but that no function of the unit writes, so
 *		that their readers have the value instead; names as in the source, each
 *		once.  No other static variable of the unit has one of these names.
 *
 * string: bytes up to a NUL.  uleb: unsigned LEB128 (DWARF 5, section 7.6), at most 5
 * bytes and below 2^32.  Indices count the functions of the unit from 0.
 */
#ifndef ULP_CONTAINER_FACTS_FORMAT_H
#define ULP_CONTAINER_FACTS_FORMAT_H

#define ULP_FACTS_SECTION ".debug.ulp"

/*
 * The same in an object for LTO: GCC carries sections of this prefix through the
 * link and takes the prefix off (libiberty, simple-object-elf.c).
 */
#define ULP_FACTS_LTO_SECTION ".gnu.debuglto_.debug.ulp"

#define ULP_FACTS_VERSION 2
/* Readers take this one, too. */
#define ULP_FACTS_OLDEST_VERSION 1
#define ULP_FACTS_VERSION_CONSTANTS 2 /* the first one with constants */

/* --- unit flags ------------------------------------------------------------------ */

/* -fplugin-arg-ulp-ipa=keep: callers may rely on bodies, see `relies`. */
#define ULP_FACTS_UNIT_IPA_KEPT 1
/*
 * Before LTO: early inlining only, no code and no addresses.  The functions' later
 * story, and their addresses, are in units of the partitions, by name.
 */
#define ULP_FACTS_UNIT_BEFORE_LTO 2
/* An LTO partition; the early inlining stands in the units before LTO. */
#define ULP_FACTS_UNIT_PARTITION 4

/* --- kinds: X(name, number, text) -------------------------------------------------- */
#define ULP_FACTS_KINDS(X)                                                        \
	X(ULP_FACTS_FUNCTION, 0, "function")                                      \
	X(ULP_FACTS_CLONE, 1, "clone")	 /* .constprop, .isra and the like */     \
	X(ULP_FACTS_PART, 2, "part")	 /* .part: split off its origin */        \
	X(ULP_FACTS_ALIAS, 3, "alias")	 /* another name of its origin */         \
	X(ULP_FACTS_THUNK, 4, "thunk")	 /* adjusts `this`, goes to its origin */ \
	X(ULP_FACTS_MERGED, 5, "merged") /* an equal body, its origin's, serves it */

/* --- linkages -------------------------------------------------------------------- */
#define ULP_FACTS_LINKAGES(X)            \
	X(ULP_FACTS_LOCAL, 0, "static")  \
	X(ULP_FACTS_HIDDEN, 1, "hidden") \
	X(ULP_FACTS_EXPORTED, 2, "global") /* also protected */

/* --- entry states ------------------------------------------------------------------ */
/*
 * The numbers are part of the format; new ones are appended.  A reader takes
 * an unknown one as "no entry, for a reason that it does not know".
 */
#define ULP_FACTS_ENTRY_STATES(X)                                              \
	X(ULP_FACTS_ENTRY, 0, "has an entry")                                  \
	X(ULP_FACTS_NOT_PATCHABLE, 1, "attribute ulp_not_patchable")           \
	X(ULP_FACTS_FIXED_BYTES, 2, "an attribute that fixes its first bytes") \
	X(ULP_FACTS_OTHER_AREA, 3, "attribute patchable_function_entry")       \
	X(ULP_FACTS_RESOLVER, 4, "ifunc resolver")                             \
	X(ULP_FACTS_INIT_FRAGMENT, 5, "fragment of .init or .fini")            \
	X(ULP_FACTS_EXCLUDED, 6, "excluded by name")                           \
	X(ULP_FACTS_TOO_SMALL, 7, "smaller than min-size")                     \
	X(ULP_FACTS_NO_CODE, 8, "no code of its own: inlined or removed")      \
	X(ULP_FACTS_OTHER_ENTRY, 9, "the code is another function's")          \
	X(ULP_FACTS_THUNK_CODE, 10, "thunk: made by the compiler, without a body")

/* --- function flags ------------------------------------------------------------------ */

/* The function has code in this unit; its address follows. */
#define ULP_FACTS_FUNCTION_CODE 1
/* A second piece of it, NAME.cold, stands elsewhere. */
#define ULP_FACTS_FUNCTION_COLD 2
#define ULP_FACTS_FUNCTION_WEAK 4
/* In a COMDAT group: the linker keeps one of equal name from all units. */
#define ULP_FACTS_FUNCTION_COMDAT 8

/* --- relies ---------------------------------------------------------------------- */
/*
 * What callers may have been compiled to rely on, X(name, bit, text).  Always 0
 * without ULP_FACTS_UNIT_IPA_KEPT, except for what the source declares itself, which
 * is not recorded: a replacement has the same declaration.
 */
#define ULP_FACTS_RELIES(X)                                                        \
	X(ULP_FACTS_RELIES_CONST, 1, "result depends on its arguments only")       \
	X(ULP_FACTS_RELIES_PURE, 2, "no side effects")                             \
	X(ULP_FACTS_RELIES_NOTHROW, 4, "throws nothing")                           \
	X(ULP_FACTS_RELIES_NORETURN, 8, "does not return")                         \
	X(ULP_FACTS_RELIES_REGISTERS, 16, "leaves call-clobbered registers alone") \
	X(ULP_FACTS_RELIES_MEMORY, 32, "touches only some memory")                 \
	X(ULP_FACTS_RELIES_STACK, 64, "needs less alignment of the stack")         \
	X(ULP_FACTS_RELIES_ARGUMENTS, 128, "its own code relies on what callers pass")

#define ULP_FACTS_ENUM(name, number, text) name = (number),
enum ulp_facts_kind { ULP_FACTS_KINDS(ULP_FACTS_ENUM) };
enum ulp_facts_linkage { ULP_FACTS_LINKAGES(ULP_FACTS_ENUM) };
enum ulp_facts_entry { ULP_FACTS_ENTRY_STATES(ULP_FACTS_ENUM) };
enum ulp_facts_relies { ULP_FACTS_RELIES(ULP_FACTS_ENUM) };
#undef ULP_FACTS_ENUM

#endif
