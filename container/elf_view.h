/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bounds-checked view of an ELF64 little-endian file held in memory.  Used
 * where libelf may not be: in the engine and the runtime.  Nothing here
 * allocates; all pointers borrow the bytes.  Every header, section and string
 * that an accessor returns lies inside the bytes, whatever they contain.
 */
#ifndef ULP_CONTAINER_ELF_VIEW_H
#define ULP_CONTAINER_ELF_VIEW_H

#include "container/err.h"
#include "container/patch.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ulp_elf {
	const unsigned char *bytes;
	size_t len; /* bytes */
	Elf64_Ehdr ehdr;
	size_t nr_phdrs;    /* e_phnum, checked: the table lies inside the file */
	size_t nr_sections; /* e_shnum or its extension; 0 if there is no section table */
	size_t shstrndx;
};

/*
 * Checks ident (ELFCLASS64, ELFDATA2LSB, EV_CURRENT), e_type (ET_REL, ET_EXEC
 * or ET_DYN), header sizes and that both tables lie inside the file.  Does not
 * look at e_machine.  Error: ULP_EELF with where "+0xOFFSET".
 */
ULP_MUST_CHECK enum ulp_code ulp_elf_init(struct ulp_elf *elf, const void *bytes, size_t len,
					  struct ulp_err *err);

/* The i-th header, copied (the file's may be misaligned).  i must be in range. */
Elf64_Phdr ulp_elf_phdr(const struct ulp_elf *elf, size_t i);
Elf64_Shdr ulp_elf_section(const struct ulp_elf *elf, size_t i);

/* Name of the i-th section, "" where it cannot be read. */
const char *ulp_elf_section_name(const struct ulp_elf *elf, size_t i);

/*
 * Index of the first section with this name, 0 if there is none.
 */
size_t ulp_elf_find_section(const struct ulp_elf *elf, const char *name);

/*
 * Content of a section: *data borrows, *len bytes.  SHT_NOBITS gives NULL and 0.
 * Error: ULP_EELF if it reaches past the file's end.
 */
ULP_MUST_CHECK enum ulp_code ulp_elf_section_data(const struct ulp_elf *elf, size_t i,
						  const unsigned char **data, size_t *len,
						  struct ulp_err *err);

/*
 * The file bytes that are loaded at [vaddr, vaddr + len), NULL if they are not
 * all inside the file part of one PT_LOAD segment.
 */
const unsigned char *ulp_elf_at_vaddr(const struct ulp_elf *elf, uint64_t vaddr, uint64_t len);

/*
 * GNU build ID from PT_NOTE, else from SHT_NOTE sections.  false if there is none.
 */
bool ulp_elf_build_id(const struct ulp_elf *elf, struct ulp_build_id *id);

/* The GNU build ID among notes[0..len), with the segment's alignment (4 or 8).  false: none. */
bool ulp_notes_build_id(const void *notes, size_t len, size_t align, struct ulp_build_id *id);

/*
 * How many functions of a library have patchable entries, and by which layout:
 * entries of .ulp.entries, else of __patchable_function_entries (only those
 * whose bytes look like 16,14).  0 and ULP_ENTRY_NONE if there are none.
 */
size_t ulp_elf_count_entries(const struct ulp_elf *elf, enum ulp_entry_layout *layout);

/*
 * The same, and calls visit() for each of them, in no order and with ctx.  vaddr: of
 * the instruction that a redirect overwrites.
 */
size_t ulp_elf_each_entry(const struct ulp_elf *elf, enum ulp_entry_layout *layout,
			  void (*visit)(void *ctx, uint64_t vaddr), void *ctx);

#endif
