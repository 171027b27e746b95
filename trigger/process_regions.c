/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the mappings of a process from /proc/PID/maps.
 */
#include "config.h"

#include "trigger/process.h"
#include "trigger/tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct region_list {
	struct ulp_region *regions;
	char **paths; /* NULL entries never; only filled if want_paths */
	size_t nr;
	size_t cap;
	bool want_paths;
};

void process_regions_free(struct ulp_region *regions, char **paths, size_t nr)
{
	for (size_t i = 0; paths != NULL && i < nr; i++)
		free(paths[i]);
	free(paths);
	free(regions);
}

static void region_list_free(struct region_list *list)
{
	process_regions_free(list->regions, list->paths, list->nr);
}

static bool region_list_grow(struct region_list *list)
{
	size_t more = list->cap == 0 ? 128 : 2 * list->cap;
	struct ulp_region *regions = reallocarray(list->regions, more, sizeof(*regions));

	if (regions == NULL)
		return false;
	list->regions = regions;
	if (list->want_paths) {
		char **paths = reallocarray(list->paths, more, sizeof(*paths));

		if (paths == NULL)
			return false;
		list->paths = paths;
	}
	list->cap = more;
	return true;
}

/* The kernel writes a newline in a name as \012, and nothing else so. */
static void unescape(char *path)
{
	char *out = path;

	for (const char *in = path; *in != '\0';) {
		if (strncmp(in, "\\012", 4) == 0) {
			*out++ = '\n';
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
}

static bool parse_line(const char *line, struct ulp_region *region, const char **path)
{
	char perms[5];
	int used = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*x:%*x %" SCNu64 "%n",
		   &region->start, &region->end, perms, &region->offset, &region->inode,
		   &used) != 5 ||
	    region->start >= region->end || strlen(perms) != 4)
		return false;
	region->prot = (perms[0] == 'r' ? PROT_READ : 0) | (perms[1] == 'w' ? PROT_WRITE : 0) |
		       (perms[2] == 'x' ? PROT_EXEC : 0);
	*path = line + used + strspn(line + used, " ");
	return true;
}

static enum ulp_code add_line(struct region_list *list, char *line, struct ulp_err *err)
{
	const char *path;

	line[strcspn(line, "\n")] = '\0';
	if (list->nr == list->cap && !region_list_grow(list))
		return ulp_fail(err, ULP_ENOMEM, "out of memory for the list of mappings");
	if (!parse_line(line, &list->regions[list->nr], &path))
		return ulp_fail(err, ULP_ESYS, "cannot understand this line of /proc/PID/maps: %s",
				line);
	if (list->want_paths) {
		char *copy = strdup(path);

		if (copy == NULL)
			return ulp_fail(err, ULP_ENOMEM, "out of memory for the list of mappings");
		unescape(copy);
		list->paths[list->nr] = copy;
	}
	list->nr++;
	return ULP_OK;
}

static enum ulp_code read_maps(FILE *maps, struct region_list *list, struct ulp_err *err)
{
	char *line = NULL;
	size_t cap = 0;
	enum ulp_code code = ULP_OK;

	while (code == ULP_OK && getline(&line, &cap, maps) > 0)
		code = add_line(list, line, err);
	free(line);
	/* The thread has ended, perhaps in the middle. */
	if (code == ULP_OK && (list->nr == 0 || ferror(maps)))
		code = ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
	return code;
}

static enum ulp_code read_regions(const struct process *proc, struct region_list *list,
				  struct ulp_err *err)
{
	char name[64];
	enum ulp_code code;
	FILE *maps;

	/* The maps of a leader that has ended are empty: ask a thread that lives. */
	snprintf(name, sizeof(name), "/proc/%d/task/%d/maps", proc->pid, tasks_live(proc->pid));
	maps = fopen(name, "re");
	if (maps == NULL && (errno == ENOENT || errno == ESRCH))
		return ulp_fail(err, ULP_EGONE, "the process ended meanwhile");
	if (maps == NULL)
		return ulp_fail_errno(err, ULP_ESYS, "cannot open %s", name);
	/* The kernel gives a page at a time; the file's block size says less. */
	(void)setvbuf(maps, NULL, _IOFBF, 1u << 16);
	code = read_maps(maps, list, err);
	(void)fclose(maps);
	return code;
}

enum ulp_code process_regions(const struct process *proc, struct ulp_region **regions,
			      char ***paths, size_t *nr, struct ulp_err *err)
{
	for (unsigned n = 1;; n++) {
		struct region_list list = {.want_paths = paths != NULL};
		enum ulp_code code = read_regions(proc, &list, err);

		if (code == ULP_OK) {
			*regions = list.regions;
			if (paths != NULL)
				*paths = list.paths;
			*nr = list.nr;
			return ULP_OK;
		}
		region_list_free(&list);
		if (code != ULP_EGONE || n == TASKS_TRIES || !process_alive(proc))
			return code;
	}
}

/* --- single mappings ------------------------------------------------------------ */

/* struct procmap_query of linux/fs.h, since Linux 6.11; older headers do not have it. */
struct map_query {
	uint64_t size; /* of this structure */
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags; /* 1 readable, 2 writable, 4 executable */
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size; /* in: room; out: bytes with the NUL, 0 for no name */
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};
_Static_assert(sizeof(struct map_query) == 104, "struct procmap_query of linux/fs.h");

#define MAP_QUERY _IOWR('f', 17, struct map_query) /* PROCMAP_QUERY */

/* Into its place by the address.  Error: ULP_ENOMEM. */
static enum ulp_code add_region(struct region_list *list, const struct ulp_region *region,
				const char *path, struct ulp_err *err)
{
	char *copy = strdup(path);
	size_t at = 0;

	if (copy == NULL || (list->nr == list->cap && !region_list_grow(list))) {
		free(copy);
		return ulp_fail(err, ULP_ENOMEM, "out of memory for the list of mappings");
	}
	while (at < list->nr && list->regions[at].start < region->start)
		at++;
	memmove(&list->regions[at + 1], &list->regions[at],
		(list->nr - at) * sizeof(list->regions[0]));
	memmove(&list->paths[at + 1], &list->paths[at], (list->nr - at) * sizeof(list->paths[0]));
	list->regions[at] = *region;
	list->paths[at] = copy;
	list->nr++;
	return ULP_OK;
}

size_t process_region_at(const struct ulp_region *regions, size_t nr, uint64_t addr)
{
	size_t i = 0;

	while (i < nr && (addr < regions[i].start || addr >= regions[i].end))
		i++;
	return i;
}

int process_maps_open(const struct process *proc)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/task/%d/maps", proc->pid, tasks_live(proc->pid));
	return open(name, O_RDONLY | O_CLOEXEC);
}

bool process_map_at(int maps, uint64_t addr, struct ulp_region *region, char *path, size_t len)
{
	struct map_query query = {
		.size = sizeof(query),
		.query_addr = addr,
		.vma_name_size = (uint32_t)len,
		.vma_name_addr = (uint64_t)(uintptr_t)path,
	};

	path[0] = '\0';
	if (ioctl(maps, MAP_QUERY, &query) < 0)
		return false;
	*region = (struct ulp_region){
		.start = query.vma_start,
		.end = query.vma_end,
		.offset = query.vma_offset,
		.inode = query.inode,
		.prot = (query.vma_flags & 1 ? PROT_READ : 0) |
			(query.vma_flags & 2 ? PROT_WRITE : 0) |
			(query.vma_flags & 4 ? PROT_EXEC : 0),
	};
	return true;
}

static enum ulp_code query_address(int maps, uint64_t addr, struct region_list *list,
				   struct ulp_err *err)
{
	char path[PATH_MAX + 64];
	struct ulp_region region;

	if (!process_map_at(maps, addr, &region, path, sizeof(path)))
		return errno == ENOENT ? ULP_OK
				       : ulp_fail_errno(err, ULP_EUNSUP,
							"the kernel does not tell single mappings");
	return add_region(list, &region, path, err);
}

enum ulp_code process_regions_at(const struct process *proc, const uint64_t *addrs, size_t nr_addrs,
				 struct ulp_region **regions, char ***paths, size_t *nr,
				 struct ulp_err *err)
{
	struct region_list list = {.want_paths = true};
	enum ulp_code code = ULP_OK;
	const int maps = process_maps_open(proc);

	if (maps < 0)
		return ulp_fail_errno(err, ULP_EUNSUP, "cannot open the list of mappings");
	for (size_t i = 0; i < nr_addrs && code == ULP_OK; i++) {
		if (process_region_at(list.regions, list.nr, addrs[i]) == list.nr)
			code = query_address(maps, addrs[i], &list, err);
	}
	close(maps);
	if (code != ULP_OK) {
		region_list_free(&list);
		return code;
	}
	*regions = list.regions;
	*paths = list.paths;
	*nr = list.nr;
	return ULP_OK;
}
