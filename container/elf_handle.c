/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "container/elf_handle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void ulp_elf_handle_close(struct ulp_elf_handle *file)
{
	if (file->elf != NULL)
		elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
}

static enum ulp_code open_failed(struct ulp_err *err)
{
	return ulp_fail_errno(err, errno == EACCES || errno == EPERM ? ULP_EPERM : ULP_ESYS,
			      "cannot open");
}

static enum ulp_code begin(struct ulp_elf_handle *file, struct ulp_err *err)
{
	GElf_Ehdr ehdr;
	struct stat st;

	if (fstat(file->fd, &st) != 0)
		return ulp_fail_errno(err, ULP_ESYS, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return ulp_fail(err, ULP_EELF, "not a regular file");
	if (elf_version(EV_CURRENT) == EV_NONE)
		return ulp_fail(err, ULP_EELF, "libelf is too old: %s", elf_errmsg(-1));
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (file->elf == NULL || elf_kind(file->elf) != ELF_K_ELF ||
	    gelf_getehdr(file->elf, &ehdr) == NULL)
		return ulp_fail(err, ULP_EELF, "not an ELF file");
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_ident[EI_DATA] != ELFDATA2LSB)
		return ulp_fail(err, ULP_EELF, "not a 64-bit little-endian ELF file");
	return ULP_OK;
}

enum ulp_code ulp_elf_handle_open(struct ulp_elf_handle *file, const char *path,
				  struct ulp_err *err)
{
	enum ulp_code code;

	/* O_NONBLOCK: a FIFO must not keep us waiting; regular files do not care. */
	*file = (struct ulp_elf_handle){
		.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
	code = file->fd < 0 ? open_failed(err) : begin(file, err);
	if (code != ULP_OK) {
		ulp_elf_handle_close(file);
		(void)ulp_err_at(err, "%s", path);
	}
	return code;
}

Elf_Scn *ulp_elf_handle_section(const struct ulp_elf_handle *file, const char *name,
				GElf_Shdr *shdr)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(file->elf, &names) != 0)
		return NULL;
	while ((scn = elf_nextscn(file->elf, scn)) != NULL) {
		const char *own;

		if (gelf_getshdr(scn, shdr) == NULL)
			continue;
		own = elf_strptr(file->elf, names, shdr->sh_name);
		if (own != NULL && strcmp(own, name) == 0 && shdr->sh_type != SHT_NOBITS &&
		    shdr->sh_size != 0)
			return scn;
	}
	return NULL;
}
