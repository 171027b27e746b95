/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "container/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until want bytes or the file's end.  *got: bytes read. */
static enum ulp_code read_all(int fd, unsigned char *bytes, size_t want, size_t *got,
			      struct ulp_err *err)
{
	size_t done = 0;

	while (done < want) {
		ssize_t n = read(fd, bytes + done, want - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ulp_fail_errno(err, ULP_ESYS, "cannot read");
		if (n == 0)
			break;
		done += (size_t)n;
	}
	*got = done;
	return ULP_OK;
}

static enum ulp_code read_regular(int fd, uint64_t max, unsigned char **bytes, size_t *len,
				  struct ulp_err *err)
{
	struct stat st;
	unsigned char *block;
	enum ulp_code code;

	if (fstat(fd, &st) != 0)
		return ulp_fail_errno(err, ULP_ESYS, "cannot look at it");
	if (!S_ISREG(st.st_mode))
		return ulp_fail(err, ULP_EELF, "not a regular file");
	if ((uint64_t)st.st_size > max)
		return ulp_fail(err, ULP_EELF, "too large: more than %llu MiB",
				(unsigned long long)(max >> 20));
	block = malloc((size_t)st.st_size + 1); /* not of size 0, which may give NULL */
	if (!block)
		return ulp_fail(err, ULP_ENOMEM, "no memory for %lld bytes", (long long)st.st_size);
	code = read_all(fd, block, (size_t)st.st_size, len, err);
	if (code) {
		free(block);
		return code;
	}
	*bytes = block;
	return ULP_OK;
}

enum ulp_code ulp_file_read(const char *path, uint64_t max, unsigned char **bytes, size_t *len,
			    struct ulp_err *err)
{
	/* O_NONBLOCK: a FIFO must not keep us waiting; regular files do not care. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum ulp_code code;

	/* No error names it by its place: a script's variable may have been empty. */
	if (fd < 0 && !*path)
		return ulp_fail(err, ULP_EUSAGE, "the name of the file is empty");
	if (fd < 0)
		return ulp_fail_errno(err, errno == EACCES || errno == EPERM ? ULP_EPERM : ULP_ESYS,
				      "cannot open");
	code = read_regular(fd, max, bytes, len, err);
	close(fd);
	return code;
}
