/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "engine/snapshot.h"

#include <stdlib.h>
#include <string.h>

/*
 * Places with less between them are one piece: to copy these bytes costs less than to name
 * another piece.  Less than a page, so that no page is read that has none of them.
 */
#define SNAPSHOT_GAP 1024u

static struct snapshot *snapshot_of(struct ulp_space *space)
{
	return (struct snapshot *)(void *)space;
}

/* The bytes at an address, if the snapshot has all of them. */
static uint8_t *find(struct snapshot *s, uint64_t from, size_t len)
{
	size_t low = 0;
	size_t high = s->nr;

	if (!s->taken)
		return NULL;
	if (s->last < s->nr && from - s->pieces[s->last].at < s->pieces[s->last].len)
		low = s->last;
	else
		/* The last piece that does not begin behind it. */
		while (high - low > 1) {
			const size_t middle = low + (high - low) / 2;

			if (s->pieces[middle].at <= from)
				low = middle;
			else
				high = middle;
		}
	if (low >= s->nr || from < s->pieces[low].at ||
	    from - s->pieces[low].at > s->pieces[low].len ||
	    len > s->pieces[low].len - (from - s->pieces[low].at))
		return NULL;
	s->last = low;
	return (uint8_t *)s->pieces[low].buf + (from - s->pieces[low].at);
}

static enum ulp_code snapshot_flush(struct ulp_space *space, struct ulp_err *err)
{
	struct snapshot *s = snapshot_of(space);
	const size_t nr = s->nr_writes;
	enum ulp_code code;

	s->nr_writes = 0;
	if (!nr)
		return ULP_OK;
	code = space_write_many(s->under, s->writes, nr, err);
	/* How much of it was written nobody knows. */
	if (code)
		snapshot_forget(s);
	return code;
}

static enum ulp_code snapshot_read(struct ulp_space *space, struct remote from, void *buf,
				   size_t len, struct ulp_err *err)
{
	struct snapshot *s = snapshot_of(space);
	const uint8_t *bytes = find(s, from.addr, len);

	if (!bytes) {
		const enum ulp_code code = snapshot_flush(space, err);

		return code ? code : space_read(s->under, from.addr, buf, len, err);
	}
	memcpy(buf, bytes, len);
	return ULP_OK;
}

/* The part of what was written that is in the piece. */
static void piece_update(const struct space_piece *p, uint64_t to, const uint8_t *bytes, size_t len)
{
	const uint64_t start = to > p->at ? to : p->at;
	const uint64_t end = to + len < p->at + p->len ? to + len : p->at + p->len;
	uint8_t *mine = p->buf;

	if (mine && start < end)
		memcpy(mine + (start - p->at), bytes + (start - to), end - start);
}

static void update(struct snapshot *s, uint64_t to, const uint8_t *bytes, size_t len)
{
	uint8_t *mine = find(s, to, len);

	if (mine == bytes)
		return; /* a view */
	if (mine) {
		memcpy(mine, bytes, len);
		return;
	}
	for (size_t i = 0; s->taken && i < s->nr; i++)
		piece_update(&s->pieces[i], to, bytes, len);
}

static enum ulp_code snapshot_write(struct ulp_space *space, struct remote to, const void *buf,
				    size_t len, struct ulp_err *err)
{
	struct snapshot *s = snapshot_of(space);
	enum ulp_code code = snapshot_flush(space, err);

	if (!code)
		code = space_write(s->under, to.addr, buf, len, err);
	if (code)
		snapshot_forget(s);
	update(s, to.addr, buf, len);
	return code;
}

static uint8_t *snapshot_view(struct ulp_space *space, struct remote at, size_t len)
{
	return find(snapshot_of(space), at.addr, len);
}

static enum ulp_code snapshot_write_later(struct ulp_space *space, struct remote to,
					  const void *buf, size_t len, struct ulp_err *err)
{
	struct snapshot *s = snapshot_of(space);
	const size_t i = s->nr_writes;

	if (!s->taken || len > SNAPSHOT_MAX_LEN)
		return snapshot_write(space, to, buf, len, err);
	memcpy(s->written[i], buf, len);
	s->writes[i] = (struct space_piece){to.addr, s->written[i], len};
	s->nr_writes++;
	update(s, to.addr, buf, len);
	return s->nr_writes < SNAPSHOT_MAX_WRITES ? ULP_OK : snapshot_flush(space, err);
}

static const struct ulp_space_ops snapshot_ops = {
	.read = snapshot_read,
	.view = snapshot_view,
	.write = snapshot_write,
	.write_later = snapshot_write_later,
	.flush = snapshot_flush,
};

void snapshot_init(struct snapshot *s, struct ulp_space *under)
{
	*s = (struct snapshot){
		.space = {.ops = &snapshot_ops, .page_size = under->page_size},
		.under = under,
	};
}

void snapshot_deinit(struct snapshot *s)
{
	free(s->pieces);
	free(s->bytes);
	*s = (struct snapshot){.under = NULL};
}

enum ulp_code snapshot_add(struct snapshot *s, uint64_t from, size_t len, struct ulp_err *err)
{
	if (s->nr == s->cap) {
		const size_t more = s->cap ? 2 * s->cap : 64;
		struct space_piece *grown = reallocarray(s->pieces, more, sizeof(*grown));

		if (!grown)
			return ulp_fail(err, ULP_ENOMEM, "out of memory");
		s->pieces = grown;
		s->cap = more;
	}
	s->pieces[s->nr++] = (struct space_piece){.at = from, .len = len};
	return ULP_OK;
}

static int compare_piece(const void *a, const void *b)
{
	const struct space_piece *x = a;
	const struct space_piece *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Neighbours become one piece; returns the number of bytes of all. */
static size_t unite(struct snapshot *s)
{
	size_t len = 0;
	size_t kept = 0;

	qsort(s->pieces, s->nr, sizeof(*s->pieces), compare_piece);
	for (size_t i = 0; i < s->nr; i++) {
		struct space_piece *last = &s->pieces[kept ? kept - 1 : 0];
		const uint64_t end = s->pieces[i].at + s->pieces[i].len;

		if (!kept || s->pieces[i].at > last->at + last->len + SNAPSHOT_GAP)
			s->pieces[kept++] = s->pieces[i];
		else if (end > last->at + last->len)
			last->len = (size_t)(end - last->at);
	}
	s->nr = kept;
	for (size_t i = 0; i < kept; i++)
		len += s->pieces[i].len;
	return len;
}

enum ulp_code snapshot_seal(struct snapshot *s, struct ulp_err *err)
{
	const size_t len = s->nr ? unite(s) : 0;
	size_t off = 0;

	s->bytes = malloc(len + 1);
	if (!s->bytes)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	/* Written once, so that the kernel need not find pages for it during the stop. */
	memset(s->bytes, 1, len + 1);
	for (size_t i = 0; i < s->nr; i++) {
		s->pieces[i].buf = s->bytes + off;
		off += s->pieces[i].len;
	}
	return ULP_OK;
}

void snapshot_take(struct snapshot *s)
{
	s->taken = s->bytes && space_read_many(s->under, s->pieces, s->nr, NULL) == ULP_OK;
}

void snapshot_forget(struct snapshot *s)
{
	s->taken = false;
}
