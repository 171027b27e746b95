/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The address space of another process, for the engine.
 */
#include "config.h"

#include "trigger/memory.h"
#include "trigger/own_indirect.h"
#include "trigger/remote_space.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct remote_space *remote_of(struct ulp_space *space)
{
	return (struct remote_space *)(void *)space;
}

static enum ulp_code remote_read(struct ulp_space *space, struct remote from, void *buf, size_t len,
				 struct ulp_err *err)
{
	return memory_read(remote_of(space)->proc, from.addr, buf, len, err);
}

static pid_t stopped_tid(const struct remote_space *rs)
{
	return rs->session == NULL ? 0 : session_stopped_tid(rs->session);
}

static enum ulp_code remote_read_many(struct ulp_space *space, const struct space_piece *pieces,
				      size_t nr, struct ulp_err *err)
{
	struct remote_space *rs = remote_of(space);

	return memory_read_many(rs->proc, stopped_tid(rs), pieces, nr, err);
}

static enum ulp_code remote_write(struct ulp_space *space, struct remote to, const void *buf,
				  size_t len, struct ulp_err *err)
{
	struct remote_space *rs = remote_of(space);

	return memory_write(rs->proc, stopped_tid(rs), to.addr, buf, len, err);
}

static enum ulp_code remote_write_many(struct ulp_space *space, const struct space_piece *pieces,
				       size_t nr, struct ulp_err *err)
{
	struct remote_space *rs = remote_of(space);

	return memory_write_many(rs->proc, stopped_tid(rs), pieces, nr, err);
}

static enum ulp_code remote_syscall(struct remote_space *rs, long nr, const uint64_t args[6],
				    int64_t *ret, struct ulp_err *err)
{
	if (rs->session == NULL) {
		errno = EBUSY;
		return ulp_fail_errno(err, ULP_ESYS, "no thread is borrowed");
	}
	return session_syscall(rs->session, nr, args, ret, err);
}

static enum ulp_code unmap(struct remote_space *rs, uint64_t at, size_t len, struct ulp_err *err)
{
	const uint64_t args[6] = {at, len};
	int64_t ret = 0;
	enum ulp_code code = remote_syscall(rs, SYS_munmap, args, &ret, err);

	if (code != ULP_OK || ret == 0)
		return code;
	errno = (int)-ret;
	return ulp_fail_errno(err, ULP_ESYS, "munmap of %zu bytes at 0x%llx in the process", len,
			      (unsigned long long)at);
}

static enum ulp_code not_mapped(uint64_t at, size_t len, int error, struct ulp_err *err)
{
	if (error == EEXIST)
		return ulp_fail(err, ULP_EROOM, "something is mapped at 0x%llx already",
				(unsigned long long)at);
	errno = error;
	return ulp_fail_errno(err, error == ENOMEM ? ULP_ENOMEM : ULP_ESYS,
			      "mmap of %zu bytes at 0x%llx in the process", len,
			      (unsigned long long)at);
}

static enum ulp_code remote_map(struct ulp_space *space, struct remote at, size_t len, int prot,
				bool over, struct ulp_err *err)
{
	struct remote_space *rs = remote_of(space);
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (over ? MAP_FIXED : MAP_FIXED_NOREPLACE);
	const uint64_t args[6] = {at.addr, len, (uint64_t)prot, (uint64_t)flags, UINT64_MAX, 0};
	int64_t ret = 0;
	enum ulp_code code = remote_syscall(rs, SYS_mmap, args, &ret, err);

	if (code != ULP_OK)
		return code;
	if ((uint64_t)ret == at.addr)
		return ULP_OK;
	if (ret < 0 && ret >= -4095)
		return not_mapped(at.addr, len, (int)-ret, err);
	/* Linux before 4.17 takes the address for a hint. */
	code = unmap(rs, (uint64_t)ret, len, err);
	return code != ULP_OK ? code : not_mapped(at.addr, len, EEXIST, err);
}

static enum ulp_code remote_unmap(struct ulp_space *space, struct remote at, size_t len,
				  struct ulp_err *err)
{
	return unmap(remote_of(space), at.addr, len, err);
}

static enum ulp_code remote_regions(struct ulp_space *space, struct ulp_region **regions,
				    size_t *nr, struct ulp_err *err)
{
	return process_regions(remote_of(space)->proc, regions, NULL, nr, err);
}

/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGE_OF_FILE (1ull << 61)
#define PAGE_SWAPPED (1ull << 62)
#define PAGE_PRESENT (1ull << 63)

static bool remote_is_copied(struct ulp_space *space, struct remote at)
{
	const uint64_t page = at.addr / (uint64_t)space->page_size;
	uint64_t entry = 0;
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", remote_of(space)->proc->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = pread(fd, &entry, sizeof(entry), (off_t)(page * sizeof(entry)));
	close(fd);
	return n == (ssize_t)sizeof(entry) && entry & (PAGE_PRESENT | PAGE_SWAPPED) &&
	       !(entry & PAGE_OF_FILE);
}

/* Both processes run on this machine, and the same build of a library chooses the same. */
static bool remote_indirect(struct ulp_space *space, const struct ulp_build_id *object,
			    const char *name, const char *version, struct ulp_build_id *in,
			    uint64_t *off)
{
	(void)space;
	return own_indirect(object, name, version, in, off);
}

static const struct ulp_space_ops remote_ops = {
	.read = remote_read,
	.read_many = remote_read_many,
	.write = remote_write,
	.write_many = remote_write_many,
	.map = remote_map,
	.unmap = remote_unmap,
	.regions = remote_regions,
	.is_copied = remote_is_copied,
	.indirect = remote_indirect,
};

void remote_space_init(struct remote_space *rs, const struct process *proc)
{
	*rs = (struct remote_space){
		.space = {.ops = &remote_ops, .page_size = sysconf(_SC_PAGESIZE)},
		.proc = proc,
	};
}
