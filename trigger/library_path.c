/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "trigger/library_path.h"

#include <stdlib.h>
#include <string.h>

/* What the kernel writes behind the name of a file that has none any more (d_path()). */
#define DELETED " (deleted)"

static bool is_file(const char *mapped, const char *path)
{
	const size_t len = strlen(path);

	return strncmp(mapped, path, len) == 0 &&
	       (mapped[len] == '\0' || strcmp(mapped + len, DELETED) == 0);
}

/* The object whose file is mapped under that path, NULL if there is none. */
static const struct ulp_object *object_of(const struct target *t, const char *path)
{
	const struct ulp_objects *objects = &t->engine.objects;
	const struct ulp_object *found = NULL;
	struct ulp_region *regions;
	char **paths;
	size_t nr;

	if (process_regions(&t->proc, &regions, &paths, &nr, NULL))
		return NULL;
	for (size_t i = 0; i < objects->nr && !found; i++) {
		const size_t at = process_region_at(regions, nr, objects->list[i].start);

		if (at < nr && is_file(paths[at], path))
			found = &objects->list[i];
	}
	process_regions_free(regions, paths, nr);
	return found;
}

char *library_path_resolve(const struct target *t, const char *name)
{
	const struct ulp_object *object;
	char *real;

	if (!strchr(name, '/'))
		return strdup(name);
	object = object_of(t, name);
	real = object ? NULL : realpath(name, NULL);
	if (real)
		object = object_of(t, real);
	free(real);
	if (!object)
		return strdup(name);
	return strdup(*object->path ? object->path : object->soname);
}
