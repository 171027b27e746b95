/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the mappings of a process from /proc/PID/maps.
 */
#include "config.h"

#include "trigger/process.h"
#include "trigger/tasks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct region_list {
	struct ulp_region *regions;
	char **paths; /* NULL entries never; only filled if want_paths */
	size_t nr;
	size_t cap;
	bool want_paths;
};

static void region_list_free(struct region_list *list)
{
	if (list->want_paths) {
		for (size_t i = 0; i < list->nr; i++)
			free(list->paths[i]);
	}
	free(list->paths);
	free(list->regions);
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
