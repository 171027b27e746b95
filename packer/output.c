/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing the container, whole or not at all. */
#include "config.h"

#include "packer/output.h"

#include "packer/workdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mode that open() would have given the file. */
static mode_t usual_mode(void)
{
	const mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static enum ulp_code fill(int fd, const void *bytes, size_t len, struct ulp_err *err)
{
	enum ulp_code code = write_all(fd, bytes, len, err);

	if (!code && fchmod(fd, usual_mode()) < 0)
		code = ulp_fail_errno(err, ULP_ESYS, "its mode cannot be set");
	if (!code && fsync(fd) < 0)
		code = ulp_fail_errno(err, ULP_ESYS, "cannot be written");
	return code;
}

/* Renaming onto a device or a pipe would take it away from everybody. */
static enum ulp_code check_place(const char *path, struct ulp_err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		ulp_fail(err, ULP_EUSAGE, "there is something that is no regular file");
		ulp_err_at(err, "%s", path);
		return ULP_EUSAGE;
	}
	return ULP_OK;
}

enum ulp_code output_check_inputs(const char *path, const char *const *inputs, size_t nr,
				  struct ulp_err *err)
{
	struct stat out, in;

	if (stat(path, &out) < 0)
		return ULP_OK;
	for (size_t i = 0; i < nr; i++) {
		if (!inputs[i] || stat(inputs[i], &in) < 0 || in.st_dev != out.st_dev ||
		    in.st_ino != out.st_ino)
			continue;
		ulp_fail(err, ULP_EUSAGE, "is an input of this packing; give another file with -o");
		ulp_err_at(err, "%s", path);
		return ULP_EUSAGE;
	}
	return ULP_OK;
}

enum ulp_code output_write(struct pool *pool, const char *path, const void *bytes, size_t len,
			   struct ulp_err *err)
{
	char *beside = pool_printf(pool, "%s.XXXXXX", path);
	enum ulp_code code = check_place(path, err);
	int fd;

	if (code)
		return code;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		ulp_fail_errno(err, ULP_ESYS, "cannot be written");
		ulp_err_at(err, "%s", path);
		return ULP_ESYS;
	}
	code = fill(fd, bytes, len, err);
	if (close(fd) < 0 && !code)
		code = ulp_fail_errno(err, ULP_ESYS, "cannot be written");
	if (!code && rename(beside, path) < 0)
		code = ulp_fail_errno(err, ULP_ESYS, "cannot be replaced");
	if (code) {
		(void)unlink(beside);
		ulp_err_at(err, "%s", path);
	}
	return code;
}
