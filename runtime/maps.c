/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "runtime/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A process with 65530 mappings (vm.max_map_count) of which all have names. */
#define MAX_TEXT ((size_t)64 << 20)

static enum ulp_code unreadable(struct ulp_err *err)
{
	return ulp_fail(err, ULP_EELF, "/proc/self/maps has a line that is not understood");
}

/* A number and the character behind it; NULL if that is not what stands there. */
static const char *number(const char *at, unsigned base, char end, uint64_t *ret)
{
	uint64_t value = 0;
	const char *start = at;

	for (;; at++) {
		unsigned digit;

		if (*at >= '0' && *at <= '9')
			digit = (unsigned)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			digit = (unsigned)(*at - 'a') + 10;
		else
			break;
		if (digit >= base || __builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return NULL;
	}
	*ret = value;
	return at > start && *at == end ? at + 1 : NULL;
}

/* Behind the next blank. */
static const char *word_skip(const char *at)
{
	while (*at && *at != ' ' && *at != '\n')
		at++;
	return *at == ' ' ? at + 1 : NULL;
}

/* "start-end rwxp offset major:minor inode   path" (proc(5)) */
static bool line_parse(const char *at, struct ulp_region *r)
{
	*r = (struct ulp_region){0};
	at = number(at, 16, '-', &r->start);
	if (at)
		at = number(at, 16, ' ', &r->end);
	if (!at || strnlen(at, 4) < 4)
		return false;
	r->prot = (at[0] == 'r' ? PROT_READ : 0) | (at[1] == 'w' ? PROT_WRITE : 0) |
		  (at[2] == 'x' ? PROT_EXEC : 0);
	at = word_skip(at);
	if (at)
		at = number(at, 16, ' ', &r->offset);
	if (at)
		at = word_skip(at);
	if (!at)
		return false;
	/* A blank follows also where there is no path. */
	return number(at, 10, ' ', &r->inode) || number(at, 10, '\n', &r->inode);
}

enum ulp_code maps_parse(const char *text, struct ulp_region **regions, size_t *nr,
			 struct ulp_err *err)
{
	struct ulp_region *list;
	size_t nr_lines = 0;

	for (const char *at = text; *at; at++)
		nr_lines += *at == '\n';
	list = calloc(nr_lines + 1, sizeof(*list));
	if (!list)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	for (size_t i = 0; i < nr_lines; i++, text = strchr(text, '\n') + 1)
		if (!line_parse(text, &list[i])) {
			free(list);
			return unreadable(err);
		}
	*regions = list;
	*nr = nr_lines;
	return ULP_OK;
}

/* All of it, with a NUL behind. */
static enum ulp_code text_read(int fd, char **ret, struct ulp_err *err)
{
	size_t cap = (size_t)32 << 10;
	size_t len = 0;
	char *text = malloc(cap);

	while (text) {
		ssize_t n = read(fd, text + len, cap - len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(text);
			return ulp_fail_errno(err, ULP_ESYS, "cannot read /proc/self/maps");
		}
		if (n == 0) {
			text[len] = '\0';
			*ret = text;
			return ULP_OK;
		}
		len += (size_t)n;
		if (cap - len > 4096)
			continue;
		char *more = cap < MAX_TEXT ? realloc(text, 2 * cap) : NULL;
		if (!more)
			free(text);
		text = more;
		cap *= 2;
	}
	return ulp_fail(err, ULP_ENOMEM, "out of memory");
}

enum ulp_code maps_read(struct ulp_region **regions, size_t *nr, struct ulp_err *err)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	enum ulp_code code;

	if (fd < 0)
		return ulp_fail_errno(err, ULP_ESYS, "cannot open /proc/self/maps");
	code = text_read(fd, &text, err);
	(void)close(fd);
	if (code)
		return code;
	code = maps_parse(text, regions, nr, err);
	free(text);
	return code;
}
