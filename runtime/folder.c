/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * By system calls and not by opendir(): that allocates from the program's heap.
 */
#include "config.h"

#include "runtime/folder.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* No system has as many live patches. */
#define MAX_NAMES 65536u

/* What getdents64(2) fills in. */
struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t len; /* bytes to the next one */
	uint8_t type;
	char name[];
};

typedef enum ulp_code name_fn(const char *name, void *ctx, struct ulp_err *err);

static enum ulp_code each_name(int fd, name_fn *visit, void *ctx, struct ulp_err *err)
{
	_Alignas(struct entry) char buf[8192];

	for (;;) {
		long n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
		enum ulp_code code = ULP_OK;

		if (n < 0)
			return ulp_fail_errno(err, ULP_ESYS, "cannot read the folder");
		if (n == 0)
			return ULP_OK;
		for (long off = 0; off < n && !code;) {
			const struct entry *e = (const void *)(buf + off);

			if (e->name[0] != '.')
				code = visit(e->name, ctx, err);
			off += e->len;
		}
		if (code)
			return code;
	}
}

/* Where a name belongs among those that are sorted already. */
static size_t place_of(const struct folder_names *names, const char *name)
{
	size_t low = 0;
	size_t high = names->nr;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(names->list[mid], name) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct gathering {
	struct folder_names names;
	size_t cap;
};

static enum ulp_code name_add(const char *name, void *ctx, struct ulp_err *err)
{
	struct gathering *g = ctx;
	size_t at = place_of(&g->names, name);
	char *copy;

	if (g->names.nr == MAX_NAMES)
		return ulp_fail(err, ULP_EELF, "the folder has too many files");
	if (g->names.nr == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 64;
		char **list = reallocarray(g->names.list, cap, sizeof(*list));

		if (!list)
			return ulp_fail(err, ULP_ENOMEM, "out of memory");
		g->names.list = list;
		g->cap = cap;
	}
	copy = strdup(name);
	if (!copy)
		return ulp_fail(err, ULP_ENOMEM, "out of memory");
	memmove(g->names.list + at + 1, g->names.list + at,
		(g->names.nr - at) * sizeof(*g->names.list));
	g->names.list[at] = copy;
	g->names.nr++;
	return ULP_OK;
}

enum ulp_code folder_names(int fd, struct folder_names *ret, struct ulp_err *err)
{
	struct gathering g = {0};
	enum ulp_code code = each_name(fd, name_add, &g, err);

	if (code) {
		folder_names_deinit(&g.names);
		return code;
	}
	*ret = g.names;
	return ULP_OK;
}

void folder_names_deinit(struct folder_names *names)
{
	for (size_t i = 0; i < names->nr; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct folder_names){0};
}

const char *folder_distrust(const struct stat *st, uid_t owner)
{
	if (st->st_uid != 0 && st->st_uid != owner)
		return owner == 0 ? "it is not owned by root"
				  : "it is owned neither by root nor by the user of the process";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "its group or others may write to it";
	return NULL;
}

static enum ulp_code count(const char *name, void *ctx, struct ulp_err *err)
{
	size_t *nr = ctx;

	(void)name, (void)err;
	(*nr)++;
	return ULP_OK;
}

size_t folder_count_threads(void)
{
	int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t nr = 0;
	enum ulp_code code;

	if (fd < 0)
		return 0;
	code = each_name(fd, count, &nr, NULL);
	(void)close(fd);
	return code ? 0 : nr;
}
