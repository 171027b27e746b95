/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An ELF file in memory and its symbol tables, read through the bounds-checked
 * view of container/: objects, targets, libraries, debug files and the
 * linker's result alike.  All memory belongs to the pool.
 */
#ifndef ULP_PACKER_ELF_FILE_H
#define ULP_PACKER_ELF_FILE_H

#include "container/elf_view.h"
#include "packer/pool.h"

/* Larger files are refused before they are read. */
#define ELF_FILE_MAX_LEN ((size_t)4 << 30)

struct elf_file {
	const char *path;      /* as given */
	const char *base_name; /* points into path */
	const unsigned char *bytes;
	size_t len; /* bytes */
	struct ulp_elf elf;
};

/* One symbol of .symtab or .dynsym. */
struct elf_symbol {
	const char *name;      /* without @VERSION; "" for none */
	const char *version;   /* "" for none */
	const char *from;      /* of an undefined one with a version: the library it is wanted of */
	const char *file;      /* of a local one: the STT_FILE before it; "" for none */
	size_t file_no;	       /* index of that STT_FILE symbol; 0 for none */
	uint64_t value;	       /* vaddr; in ET_REL: offset in its section */
	uint64_t size;	       /* bytes */
	uint32_t shndx;	       /* SHN_* or the section's index */
	unsigned char type;    /* STT_* */
	unsigned char bind;    /* STB_* */
	unsigned char visible; /* STV_* */
	bool version_hidden;   /* name@VERSION rather than name@@VERSION */
};

/*
 * Reads a whole file into the pool.  max: bytes.  len may be 0.
 * Errors: ULP_ESYS (where is the path).
 */
ULP_MUST_CHECK enum ulp_code file_read(struct pool *pool, const char *path, size_t max,
				       const unsigned char **bytes, size_t *len,
				       struct ulp_err *err);

/* Whether it is a regular file that begins as ELF files do; false also where it cannot be read. */
bool file_is_elf(const char *path);

/* Errors: ULP_ESYS, ULP_EELF; where starts with the path. */
ULP_MUST_CHECK enum ulp_code elf_file_read(struct pool *pool, const char *path,
					   struct elf_file *file, struct ulp_err *err);

/* Part of a path behind the last '/'. */
const char *path_base_name(const char *path);

/* Index of the first section of this sh_type, 0 for none. */
size_t elf_file_find_type(const struct elf_file *file, uint32_t type);

/*
 * Content of section i, but ULP_EELF (where: path and section) also for one
 * without bytes in the file, unless that is its type.
 */
ULP_MUST_CHECK enum ulp_code elf_file_data(const struct elf_file *file, size_t i,
					   const unsigned char **data, size_t *len,
					   struct ulp_err *err);

/* What is left of a section that consists of records of one size: relocations, tags, addresses. */
struct elf_records {
	const unsigned char *bytes;
	size_t len;
};

/* All records of section i.  Errors: those of elf_file_data(). */
ULP_MUST_CHECK enum ulp_code elf_file_records(const struct elf_file *file, size_t i,
					      struct elf_records *records, struct ulp_err *err);

/* Copies the next record, which need not be aligned in the file; false: no whole one is left. */
bool elf_records_next(struct elf_records *records, void *record, size_t size);

/* The string at off of a string table, NULL if it does not end inside of it. */
const char *elf_string(const unsigned char *table, size_t len, uint64_t off);

/*
 * The symbols of section i (SHT_SYMTAB or SHT_DYNSYM), index for index, the
 * null symbol included.  Versions are filled in by elf_versions_read().
 */
ULP_MUST_CHECK enum ulp_code elf_symbols_read(struct pool *pool, const struct elf_file *file,
					      size_t i, struct elf_symbol **symbols, size_t *nr,
					      struct ulp_err *err);

/*
 * Adds the versions to the symbols of .dynsym, from .gnu.version,
 * .gnu.version_d and .gnu.version_r; nothing where these are missing.
 * Error: ULP_EELF for damaged tables.
 */
ULP_MUST_CHECK enum ulp_code elf_versions_read(struct pool *pool, const struct elf_file *file,
					       struct elf_symbol *symbols, size_t nr,
					       struct ulp_err *err);

#endif
