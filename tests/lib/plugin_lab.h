/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compiles small sources with the GCC plugin and looks at what came out, for
 * tests.  All works on one temporary folder and one output file at a time; what
 * goes wrong in the lab itself (no compiler, broken ELF) fails the running test.
 */
#ifndef ULP_TESTS_PLUGIN_LAB_H
#define ULP_TESTS_PLUGIN_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cmocka group fixtures: make and remove the folder, in $TMPDIR or /tmp. */
int lab_setup(void **state);
int lab_teardown(void **state);

/*
 * Writes text to a file of this name in the folder, replacing it.
 */
void lab_write(const char *name, const char *text);

/*
 * Runs a command in the folder and returns its exit status, 128 + n if signal n
 * ended it.  The words are parted by blanks; there is no quoting.  "@gcc" stands for
 * the compiler, "@plugin" for the -fplugin= option with the plugin just built.  What
 * the command prints, also on its standard output, can be had by lab_messages.
 */
int lab_run(const char *command);

/* lab_run, and the test fails with the messages unless the status is 0. */
void lab_must(const char *command);

/* What the last command printed; valid until the next one. */
const char *lab_messages(void);

/* Copies ulp.so to other.so in the folder, with text exchanged for one of equal length. */
void lab_copy_plugin(const char *from, const char *to);

/* Can a program of this name be run (with --version)? */
bool lab_has_program(const char *name);

/*
 * Reads a file of the folder, linked or relocatable; the calls below answer for
 * the one that was opened last.
 */
void lab_open(const char *name);

/*
 * Content of the first section of this name, valid until the next lab_open; NULL and
 * 0 if there is none.
 */
const void *lab_section(const char *name, size_t *len);

/* Records in all sections of the entry table (linked files: the entries). */
size_t lab_nr_entries(void);

/* Does any symbol of this name exist, defined or not? */
bool lab_has_symbol(const char *name);

/* Undefined symbols, apart from the null symbol. */
size_t lab_nr_undefined(void);

/* Dynamic relocations whose place lies in the entry table. */
size_t lab_nr_table_relocations(void);

/* Address of a defined function; the test fails if there is none. */
uint64_t lab_function(const char *name);

/*
 * Bytes from the label of a function to its entry: 0, 4, 8 or 9; -1 if the table has
 * no entry for it.  Linked files only.
 */
int lab_entry_offset(const char *name);

/*
 * Fails the test unless each record of the table leads to a 5-byte NOP inside one
 * aligned 8-byte word of a code section, at a function's label or behind the little
 * that may precede it (endbr64, filler, the frame of -O0), no two to the same, and
 * no dynamic relocation is in the table.  Linked files only.
 */
void lab_check_entries(void);

/* Are the records in the order of the addresses? */
bool lab_entries_are_sorted(void);

/*
 * sh_flags and sh_addralign of the first section of the entry table; 0 if there is
 * no such section.
 */
uint64_t lab_table_flags(void);
uint64_t lab_table_alignment(void);

/* Sections of the table that are members of a COMDAT group. */
size_t lab_nr_grouped_tables(void);

#endif
