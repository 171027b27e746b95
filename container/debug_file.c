/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "container/debug_file.h"

#include "container/elf_handle.h"
#include "container/patch.h"

#include <elfutils/libdwelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEBUG_ROOT "/usr/lib/debug"

struct search {
	const char *path; /* the library */
	const char *section;
	struct ulp_build_id id; /* the library's */
	char *found;		/* malloc'ed; NULL as long as there is none */
	struct ulp_err *err;
};

static enum ulp_code take(struct search *s, const char *path)
{
	s->found = strdup(path);
	return s->found != NULL ? ULP_OK : ulp_fail(s->err, ULP_ENOMEM, "no memory for a path");
}

static bool has_section(const struct search *s, const struct ulp_elf_handle *file)
{
	GElf_Shdr shdr;

	return ulp_elf_handle_section(file, s->section, &shdr) != NULL;
}

static struct ulp_build_id build_id_of(const struct ulp_elf_handle *file)
{
	struct ulp_build_id id = {0};
	const void *bytes;
	ssize_t len = dwelf_elf_gnu_build_id(file->elf, &bytes);

	if (len > 0 && len <= ULP_BUILD_ID_MAX) {
		id.len = (uint32_t)len;
		memcpy(id.bytes, bytes, (size_t)len);
	}
	return id;
}

static bool same_build(const struct ulp_build_id *a, const struct ulp_build_id *b)
{
	return a->len != 0 && ulp_build_id_equal(a, b);
}

/* The debug file that the user has named. */
static enum ulp_code look_into_named(struct search *s, const char *path)
{
	struct ulp_elf_handle debug;
	struct ulp_build_id id;
	enum ulp_code code = ulp_elf_handle_open(&debug, path, s->err);

	if (code != ULP_OK)
		return code;
	id = build_id_of(&debug);
	if (!same_build(&s->id, &id)) {
		if (s->id.len == 0)
			code = ulp_fail(s->err, ULP_EMISMATCH,
					"the library has no build ID to compare with");
		else if (id.len == 0)
			code = ulp_fail(s->err, ULP_EMISMATCH,
					"it has no build ID to compare with");
		else
			code = ulp_fail(s->err, ULP_EMISMATCH,
					"it is the debug file of another build");
		(void)ulp_err_at(s->err, "%s", path);
	} else if (has_section(s, &debug)) {
		code = take(s, path);
	}
	ulp_elf_handle_close(&debug);
	return code;
}

/* A file that may be the debug file: what cannot be opened is none. */
static enum ulp_code look_into(struct search *s, const char *path)
{
	struct ulp_elf_handle debug;
	struct ulp_build_id id;
	enum ulp_code code = ULP_OK;

	if (ulp_elf_handle_open(&debug, path, NULL) != ULP_OK)
		return ULP_OK;
	id = build_id_of(&debug);
	if (same_build(&s->id, &id) && has_section(s, &debug))
		code = take(s, path);
	ulp_elf_handle_close(&debug);
	return code;
}

/* DEBUG_ROOT/.build-id/12/345678.debug */
static enum ulp_code look_by_build_id(struct search *s)
{
	char hex[2 * ULP_BUILD_ID_MAX + 1];
	char path[sizeof(DEBUG_ROOT "/.build-id//.debug") + sizeof(hex)];

	if (s->id.len < 2)
		return ULP_OK;
	(void)ulp_build_id_format(&s->id, hex, sizeof(hex));
	snprintf(path, sizeof(path), DEBUG_ROOT "/.build-id/%.2s/%s.debug", hex, hex + 2);
	return look_into(s, path);
}

/* The link's file beside the library, in .debug there, and in the same folder of DEBUG_ROOT. */
static enum ulp_code look_beside(struct search *s, const char *folder, const char *link)
{
	static const char *const places[][2] = {{"", "/"}, {"", "/.debug/"}, {DEBUG_ROOT, "/"}};
	enum ulp_code code = ULP_OK;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char *path;

		if (asprintf(&path, "%s%s%s%s", places[i][0], folder, places[i][1], link) < 0)
			return ulp_fail(s->err, ULP_ENOMEM, "no memory for a path");
		code = look_into(s, path);
		free(path);
		if (code != ULP_OK || s->found != NULL)
			return code;
	}
	return ULP_OK;
}

static enum ulp_code look_by_debuglink(struct search *s, const struct ulp_elf_handle *file)
{
	GElf_Word crc; /* not looked at: the build ID says more */
	const char *link = dwelf_elf_gnu_debuglink(file->elf, &crc);
	char *folder;
	enum ulp_code code;

	/* It is the name of a file; a file from elsewhere may not lead to any other place. */
	if (link == NULL || strchr(link, '/') != NULL)
		return ULP_OK;
	folder = realpath(s->path, NULL);
	if (folder == NULL)
		return ULP_OK;
	*strrchr(folder, '/') = '\0';
	code = look_beside(s, folder, link);
	free(folder);
	return code;
}

static enum ulp_code search(struct search *s, const struct ulp_elf_handle *file,
			    const char *debug_file)
{
	enum ulp_code code;

	if (has_section(s, file))
		return take(s, s->path);
	s->id = build_id_of(file);
	if (debug_file != NULL)
		return look_into_named(s, debug_file);
	code = look_by_build_id(s);
	if (code == ULP_OK && s->found == NULL)
		code = look_by_debuglink(s, file);
	return code;
}

enum ulp_code ulp_debug_file_find(const char *path, const char *debug_file, const char *section,
				  char **found, struct ulp_err *err)
{
	struct search s = {.path = path, .section = section, .err = err};
	struct ulp_elf_handle file;
	enum ulp_code code = ulp_elf_handle_open(&file, path, err);

	if (code != ULP_OK)
		return code;
	code = search(&s, &file, debug_file);
	ulp_elf_handle_close(&file);
	if (code == ULP_OK)
		*found = s.found;
	return code;
}
