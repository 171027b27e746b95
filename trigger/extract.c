/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sections of an extract, by libelf. */
#include "config.h"

#include "trigger/extract.h"

#include "container/debug_file.h"
#include "container/elf_handle.h"
#include "container/entry.h"
#include "container/facts_format.h"
#include "trigger/extract_out.h"

#include <stdlib.h>
#include <string.h>

/* What may come from another file, by the section that tells which; the first two are wanted. */
enum part {
	PART_SYMBOLS,
	PART_FACTS,
	PART_TYPES,
	NR_PARTS,
};

static const char *const part_marks[NR_PARTS] = {".symtab", ULP_FACTS_SECTION, ".debug_info"};

/*
 * .debug_info and what its attributes refer to: abbreviations, strings, addresses, ranges, and
 * .debug_line for the names of files (DWARF 5, figure B.1).
 */
static const char *const type_sections[] = {
	".debug_info",	      ".debug_abbrev", ".debug_str",	    ".debug_line_str",
	".debug_str_offsets", ".debug_addr",   ".debug_ranges",	    ".debug_line",
	".debug_rnglists",    ".debug_types",  ".gnu_debugaltlink",
};

struct extract {
	struct ulp_elf_handle library;
	struct ulp_elf_handle parts[NR_PARTS];
	bool has[NR_PARTS];
	struct extract_out out;
};

static enum ulp_code elf_fail(const struct ulp_elf_handle *file, struct ulp_err *err)
{
	ulp_fail(err, ULP_EELF, "%s", elf_errmsg(-1));
	(void)ulp_err_at(err, "%s", file->path);
	return ULP_EELF;
}

static const char *section_name(const struct ulp_elf_handle *file, const GElf_Shdr *shdr)
{
	size_t names;
	const char *name;

	if (elf_getshdrstrndx(file->elf, &names) != 0)
		return "";
	name = elf_strptr(file->elf, names, shdr->sh_name);
	return name != NULL ? name : "";
}

/* Whether the packer looks at the bytes of a loaded section. */
static bool is_looked_at(const GElf_Shdr *shdr, const char *name)
{
	switch (shdr->sh_type) {
	case SHT_NOBITS:
	case SHT_HASH:
	case SHT_GNU_HASH:
		return false;
	case SHT_PROGBITS:
		return (shdr->sh_flags & (SHF_EXECINSTR | SHF_WRITE)) != 0 ||
		       strcmp(name, ULP_ENTRIES_SECTION) == 0 || strcmp(name, ULP_PFE_SECTION) == 0;
	default:
		return true;
	}
}

/* Loaded sections keep their numbers, which symbols refer to: so they must come first. */
static enum ulp_code copy_loaded(struct extract *x, struct ulp_err *err)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	size_t nr = 0;

	while ((scn = elf_nextscn(x->library.elf, scn)) != NULL) {
		enum ulp_code code;

		if (gelf_getshdr(scn, &shdr) == NULL)
			return elf_fail(&x->library, err);
		if ((shdr.sh_flags & SHF_ALLOC) == 0)
			continue;
		if (elf_ndxscn(scn) != ++nr) {
			ulp_fail(err, ULP_EELF,
				 "section %zu is loaded but stands behind others "
				 "that are not",
				 elf_ndxscn(scn));
			(void)ulp_err_at(err, "%s", x->library.path);
			return ULP_EELF;
		}
		code = extract_out_copy(&x->out, scn, section_name(&x->library, &shdr),
					is_looked_at(&shdr, section_name(&x->library, &shdr)), NULL,
					err);
		if (code)
			return code;
	}
	return ULP_OK;
}

/* A section of another file by its name; that it is not there is no error. */
static enum ulp_code copy_named(struct extract *x, enum part part, const char *name, size_t *number,
				struct ulp_err *err)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = ulp_elf_handle_section(&x->parts[part], name, &shdr);

	if (scn == NULL)
		return ULP_OK;
	/* May make it larger, and then leaves it as it is: 0. */
	if ((shdr.sh_flags & SHF_COMPRESSED) == 0 && part != PART_SYMBOLS &&
	    elf_compress(scn, ELFCOMPRESS_ZLIB, 0) < 0)
		return elf_fail(&x->parts[part], err);
	return extract_out_copy(&x->out, scn, name, true, number, err);
}

static enum ulp_code copy_symbols(struct extract *x, struct ulp_err *err)
{
	size_t symbols = 0, strings = 0;
	enum ulp_code code;

	if (!x->has[PART_SYMBOLS])
		return ULP_OK;
	code = copy_named(x, PART_SYMBOLS, ".symtab", &symbols, err);
	if (!code)
		code = copy_named(x, PART_SYMBOLS, ".strtab", &strings, err);
	return code ? code : extract_out_link(&x->out, symbols, strings, err);
}

static enum ulp_code copy_parts(struct extract *x, struct ulp_err *err)
{
	enum ulp_code code = copy_symbols(x, err);

	if (!code && x->has[PART_FACTS])
		code = copy_named(x, PART_FACTS, ULP_FACTS_SECTION, NULL, err);
	for (size_t i = 0;
	     !code && x->has[PART_TYPES] && i < sizeof(type_sections) / sizeof(type_sections[0]);
	     i++)
		code = copy_named(x, PART_TYPES, type_sections[i], NULL, err);
	return code;
}

/* --- the inputs ------------------------------------------------------------------ */

static enum ulp_code check_library(const struct extract *x, struct ulp_err *err)
{
	GElf_Ehdr ehdr;
	GElf_Shdr shdr;

	if (gelf_getehdr(x->library.elf, &ehdr) == NULL)
		return elf_fail(&x->library, err);
	if (ehdr.e_type != ET_DYN && ehdr.e_type != ET_EXEC)
		ulp_fail(err, ULP_EELF, "neither a shared library nor an executable");
	else if (ulp_elf_handle_section(&x->library, EXTRACT_SECTION, &shdr) != NULL)
		ulp_fail(err, ULP_EELF, "is an extract already");
	else if (ulp_elf_handle_section(&x->library, ".text", &shdr) == NULL)
		ulp_fail(err, ULP_EELF, "has no code: give the library, not its debug file");
	else
		return ULP_OK;
	(void)ulp_err_at(err, "%s", x->library.path);
	return ULP_EELF;
}

static enum ulp_code open_part(struct extract *x, enum part part, const char *debug_file,
			       char **paths, struct ulp_err *err)
{
	enum ulp_code code = ulp_debug_file_find(x->library.path, debug_file, part_marks[part],
						 &paths[part], err);

	if (code || paths[part] == NULL)
		return code;
	code = ulp_elf_handle_open(&x->parts[part], paths[part], err);
	if (!code)
		x->has[part] = true;
	return code;
}

static void close_all(struct extract *x, char **paths)
{
	extract_out_deinit(&x->out);
	for (size_t i = 0; i < NR_PARTS; i++) {
		if (x->has[i])
			ulp_elf_handle_close(&x->parts[i]);
		free(paths[i]);
	}
	ulp_elf_handle_close(&x->library);
}

static enum ulp_code make(struct extract *x, const char *debug_file, const char *out, char **paths,
			  struct ulp_err *err)
{
	enum ulp_code code = check_library(x, err);

	for (size_t i = 0; !code && i < NR_PARTS; i++)
		code = open_part(x, (enum part)i, debug_file, paths, err);
	for (size_t i = 0; !code && i < NR_PARTS; i++)
		code = extract_out_is_other(out, paths[i], err);
	if (!code)
		code = extract_out_is_other(out, x->library.path, err);
	if (!code)
		code = extract_out_init(&x->out, out, x->library.elf, err);
	if (!code)
		code = copy_loaded(x, err);
	if (!code)
		code = copy_parts(x, err);
	return code ? code : extract_out_finish(&x->out, EXTRACT_SECTION, err);
}

enum ulp_code extract_write(const char *library, const char *debug_file, const char *out,
			    struct extract_result *result, struct ulp_err *err)
{
	struct extract x = {.out.fd = -1};
	char *paths[NR_PARTS] = {NULL};
	enum ulp_code code = ulp_elf_handle_open(&x.library, library, err);

	if (code)
		return code;
	code = make(&x, debug_file, out, paths, err);
	if (!code)
		*result = (struct extract_result){
			.symbols = x.has[PART_SYMBOLS],
			.facts = x.has[PART_FACTS],
			.types = x.has[PART_TYPES],
			.len = x.out.len,
		};
	close_all(&x, paths);
	return code;
}
