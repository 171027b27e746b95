/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/operands.h"

#include "container/elf_view.h"
#include "container/file.h"
#include "i18n/i18n.h"

#include <errno.h>
#include <fts.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* As ulp_container_open() has it: what is larger is no container. */
#define MAX_FILE_LEN (512u << 20)

static bool failed(const struct operands *o, enum ulp_code code, const char *place,
		   const char *text)
{
	struct ulp_err err;

	(void)ulp_fail(&err, code, "%s", text);
	(void)ulp_err_at(&err, "%s", place);
	report_error(o->report, &err);
	return false;
}

static bool add(struct operands *o, struct ulp_container *c)
{
	struct ulp_container *list = reallocarray(o->containers, o->nr + 1, sizeof(*list));

	if (!list) {
		failed(o, ULP_ENOMEM, c->path, _("out of memory"));
		ulp_container_close(c);
		return false;
	}
	o->containers = list;
	list[o->nr++] = *c;
	return true;
}

static bool open_file(struct operands *o, const char *path)
{
	struct ulp_container c;
	struct ulp_err err;

	if (!ulp_container_open(path, &c, &err))
		return add(o, &c);
	report_error(o->report, &err);
	return false;
}

/* One of the files that an operand stands for: each container once. */
static bool open_expanded(struct operands *o, const char *path)
{
	size_t last;

	if (!open_file(o, path))
		return false;
	last = o->nr - 1;
	for (size_t i = 0; i < last; i++) {
		if (!ulp_build_id_equal(&o->containers[i].build_id, &o->containers[last].build_id))
			continue;
		report_remark(o->report, "%s: passed over, it is the same as %s", quoted(path).text,
			      quoted(o->containers[i].path).text);
		ulp_container_close(&o->containers[last]);
		o->nr = last;
		break;
	}
	return true;
}

/* --- folders ---------------------------------------------------------------------- */

/*
 * Whether a file is to be taken for a container, damaged or not: a shared object (as far as its
 * first bytes can tell) with a section of ours, or whose sections cannot be read.
 */
static bool looks_like_container(const unsigned char *bytes, size_t len)
{
	struct ulp_elf elf;
	Elf64_Ehdr ehdr;

	if (len < sizeof(ehdr))
		return false;
	memcpy(&ehdr, bytes, sizeof(ehdr));
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_type != ET_DYN)
		return false;
	return ulp_elf_init(&elf, bytes, len, NULL) || ulp_elf_find_section(&elf, ULP_SECTION) ||
	       ulp_elf_find_section(&elf, ULP_REV_SECTION);
}

/* Of no interest, which is no failure. */
static bool passed_over(const struct operands *o, const char *path)
{
	report_remark(o->report, "%s: passed over, it is no container", quoted(path).text);
	return true;
}

static bool open_below(struct operands *o, const char *path)
{
	unsigned char *bytes;
	struct ulp_err err;
	bool taken;
	size_t len;

	switch (ulp_file_read(path, MAX_FILE_LEN, &bytes, &len, &err)) {
	case ULP_OK:
		break;
	case ULP_EELF: /* no regular file, or a huge one */
		return passed_over(o, path);
	default:
		(void)ulp_err_at(&err, "%s", path);
		report_error(o->report, &err);
		return false;
	}
	taken = looks_like_container(bytes, len);
	free(bytes);
	if (taken)
		return open_expanded(o, path);
	return passed_over(o, path);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_link_to_file(const FTSENT *entry)
{
	struct stat st;

	return stat(entry->fts_path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool open_entry(struct operands *o, const FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_F:
		return open_below(o, entry->fts_path);
	case FTS_SL:
		return is_link_to_file(entry) ? open_below(o, entry->fts_path)
					      : passed_over(o, entry->fts_path);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return failed(o, entry->fts_errno == EACCES ? ULP_EPERM : ULP_ESYS, entry->fts_path,
			      strerror(entry->fts_errno));
	case FTS_SLNONE:
	case FTS_DEFAULT:
		return passed_over(o, entry->fts_path);
	default:
		return true;
	}
}

static bool open_tree(struct operands *o, const char *folder)
{
	char *name = strdup(folder);
	char *const names[] = {name, NULL};
	FTS *tree =
		name ? fts_open(names, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name) : NULL;
	const size_t before = o->nr;
	bool ok = true;

	if (!tree) {
		free(name);
		return failed(o, ULP_ESYS, folder, strerror(errno));
	}
	for (FTSENT *entry; (entry = fts_read(tree)) != NULL;)
		ok = open_entry(o, entry) && ok;
	(void)fts_close(tree);
	free(name);
	if (ok && o->nr == before)
		return failed(o, ULP_EUSAGE, folder, _("there is no container in this folder"));
	return ok;
}

/* --- wildcards -------------------------------------------------------------------- */

static bool open_existing(struct operands *o, const char *path, bool expanded)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (o->recursive)
			return open_tree(o, path);
		return failed(o, ULP_EELF, path,
			      _("not a regular file; of a folder, --recursive takes the containers "
				"below it"));
	}
	return expanded ? open_expanded(o, path) : open_file(o, path);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A folder that cannot be read may hold containers; one that is not there holds none. */
static int is_failure(const char *folder, int error)
{
	(void)folder;
	errno = error;
	return error != ENOENT && error != ENOTDIR && error != ELOOP;
}

static bool open_matches(struct operands *o, const char *pattern)
{
	glob_t found = {0};
	bool ok = true;
	int failure = glob(pattern, GLOB_NOSORT, is_failure, &found);

	if (failure == GLOB_NOMATCH)
		return failed(o, ULP_EUSAGE, pattern, _("no file matches this wildcard"));
	if (failure == GLOB_ABORTED && errno == EACCES)
		return failed(o, ULP_EPERM, pattern, _("a folder on its way cannot be read"));
	if (failure)
		return failed(o, failure == GLOB_NOSPACE ? ULP_ENOMEM : ULP_ESYS, pattern,
			      _("the wildcard could not be looked up"));
	/* The order of glob(3) itself depends on the language. */
	qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), by_bytes);
	for (size_t i = 0; i < found.gl_pathc; i++)
		ok = open_existing(o, found.gl_pathv[i], true) && ok;
	globfree(&found);
	return ok;
}

static void reverse(struct ulp_container *list, size_t nr)
{
	for (size_t i = 0; i < nr / 2; i++) {
		struct ulp_container c = list[i];

		list[i] = list[nr - 1 - i];
		list[nr - 1 - i] = c;
	}
}

static bool has_wildcard(const char *operand)
{
	const char *bracket = strchr(operand, '[');

	return strpbrk(operand, "*?") || (bracket && strchr(bracket, ']'));
}

bool operands_open(struct operands *o, const char *operand)
{
	const size_t before = o->nr;
	struct stat st;
	bool ok;

	if (lstat(operand, &st) != 0 && has_wildcard(operand))
		ok = open_matches(o, operand);
	else
		ok = open_existing(o, operand, false);
	if (o->descending)
		reverse(o->containers + before, o->nr - before);
	return ok;
}

void operands_close(struct operands *o)
{
	for (size_t i = 0; i < o->nr; i++)
		ulp_container_close(&o->containers[i]);
	free(o->containers);
	o->containers = NULL;
	o->nr = 0;
}
