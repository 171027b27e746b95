/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/own_space.h"

#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

static enum ulp_code own_read(struct ulp_space *space, struct remote from, void *buf, size_t len,
			      struct ulp_err *err)
{
	struct iovec local = {buf, len};
	struct iovec remote = {(void *)(uintptr_t)from.addr, len};

	(void)space;
	/* A system call, and not memcpy(): it says EFAULT where memcpy() would crash. */
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)len)
		return ULP_OK;
	return ulp_fail_errno(err, ULP_ESYS, "cannot read own memory");
}

static enum ulp_code own_write(struct ulp_space *space, struct remote to, const void *buf,
			       size_t len, struct ulp_err *err)
{
	(void)space, (void)to, (void)buf, (void)len, (void)err;
	abort();
}

static enum ulp_code own_map(struct ulp_space *space, struct remote at, size_t len, int prot,
			     bool over, struct ulp_err *err)
{
	(void)space, (void)at, (void)len, (void)prot, (void)over, (void)err;
	abort();
}

static enum ulp_code own_unmap(struct ulp_space *space, struct remote at, size_t len,
			       struct ulp_err *err)
{
	(void)space, (void)at, (void)len, (void)err;
	abort();
}

static enum ulp_code own_regions(struct ulp_space *space, struct ulp_region **regions, size_t *nr,
				 struct ulp_err *err)
{
	(void)space, (void)err;
	*regions = NULL;
	*nr = 0;
	return ULP_OK;
}

struct ulp_space own_space(void)
{
	static const struct ulp_space_ops ops = {
		.read = own_read,
		.write = own_write,
		.map = own_map,
		.unmap = own_unmap,
		.regions = own_regions,
	};

	return (struct ulp_space){.ops = &ops, .page_size = sysconf(_SC_PAGESIZE)};
}
