/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/fail_alloc.h"

#include <errno.h>
#include <string.h>

/* Names that ld's --wrap asks for. */
void *__real_malloc(size_t len);
void *__real_calloc(size_t nr, size_t len);
void *__real_realloc(void *old, size_t len);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t nr, size_t len);
void *__wrap_realloc(void *old, size_t len);
char *__wrap_strdup(const char *text);

static size_t countdown; /* 0: nothing is to fail */
static bool failed;

void fail_alloc_begin(size_t nr)
{
	countdown = nr;
	failed = false;
}

bool fail_alloc_end(void)
{
	countdown = 0;
	return failed;
}

static bool fails_now(void)
{
	if (countdown == 0 || --countdown != 0)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t len)
{
	return fails_now() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t nr, size_t len)
{
	return fails_now() ? NULL : __real_calloc(nr, len);
}

void *__wrap_realloc(void *old, size_t len)
{
	return fails_now() ? NULL : __real_realloc(old, len);
}

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}
