/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the packer has to know of a machine: one const table for each, found
 * by e_machine, so that containers can be packed on another machine.
 */
#ifndef ULP_PACKER_ARCH_H
#define ULP_PACKER_ARCH_H

#include "container/entry.h"

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
	RELOC_TLS_GOT, /* the distance to a slot that holds a thread-local variable's offset */
	RELOC_TLS,     /* anything else thread-local */
	RELOC_REFUSED, /* see `why` */
};

struct reloc_type {
	uint32_t type;
	const char *name; /* R_... */
	enum reloc_kind kind;
	const char *why; /* of RELOC_REFUSED: the remedy */
};

struct packer_arch {
	uint16_t machine; /* EM_* */
	const char *name; /* of the folder */
	/* Types that the packer writes itself. */
	uint32_t none, address, place, call;

	/* The dynamic relocation of a slot that RELOC_TLS_GOT refers to. */
	uint32_t tls_offset;

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

	/* Layout of the entry at word[off] of an aligned 8-byte word. */
	enum ulp_entry_layout (*entry)(const uint8_t word[8], unsigned off);

	/* Whether the engine handles this dynamic relocation in a container. */
	bool (*dynamic_ok)(uint32_t type);

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
