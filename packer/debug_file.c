/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding the separate debug file of a stripped library, by libbfd. */
#include "config.h"

#include "packer/target.h"

#include "packer/bfd_open.h"

#include <stdlib.h>

#define DEBUG_DIR "/usr/lib/debug"

static const char *take(struct pool *pool, char *found)
{
	const char *path = found ? pool_strdup(pool, found) : NULL;

	free(found);
	return path;
}

const char *debug_file_find(struct pool *pool, const char *path)
{
	const char *found = NULL;
	bfd *abfd;

	abfd = bfd_open_object(path);
	if (!abfd)
		return NULL;
	found = take(pool, bfd_follow_build_id_debuglink(abfd, DEBUG_DIR));
	if (!found)
		found = take(pool, bfd_follow_gnu_debuglink(abfd, DEBUG_DIR));
	bfd_close(abfd);
	return found;
}
