/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Builds small ELF64 files in memory for tests: libraries (ET_DYN, ET_EXEC)
 * and objects (ET_REL).  What cannot be built is a mistake of the test and
 * ends it (assert).
 *
 *	struct eb *eb = eb_create(ET_DYN, EM_X86_64);
 *	size_t text = eb_section(eb, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code, len);
 *	eb_build_id(eb, "0123456789abcdefghij", 20);
 *	eb_soname(eb, "libx.so.1");
 *	eb_dynsym(eb, "f", ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), text, 0, 16);
 *	bytes = eb_finish(eb, &len);		(the builder is gone; free(bytes))
 *
 * Layout of a library: section headers' sh_addr are given out in the order of
 * the eb_section() calls from 0x1000 on, a new page wherever the access rights
 * change, and file offset == address: bytes[addr] is what is loaded at addr.
 * The program headers are made from that: PT_LOAD for the headers and for each
 * run of equal rights; PT_NOTE, PT_DYNAMIC, PT_TLS and PT_GNU_EH_FRAME for the
 * sections .note*, .dynamic, .tdata and .eh_frame_hdr.
 *
 * A test that wants a broken file changes the finished bytes, most easily
 * through eb_ehdr_of(), eb_phdr_of() and eb_shdr_of().
 */
#ifndef ULP_TESTS_LIB_ELF_BUILDER_H
#define ULP_TESTS_LIB_ELF_BUILDER_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

struct eb;

/* type: ET_DYN, ET_EXEC or ET_REL. */
struct eb *eb_create(uint16_t type, uint16_t machine);

/* Not needed after eb_finish().  Accepts NULL. */
void eb_destroy(struct eb *eb);

/*
 * Adds a section and returns its index.  data is copied (NULL: zeroes).
 * SHT_NOBITS takes no data.  Its alignment is 16; see eb_shdr().
 */
size_t eb_section(struct eb *eb, const char *name, uint32_t type, uint64_t flags, const void *data,
		  size_t len);

/*
 * The section's header, to read sh_addr or to change sh_link, sh_info,
 * sh_entsize, sh_flags of a section that is not loaded.  Valid until the next
 * call.  sh_link of SHT_RELA that is 0 becomes .symtab (.dynsym in a library).
 */
Elf64_Shdr *eb_shdr(struct eb *eb, size_t section);

/* The section's content, to fill in what depends on addresses.  Valid until the next eb_section().
 */
unsigned char *eb_data(struct eb *eb, size_t section);

/* .note.gnu.build-id. */
void eb_build_id(struct eb *eb, const void *id, size_t len);

/*
 * Adds to .symtab and returns the index.  section: an index or SHN_UNDEF,
 * SHN_ABS.  value counts from the section's start.  Local symbols come first.
 * info: ELF64_ST_INFO(STB_*, STT_*).
 */
size_t eb_symbol(struct eb *eb, const char *name, unsigned char info, size_t section,
		 uint64_t value, uint64_t size);

/* The same for .dynsym, which is found through .dynamic and has a DT_HASH. */
size_t eb_dynsym(struct eb *eb, const char *name, unsigned char info, size_t section,
		 uint64_t value, uint64_t size);

/* DT_SONAME, DT_NEEDED, and any other row of .dynamic. */
void eb_soname(struct eb *eb, const char *soname);
void eb_needed(struct eb *eb, const char *soname);
void eb_dynamic(struct eb *eb, int64_t tag, uint64_t value);

/* Ends the building: the file's bytes (malloc'ed, the caller frees) and their number. */
unsigned char *eb_finish(struct eb *eb, size_t *len);

/* Headers of a finished file, in place.  eb_shdr_of(): NULL if there is no section of that name. */
Elf64_Ehdr *eb_ehdr_of(unsigned char *bytes);
Elf64_Phdr *eb_phdr_of(unsigned char *bytes, size_t i);
Elf64_Shdr *eb_shdr_of(unsigned char *bytes, const char *name);

/* The first program header of this type, NULL if there is none. */
Elf64_Phdr *eb_segment_of(unsigned char *bytes, uint32_t type);

#endif
