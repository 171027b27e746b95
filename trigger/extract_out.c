/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "i18n/i18n.h"
#include "trigger/extract_out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the mark's section says to those who look into it. */
static char mark_text[] = "extract for ulp-packer, version 1";

static enum ulp_code elf_fail(const struct extract_out *out, struct ulp_err *err)
{
	ulp_fail(err, ULP_EELF, "%s", elf_errmsg(-1));
	(void)ulp_err_at(err, "%s", out->path);
	return ULP_EELF;
}

static enum ulp_code sys_fail(const struct extract_out *out, const char *what, struct ulp_err *err)
{
	const enum ulp_code code = errno == EACCES || errno == EPERM ? ULP_EPERM : ULP_ESYS;

	ulp_fail_errno(err, code, "%s", _(what));
	(void)ulp_err_at(err, "%s", out->path);
	return code;
}

enum ulp_code extract_out_is_other(const char *path, const char *input, struct ulp_err *err)
{
	struct stat a, b;

	if (stat(path, &a) != 0)
		return ULP_OK;
	if (input == NULL || stat(input, &b) != 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return ULP_OK;
	ulp_fail(err, ULP_EUSAGE, "is an input: the extract must be another file");
	(void)ulp_err_at(err, "%s", path);
	return ULP_EUSAGE;
}

/* Appends a name; *at is its offset. */
static enum ulp_code add_name(struct extract_out *out, const char *name, GElf_Word *at,
			      struct ulp_err *err)
{
	const size_t len = strlen(name) + 1;
	char *longer = realloc(out->names, out->names_len + len);

	if (longer == NULL)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	memcpy(longer + out->names_len, name, len);
	*at = (GElf_Word)out->names_len;
	out->names = longer;
	out->names_len += len;
	return ULP_OK;
}

static enum ulp_code open_beside(struct extract_out *out, struct ulp_err *err)
{
	struct stat st;
	mode_t mask;

	if (stat(out->path, &st) == 0 && !S_ISREG(st.st_mode)) {
		ulp_fail(err, ULP_EUSAGE, "is there and no regular file");
		(void)ulp_err_at(err, "%s", out->path);
		return ULP_EUSAGE;
	}
	if (asprintf(&out->beside, "%s.XXXXXX", out->path) < 0) {
		out->beside = NULL;
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	}
	out->fd = mkstemp(out->beside);
	if (out->fd < 0) {
		free(out->beside);
		out->beside = NULL;
		return sys_fail(out, "cannot be written", err);
	}
	mask = umask(0);
	(void)umask(mask);
	return fchmod(out->fd, 0666 & ~mask) == 0 ? ULP_OK : sys_fail(out, "fchmod", err);
}

enum ulp_code extract_out_init(struct extract_out *out, const char *path, Elf *like,
			       struct ulp_err *err)
{
	GElf_Ehdr from, ehdr;
	GElf_Word ignored;
	enum ulp_code code;

	*out = (struct extract_out){.path = path, .fd = -1};
	code = open_beside(out, err);
	if (!code)
		code = add_name(out, "", &ignored, err);
	if (code)
		return code;
	out->elf = elf_begin(out->fd, ELF_C_WRITE, NULL);
	if (out->elf == NULL || gelf_newehdr(out->elf, ELFCLASS64) == 0 ||
	    gelf_getehdr(out->elf, &ehdr) == NULL || gelf_getehdr(like, &from) == NULL)
		return elf_fail(out, err);
	memcpy(ehdr.e_ident, from.e_ident, EI_NIDENT);
	ehdr.e_type = from.e_type;
	ehdr.e_machine = from.e_machine;
	ehdr.e_version = from.e_version;
	ehdr.e_flags = from.e_flags;
	return gelf_update_ehdr(out->elf, &ehdr) != 0 ? ULP_OK : elf_fail(out, err);
}

static Elf_Data *add_data(Elf_Scn *scn, void *bytes, size_t len, size_t align)
{
	Elf_Data *data = elf_newdata(scn);

	if (data == NULL)
		return NULL;
	/* Bytes are copied as they are, whatever they mean: no ELF_T_SYM and the like. */
	data->d_buf = bytes;
	data->d_size = len;
	data->d_align = align != 0 ? align : 1;
	data->d_type = ELF_T_BYTE;
	data->d_version = EV_CURRENT;
	return data;
}

enum ulp_code extract_out_copy(struct extract_out *out, Elf_Scn *scn, const char *name, bool bytes,
			       size_t *number, struct ulp_err *err)
{
	Elf_Scn *copy = elf_newscn(out->elf);
	Elf_Data *from = bytes ? elf_rawdata(scn, NULL) : NULL;
	GElf_Shdr shdr;
	enum ulp_code code;

	if (copy == NULL || gelf_getshdr(scn, &shdr) == NULL || (bytes && from == NULL))
		return elf_fail(out, err);
	code = add_name(out, name, &shdr.sh_name, err);
	if (code)
		return code;
	if (bytes) {
		if (add_data(copy, from->d_buf, from->d_size, shdr.sh_addralign) == NULL)
			return elf_fail(out, err);
	} else {
		Elf_Data *none = add_data(copy, NULL, shdr.sh_size, shdr.sh_addralign);

		if (none == NULL)
			return elf_fail(out, err);
		shdr.sh_type = SHT_NOBITS;
	}
	if (number != NULL)
		*number = elf_ndxscn(copy);
	return gelf_update_shdr(copy, &shdr) != 0 ? ULP_OK : elf_fail(out, err);
}

enum ulp_code extract_out_link(struct extract_out *out, size_t section, size_t linked,
			       struct ulp_err *err)
{
	Elf_Scn *scn = elf_getscn(out->elf, section);
	GElf_Shdr shdr;

	if (scn == NULL || gelf_getshdr(scn, &shdr) == NULL)
		return elf_fail(out, err);
	shdr.sh_link = (GElf_Word)linked;
	return gelf_update_shdr(scn, &shdr) != 0 ? ULP_OK : elf_fail(out, err);
}

static enum ulp_code add_mark(struct extract_out *out, const char *name, struct ulp_err *err)
{
	Elf_Scn *scn = elf_newscn(out->elf);
	GElf_Shdr shdr = {.sh_type = SHT_PROGBITS, .sh_addralign = 1};
	enum ulp_code code = add_name(out, name, &shdr.sh_name, err);

	if (code)
		return code;
	if (scn == NULL || add_data(scn, mark_text, sizeof(mark_text), 1) == NULL ||
	    gelf_update_shdr(scn, &shdr) == 0)
		return elf_fail(out, err);
	return ULP_OK;
}

/* The last section; after it `names` must not move. */
static enum ulp_code add_names(struct extract_out *out, struct ulp_err *err)
{
	Elf_Scn *scn = elf_newscn(out->elf);
	GElf_Shdr shdr = {.sh_type = SHT_STRTAB, .sh_addralign = 1};
	GElf_Ehdr ehdr;
	enum ulp_code code = add_name(out, ".shstrtab", &shdr.sh_name, err);

	if (code)
		return code;
	if (scn == NULL || add_data(scn, out->names, out->names_len, 1) == NULL ||
	    gelf_update_shdr(scn, &shdr) == 0 || gelf_getehdr(out->elf, &ehdr) == NULL)
		return elf_fail(out, err);
	ehdr.e_shstrndx = (GElf_Half)elf_ndxscn(scn);
	return gelf_update_ehdr(out->elf, &ehdr) != 0 ? ULP_OK : elf_fail(out, err);
}

static bool is_segment(const GElf_Shdr *shdr)
{
	return (shdr->sh_flags & SHF_ALLOC) != 0 && shdr->sh_type != SHT_NOBITS &&
	       shdr->sh_size != 0;
}

static size_t count_segments(Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	size_t nr = 0;

	while ((scn = elf_nextscn(elf, scn)) != NULL)
		if (gelf_getshdr(scn, &shdr) != NULL && is_segment(&shdr))
			nr += shdr.sh_type == SHT_NOTE ? 2 : 1;
	return nr;
}

static GElf_Word segment_flags(const GElf_Shdr *shdr)
{
	GElf_Word flags = PF_R;

	if ((shdr->sh_flags & SHF_WRITE) != 0)
		flags |= PF_W;
	if ((shdr->sh_flags & SHF_EXECINSTR) != 0)
		flags |= PF_X;
	return flags;
}

/* After the layout is known: a PT_LOAD for each section with bytes, and PT_NOTE for notes. */
static enum ulp_code fill_segments(struct extract_out *out, struct ulp_err *err)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	int nr = 0;

	while ((scn = elf_nextscn(out->elf, scn)) != NULL) {
		GElf_Phdr phdr;

		if (gelf_getshdr(scn, &shdr) == NULL)
			return elf_fail(out, err);
		if (!is_segment(&shdr))
			continue;
		phdr = (GElf_Phdr){
			.p_type = PT_LOAD,
			.p_flags = segment_flags(&shdr),
			.p_offset = shdr.sh_offset,
			.p_vaddr = shdr.sh_addr,
			.p_paddr = shdr.sh_addr,
			.p_filesz = shdr.sh_size,
			.p_memsz = shdr.sh_size,
			.p_align = 1,
		};
		if (gelf_update_phdr(out->elf, nr++, &phdr) == 0)
			return elf_fail(out, err);
		if (shdr.sh_type != SHT_NOTE)
			continue;
		phdr.p_type = PT_NOTE;
		phdr.p_align = shdr.sh_addralign;
		if (gelf_update_phdr(out->elf, nr++, &phdr) == 0)
			return elf_fail(out, err);
	}
	return ULP_OK;
}

static enum ulp_code lay_out(struct extract_out *out, struct ulp_err *err)
{
	enum ulp_code code;
	int64_t len;

	if (gelf_newphdr(out->elf, count_segments(out->elf)) == 0 ||
	    elf_update(out->elf, ELF_C_NULL) < 0)
		return elf_fail(out, err);
	code = fill_segments(out, err);
	if (code)
		return code;
	len = elf_update(out->elf, ELF_C_WRITE);
	if (len < 0)
		return elf_fail(out, err);
	out->len = (uint64_t)len;
	return ULP_OK;
}

enum ulp_code extract_out_finish(struct extract_out *out, const char *mark, struct ulp_err *err)
{
	enum ulp_code code = add_mark(out, mark, err);

	if (!code)
		code = add_names(out, err);
	if (!code)
		code = lay_out(out, err);
	if (code)
		return code;
	if (fsync(out->fd) != 0 || rename(out->beside, out->path) != 0)
		return sys_fail(out, "cannot be written", err);
	free(out->beside);
	out->beside = NULL;
	return ULP_OK;
}

void extract_out_deinit(struct extract_out *out)
{
	if (out->elf != NULL)
		(void)elf_end(out->elf);
	if (out->fd >= 0)
		(void)close(out->fd);
	if (out->beside != NULL)
		(void)unlink(out->beside);
	free(out->beside);
	free(out->names);
	*out = (struct extract_out){.fd = -1};
}
