/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The compiled fix: a relocatable object as sections, symbols and relocations,
 * with what the selection decides about each (see select.h); or an already linked
 * one in the same form (see linked.h).
 */
#ifndef ULP_PACKER_OBJECT_H
#define ULP_PACKER_OBJECT_H

#include "packer/arch/arch.h"
#include "packer/elf_file.h"

/* What happens to a relocation of a section that comes along. */
enum reloc_action {
	RELOC_KEEP = 0, /* the linker resolves it inside the container */
	RELOC_IMPORT,	/* refers to imports[index], of type `new_type` */
	RELOC_RECORD,	/* taken out: references[index] tells the engine what to do */
	RELOC_DROP,	/* taken out: the section's bytes are right as they are */
	RELOC_SLOT,	/* refers to slots[index] of its object, of type `new_type` */
};

/*
 * No place or distance in a file is as large: user addresses have at most 56 bits (x86-64 with
 * five levels of page tables).  What is beyond is refused when a file is read, so that no sum
 * of an addend and a place overflows.
 */
#define OBJECT_MAX_DISTANCE (INT64_C(1) << 56)

static inline bool object_addend_fits(int64_t addend)
{
	return addend > -OBJECT_MAX_DISTANCE && addend < OBJECT_MAX_DISTANCE;
}

struct object_reloc {
	uint64_t off; /* in its section */
	uint32_t type;
	uint32_t symbol;
	int64_t addend;
	enum reloc_action action;
	size_t index;
	uint32_t new_type;
	int64_t new_addend;
	size_t file_off; /* of a linked object: where the record lies in the file */
};

/* What a section holds, as far as binding is concerned. */
enum section_class {
	SECTION_OTHER, /* not loaded: debug information, symbol tables, notes for the linker */
	SECTION_CODE,
	SECTION_READ_ONLY, /* also what only the dynamic linker writes (.data.rel.ro) */
	SECTION_WRITABLE,
	SECTION_UNWIND, /* .eh_frame: goes with its functions */
	SECTION_THREAD, /* thread-local */
};

struct object_section {
	const char *name;
	Elf64_Shdr shdr;
	enum section_class class;
	const unsigned char *bytes; /* NULL for SHT_NOBITS */
	unsigned char *edited;	    /* the same once they are a changed copy, see object_edit() */
	size_t len;
	struct object_reloc *relocs; /* sorted by offset */
	size_t nr_relocs;
	const char *new_name; /* in the rewritten object; NULL: the same */
	bool kept;	      /* comes along */
	bool visited;	      /* its relocations have been followed */
};

/* Where a symbol of the object leads. */
enum disposition {
	BOUND_NOT_YET = 0,
	BOUND_REPLACED, /* a function of the spec: the new one in the container */
	BOUND_IMPORT,	/* by the process's normal lookup: imports[index] */
	BOUND_PRIVATE,	/* to a symbol of the target that is not exported */
	BOUND_BROUGHT,	/* comes along in the container */
};

struct object_symbol {
	struct elf_symbol elf;
	enum disposition bound;
	size_t import;			 /* of BOUND_IMPORT */
	const struct elf_symbol *target; /* of BOUND_PRIVATE */
	const char *target_name;	 /* of BOUND_PRIVATE */
	struct object *home;		 /* of BOUND_REPLACED and BOUND_BROUGHT: the object ... */
	size_t home_symbol;		 /* ... and symbol that define it */
	const char *exported;		 /* of a replaced function: its name in the container */
};

/* An 8-byte cell that gets the address of a private symbol, or has a fixed value: our own GOT. */
struct slot {
	const char *name;
	uint64_t value; /* vaddr of the symbol in the target; of a constant: what is in it */
	bool constant;
	size_t reference; /* which of the references fills it; none of a constant */
};

struct object {
	struct elf_file file;
	const char *source; /* base name of its STT_FILE, "" if it has none */
	size_t file_no;	    /* which of the target's files of that name it is, see correlate.h */
	struct object_section *sections;
	size_t nr_sections;
	struct object_symbol *symbols;
	size_t nr_symbols;
	size_t symtab; /* index of the section; of a linked one: of .dynsym */
	struct slot *slots;
	size_t nr_slots;
	size_t slots_cap;
	bool linked;	/* a shared object rather than a relocatable one, see linked.h */
	size_t dynsyms; /* of a linked one: which of the symbols is the first of .dynsym */
};

/* As elf_file_read(), but what is not ELF is told what an object is. */
ULP_MUST_CHECK enum ulp_code object_file_read(struct pool *pool, const char *path,
					      struct elf_file *file, struct ulp_err *err);

/*
 * Reads and checks an object for this machine, a relocatable or (see linked.h) a linked one.
 * Errors (where: file, section): ULP_ESYS; ULP_EELF (neither of both, no
 * symbol table, damage); ULP_EARCH; ULP_EUNSUP (more than 65280 sections, only
 * LTO bytecode, REL relocations), those of linked_read().
 */
ULP_MUST_CHECK enum ulp_code object_read(struct pool *pool, const char *path,
					 const struct packer_arch *arch, struct object *object,
					 struct ulp_err *err);

/* The content of a section, to be changed: the file's own bytes stay as they are. */
unsigned char *object_edit(struct pool *pool, struct object_section *section);

/* Section that defines the symbol, NULL for undefined, absolute and common ones. */
struct object_section *object_symbol_section(const struct object *object, size_t symbol);

/* Index of the global (or weak) definition of this name, 0 for none. */
size_t object_find_global(const struct object *object, const char *name);

/* Index of the (first) function defined under this name, 0 for none. */
size_t object_find_function(const struct object *object, const char *name);

/* How many functions are defined under this name: a linked object may have several static ones. */
size_t object_count_functions(const struct object *object, const char *name);

/* Whether this source file (by its base name) was compiled into the object. */
bool object_has_source(const struct object *object, const char *path);

/* "foo.c:12 (x.o: .text.foo+0x3)", or without the source line where it is not known. */
const char *object_place(struct pool *pool, const struct object *object, size_t section,
			 uint64_t off);

#endif
