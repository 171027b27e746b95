/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The library (or executable) to be patched: its exported and private symbols
 * and its table of patchable entries.
 */
#ifndef ULP_PACKER_TARGET_H
#define ULP_PACKER_TARGET_H

#include "packer/library.h"
#include "packer/report.h"

/* A cell of the target in which its dynamic linker puts the offset of a thread-local variable. */
struct tls_slot {
	uint64_t variable; /* offset in the target's block of thread-local variables (st_value) */
	uint64_t vaddr;
};

struct target {
	struct library library;
	const struct packer_arch *arch;
	struct elf_symbol *symbols; /* .symtab of the file, or of its debug file */
	size_t nr_symbols;
	const char *symbols_path; /* the file they are from; NULL: there are none */
	uint64_t *entries;	  /* vaddrs, ascending */
	size_t nr_entries;
	struct tls_slot *tls_slots;
	size_t nr_tls_slots;
	bool has_pfe; /* built with plain -fpatchable-function-entry instead */
};

/*
 * Errors: as library_open(); ULP_EARCH (a machine the packer does not know),
 * ULP_EELF (no build ID, damaged entry table).
 */
ULP_MUST_CHECK enum ulp_code target_open(struct pool *pool, const char *path, struct target *target,
					 struct report *report, struct ulp_err *err);

/*
 * Whether the symbols include the static ones of source files.  If not (stripped,
 * or linked with -x), that a name is not found says nothing.
 */
bool target_knows_private(const struct target *target);

/* Whether some source file of this base name left its mark (STT_FILE) in the symbols. */
bool target_has_file(const struct target *target, const char *file);

/*
 * The entry inside [vaddr, vaddr + len): its address in *entry.  false: none.
 */
bool target_entry(const struct target *target, uint64_t vaddr, uint64_t len, uint64_t *entry);

/*
 * Fills tls_slots from the dynamic relocations of target->library.
 * Error: ULP_EELF.
 */
ULP_MUST_CHECK enum ulp_code target_tls_slots_read(struct pool *pool, struct target *target,
						   struct ulp_err *err);

/* The slot of a thread-local variable (STT_TLS) of the target, NULL if there is none. */
const struct tls_slot *target_tls_slot(const struct target *target,
				       const struct elf_symbol *variable);

/*
 * Path of the separate debug file of `path`, by build ID or .gnu_debuglink
 * below /usr/lib/debug and beside it; NULL if there is none.
 */
const char *debug_file_find(struct pool *pool, const char *path);

#endif
