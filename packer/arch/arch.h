/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the packer has to know of a machine: one const table for each, found
 * by e_machine, so that containers can be packed on another machine.
 */
#ifndef ULP_PACKER_ARCH_H
#define ULP_PACKER_ARCH_H

#include "container/entry.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a relocation asks for, as far as the packer tells cases apart. */
enum reloc_kind {
	RELOC_NOTHING, /* no effect */
	RELOC_ADDRESS, /* the symbol's address, 64 bits */
	RELOC_PLACE,   /* the distance from the place to the symbol, 32 bits */
	RELOC_CALL,    /* the same for a branch, which may go through a PLT */
	RELOC_GOT,     /* the distance from the place to a slot that holds the address */
	/*
	 * Thread-local variables, by the models of "ELF Handling For Thread-Local Storage",
	 * chapter 4.  The first four are distances from the place.
	 */
	RELOC_TLS_GOT,	     /* initial-exec: to a slot with the offset from the thread pointer */
	RELOC_TLS_PAIR,	     /* general dynamic: to the pair for __tls_get_addr() */
	RELOC_TLS_MODULE,    /* local dynamic: to the pair of the module's block */
	RELOC_TLS_DESC,	     /* to a descriptor, */
	RELOC_TLS_DESC_CALL, /* and the mark of the call through it */
	RELOC_TLS_IN_BLOCK,  /* the offset in the module's block, 32 bits */
	RELOC_TLS_FIXED,     /* local-exec: the offset from the thread pointer, 32 bits */
	RELOC_TLS,	     /* anything else thread-local */
	RELOC_REFUSED,	     /* see `why` */
};

/* Dynamic relocations; the engine handles the first three kinds in a container. */
enum dynamic_kind {
	DYNAMIC_NOTHING,
	DYNAMIC_RELATIVE, /* the load address is added */
	DYNAMIC_SYMBOL,	  /* an address, 64 bits */
	DYNAMIC_TLS,	  /* a cell for a thread-local variable */
	DYNAMIC_INDIRECT, /* what a function of the file chooses */
	DYNAMIC_OTHER,
};

struct reloc_type {
	uint32_t type;
	const char *name; /* R_... */
	enum reloc_kind kind;
	const char *why; /* of RELOC_REFUSED: the remedy */
};

/*
 * Makes the code by which a thread-local variable is reached cheaper, in place: bytes[0..len) is a
 * section's content, and off the place of the relocation of this kind.  false: it is no such code,
 * and nothing has changed.
 */
struct tls_code {
	/* RELOC_TLS_PAIR: as initial-exec code; *place: the slot's distance, which was the call's.
	 */
	bool (*pair_to_offset)(unsigned char *bytes, uint64_t len, uint64_t off, uint64_t *place);

	/* RELOC_TLS_MODULE: gives the thread pointer; *call: place of the call's relocation. */
	bool (*module_to_thread)(unsigned char *bytes, uint64_t len, uint64_t off, uint64_t *call);

	/* RELOC_TLS_DESC and RELOC_TLS_DESC_CALL: reads the offset from a slot at the same place.
	 */
	bool (*descriptor_to_offset)(unsigned char *bytes, uint64_t len, uint64_t off);
	bool (*descriptor_call_to_nothing)(unsigned char *bytes, uint64_t len, uint64_t off);

	/* Offset of a variable (st_value) of the program from the thread pointer. */
	int64_t (*program_offset)(const Elf64_Phdr *tls, uint64_t variable);
};

struct packer_arch {
	uint16_t machine; /* EM_* */
	const char *name; /* of the folder */
	/* Types that the packer writes itself. */
	uint32_t none, address, place, call;

	/* Dynamic relocations: of a slot with an offset, of a pair's first word, of a descriptor.
	 */
	uint32_t tls_offset, tls_module, tls_descriptor;
	const struct tls_code *tls;

	/* The row of this type, NULL if the psABI does not know it. */
	const struct reloc_type *(*reloc)(uint32_t type);

	/*
	 * Distances from the place of a RELOC_PLACE or RELOC_CALL at bytes[off] to the
	 * end of its instruction, which its addend contains: the one, or all that are
	 * possible; ends with 0.
	 */
	const int *(*tails)(const unsigned char *bytes, uint64_t off);

	/* Whether the RELOC_PLACE at bytes[off] belongs to a branch instruction. */
	bool (*is_branch)(const unsigned char *bytes, uint64_t off);

	/*
	 * The next offset from `from` on at which the distance to `wanted` may stand in an
	 * instruction; bytes[0] has the address vaddr.  len for none.  A quick look: what
	 * only looks so counts, too.
	 */
	uint64_t (*next_use)(const unsigned char *bytes, uint64_t len, uint64_t vaddr,
			     uint64_t wanted, uint64_t from);

	/*
	 * Takes out of an instruction's text, as libopcodes writes it with "@" for
	 * addresses, what the linker or the instruction's place decides.  Padding
	 * becomes "".
	 */
	void (*normalise)(char *text);

	/* Layout of the entry at word[off] of an aligned 8-byte word. */
	enum ulp_entry_layout (*entry)(const uint8_t word[8], unsigned off);

	/* What a dynamic relocation of this type asks for. */
	enum dynamic_kind (*dynamic)(uint32_t type);

	/* Where system libraries lie; ends with NULL. */
	const char *const *library_dirs;
};

/* How far behind a function's start its entry may lie, bytes: a landing pad fits, a body does not.
 */
#define ENTRY_WINDOW 16u

/* NULL if the machine is not known. */
const struct packer_arch *packer_arch_find(uint16_t machine);

extern const struct packer_arch packer_arch_x86_64;

#endif
