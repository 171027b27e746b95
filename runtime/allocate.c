/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the engine calls for memory, inside of libpulp.so.0.  The names are
 * hidden: nobody else sees them, and the engine's calls are bound to them when
 * the library is linked.  tests/e2e/malloc_loop.sh reads its dynamic symbols to
 * see that none was forgotten.
 */
#include "config.h"

#include "runtime/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void *malloc(size_t len)
{
	return arena_alloc(len);
}

HIDDEN void *reallocarray(void *old, size_t nr, size_t size)
{
	size_t len;

	if (__builtin_mul_overflow(nr, size, &len)) {
		errno = ENOMEM;
		return NULL;
	}
	return arena_resize(old, len);
}

/* Memory of the arena is zero. */
HIDDEN void *calloc(size_t nr, size_t size)
{
	return reallocarray(NULL, nr, size);
}

HIDDEN void *realloc(void *old, size_t len)
{
	return arena_resize(old, len);
}

HIDDEN void free(void *p)
{
	arena_free(p);
}

HIDDEN char *strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = arena_alloc(len);

	return copy ? memcpy(copy, text, len) : NULL;
}

/*
 * Of a container's path.  The runtime's are absolute; where they are links, the
 * path that was looked at is as good a name.
 */
HIDDEN char *realpath(const char *path, char *resolved)
{
	return resolved ? NULL : strdup(path);
}
