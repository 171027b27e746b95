/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "container/facts_path.h"

#include <string.h>

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/). */
#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t hash_component(uint64_t hash, const char *text, size_t len)
{
	hash = (hash ^ '/') * FNV_PRIME;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * FNV_PRIME;
	return hash;
}

/* The next component of *path that is neither empty nor ".", and its length; NULL at the end. */
static const char *next_component(const char **path, size_t *len)
{
	for (;;) {
		const char *start = *path + strspn(*path, "/");

		*len = strcspn(start, "/");
		*path = start + *len;
		if (*len == 0)
			return NULL;
		if (*len != 1 || *start != '.')
			return start;
	}
}

static bool is_up(const char *component, size_t len)
{
	return len == 2 && component[0] == '.' && component[1] == '.';
}

/* Goes along path from where folder stands.  Depth stays below PATH_MAX / 2 + 1: see the header. */
void facts_folder_init(struct facts_folder *folder, const char *path)
{
	const char *component;
	size_t len;

	folder->depth = 0;
	folder->hashes[0] = FNV_BASIS;
	while ((component = next_component(&path, &len)) != NULL) {
		if (is_up(component, len) && folder->depth != 0) {
			folder->depth--;
			continue;
		}
		folder->hashes[folder->depth + 1] =
			hash_component(folder->hashes[folder->depth], component, len);
		folder->depth++;
	}
}

uint64_t facts_path_hash(const struct facts_folder *folder, const char *path)
{
	struct facts_folder below; /* its own components, and none of the folder's */
	size_t kept = *path == '/' ? 0 : folder->depth;
	const char *component;
	size_t len;

	below.depth = 0;
	below.hashes[0] = folder->hashes[kept];
	while ((component = next_component(&path, &len)) != NULL) {
		if (is_up(component, len) && below.depth != 0) {
			below.depth--;
		} else if (is_up(component, len) && kept != 0) {
			kept--;
			below.hashes[0] = folder->hashes[kept];
		} else {
			below.hashes[below.depth + 1] =
				hash_component(below.hashes[below.depth], component, len);
			below.depth++;
		}
	}
	return below.hashes[below.depth];
}

const char *facts_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The last component of path[0..*len) that counts, taken off *len; NULL if there is none. */
static const char *last_component(const char *path, size_t *len, size_t *component_len)
{
	for (;;) {
		size_t end = *len;
		size_t start;

		while (end != 0 && path[end - 1] == '/')
			end--;
		start = end;
		while (start != 0 && path[start - 1] != '/')
			start--;
		*len = start;
		*component_len = end - start;
		if (start == end)
			return NULL;
		if (end - start != 1 || path[start] != '.')
			return path + start;
	}
}

bool facts_path_ends_with(const char *directory, const char *file, const char *wanted)
{
	size_t wanted_len = strlen(wanted);
	const char *path = file;
	size_t path_len = strlen(file);

	for (;;) {
		const char *theirs;
		size_t theirs_len;
		size_t want_len;
		const char *want = last_component(wanted, &wanted_len, &want_len);

		if (want == NULL)
			break;
		theirs = last_component(path, &path_len, &theirs_len);
		if (theirs == NULL && path == file && *file != '/') {
			path = directory;
			path_len = strlen(directory);
			theirs = last_component(path, &path_len, &theirs_len);
		}
		if (theirs == NULL || theirs_len != want_len || memcmp(theirs, want, want_len) != 0)
			return false;
	}
	if (*wanted != '/')
		return true;
	/* An absolute path is meant as a whole. */
	if (last_component(path, &path_len, &wanted_len) != NULL)
		return false;
	path_len = strlen(directory);
	return path != file || *file == '/' ||
	       last_component(directory, &path_len, &wanted_len) == NULL;
}
