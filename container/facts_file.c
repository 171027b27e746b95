/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the section of facts out of the file that has it. */
#include "config.h"

#include "container/facts_file.h"

#include "container/debug_file.h"
#include "container/elf_handle.h"

#include <stdlib.h>

/* zlib and zstd pack text some 5 times; what promises far more is no text. */
#define MAX_PACKED 1024

/* Unpacks a section that is compressed.  libelf believes the size that is promised: look first. */
static enum ulp_code unpack(Elf_Scn *scn, const GElf_Shdr *shdr, struct ulp_err *err)
{
	GElf_Chdr chdr;

	if ((shdr->sh_flags & SHF_COMPRESSED) == 0)
		return ULP_OK;
	if (gelf_getchdr(scn, &chdr) == NULL)
		return ulp_fail(err, ULP_EFORMAT, "the compressed section is damaged: %s",
				elf_errmsg(-1));
	if (chdr.ch_size > ULP_FACTS_MAX_LEN || chdr.ch_size / MAX_PACKED > shdr->sh_size)
		return ulp_fail(err, ULP_EFORMAT,
				"the compressed section promises %llu bytes, which cannot be",
				(unsigned long long)chdr.ch_size);
	if (elf_compress(scn, 0, 0) < 0)
		return ulp_fail(err, ULP_EFORMAT, "the section cannot be decompressed: %s",
				elf_errmsg(-1));
	return ULP_OK;
}

static bool is_linked(const struct ulp_elf_handle *file)
{
	GElf_Ehdr ehdr;

	return gelf_getehdr(file->elf, &ehdr) != NULL && ehdr.e_type != ET_REL;
}

static enum ulp_code read_section(const struct ulp_elf_handle *file, Elf_Scn *scn,
				  const GElf_Shdr *shdr, struct ulp_facts *facts,
				  struct ulp_err *err)
{
	enum ulp_code code = unpack(scn, shdr, err);
	Elf_Data *data;

	if (code == ULP_OK) {
		data = elf_rawdata(scn, NULL);
		if (data != NULL && data->d_buf != NULL)
			return ulp_facts_read(data->d_buf, data->d_size, is_linked(file), facts,
					      err);
		code = ulp_fail(err, ULP_EELF, "the section cannot be read: %s", elf_errmsg(-1));
	}
	(void)ulp_err_at(err, ULP_FACTS_SECTION);
	return code;
}

/* Reads the facts of a file that has been seen to have them. */
static enum ulp_code read_file(const char *path, struct ulp_facts *facts, struct ulp_err *err)
{
	struct ulp_elf_handle file;
	GElf_Shdr shdr;
	Elf_Scn *scn;
	enum ulp_code code = ulp_elf_handle_open(&file, path, err);

	if (code != ULP_OK)
		return code;
	scn = ulp_elf_handle_section(&file, ULP_FACTS_SECTION, &shdr);
	if (scn != NULL)
		code = read_section(&file, scn, &shdr, facts, err);
	else
		code = ulp_fail(err, ULP_EELF, "the file has changed meanwhile");
	if (code != ULP_OK)
		(void)ulp_err_at(err, "%s", path);
	ulp_elf_handle_close(&file);
	return code;
}

enum ulp_code ulp_facts_open(const char *path, const char *debug_file, struct ulp_facts *facts,
			     struct ulp_err *err)
{
	char *found;
	enum ulp_code code = ulp_debug_file_find(path, debug_file, ULP_FACTS_SECTION, &found, err);

	if (code != ULP_OK)
		return code;
	if (found == NULL) {
		code = ulp_fail(err, ULP_ENOFACTS,
				debug_file != NULL
					? ULP_TEXT("neither the file nor its debug file has the "
						   "plugin's facts")
					: ULP_TEXT("the file has no facts, and no debug file with "
						   "facts is here: build it with the plugin, or "
						   "name its debug file"));
		(void)ulp_err_at(err, "%s", path);
		return code;
	}
	code = read_file(found, facts, err);
	free(found);
	return code;
}
