/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "runtime/local_space.h"

#include "engine/registry_format.h"
#include "runtime/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static struct local_space *local_of(struct ulp_space *space)
{
	return (struct local_space *)(void *)space;
}

/* Where the registry's magic is in what was read, if it is. */
static void magic_show(const struct local_space *ls, uint64_t from, char *buf, size_t len)
{
	static const char magic[] = ULP_REGISTRY_MAGIC;

	for (size_t i = 0; ls->magic_at && i < sizeof(magic); i++)
		if (ls->magic_at + i - from < len)
			buf[ls->magic_at + i - from] = magic[i];
}

static enum ulp_code local_read(struct ulp_space *space, struct remote from, void *buf, size_t len,
				struct ulp_err *err)
{
	const struct local_space *ls = local_of(space);

	for (size_t done = 0; done < len;) {
		ssize_t n =
			pread(ls->mem, (char *)buf + done, len - done, (off_t)(from.addr + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return ulp_fail_errno(err, ULP_ESYS, "cannot read %zu bytes at 0x%llx", len,
					      (unsigned long long)from.addr);
		done += (size_t)n;
	}
	magic_show(ls, from.addr, buf, len);
	return ULP_OK;
}

/*
 * The kernel copies eight aligned bytes by one store.  Nobody looks: there is
 * one thread, and it is in the kernel.
 */
static enum ulp_code local_write(struct ulp_space *space, struct remote to, const void *buf,
				 size_t len, struct ulp_err *err)
{
	const struct local_space *ls = local_of(space);

	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(ls->mem, (const char *)buf + done, len - done,
				   (off_t)(to.addr + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return ulp_fail_errno(err, ULP_ESYS, "cannot write %zu bytes at 0x%llx",
					      len, (unsigned long long)to.addr);
		done += (size_t)n;
	}
	return ULP_OK;
}

static enum ulp_code local_map(struct ulp_space *space, struct remote at, size_t len, int prot,
			       bool over, struct ulp_err *err)
{
	void *wanted = (void *)(uintptr_t)at.addr;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (over ? MAP_FIXED : MAP_FIXED_NOREPLACE);
	void *got = mmap(wanted, len, prot, flags, -1, 0);

	(void)space;
	if (got == wanted)
		return ULP_OK;
	/* Linux before 4.17 takes the address for a hint. */
	if (got != MAP_FAILED) {
		(void)munmap(got, len);
		errno = EEXIST;
	}
	if (errno == EEXIST)
		return ulp_fail(err, ULP_EROOM, "something is mapped at 0x%llx already",
				(unsigned long long)at.addr);
	return ulp_fail_errno(err, errno == ENOMEM ? ULP_ENOMEM : ULP_ESYS,
			      "mmap of %zu bytes at 0x%llx", len, (unsigned long long)at.addr);
}

static enum ulp_code local_unmap(struct ulp_space *space, struct remote at, size_t len,
				 struct ulp_err *err)
{
	(void)space;
	if (munmap((void *)(uintptr_t)at.addr, len) == 0)
		return ULP_OK;
	return ulp_fail_errno(err, ULP_ESYS, "munmap of %zu bytes at 0x%llx", len,
			      (unsigned long long)at.addr);
}

static enum ulp_code local_regions(struct ulp_space *space, struct ulp_region **regions, size_t *nr,
				   struct ulp_err *err)
{
	(void)space;
	return maps_read(regions, nr, err);
}

static const struct ulp_space_ops local_ops = {
	.read = local_read,
	.write = local_write,
	.map = local_map,
	.unmap = local_unmap,
	.regions = local_regions,
};

enum ulp_code local_space_open(struct local_space *ls, struct ulp_err *err)
{
	*ls = (struct local_space){
		.space = {.ops = &local_ops, .page_size = (long)getauxval(AT_PAGESZ)},
		.mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC),
	};
	return ls->mem >= 0 ? ULP_OK : ulp_fail_errno(err, ULP_ESYS, "cannot open /proc/self/mem");
}

void local_space_close(struct local_space *ls)
{
	(void)close(ls->mem);
	ls->mem = -1;
}
