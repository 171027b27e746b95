/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory of one packing: everything the packer reads or builds lives in one
 * pool and is freed with it, so that no structure needs a destructor.
 *
 * Nothing here returns NULL: ulp-packer is a command that runs once and holds
 * no state that others rely on, so running out of memory ends it with a
 * message and the exit status of ULP_ENOMEM.
 */
#ifndef ULP_PACKER_POOL_H
#define ULP_PACKER_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct pool_block;

struct pool {
	struct pool_block *newest;
};

/* Frees everything that was taken from the pool; a zeroed pool is an empty one. */
void pool_deinit(struct pool *pool);

/* nr * size zeroed bytes, aligned for any type. */
void *pool_alloc(struct pool *pool, size_t nr, size_t size);

/* Copies; the second one of at most len bytes. */
char *pool_strdup(struct pool *pool, const char *text);
char *pool_strndup(struct pool *pool, const char *text, size_t len);

char *pool_printf(struct pool *pool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *pool_vprintf(struct pool *pool, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/*
 * Room for one more item behind the nr items of `array` (NULL at first).
 * Returns the array, moved where it had to grow; *cap is its capacity.  The
 * old array stays readable until the pool is freed.
 */
void *pool_grow(struct pool *pool, void *array, size_t nr, size_t *cap, size_t size);

#endif
