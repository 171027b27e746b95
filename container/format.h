/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of the sections .ulp and .ulp.rev; ulp-container(5) is the prose.
 *
 *   +--------+---------------------+---------+---------+-----+---------+
 *   | header | table of contents   | chunk 0 | chunk 1 | ... | strings |
 *   +--------+---------------------+---------+---------+-----+---------+
 *
 * Everything is little-endian and fixed-width, all offsets count from the
 * start of the section.  Chunks lie in the order of their rows, each at the
 * next multiple of 8, with nothing but zeroes between them and nothing after
 * the last; one without records is left out.
 * A string is an offset into the STRINGS chunk, which starts and ends with a
 * NUL; offset 0 is the empty string.  Strings have no control characters, but
 * for tabs and newlines in the description.  Both sections are not loaded (no
 * SHF_ALLOC), of type SHT_PROGBITS.  Only patch_read() and patch_write() look
 * at these structures.
 */
#ifndef ULP_CONTAINER_FORMAT_H
#define ULP_CONTAINER_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define ULP_SECTION ".ulp"
#define ULP_REV_SECTION ".ulp.rev"

#define ULP_MAGIC "ULPATCH"	/* eight bytes with the NUL */
#define ULP_REV_MAGIC "ULPREVT" /* eight bytes with the NUL */
/*
 * The version counts up when there is something that an older reader does not know.
 * A section says the lowest one that has all of what is in it, so that older
 * readers read what they can.  2: RELATIONS, ACCEPTS, GUARDS, ULP_CONSISTENCY_LIBRARY.
 */
#define ULP_FORMAT_VERSION 2
#define ULP_FORMAT_OLDEST 1

/* No section of a sane container is larger; bounds what the reader touches. */
#define ULP_FORMAT_MAX_LEN (64u << 20)

/* A patch's name with ".so" is a file name (NAME_MAX of POSIX: 255 bytes at most). */
#define ULP_PATCH_NAME_MAX 200u /* bytes */

/* More than anybody means to write; bound what is compared with each other. */
#define ULP_MAX_RELATIONS 1024u
#define ULP_MAX_ACCEPTS 1024u

/* A GNU build ID: 20 bytes for SHA-1, 16 for MD5/UUID; ld --build-id=0x... may be longer. */
#define ULP_BUILD_ID_MAX 32

struct ulp_wire_header {
	uint8_t magic[8];
	uint16_t version;    /* ULP_FORMAT_OLDEST .. ULP_FORMAT_VERSION */
	uint16_t header_len; /* sizeof(struct ulp_wire_header) */
	uint16_t machine;    /* e_machine of the container */
	uint16_t nr_chunks;
	uint32_t total_len; /* of the section's content */
	uint32_t reserved;  /* 0 */
	uint64_t checksum;  /* FNV-1a, 64 bit, of all that follows the header */
};
_Static_assert(sizeof(struct ulp_wire_header) == 32, "wire size");

enum ulp_chunk_id {
	ULP_CHUNK_META = 1,	  /* exactly one record */
	ULP_CHUNK_LABELS = 2,	  /* any number */
	ULP_CHUNK_TARGET = 3,	  /* exactly one record */
	ULP_CHUNK_FUNCTIONS = 4,  /* at least one record */
	ULP_CHUNK_IMPORTS = 5,	  /* any number; .ulp only */
	ULP_CHUNK_REFERENCES = 6, /* any number; .ulp only */
	ULP_CHUNK_STRINGS = 7,	  /* bytes; record_len 1 */
	ULP_CHUNK_RELATIONS = 8,  /* up to ULP_MAX_RELATIONS; .ulp only; version 2 */
	ULP_CHUNK_ACCEPTS = 9,	  /* up to ULP_MAX_ACCEPTS; .ulp only; version 2 */
	ULP_CHUNK_GUARDS = 10,	  /* any number; .ulp only; version 2 */
	ULP_NR_CHUNK_IDS,	  /* not an id */
};

/* One row of the table of contents.  Each id occurs at most once; unknown ids are refused. */
struct ulp_wire_chunk {
	uint32_t id;
	uint32_t record_len; /* sizeof the record of this version */
	uint32_t off;
	uint32_t len; /* a multiple of record_len */
};
_Static_assert(sizeof(struct ulp_wire_chunk) == 16, "wire size");

struct ulp_wire_meta {
	uint32_t name;	      /* string, not empty */
	uint32_t description; /* string */
	uint32_t consistency; /* enum ulp_consistency */
	uint32_t reserved;    /* 0 */
};
_Static_assert(sizeof(struct ulp_wire_meta) == 16, "wire size");

struct ulp_wire_label {
	uint32_t text; /* string, not empty */
};
_Static_assert(sizeof(struct ulp_wire_label) == 4, "wire size");

struct ulp_wire_target {
	uint32_t soname;       /* string; DT_SONAME, or the file's name for an executable */
	uint32_t build_id_len; /* bytes, 1 .. ULP_BUILD_ID_MAX */
	uint8_t build_id[ULP_BUILD_ID_MAX];
};
_Static_assert(sizeof(struct ulp_wire_target) == 40, "wire size");

/* A function to replace.  vaddr: link-time virtual address, as st_value has it. */
struct ulp_wire_function {
	uint32_t old_name;     /* string, not empty: its name in the target */
	uint32_t new_name;     /* string, not empty: its name in the container */
	uint64_t old_vaddr;    /* in the target */
	uint64_t old_size;     /* bytes, > 0 */
	uint64_t old_checksum; /* FNV-1a, 64 bit, of those bytes as the target's file has them */
	uint64_t entry_vaddr;  /* in the target: the instruction that is overwritten */
	uint64_t word_vaddr;   /* in the target: the aligned 8-byte word that holds it */
	uint8_t word[8];       /* what the file has there */
	uint64_t new_vaddr;    /* in the container; 0 in .ulp.rev */
	uint64_t new_size;     /* bytes; 0 in .ulp.rev */
	uint32_t layout;       /* enum ulp_entry_layout */
	uint32_t reserved;     /* 0 */
};
_Static_assert(sizeof(struct ulp_wire_function) == 80, "wire size");

/* An undefined symbol of the container's .dynsym, bound by the process's normal lookup. */
struct ulp_wire_import {
	uint32_t name;	   /* string, not empty */
	uint32_t version;  /* string: symbol version, "" for none */
	uint32_t provider; /* string: soname of the library that had it when packing, "" unknown */
	uint32_t flags;	   /* ULP_IMPORT_* */
};
_Static_assert(sizeof(struct ulp_wire_import) == 16, "wire size");
#define ULP_IMPORT_WEAK 1u /* resolves to 0 where nobody defines it */

/* A place in the container that refers to a private (local or hidden) symbol of the target. */
struct ulp_wire_reference {
	uint32_t name;	/* string, not empty: the symbol's name in the target */
	uint32_t type;	/* relocation type of the machine's psABI: R_X86_64_PC32, ... */
	uint64_t place; /* vaddr in the container */
	uint64_t value; /* vaddr of the symbol in the target */
	int64_t addend;
};
_Static_assert(sizeof(struct ulp_wire_reference) == 32, "wire size");

/* Another live patch that this one has to do with. */
struct ulp_wire_relation {
	uint32_t name; /* string, 1 .. ULP_PATCH_NAME_MAX bytes; each once, and not the patch's own
			*/
	uint32_t kind; /* enum ulp_relation_kind */
};
_Static_assert(sizeof(struct ulp_wire_relation) == 8, "wire size");

/* A refusal of the packer that the author has overruled; to be shown. */
struct ulp_wire_accept {
	uint32_t refusal; /* string, not empty: the packer's word for it */
	uint32_t name;	  /* string, not empty: the type, function or variable that it is about */
	uint32_t reason;  /* string, not empty: why that is right */
};
_Static_assert(sizeof(struct ulp_wire_accept) == 12, "wire size");

/*
 * More of the target's code that must not be in use when the functions are redirected:
 * their unlikely parts, and bodies that are left without callers.
 */
struct ulp_wire_guard {
	uint32_t name;	   /* string, not empty: its symbol */
	uint32_t reserved; /* 0 */
	uint64_t vaddr;	   /* in the target */
	uint64_t size;	   /* bytes, > 0 */
};
_Static_assert(sizeof(struct ulp_wire_guard) == 24, "wire size");

#endif
