/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Memory of one packing: a list of blocks, freed together. */
#include "config.h"

#include "packer/pool.h"

#include "container/err.h"
#include "i18n/i18n.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pool_block {
	struct pool_block *older;
	_Alignas(max_align_t) unsigned char bytes[];
};

static _Noreturn void out_of_memory(void)
{
	fprintf(stderr, "ulp-packer: %s\n", _("out of memory"));
	exit(ulp_code_status(ULP_ENOMEM));
}

void pool_deinit(struct pool *pool)
{
	while (pool->newest) {
		struct pool_block *older = pool->newest->older;

		free(pool->newest);
		pool->newest = older;
	}
}

void *pool_alloc(struct pool *pool, size_t nr, size_t size)
{
	struct pool_block *block;
	size_t len;

	if (__builtin_mul_overflow(nr, size, &len) ||
	    __builtin_add_overflow(len, sizeof(*block), &len))
		out_of_memory();
	block = calloc(1, len);
	if (!block)
		out_of_memory();
	block->older = pool->newest;
	pool->newest = block;
	return block->bytes;
}

char *pool_strndup(struct pool *pool, const char *text, size_t len)
{
	char *copy;

	len = strnlen(text, len);
	copy = pool_alloc(pool, len + 1, 1);
	memcpy(copy, text, len);
	return copy;
}

char *pool_strdup(struct pool *pool, const char *text)
{
	return pool_strndup(pool, text, strlen(text));
}

char *pool_vprintf(struct pool *pool, const char *fmt, va_list args)
{
	char *text, *copy;

	if (vasprintf(&text, fmt, args) < 0)
		out_of_memory();
	copy = pool_strdup(pool, text);
	free(text);
	return copy;
}

char *pool_printf(struct pool *pool, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = pool_vprintf(pool, fmt, args);
	va_end(args);
	return text;
}

void *pool_grow(struct pool *pool, void *array, size_t nr, size_t *cap, size_t size)
{
	void *grown;

	if (nr < *cap)
		return array;
	*cap = *cap ? 2 * *cap : 8;
	grown = pool_alloc(pool, *cap, size);
	if (nr)
		memcpy(grown, array, nr * size);
	return grown;
}
