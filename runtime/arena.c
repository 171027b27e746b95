/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "runtime/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Small blocks are cut from mappings of this size; larger ones have one each. */
#define CHUNK_LEN ((size_t)256 << 10)
#define LARGE_LEN ((size_t)32 << 10)

/* At the start of each mapping. */
struct mapping {
	struct mapping *next;
	struct mapping *prev;
	size_t len;  /* bytes, this included */
	size_t used; /* bytes, this included */
};

/* In front of each block. */
struct block {
	alignas(max_align_t) struct mapping *in; /* NULL: cut from a shared mapping */
	size_t len;				 /* bytes that the caller has */
};
_Static_assert(sizeof(struct block) % alignof(max_align_t) == 0, "blocks stay aligned");

#define HEAD_LEN ((sizeof(struct mapping) + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1))

/* One arena a process: the functions that take from it have no argument to name another. */
static struct mapping *mappings; /* in the order of their making, newest first */
static struct mapping *shared;	 /* that small blocks are being cut from */

static struct mapping *mapping_make(size_t len)
{
	struct mapping *m = mmap(NULL, len, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED) {
		errno = ENOMEM;
		return NULL;
	}
	*m = (struct mapping){.next = mappings, .len = len, .used = HEAD_LEN};
	if (mappings)
		mappings->prev = m;
	mappings = m;
	return m;
}

static void mapping_drop(struct mapping *m)
{
	if (m->prev)
		m->prev->next = m->next;
	else
		mappings = m->next;
	if (m->next)
		m->next->prev = m->prev;
	(void)munmap(m, m->len);
}

static struct block *block_cut(struct mapping *m, size_t need, size_t len)
{
	struct block *b = (struct block *)(void *)((char *)m + m->used);

	m->used += need;
	b->len = len;
	return b;
}

void *arena_alloc(size_t len)
{
	struct mapping *m;
	struct block *b;
	size_t need;

	if (len > PTRDIFF_MAX / 2) {
		errno = ENOMEM;
		return NULL;
	}
	need = (sizeof(*b) + len + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (need >= LARGE_LEN) {
		m = mapping_make(HEAD_LEN + need);
		if (!m)
			return NULL;
		b = block_cut(m, need, len);
		b->in = m;
		return b + 1;
	}
	if (!shared || shared->len - shared->used < need)
		shared = mapping_make(CHUNK_LEN);
	return shared ? block_cut(shared, need, len) + 1 : NULL;
}

static struct block *block_of(void *p)
{
	return (struct block *)p - 1;
}

void *arena_resize(void *old, size_t len)
{
	size_t old_len = old ? block_of(old)->len : 0;
	void *new = arena_alloc(len);

	if (!new)
		return NULL;
	if (old)
		memcpy(new, old, old_len < len ? old_len : len);
	arena_free(old);
	return new;
}

void arena_free(void *p)
{
	if (p && block_of(p)->in)
		mapping_drop(block_of(p)->in);
}

void arena_release(void)
{
	while (mappings)
		mapping_drop(mappings);
	shared = NULL;
}
