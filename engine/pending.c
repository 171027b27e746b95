/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/pending.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A container's image and record are less (engine/load.c, ULP_REG_MAX_RECORD). */
#define MAX_LEN (128ull << 20) /* bytes */

#define CHUNK 65536u /* bytes that are read at once */

static uint64_t member_at(uint64_t registry_at, size_t off)
{
	return registry_at + offsetof(struct ulp_registry, pending) + off;
}

static enum ulp_code member_write(struct ulp_space *s, uint64_t registry_at, size_t off,
				  uint64_t value, struct ulp_err *err)
{
	return space_write_later(s, member_at(registry_at, off), &value, sizeof(value), err);
}

/* len says whether the others are valid: it comes last, and goes first. */
enum ulp_code pending_announce(struct ulp_space *s, uint64_t registry_at,
			       const struct ulp_reg_pending *p, struct ulp_err *err)
{
	enum ulp_code code = member_write(s, registry_at, offsetof(struct ulp_reg_pending, start),
					  p->start, err);

	if (!code)
		code = member_write(s, registry_at, offsetof(struct ulp_reg_pending, record),
				    p->record, err);
	if (!code)
		code = member_write(s, registry_at, offsetof(struct ulp_reg_pending, len), p->len,
				    err);
	return code;
}

enum ulp_code pending_clear(struct ulp_space *s, uint64_t registry_at, struct ulp_err *err)
{
	enum ulp_code code =
		member_write(s, registry_at, offsetof(struct ulp_reg_pending, len), 0, err);

	if (!code)
		code = member_write(s, registry_at, offsetof(struct ulp_reg_pending, start), 0,
				    err);
	if (!code)
		code = member_write(s, registry_at, offsetof(struct ulp_reg_pending, record), 0,
				    err);
	return code;
}

enum ulp_code pending_mark(struct ulp_space *s, const struct ulp_reg_pending *p,
			   struct ulp_err *err)
{
	struct ulp_reg_patch mark = {.map_start = p->start, .map_len = p->len};

	memcpy(mark.magic, ULP_REG_PATCH_MAGIC, sizeof(mark.magic));
	return space_write(s, p->record, &mark, sizeof(mark), err);
}

bool pending_is_left(const struct registry *reg)
{
	const struct ulp_reg_pending *p = &reg->head.pending;

	for (size_t i = 0; i < reg->nr; i++)
		if (reg->patches[i].at == p->record)
			return false;
	return p->len != 0;
}

/* --- is it ours? ----------------------------------------------------------------- */

static bool is_marked(const struct ulp_reg_pending *p, struct ulp_space *s)
{
	struct ulp_reg_patch mark;

	return space_read(s, p->record, &mark, sizeof(mark), NULL) == ULP_OK &&
	       memcmp(mark.magic, ULP_REG_PATCH_MAGIC, sizeof(mark.magic)) == 0 &&
	       mark.map_start == p->start && mark.map_len == p->len;
}

static bool is_zero(struct ulp_space *s, uint64_t at, uint64_t len)
{
	static const unsigned char zeros[CHUNK];
	unsigned char *bytes = malloc(CHUNK);
	bool zero = bytes != NULL;

	while (zero && len) {
		size_t n = len < CHUNK ? (size_t)len : CHUNK;

		zero = space_read(s, at, bytes, n, NULL) == ULP_OK && memcmp(bytes, zeros, n) == 0;
		at += n;
		len -= n;
	}
	free(bytes);
	return zero;
}

/* As the first page of a container is from the start: what a program maps for itself is not. */
static bool is_read_only(const struct ulp_region *r)
{
	return r->prot & (PROT_READ | PROT_EXEC) && !(r->prot & PROT_WRITE);
}

/*
 * Whether anonymous memory is mapped everywhere in the range.  *exact: and it begins
 * and ends with the range, and is what we map.
 */
static bool is_anonymous(const struct ulp_reg_pending *p, struct ulp_space *s, bool *exact)
{
	struct ulp_region *regions;
	uint64_t end = p->start + p->len;
	uint64_t at = p->start;
	size_t nr;

	*exact = false;
	if (s->ops->regions(s, &regions, &nr, NULL))
		return false;
	for (size_t i = 0; i < nr && at < end; i++) {
		const struct ulp_region *r = &regions[i];

		if (r->end <= at)
			continue;
		if (r->start > at || r->inode)
			break;
		*exact = (at == p->start ? r->start == at && is_read_only(r) : *exact) &&
			 r->end <= end;
		at = r->end;
	}
	free(regions);
	return at >= end;
}

static bool makes_sense(const struct ulp_reg_pending *p, uint64_t page_size)
{
	return p->len && p->len <= MAX_LEN && p->start <= UINT64_MAX - MAX_LEN &&
	       p->start % page_size == 0 && p->len % page_size == 0 && p->record >= p->start &&
	       p->record - p->start <= p->len - sizeof(struct ulp_reg_patch);
}

bool pending_is_ours(const struct registry *reg, struct ulp_space *s)
{
	const struct ulp_reg_pending *p = &reg->head.pending;
	bool exact;

	return pending_is_left(reg) && makes_sense(p, (uint64_t)s->page_size) &&
	       is_anonymous(p, s, &exact) &&
	       (is_marked(p, s) || (exact && is_zero(s, p->start, p->len)));
}

enum ulp_code pending_forget(struct registry *reg, struct ulp_space *s, struct ulp_err *err)
{
	enum ulp_code code = pending_clear(s, reg->at, err);

	if (!code)
		reg->head.pending = (struct ulp_reg_pending){0};
	return code;
}

enum ulp_code pending_unmap(struct registry *reg, struct ulp_space *s, struct ulp_err *err)
{
	const struct ulp_reg_pending p = reg->head.pending;
	enum ulp_code code = s->ops->unmap(s, remote_at(p.start), p.len, err);

	return code ? code : pending_forget(reg, s, err);
}
