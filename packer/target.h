/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The library (or executable) to be patched: its exported and private symbols
 * and its table of patchable entries.
 */
#ifndef ULP_PACKER_TARGET_H
#define ULP_PACKER_TARGET_H

#include "packer/library.h"
#include "packer/report.h"

/* By what the target reaches a thread-local variable. */
enum tls_way {
	TLS_WAY_OFFSET,	    /* a cell with its offset from the thread pointer */
	TLS_WAY_PAIR,	    /* two: the module's number and the offset in its block */
	TLS_WAY_DESCRIPTOR, /* two: a function and its argument */
	TLS_NR_WAYS
};

/* Cells of the target that its dynamic linker fills for a thread-local variable. */
struct tls_slot {
	enum tls_way way;
	const char *import; /* name of a variable of another library; NULL for the target's own */
	bool looked_up;	    /* by name: a variable of another module may be taken */
	uint64_t variable;  /* offset in the target's block of thread-local variables (st_value) */
	uint64_t vaddr;
};

struct target {
	struct library library;
	const struct packer_arch *arch;
	struct elf_symbol *symbols; /* .symtab of the file, or of its debug file */
	size_t nr_symbols;
	const char *debug_file;	  /* as named by the user; NULL: it is searched for */
	const char *symbols_path; /* the file they are from; NULL: there are none */
	uint64_t *entries;	  /* vaddrs, ascending */
	size_t nr_entries;
	struct tls_slot *tls_slots;
	size_t nr_tls_slots;
	enum ulp_entry_layout layout; /* of the entries; of each that is used, the bytes decide */
	bool has_pfe;		      /* objects were built with plain -fpatchable-function-entry */
};

/*
 * debug_file: where the user has put the separate debug information; NULL: it is
 * searched for where it belongs.  Errors: as library_open(); ULP_EMISMATCH (debug_file
 * is of another build); ULP_EARCH (a machine the packer does not know),
 * ULP_EELF (no build ID, damaged entry table).
 */
ULP_MUST_CHECK enum ulp_code target_open(struct pool *pool, const char *path,
					 const char *debug_file, struct target *target,
					 struct report *report, struct ulp_err *err);

/*
 * Reads the private symbols out of the target's own MiniDebugInfo, which has functions
 * only.  Nothing happens where there is none, or libdwfl cannot read it.
 */
void target_mini_debug_read(struct pool *pool, struct target *target);

/*
 * Whether the symbols include the static ones of source files.  If not (stripped,
 * or linked with -x), that a name is not found says nothing.  Neither debugging symbols nor
 * the files' marks are needed for it (strip -g).
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

/*
 * The slot of this way for a thread-local variable (STT_TLS) of the target, or for one that the
 * target imports (SHN_UNDEF).  NULL if there is none.
 */
const struct tls_slot *target_tls_slot(const struct target *target, enum tls_way way,
				       const struct elf_symbol *variable);

/* The slot that stands for the start of the target's own block: a pair or a descriptor, or NULL. */
const struct tls_slot *target_tls_block(const struct target *target, enum tls_way way);

/*
 * Whether the offset of the target's own variable from the thread pointer is known beforehand, as
 * it is in a program; then it is in *offset.
 */
bool target_tls_offset(const struct target *target, const struct elf_symbol *variable,
		       int64_t *offset);

#endif
