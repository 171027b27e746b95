/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The object as the linker gets it: the same sections at the same indices,
 * those that stay behind marked SHF_EXCLUDE; relocations as the selection
 * decided; symbols renamed, made global or local; at the end new sections.
 */
#ifndef ULP_PACKER_REWRITE_H
#define ULP_PACKER_REWRITE_H

#include "packer/select.h"

/* Name of the section of slots: written by the engine once, then read-only. */
#define ULP_SLOTS_SECTION ".data.rel.ro.ulp"

/* Bytes.  The engine places a container at a page, whose size on all machines is at least this. */
#define ULP_CONTAINER_ALIGN 4096u

/* The N-th reference's place carries this name in the first pass. */
#define ULP_PLACE_PREFIX "ulp.place."

/* What goes in besides the object itself. */
struct rewrite_extra {
	bool places; /* mark the place of each reference with a symbol */
	/* Content of .ulp and .ulp.rev; NULL: these sections are left out. */
	const void *apply;
	size_t apply_len;
	const void *revert;
	size_t revert_len;
};

/*
 * Writes the object to a new file.  Errors: ULP_ESYS, ULP_EELF (libelf refuses it).
 */
ULP_MUST_CHECK enum ulp_code object_rewrite(const struct selection *sel,
					    const struct object *object,
					    const struct rewrite_extra *extra, const char *path,
					    struct ulp_err *err);

/* --- between rewrite.c and rewrite_symbols.c ------------------------------------------ */

/* Bytes that grow. */
struct buffer {
	unsigned char *bytes;
	size_t len;
	size_t cap;
};

/* Appends; returns the offset of the new bytes. */
size_t buffer_add(struct pool *pool, struct buffer *buffer, const void *bytes, size_t len);

struct new_symbols {
	struct pool *pool;
	const struct selection *sel;
	const struct object *object;
	struct buffer *strings; /* string table of the symbols */
	size_t slots_section;	/* index of the section of slots, 0 for none */
	Elf64_Sym *list;	/* local ones first */
	size_t nr;
	size_t cap;
	size_t nr_local;
	uint32_t *map;	       /* by old index: the new one, 0 where it is dropped */
	uint32_t *imports;     /* by import: its undefined symbol, 0 where this object has none */
	uint32_t slots_symbol; /* section symbol of the slots */
};

/* Makes the symbol table: `list`, `nr_local` and the maps.  Cannot fail. */
void new_symbols_make(struct new_symbols *ns, bool places);

#endif
