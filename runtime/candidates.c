/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every check is made on what was opened, never on a name, and all that is read
 * of a file is read from that one descriptor.
 */
#include "config.h"

#include "runtime/candidates.h"

#include "container/glance.h"
#include "runtime/environment.h"
#include "runtime/folder.h"
#include "runtime/loaded.h"
#include "runtime/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The engine loads no larger ones. */
#define MAX_FILE ((size_t)64 << 20)

struct search {
	struct candidates found;
	uid_t owner; /* who may own what is used, besides root */
};

static void ignored(const char *path, const char *why)
{
	message_add("ignored %s: %s", path, why);
}

static void ignored_err(const char *path, const struct ulp_err *err)
{
	message_failure("ignored ", path, err);
}

/* --- one file ------------------------------------------------------------------ */

static enum ulp_code bytes_read(int fd, size_t len, void **ret, struct ulp_err *err)
{
	char *bytes = malloc(len);

	if (!bytes)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, bytes + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(bytes);
			return n ? ulp_fail_errno(err, ULP_ESYS, "cannot read")
				 : ulp_fail(err, ULP_EFORMAT, "it has become shorter");
		}
		done += (size_t)n;
	}
	*ret = bytes;
	return ULP_OK;
}

static enum ulp_code container_read(int fd, const char *path, size_t len, struct ulp_container *c,
				    struct ulp_err *err)
{
	void *bytes = NULL;
	enum ulp_code code;

	if (len > MAX_FILE)
		return ulp_fail(err, ULP_EFORMAT, "it is larger than %zu MiB", MAX_FILE >> 20);
	code = bytes_read(fd, len, &bytes, err);
	if (code)
		return code;
	code = ulp_container_from_bytes(path, bytes, len, c, err);
	free(bytes);
	return code;
}

static enum ulp_code candidate_add(struct search *s, const struct ulp_container *c,
				   struct ulp_err *err)
{
	struct candidate *list =
		reallocarray(s->found.list, s->found.nr + 1, sizeof(*s->found.list));

	if (!list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	s->found.list = list;
	list[s->found.nr++] = (struct candidate){.container = *c};
	return ULP_OK;
}

/* First the question that most containers answer with no, by a few small reads. */
static void file_use(struct search *s, int fd, const struct stat *st, const char *path)
{
	struct ulp_build_id target;
	struct ulp_container c;
	struct ulp_err err;

	if (!ulp_container_glance(fd, &target)) {
		ignored(path, "it is not a live patch");
		return;
	}
	if (!loaded_has(&target))
		return;
	if (container_read(fd, path, (size_t)st->st_size, &c, &err)) {
		ignored_err(path, &err);
		return;
	}
	if (candidate_add(s, &c, &err)) {
		ignored_err(path, &err);
		ulp_container_close(&c);
	}
}

static void file_look(struct search *s, int folder, const char *name, const char *path)
{
	/* O_NONBLOCK: a FIFO must not keep the process waiting. */
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	const char *why = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		ignored(path, "it cannot be opened");
	} else {
		why = S_ISREG(st.st_mode) ? folder_distrust(&st, s->owner) : "it is not a file";
		if (why)
			ignored(path, why);
		else
			file_use(s, fd, &st, path);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* --- folders ------------------------------------------------------------------- */

/* Opened to be read, if it may be trusted; -1 otherwise. */
static int folder_open(const struct search *s, int at, const char *name, const char *path,
		       bool must_be_there)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	const char *why;
	struct stat st;

	if (fd < 0) {
		if (must_be_there || (errno != ENOENT && errno != ENOTDIR))
			ignored(path, errno == ENOENT	 ? "there is no such folder"
				      : errno == ENOTDIR ? "it is not a folder"
							 : "the folder cannot be opened");
		return -1;
	}
	why = fstat(fd, &st) ? "the folder cannot be looked at" : folder_distrust(&st, s->owner);
	if (!why)
		return fd;
	ignored(path, why);
	(void)close(fd);
	return -1;
}

static bool is_container_name(const char *name)
{
	const size_t len = strlen(name);

	return len > 3 && strcmp(name + len - 3, ".so") == 0;
}

static void folder_search(struct search *s, int fd, const char *path, bool deeper);

static void name_look(struct search *s, int folder, const char *name, const char *path, bool deeper)
{
	int fd;

	if (is_container_name(name)) {
		file_look(s, folder, name, path);
		return;
	}
	if (!deeper)
		return;
	fd = folder_open(s, folder, name, path, false);
	if (fd < 0)
		return;
	folder_search(s, fd, path, false);
	(void)close(fd);
}

static void folder_search(struct search *s, int fd, const char *path, bool deeper)
{
	struct folder_names names;
	struct ulp_err err;

	if (folder_names(fd, &names, &err)) {
		ignored_err(path, &err);
		return;
	}
	for (size_t i = 0; i < names.nr; i++) {
		char file[PATH_MAX];
		int len = snprintf(file, sizeof(file), "%s/%s", path, names.list[i]);

		if (len > 0 && (size_t)len < sizeof(file))
			name_look(s, fd, names.list[i], file, deeper);
		else
			ignored(path, "it has a path that is too long");
	}
	folder_names_deinit(&names);
}

/* false: there is no folder that could be read. */
static bool path_search(struct search *s, const char *path, bool must_be_there)
{
	int fd;

	/* The current folder is no place to take code from. */
	if (*path != '/') {
		ignored(path, "the path of the folder is not absolute");
		return false;
	}
	fd = folder_open(s, AT_FDCWD, path, path, must_be_there);
	if (fd < 0)
		return false;
	folder_search(s, fd, path, true);
	(void)close(fd);
	return true;
}

bool candidates_gather(struct candidates *ret, const char *folder, uid_t owner)
{
	struct search s = {.owner = owner};
	bool found = path_search(&s, folder, false);

	*ret = s.found;
	return found;
}

bool candidates_gather_paths(struct candidates *ret, const char *paths, uid_t owner)
{
	struct search s = {.owner = owner};
	char path[PATH_MAX];
	bool found = false;

	while (environment_item(&paths, path, sizeof(path)))
		if (*path)
			found |= path_search(&s, path, true);
	*ret = s.found;
	return found;
}

void candidates_deinit(struct candidates *c)
{
	for (size_t i = 0; i < c->nr; i++)
		ulp_container_close(&c->list[i].container);
	free(c->list);
	*c = (struct candidates){0};
}
