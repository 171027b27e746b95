/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The temporary folder. */
#include "config.h"

#include "packer/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum ulp_code workdir_init(struct pool *pool, struct workdir *dir, struct ulp_err *err)
{
	const char *base = getenv("TMPDIR");
	char *path = pool_printf(pool, "%s/ulp-packer.XXXXXX", base && *base ? base : "/tmp");

	if (!mkdtemp(path))
		return ulp_fail_errno(err, ULP_ESYS, "no temporary folder %s", path);
	dir->path = path;
	return ULP_OK;
}

void workdir_deinit(struct workdir *dir)
{
	struct dirent *entry;
	DIR *list;

	if (!dir->path)
		return;
	list = opendir(dir->path);
	while (list && (entry = readdir(list)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(list), entry->d_name, 0);
	if (list)
		closedir(list);
	(void)rmdir(dir->path);
	dir->path = NULL;
}

const char *workdir_file(struct pool *pool, const struct workdir *dir, const char *name)
{
	return pool_printf(pool, "%s/%s", dir->path, name);
}

enum ulp_code write_all(int fd, const void *bytes, size_t len, struct ulp_err *err)
{
	const unsigned char *at = bytes;

	while (len) {
		ssize_t done = write(fd, at, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return ulp_fail_errno(err, ULP_ESYS, "cannot be written");
		at += done;
		len -= (size_t)done;
	}
	return ULP_OK;
}

enum ulp_code workdir_write(struct pool *pool, const struct workdir *dir, const char *name,
			    const void *bytes, size_t len, struct ulp_err *err)
{
	const char *path = workdir_file(pool, dir, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum ulp_code code;

	if (fd < 0)
		return ulp_fail_errno(err, ULP_ESYS, "%s cannot be written", path);
	code = write_all(fd, bytes, len, err);
	if (close(fd) < 0 && !code)
		code = ulp_fail_errno(err, ULP_ESYS, "cannot be written");
	if (code)
		ulp_err_at(err, "%s", path);
	return code;
}
