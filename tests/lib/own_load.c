/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading a container into the test's own process. */
#include "config.h"

#include "tests/lib/own_load.h"

#include "tests/lib/check_err.h"
#include "tests/lib/own_space.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static struct ulp_space_ops ops;

/* Also to pages that are not writable, as in another process. */
static enum ulp_code write_bytes(struct ulp_space *space, struct remote to, const void *buf,
				 size_t len, struct ulp_err *err)
{
	const int fd = open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
	ssize_t written;

	(void)space;
	written = pwrite(fd, buf, len, (off_t)to.addr);
	(void)close(fd);
	return written == (ssize_t)len ? ULP_OK : ulp_fail_errno(err, ULP_ESYS, "cannot write");
}

static enum ulp_code map(struct ulp_space *space, struct remote at, size_t len, int prot, bool over,
			 struct ulp_err *err)
{
	void *wanted = (void *)(uintptr_t)at.addr;
	const int fixed = over ? MAP_FIXED : MAP_FIXED_NOREPLACE;

	(void)space;
	return mmap(wanted, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0) == wanted
		       ? ULP_OK
		       : ulp_fail_errno(err, ULP_ESYS, "cannot map");
}

static enum ulp_code unmap(struct ulp_space *space, struct remote at, size_t len,
			   struct ulp_err *err)
{
	(void)space;
	return munmap((void *)(uintptr_t)at.addr, len) == 0
		       ? ULP_OK
		       : ulp_fail_errno(err, ULP_ESYS, "cannot unmap");
}

/* No line of the test process's own list is longer than that. */
#define MAX_LINE 4352

static enum ulp_code regions(struct ulp_space *space, struct ulp_region **list, size_t *nr,
			     struct ulp_err *err)
{
	FILE *file = fopen("/proc/self/maps", "re");
	struct ulp_region *found = NULL;
	char line[MAX_LINE];
	size_t nr_found = 0;

	(void)space, (void)err;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		struct ulp_region r = {0};

		assert_int_equal(sscanf(line,
					"%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %" SCNu64,
					&r.start, &r.end, &r.offset, &r.inode),
				 4);
		found = realloc(found, (nr_found + 1) * sizeof(*found));
		assert_non_null(found);
		found[nr_found++] = r;
	}
	(void)fclose(file);
	*list = found;
	*nr = nr_found;
	return ULP_OK;
}

void own_load_begin(struct own_load *own, const struct ulp_container *container)
{
	const struct ulp_object *target;
	struct ulp_err err;

	own->space = own_space();
	ops = *own->space.ops;
	ops.write = write_bytes;
	ops.map = map;
	ops.unmap = unmap;
	ops.regions = regions;
	own->space.ops = &ops;
	assert_succeeds(reader_init(&own->reader, &own->space, &err), &err);
	assert_succeeds(objects_read(&own->reader, getauxval(AT_PHDR), getauxval(AT_PHNUM),
				     &own->objects, &err),
			&err);
	target = objects_find_soname(&own->objects, container->patch.soname);
	assert_non_null(target);
	assert_true(ulp_build_id_equal(&target->build_id, &container->patch.build_id));
	assert_succeeds(load_init(&own->load, container, target, (uint64_t)own->space.page_size,
				  own->space.page_size, &err),
			&err);
	assert_succeeds(load_resolve(&own->load, &own->reader, &own->objects, &err), &err);
	assert_succeeds(load_map(&own->load, &own->space, &err), &err);
	assert_succeeds(load_write(&own->load, &own->space, &err), &err);
}

void *own_load_function(const struct own_load *own, const char *old_name)
{
	const struct ulp_patch *patch = &own->load.container->patch;

	for (size_t i = 0; i < patch->nr_functions; i++)
		if (strcmp(patch->functions[i].old_name, old_name) == 0)
			return (void *)(uintptr_t)load_addr(&own->load,
							    patch->functions[i].new_vaddr);
	fail_msg("the container has no %s", old_name);
	return NULL;
}

void own_load_end(struct own_load *own)
{
	struct ulp_err err;

	assert_succeeds(load_unmap(&own->load, &own->space, &err), &err);
	load_deinit(&own->load);
	objects_deinit(&own->objects);
	reader_deinit(&own->reader);
}
