/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Source paths as the compiler knows them: relative to the folder where it ran, with
 * "." and ".." in them.
 */
#ifndef ULP_CONTAINER_FACTS_PATH_H
#define ULP_CONTAINER_FACTS_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The hashes of a path's beginnings: hashes[i] of its first i components. */
struct facts_folder {
	size_t depth;
	uint64_t hashes[PATH_MAX / 2 + 1];
};

/* path: less than PATH_MAX bytes. */
void facts_folder_init(struct facts_folder *folder, const char *path);

/*
 * A number for the file at path (less than PATH_MAX bytes), seen from the folder: the
 * same for all spellings of one path.
 */
uint64_t facts_path_hash(const struct facts_folder *folder, const char *path);

/* The part behind the last '/'. */
const char *facts_path_base(const char *path);

/*
 * Whether the last components of file, seen from directory, are those of wanted.
 * "." and empty components do not count.
 */
bool facts_path_ends_with(const char *directory, const char *file, const char *wanted);

#endif
