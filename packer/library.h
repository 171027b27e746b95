/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a shared library (or executable) shows to the dynamic linker, and the
 * libraries that a target needs, which provide what it does not define.
 */
#ifndef ULP_PACKER_LIBRARY_H
#define ULP_PACKER_LIBRARY_H

#include "packer/arch/arch.h"
#include "packer/elf_file.h"

struct library {
	struct elf_file file;
	const char *soname; /* DT_SONAME, else the file's name */
	bool is_program;    /* a position-dependent or -independent executable */
	struct ulp_build_id build_id;
	const char **needed; /* DT_NEEDED */
	size_t nr_needed;
	struct elf_symbol *dynsyms;
	size_t nr_dynsyms;
};

/* The libraries that a target needs, directly or not, in the order of their search. */
struct providers {
	struct library *libraries;
	size_t nr_libraries;
	size_t cap;
	const char **missing; /* sonames that no directory has */
	size_t nr_missing;
	size_t missing_cap;
};

/* Where libraries are looked for: beside the target, -L, the system's. */
struct search_path {
	const char **dirs;
	size_t nr_dirs;
	size_t cap;
};

/*
 * Errors: ULP_ESYS, ULP_EELF (no ELF file, neither library nor executable,
 * damaged tables).
 */
ULP_MUST_CHECK enum ulp_code library_open(struct pool *pool, const char *path,
					  struct library *library, struct ulp_err *err);

/*
 * The definition of `name` that library exports: this version of it, or for
 * version NULL the default one.  NULL if there is none.
 */
const struct elf_symbol *library_export(const struct library *library, const char *name,
					const char *version);

/* The undefined dynamic symbol of this name, NULL if the library does not import it. */
const struct elf_symbol *library_import(const struct library *library, const char *name);

void search_path_add(struct search_path *path, struct pool *pool, const char *dir);

/* Path of the first file of this name in the directories, NULL for none. */
const char *search_path_find(const struct search_path *path, struct pool *pool, const char *name);

/*
 * Opens what `library` needs and what that needs; files for another machine
 * are passed over.  A library that is not found is no error here: see missing.
 */
ULP_MUST_CHECK enum ulp_code providers_open(struct pool *pool, const struct library *library,
					    const struct search_path *path,
					    struct providers *providers, struct ulp_err *err);

/* The first provider that exports `name`; *symbol is its definition.  NULL for none. */
const struct library *providers_find(const struct providers *providers, const char *name,
				     const char *version, const struct elf_symbol **symbol);

#endif
