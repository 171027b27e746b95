/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads and writes the memory of another process.
 */
#include "config.h"

#include "trigger/memory.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

/* The code of the failure that errno describes; leaves errno as it is. */
static enum ulp_code no_access(const struct process *proc)
{
	const int number = errno;
	const bool alive = process_alive(proc);

	errno = number;
	if (number == ESRCH || !alive)
		return ULP_EGONE;
	return number == EPERM || number == EACCES ? ULP_EPERM : ULP_ESYS;
}

static enum ulp_code gone(struct ulp_err *err)
{
	return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
}

static enum ulp_code no_read(const struct process *proc, uint64_t addr, size_t len,
			     struct ulp_err *err)
{
	const enum ulp_code code = no_access(proc);

	if (code == ULP_EGONE)
		return gone(err);
	return ulp_fail_errno(err, code, "cannot read %zu bytes at 0x%llx", len,
			      (unsigned long long)addr);
}

static enum ulp_code no_write(const struct process *proc, uint64_t addr, size_t len,
			      struct ulp_err *err)
{
	const enum ulp_code code = no_access(proc);

	if (code == ULP_EGONE)
		return gone(err);
	return ulp_fail_errno(err, code, "cannot write %zu bytes at 0x%llx", len,
			      (unsigned long long)addr);
}

/* /proc/PID/mem takes addresses as file offsets, which are signed. */
static bool is_addressable(uint64_t addr, size_t len)
{
	uint64_t end;

	return !__builtin_add_overflow(addr, len, &end) && end <= INT64_MAX;
}

enum ulp_code memory_read(const struct process *proc, uint64_t from, void *buf, size_t len,
			  struct ulp_err *err)
{
	unsigned char *out = buf;

	if (!is_addressable(from, len)) {
		errno = EFAULT;
		return no_read(proc, from, len, err);
	}
	while (len > 0) {
		ssize_t n = pread(proc->mem_fd, out, len, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		/* The end of the file: the program's memory is no more. */
		if (n == 0)
			return gone(err);
		if (n < 0)
			return no_read(proc, from, len, err);
		out += n;
		from += (uint64_t)n;
		len -= (size_t)n;
	}
	return ULP_OK;
}

/* So many at most by one call, so that the lists fit on the stack (IOV_MAX is 1024). */
#define MAX_PIECES 256u

/* What process_vm_readv(2) and process_vm_writev(2) take.  Returns the number of bytes. */
static size_t lists_make(const struct space_piece *pieces, size_t nr, struct iovec *ours,
			 struct iovec *theirs)
{
	size_t len = 0;

	for (size_t i = 0; i < nr; i++) {
		ours[i] = (struct iovec){pieces[i].buf, pieces[i].len};
		theirs[i] = (struct iovec){(void *)(uintptr_t)pieces[i].at, pieces[i].len};
		len += pieces[i].len;
	}
	return len;
}

/*
 * false: not all could be read so.  process_vm_readv(2) costs less than read(2) for each
 * piece, but not every kernel has it, and it does not read what the process itself may not.
 */
static bool read_by_list(pid_t tid, const struct space_piece *pieces, size_t nr)
{
	struct iovec to[MAX_PIECES], from[MAX_PIECES];
	const size_t len = lists_make(pieces, nr, to, from);
	ssize_t n;

	do
		n = process_vm_readv(tid, to, nr, from, nr, 0);
	while (n < 0 && errno == EINTR);
	return n >= 0 && (size_t)n == len;
}

/*
 * How many were written.  process_vm_writev(2) goes through them in their order
 * (process_vm_rw_core() in mm/process_vm_access.c), and ends before one that lies in memory that
 * the process itself may not write.
 */
static size_t write_by_list(pid_t tid, const struct space_piece *pieces, size_t nr)
{
	struct iovec from[MAX_PIECES], to[MAX_PIECES];
	size_t done = 0;
	ssize_t n;

	(void)lists_make(pieces, nr, from, to);
	do
		n = process_vm_writev(tid, from, nr, to, nr, 0);
	while (n < 0 && errno == EINTR);
	while (n > 0 && done < nr && (size_t)n >= pieces[done].len)
		n -= (ssize_t)pieces[done++].len;
	return done;
}

enum ulp_code memory_read_many(const struct process *proc, pid_t tid,
			       const struct space_piece *pieces, size_t nr, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	for (size_t done = 0; done < nr && code == ULP_OK;) {
		const size_t part = nr - done < MAX_PIECES ? nr - done : MAX_PIECES;
		const bool all = tid != 0 && read_by_list(tid, &pieces[done], part);

		for (size_t i = done; i < done + part && !all && code == ULP_OK; i++)
			code = memory_read(proc, pieces[i].at, pieces[i].buf, pieces[i].len, err);
		done += part;
	}
	return code;
}

/* One aligned word: `keep` bytes stay, `len` change. */
static bool poke(pid_t tid, uint64_t word_addr, size_t keep, const unsigned char *bytes, size_t len)
{
	long word = 0;

	if (len < sizeof(word)) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, tid, (void *)(uintptr_t)word_addr, NULL);
		if (word == -1 && errno != 0)
			return false;
	}
	memcpy((unsigned char *)&word + keep, bytes, len);
	return ptrace(PTRACE_POKEDATA, tid, (void *)(uintptr_t)word_addr, (void *)word) == 0;
}

static bool poke_all(pid_t tid, uint64_t to, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		size_t keep = (size_t)(to % sizeof(long)), part = sizeof(long) - keep;

		if (part > len)
			part = len;
		if (!poke(tid, to - keep, keep, bytes, part))
			return false;
		to += part;
		bytes += part;
		len -= part;
	}
	return true;
}

enum ulp_code memory_write(const struct process *proc, pid_t tid, uint64_t to, const void *buf,
			   size_t len, struct ulp_err *err)
{
	const unsigned char *in = buf;

	if (!is_addressable(to, len)) {
		errno = EFAULT;
		return no_write(proc, to, len, err);
	}
	while (len > 0) {
		ssize_t n = -1;

		errno = EACCES;
		if (proc->writable)
			n = pwrite(proc->mem_fd, in, len, (off_t)to);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return gone(err);
		if (n < 0) {
			if (tid != 0 && poke_all(tid, to, in, len))
				return ULP_OK;
			return no_write(proc, to, len, err);
		}
		in += n;
		to += (uint64_t)n;
		len -= (size_t)n;
	}
	return ULP_OK;
}

enum ulp_code memory_write_many(const struct process *proc, pid_t tid,
				const struct space_piece *pieces, size_t nr, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;
	bool lists = tid != 0;
	size_t done = 0;

	while (done < nr && code == ULP_OK) {
		const size_t part = nr - done < MAX_PIECES ? nr - done : MAX_PIECES;
		const size_t listed = lists ? write_by_list(tid, &pieces[done], part) : 0;

		done += listed;
		if (listed == part)
			continue;
		/* EFAULT is for the one piece; else no list is written here. */
		lists = lists && (listed > 0 || errno == EFAULT);
		code = memory_write(proc, tid, pieces[done].at, pieces[done].buf, pieces[done].len,
				    err);
		done++;
	}
	return code;
}
