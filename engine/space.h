/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The address space that the engine works on.  Two backends: remote (in
 * trigger/: another process, stopped or running) and local (in runtime/: our
 * own, at process start).  The engine never touches a target in another way.
 */
#ifndef ULP_ENGINE_SPACE_H
#define ULP_ENGINE_SPACE_H

#include "container/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An address in the target: its own type, so that a local pointer cannot stand in for it. */
struct remote {
	uint64_t addr;
};

static inline struct remote remote_at(uint64_t addr)
{
	return (struct remote){addr};
}

/* One mapping of the target.  prot: PROT_* of <sys/mman.h>. */
struct ulp_region {
	uint64_t start;
	uint64_t end; /* first byte past it */
	int prot;
	uint64_t inode; /* of the mapped file, 0 for none */
	uint64_t offset;
};

/* One of several reads or writes. */
struct space_piece {
	uint64_t at;
	void *buf;  /* owned by the caller; only read where the piece is written */
	size_t len; /* bytes */
};

struct ulp_build_id;
struct ulp_space;

struct ulp_space_ops {
	/*
	 * Copies len bytes.  All or nothing; ULP_EGONE if the process is gone,
	 * ULP_ESYS where the range is not readable (sys_errno EFAULT or EIO).
	 */
	enum ulp_code (*read)(struct ulp_space *space, struct remote from, void *buf, size_t len,
			      struct ulp_err *err);

	/*
	 * Copies all pieces by few system calls.  All or nothing, errors as of read(), with
	 * which it can be replaced piece by piece.  NULL: it has to be.
	 */
	enum ulp_code (*read_many)(struct ulp_space *space, const struct space_piece *pieces,
				   size_t nr, struct ulp_err *err);

	/*
	 * Writes len bytes whatever the mapping's protection is: also text, which
	 * becomes a private copy of the page (/proc/PID/mem, FOLL_FORCE).
	 * An aligned 8-byte write is a single store.
	 */
	enum ulp_code (*write)(struct ulp_space *space, struct remote to, const void *buf,
			       size_t len, struct ulp_err *err);

	/*
	 * The len bytes at `at` where the space keeps a copy of them, else NULL.  Who changes them
	 * there has to write them, from there.  NULL: it keeps none.
	 */
	uint8_t *(*view)(struct ulp_space *space, struct remote at, size_t len);

	/*
	 * Writes all pieces in their order by few system calls.  Whoever is killed meanwhile
	 * has written the first ones and not the others, and each that lies in one page
	 * wholly or not.  Errors as of write(), with which it can be replaced piece by piece;
	 * the pieces before the one that fails are written then.  NULL: it has to be.
	 */
	enum ulp_code (*write_many)(struct ulp_space *space, const struct space_piece *pieces,
				    size_t nr, struct ulp_err *err);

	/*
	 * As write(), but what is written may be kept back until flush(), or until a later call
	 * that needs it to be there, and then its failure is theirs: what was to be written
	 * after it is not.  Both NULL: nothing is kept back.
	 */
	enum ulp_code (*write_later)(struct ulp_space *space, struct remote to, const void *buf,
				     size_t len, struct ulp_err *err);
	enum ulp_code (*flush)(struct ulp_space *space, struct ulp_err *err);

	/*
	 * Anonymous private zeroed memory at exactly `at`, with its final
	 * protection (no execute permission is ever added later, so that
	 * MemoryDenyWriteExecute is no obstacle).  over: replaces what the caller
	 * has mapped there before; else ULP_EROOM where something is in the way.
	 */
	enum ulp_code (*map)(struct ulp_space *space, struct remote at, size_t len, int prot,
			     bool over, struct ulp_err *err);

	enum ulp_code (*unmap)(struct ulp_space *space, struct remote at, size_t len,
			       struct ulp_err *err);

	/*
	 * The mappings, sorted by address, in one malloc'ed array that the caller frees.
	 */
	enum ulp_code (*regions)(struct ulp_space *space, struct ulp_region **regions, size_t *nr,
				 struct ulp_err *err);

	/*
	 * Whether the page of a mapped file that is at this address has been written to since it
	 * was mapped, which gives the process a copy of it.  false where that cannot be told.
	 * NULL: nothing is ever mapped anew.
	 */
	bool (*is_copied)(struct ulp_space *space, struct remote at);

	/*
	 * What the indirect function (STT_GNU_IFUNC) `name` of the object with this build
	 * ID stands for on this machine, found without running anything in the target:
	 * *in: build ID of the object that has it; *off: where, from that object's bias.
	 * version "": the default one.  false: not known.  NULL: never known.
	 */
	bool (*indirect)(struct ulp_space *space, const struct ulp_build_id *object,
			 const char *name, const char *version, struct ulp_build_id *in,
			 uint64_t *off);
};

struct ulp_space {
	const struct ulp_space_ops *ops;
	long page_size; /* bytes */
};

static inline enum ulp_code space_read(struct ulp_space *s, uint64_t from, void *buf, size_t len,
				       struct ulp_err *err)
{
	return s->ops->read(s, remote_at(from), buf, len, err);
}

/* What is in the buffers after a failure is not known. */
static inline enum ulp_code space_read_many(struct ulp_space *s, const struct space_piece *pieces,
					    size_t nr, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	if (s->ops->read_many)
		return s->ops->read_many(s, pieces, nr, err);
	for (size_t i = 0; i < nr && !code; i++)
		code = space_read(s, pieces[i].at, pieces[i].buf, pieces[i].len, err);
	return code;
}

static inline uint8_t *space_view(struct ulp_space *s, uint64_t at, size_t len)
{
	return s->ops->view ? s->ops->view(s, remote_at(at), len) : NULL;
}

static inline enum ulp_code space_write(struct ulp_space *s, uint64_t to, const void *buf,
					size_t len, struct ulp_err *err)
{
	return s->ops->write(s, remote_at(to), buf, len, err);
}

static inline enum ulp_code space_write_many(struct ulp_space *s, const struct space_piece *pieces,
					     size_t nr, struct ulp_err *err)
{
	enum ulp_code code = ULP_OK;

	if (s->ops->write_many)
		return s->ops->write_many(s, pieces, nr, err);
	for (size_t i = 0; i < nr && !code; i++)
		code = space_write(s, pieces[i].at, pieces[i].buf, pieces[i].len, err);
	return code;
}

static inline enum ulp_code space_write_later(struct ulp_space *s, uint64_t to, const void *buf,
					      size_t len, struct ulp_err *err)
{
	if (s->ops->write_later)
		return s->ops->write_later(s, remote_at(to), buf, len, err);
	return space_write(s, to, buf, len, err);
}

static inline enum ulp_code space_flush(struct ulp_space *s, struct ulp_err *err)
{
	return s->ops->flush ? s->ops->flush(s, err) : ULP_OK;
}

#endif
