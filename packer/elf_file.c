/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ELF files and their symbol tables in memory. */
#include "config.h"

#include "packer/elf_file.h"

#include "i18n/i18n.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *path_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum ulp_code read_all(int fd, unsigned char *bytes, size_t len, struct ulp_err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = read(fd, bytes + done, len - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ulp_fail_errno(err, ULP_ESYS, "cannot be read");
		if (got == 0)
			return ulp_fail(err, ULP_ESYS, "became shorter while it was read");
		done += (size_t)got;
	}
	return ULP_OK;
}

static enum ulp_code read_open(struct pool *pool, int fd, size_t max, const unsigned char **bytes,
			       size_t *len, struct ulp_err *err)
{
	unsigned char *buffer;
	enum ulp_code code;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ulp_fail_errno(err, ULP_ESYS, "cannot be examined");
	if (!S_ISREG(st.st_mode))
		return ulp_fail(err, ULP_ESYS, "is not a regular file");
	if ((uintmax_t)st.st_size > max)
		return ulp_fail(err, ULP_ESYS, "is larger than %zu bytes", max);
	buffer = pool_alloc(pool, (size_t)st.st_size + 1, 1);
	code = read_all(fd, buffer, (size_t)st.st_size, err);
	if (code)
		return code;
	*bytes = buffer;
	*len = (size_t)st.st_size;
	return ULP_OK;
}

enum ulp_code file_read(struct pool *pool, const char *path, size_t max,
			const unsigned char **bytes, size_t *len, struct ulp_err *err)
{
	enum ulp_code code;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		ulp_fail_errno(err, ULP_ESYS, "cannot be opened");
		ulp_err_at(err, "%s", path);
		return ULP_ESYS;
	}
	code = read_open(pool, fd, max, bytes, len, err);
	if (code)
		ulp_err_at(err, "%s", path);
	close(fd);
	return code;
}

bool file_is_elf(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char magic[SELFMAG];
	bool is;

	if (fd < 0)
		return false;
	is = pread(fd, magic, SELFMAG, 0) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
	close(fd);
	return is;
}

enum ulp_code elf_file_read(struct pool *pool, const char *path, struct elf_file *file,
			    struct ulp_err *err)
{
	struct elf_file f = {.path = pool_strdup(pool, path)};
	enum ulp_code code;

	f.base_name = path_base_name(f.path);
	code = file_read(pool, path, ELF_FILE_MAX_LEN, &f.bytes, &f.len, err);
	if (code)
		return code;
	if (f.len < SELFMAG || memcmp(f.bytes, ELFMAG, SELFMAG) != 0)
		code = ulp_fail(err, ULP_EELF, "not an ELF file");
	else
		code = ulp_elf_init(&f.elf, f.bytes, f.len, err);
	if (code) {
		ulp_err_at(err, "%s", path);
		return code;
	}
	*file = f;
	return ULP_OK;
}

size_t elf_file_find_type(const struct elf_file *file, uint32_t type)
{
	for (size_t i = 1; i < file->elf.nr_sections; i++)
		if (ulp_elf_section(&file->elf, i).sh_type == type)
			return i;
	return 0;
}

enum ulp_code elf_file_data(const struct elf_file *file, size_t i, const unsigned char **data,
			    size_t *len, struct ulp_err *err)
{
	enum ulp_code code;

	if (i == 0 || i >= file->elf.nr_sections) {
		ulp_fail(err, ULP_EELF, "section %zu does not exist", i);
		ulp_err_at(err, "%s", file->path);
		return ULP_EELF;
	}
	code = ulp_elf_section_data(&file->elf, i, data, len, err);
	if (code)
		ulp_err_at(err, "%s", file->path);
	return code;
}

enum ulp_code elf_file_records(const struct elf_file *file, size_t i, struct elf_records *records,
			       struct ulp_err *err)
{
	return elf_file_data(file, i, &records->bytes, &records->len, err);
}

bool elf_records_next(struct elf_records *records, void *record, size_t size)
{
	if (records->len < size)
		return false;
	memcpy(record, records->bytes, size);
	records->bytes += size;
	records->len -= size;
	return true;
}

const char *elf_string(const unsigned char *table, size_t len, uint64_t off)
{
	if (off >= len || !memchr(table + off, 0, len - off))
		return NULL;
	return (const char *)table + off;
}

/* The version that .symver wrote into an object's symbol name: foo@V or foo@@V. */
static void split_version(struct pool *pool, struct elf_symbol *s)
{
	const char *at = strchr(s->name, '@');

	if (!at || at == s->name)
		return;
	s->version = at + 1 + strspn(at + 1, "@");
	s->version_hidden = at[1] != '@';
	s->name = pool_strndup(pool, s->name, (size_t)(at - s->name));
}

static enum ulp_code symbol_fail(const struct elf_file *file, size_t i, size_t symbol,
				 const char *what, struct ulp_err *err)
{
	ulp_fail(err, ULP_EELF, "symbol %zu %s", symbol, _(what));
	ulp_err_at(err, "%s: %s", file->path, ulp_elf_section_name(&file->elf, i));
	return ULP_EELF;
}

enum ulp_code elf_symbols_read(struct pool *pool, const struct elf_file *file, size_t i,
			       struct elf_symbol **symbols, size_t *nr, struct ulp_err *err)
{
	const Elf64_Shdr shdr = ulp_elf_section(&file->elf, i);
	const unsigned char *data, *strings;
	size_t len, strings_len;
	const char *name_of_file = "";
	size_t file_no = 0;
	struct elf_symbol *list;
	enum ulp_code code;

	code = elf_file_data(file, i, &data, &len, err);
	if (!code)
		code = elf_file_data(file, shdr.sh_link, &strings, &strings_len, err);
	if (code)
		return code;
	list = pool_alloc(pool, len / sizeof(Elf64_Sym) + 1, sizeof(*list));
	for (size_t k = 0; k < len / sizeof(Elf64_Sym); k++) {
		struct elf_symbol *s = &list[k];
		Elf64_Sym raw;

		memcpy(&raw, data + k * sizeof(raw), sizeof(raw));
		s->name = elf_string(strings, strings_len, raw.st_name);
		if (!s->name)
			return symbol_fail(file, i, k, "has a name outside the string table", err);
		s->value = raw.st_value;
		s->size = raw.st_size;
		s->shndx = raw.st_shndx;
		s->type = ELF64_ST_TYPE(raw.st_info);
		s->bind = ELF64_ST_BIND(raw.st_info);
		s->visible = ELF64_ST_VISIBILITY(raw.st_other);
		s->version = s->from = s->file = "";
		if (s->type == STT_FILE) {
			name_of_file = path_base_name(s->name);
			file_no = *name_of_file ? k : 0;
		}
		if (s->bind == STB_LOCAL) {
			s->file = name_of_file;
			s->file_no = file_no;
		} else {
			split_version(pool, s);
		}
	}
	*symbols = list;
	*nr = len / sizeof(Elf64_Sym);
	return ULP_OK;
}
