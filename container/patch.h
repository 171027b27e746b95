/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A live patch as the rest of the program sees it: patch > function.  The
 * packer fills one and writes it, `ulp` and the runtime read one and act on
 * it; nobody but patch_read() and patch_write() sees the bytes.
 */
#ifndef ULP_CONTAINER_PATCH_H
#define ULP_CONTAINER_PATCH_H

#include "container/entry.h"
#include "container/err.h"
#include "container/format.h"

#include <stddef.h>
#include <stdint.h>

/* Which of the two sections. */
enum ulp_section {
	ULP_SECTION_APPLY,  /* .ulp */
	ULP_SECTION_REVERT, /* .ulp.rev */
};

/* When a redirect may be written. */
enum ulp_consistency {
	ULP_CONSISTENCY_FUNCTION = 0, /* no thread is inside a function that is being replaced */
	ULP_CONSISTENCY_NONE = 1,     /* at any time: old and new code may run side by side */
	ULP_CONSISTENCY_LIBRARY = 2,  /* no thread is inside any function of the target */
	ULP_NR_CONSISTENCIES,
};

/* What a patch has to do with another one of the same target. */
enum ulp_relation_kind {
	ULP_RELATION_REQUIRES = 1,   /* is applied only where that one is */
	ULP_RELATION_CONFLICTS = 2,  /* is applied only where that one is not */
	ULP_RELATION_SUPERSEDES = 3, /* takes its place: that one is reverted at the same time */
	ULP_NR_RELATION_KINDS,
};

struct ulp_build_id {
	uint32_t len; /* bytes; 0: none */
	uint8_t bytes[ULP_BUILD_ID_MAX];
};

struct ulp_function {
	const char *old_name;
	const char *new_name;
	uint64_t old_vaddr;
	uint64_t old_size;
	uint64_t old_checksum;
	uint64_t entry_vaddr;
	uint64_t word_vaddr;
	uint8_t word[8];
	uint64_t new_vaddr;
	uint64_t new_size;
	enum ulp_entry_layout layout;
};

struct ulp_import {
	const char *name;
	const char *version;
	const char *provider;
	uint32_t flags; /* ULP_IMPORT_* */
};

struct ulp_reference {
	const char *name;
	uint32_t type;
	uint64_t place;
	uint64_t value;
	int64_t addend;
};

struct ulp_relation {
	const char *name; /* of the other patch */
	enum ulp_relation_kind kind;
};

struct ulp_guard {
	const char *name;
	uint64_t vaddr;
	uint64_t size;
};

struct ulp_accept {
	const char *refusal;
	const char *name;
	const char *reason;
};

/*
 * The members' meaning is that of the record of the same name in format.h.
 * Strings are never NULL and not owned: they live in `storage` after
 * patch_read(), and with the filler otherwise.
 */
struct ulp_patch {
	uint16_t machine; /* EM_X86_64, ... */
	const char *name;
	const char *description;
	enum ulp_consistency consistency;
	const char *soname;
	struct ulp_build_id build_id; /* the target's */
	const char **labels;
	size_t nr_labels;
	struct ulp_function *functions;
	size_t nr_functions;
	struct ulp_import *imports;
	size_t nr_imports;
	struct ulp_reference *references;
	size_t nr_references;
	struct ulp_relation *relations;
	size_t nr_relations;
	struct ulp_accept *accepts;
	size_t nr_accepts;
	struct ulp_guard *guards;
	size_t nr_guards;
	void *storage; /* owned: what patch_read() allocated; NULL in a filled patch */
};

/*
 * Validates all of bytes[0..len) and decodes it into *patch, which then owns
 * its storage (ulp_patch_deinit()).  bytes are not referred to afterwards.
 * On failure *patch is untouched and err->where holds "SECTION+0xOFFSET".
 *
 * Errors: ULP_EFORMAT (damage of any kind), ULP_EVERSION, ULP_EARCH (a machine
 * that this program does not know), ULP_ENOMEM.
 * Checked: magic, version, lengths, checksum, chunk bounds, alignment, overlap
 * and gaps, known and unique chunk ids, record sizes and counts, reserved
 * fields, strings terminated, in bounds and without control characters (but for
 * tabs and newlines in the description), required strings not empty, enum
 * values, build ID length, functions' and guards' sizes not zero and without overflow, the
 * entry instruction (its length follows from machine and layout) whole inside
 * its word and whole inside the function, word_vaddr a multiple of 8, no two
 * functions with the same word, no patch named twice among the relations, nor
 * the patch itself; nothing that the section's version does not have.
 */
ULP_MUST_CHECK enum ulp_code ulp_patch_read(const void *bytes, size_t len, enum ulp_section section,
					    struct ulp_patch *patch, struct ulp_err *err);

/*
 * Encodes *patch into *bytes (malloc'ed, the caller frees) and *len.  The same
 * patch gives the same bytes.  In .ulp.rev imports, references, relations,
 * accepts and guards are left out and new_vaddr and new_size are 0.  What it writes
 * ulp_patch_read() accepts; a patch that could not be read back is refused (ULP_EFORMAT).
 */
ULP_MUST_CHECK enum ulp_code ulp_patch_write(const struct ulp_patch *patch,
					     enum ulp_section section, void **bytes, size_t *len,
					     struct ulp_err *err);

/* Frees what patch_read() allocated.  Accepts a zeroed or filled patch, and NULL. */
void ulp_patch_deinit(struct ulp_patch *patch);

/* FNV-1a, 64 bit (offset basis 0xcbf29ce484222325, prime 0x100000001b3). */
uint64_t ulp_checksum(const void *bytes, size_t len);

/* The same, continued from an earlier value. */
uint64_t ulp_checksum_more(uint64_t sum, const void *bytes, size_t len);

/* The key of the spec for this kind, "requires" and so on; static storage. */
const char *ulp_relation_word(enum ulp_relation_kind kind);

bool ulp_build_id_equal(const struct ulp_build_id *a, const struct ulp_build_id *b);

/* Lower-case hex into buf (2 * ULP_BUILD_ID_MAX + 1 is enough).  "none" if there is none. */
const char *ulp_build_id_format(const struct ulp_build_id *id, char *buf, size_t len);

#endif
