/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the ELF file itself says of a library's functions: its symbols and the table of entries.
 * For test programs: gives up with a message and exit status 2 where the file cannot be read.
 */
#ifndef ULP_TESTS_SYMBOLS_H
#define ULP_TESTS_SYMBOLS_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A defined function of .symtab or .dynsym; strings borrow from the Elf. */
struct symbol {
	const char *name;
	const char *file; /* of the symbol's STT_FILE, "" behind the last one: globals */
	uint64_t vaddr, len;
	unsigned char binding;	  /* STB_* */
	unsigned char visibility; /* STV_* */
	bool dynamic;		  /* from .dynsym: other libraries see it */
};

struct symbols {
	struct symbol *all; /* sorted by vaddr, then name */
	size_t nr;
	uint64_t *entries; /* addresses of .ulp.entries, sorted */
	size_t nr_entries;
	bool versioned; /* a version script may have made global names local */
	Elf *handle, *debug_handle;
};

/* Reads the file at path, with .symtab from debug_file if that is not NULL. */
void symbols_read(const char *path, const char *debug_file, struct symbols *symbols);
void symbols_free(struct symbols *symbols);

/* The first one at this address, or NULL; the rest of the address's follow. */
const struct symbol *symbols_at(const struct symbols *symbols, uint64_t vaddr);

/* How many entries lie in [start, end). */
size_t symbols_entries_in(const struct symbols *symbols, uint64_t start, uint64_t end);

#endif
