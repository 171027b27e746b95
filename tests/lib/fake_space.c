/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/fake_space.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
	assert(memory != NULL);
	return memory;
}

static struct fake_space *fake_of(struct ulp_space *space)
{
	return (struct fake_space *)space;
}

/* Whether this call is the one that is to fail. */
static bool faulty(unsigned *countdown)
{
	return *countdown != 0 && --*countdown == 0;
}

static enum ulp_code refuse(struct ulp_err *err, enum ulp_code code, int number, const char *what)
{
	errno = number;
	return ulp_fail_errno(err, code, "%s", what);
}

struct fake_area *fake_space_area(const struct fake_space *fs, uint64_t addr)
{
	for (size_t i = 0; i < fs->nr_areas; i++)
		if (addr >= fs->areas[i].start && addr - fs->areas[i].start < fs->areas[i].len)
			return &fs->areas[i];
	return NULL;
}

/* Copies piece by piece, out of the areas or into them; false, and nothing done, at a hole. */
static bool copy_range(struct fake_space *fs, uint64_t addr, void *out, const void *in, size_t len)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t done = 0; done < len;) {
			struct fake_area *area = fake_space_area(fs, addr + done);
			uint64_t off;
			size_t part;

			if (!area)
				return false;
			off = addr + done - area->start;
			part = len - done < area->len - off ? len - done : area->len - off;
			if (pass && out)
				memcpy((char *)out + done, area->bytes + off, part);
			if (pass && in)
				memcpy(area->bytes + off, (const char *)in + done, part);
			done += part;
		}
	return true;
}

static enum ulp_code fake_read(struct ulp_space *space, struct remote from, void *buf, size_t len,
			       struct ulp_err *err)
{
	struct fake_space *fs = fake_of(space);

	fs->nr_reads++;
	if (faulty(&fs->fail_read)) {
		memset(buf, 0x5a, len); /* a part may have been read */
		return refuse(err, ULP_ESYS, EIO, "read");
	}
	return copy_range(fs, from.addr, buf, NULL, len) ? ULP_OK
							 : refuse(err, ULP_ESYS, EFAULT, "read");
}

static void note_write(struct fake_space *fs, uint64_t addr, const void *buf, size_t len)
{
	struct fake_write *w;

	fs->writes = must(realloc(fs->writes, (fs->nr_writes + 1) * sizeof(*fs->writes)));
	w = &fs->writes[fs->nr_writes++];
	*w = (struct fake_write){.addr = addr, .len = len};
	memcpy(w->first, buf, len < sizeof(w->first) ? len : sizeof(w->first));
}

static enum ulp_code write_one(struct fake_space *fs, uint64_t to, const void *buf, size_t len,
			       struct ulp_err *err)
{
	note_write(fs, to, buf, len);
	if (faulty(&fs->fail_write)) {
		if (fs->fail_writes_after)
			fs->fail_write = 1;
		return refuse(err, ULP_ESYS, EIO, "write");
	}
	if (fs->writes_to_live == 0)
		return ULP_OK;
	if (fs->writes_to_live > 0)
		fs->writes_to_live--;
	return copy_range(fs, to, NULL, buf, len) ? ULP_OK : refuse(err, ULP_ESYS, EFAULT, "write");
}

static enum ulp_code fake_write(struct ulp_space *space, struct remote to, const void *buf,
				size_t len, struct ulp_err *err)
{
	struct fake_space *fs = fake_of(space);

	fs->nr_write_calls++;
	return write_one(fs, to.addr, buf, len, err);
}

static enum ulp_code fake_write_many(struct ulp_space *space, const struct space_piece *pieces,
				     size_t nr, struct ulp_err *err)
{
	struct fake_space *fs = fake_of(space);
	enum ulp_code code = ULP_OK;

	fs->nr_write_calls++;
	for (size_t i = 0; i < nr && !code; i++)
		code = write_one(fs, pieces[i].at, pieces[i].buf, pieces[i].len, err);
	return code;
}

static bool is_free(const struct fake_space *fs, uint64_t start, uint64_t len)
{
	for (size_t i = 0; i < fs->nr_areas; i++)
		if (start < fs->areas[i].start + fs->areas[i].len &&
		    fs->areas[i].start < start + len)
			return false;
	return true;
}

static enum ulp_code fake_map(struct ulp_space *space, struct remote at, size_t len, int prot,
			      bool over, struct ulp_err *err)
{
	struct fake_space *fs = fake_of(space);

	fs->nr_maps++;
	if (faulty(&fs->fail_map))
		return refuse(err, fs->map_code, ENOMEM, "map");
	if (fs->writes_to_live == 0)
		return ULP_OK;
	if (!over && !is_free(fs, at.addr, len))
		return refuse(err, ULP_EROOM, EEXIST, "map");
	fake_space_remove(fs, at.addr, len);
	fake_space_add(fs, at.addr, len, prot, 0);
	return ULP_OK;
}

static enum ulp_code fake_unmap(struct ulp_space *space, struct remote at, size_t len,
				struct ulp_err *err)
{
	struct fake_space *fs = fake_of(space);

	if (faulty(&fs->fail_unmap))
		return refuse(err, ULP_ESYS, EINVAL, "unmap");
	if (fs->writes_to_live != 0)
		fake_space_remove(fs, at.addr, len);
	return ULP_OK;
}

static enum ulp_code fake_regions(struct ulp_space *space, struct ulp_region **regions, size_t *nr,
				  struct ulp_err *err)
{
	struct fake_space *fs = fake_of(space);
	struct ulp_region *list = must(calloc(fs->nr_areas + 1, sizeof(*list)));

	(void)err;
	for (size_t i = 0; i < fs->nr_areas; i++)
		list[i] = (struct ulp_region){
			.start = fs->areas[i].start,
			.end = fs->areas[i].start + fs->areas[i].len,
			.prot = fs->areas[i].prot,
			.inode = fs->areas[i].inode,
			.offset = fs->areas[i].offset,
		};
	*regions = list;
	*nr = fs->nr_areas;
	return ULP_OK;
}

static const struct ulp_space_ops fake_ops = {
	.read = fake_read,
	.write = fake_write,
	.write_many = fake_write_many,
	.map = fake_map,
	.unmap = fake_unmap,
	.regions = fake_regions,
};

void fake_space_init(struct fake_space *fs)
{
	*fs = (struct fake_space){.space = {.ops = &fake_ops, .page_size = FAKE_PAGE}};
	fake_space_heal(fs);
}

void fake_space_deinit(struct fake_space *fs)
{
	for (size_t i = 0; i < fs->nr_areas; i++)
		free(fs->areas[i].bytes);
	free(fs->areas);
	free(fs->writes);
	fs->areas = NULL;
	fs->nr_areas = 0;
	fs->writes = NULL;
}

/* Puts an area at its place; takes over its bytes. */
static void area_insert(struct fake_space *fs, struct fake_area area)
{
	size_t at = 0;

	fs->areas = must(realloc(fs->areas, (fs->nr_areas + 1) * sizeof(*fs->areas)));
	while (at < fs->nr_areas && fs->areas[at].start < area.start)
		at++;
	memmove(fs->areas + at + 1, fs->areas + at, (fs->nr_areas - at) * sizeof(*fs->areas));
	fs->areas[at] = area;
	fs->nr_areas++;
}

void fake_space_add(struct fake_space *fs, uint64_t start, uint64_t len, int prot, uint64_t inode)
{
	assert(start % FAKE_PAGE == 0 && len % FAKE_PAGE == 0 && is_free(fs, start, len));
	area_insert(fs, (struct fake_area){start, len, prot, inode, 0, must(calloc(1, len))});
}

/* The part of an area from `start` on, as an area of its own. */
static struct fake_area part_of(const struct fake_area *area, uint64_t start, uint64_t len)
{
	struct fake_area part = *area;

	part.start = start;
	part.len = len;
	part.offset += start - area->start;
	part.bytes = must(malloc(len));
	memcpy(part.bytes, area->bytes + (start - area->start), len);
	return part;
}

void fake_space_remove(struct fake_space *fs, uint64_t start, uint64_t len)
{
	uint64_t end = start + len;

	for (size_t i = 0; i < fs->nr_areas;) {
		struct fake_area area = fs->areas[i];
		uint64_t area_end = area.start + area.len;

		if (end <= area.start || area_end <= start) {
			i++;
			continue;
		}
		memmove(fs->areas + i, fs->areas + i + 1,
			(fs->nr_areas - i - 1) * sizeof(*fs->areas));
		fs->nr_areas--;
		if (area.start < start)
			area_insert(fs, part_of(&area, area.start, start - area.start));
		if (end < area_end)
			area_insert(fs, part_of(&area, end, area_end - end));
		free(area.bytes);
		i = 0;
	}
}

void *fake_space_at(const struct fake_space *fs, uint64_t addr, size_t len)
{
	struct fake_area *area = fake_space_area(fs, addr);

	assert(area != NULL && len <= area->len - (addr - area->start));
	return area->bytes + (addr - area->start);
}

void fake_space_heal(struct fake_space *fs)
{
	fs->fail_read = 0;
	fs->fail_write = 0;
	fs->fail_map = 0;
	fs->fail_unmap = 0;
	fs->fail_writes_after = false;
	fs->map_code = ULP_ESYS;
	fs->writes_to_live = -1;
	free(fs->writes);
	fs->writes = NULL;
	fs->nr_writes = 0;
	fs->nr_write_calls = 0;
	fs->nr_reads = 0;
	fs->nr_maps = 0;
}

struct fake_space fake_space_copy(const struct fake_space *fs)
{
	struct fake_space copy;

	fake_space_init(&copy);
	copy.areas = must(calloc(fs->nr_areas + 1, sizeof(*copy.areas)));
	copy.nr_areas = fs->nr_areas;
	for (size_t i = 0; i < fs->nr_areas; i++)
		copy.areas[i] = part_of(&fs->areas[i], fs->areas[i].start, fs->areas[i].len);
	return copy;
}

bool fake_space_same_layout(const struct fake_space *a, const struct fake_space *b)
{
	if (a->nr_areas != b->nr_areas)
		return false;
	for (size_t i = 0; i < a->nr_areas; i++)
		if (a->areas[i].start != b->areas[i].start || a->areas[i].len != b->areas[i].len)
			return false;
	return true;
}

void fake_space_restore(struct fake_space *fs, const struct fake_space *copy)
{
	/* The common case is fast: thousands of rounds of fuzzing change bytes only. */
	if (!fake_space_same_layout(fs, copy)) {
		struct fake_space fresh = fake_space_copy(copy);

		for (size_t i = 0; i < fs->nr_areas; i++)
			free(fs->areas[i].bytes);
		free(fs->areas);
		fs->areas = fresh.areas;
		fs->nr_areas = fresh.nr_areas;
	}
	for (size_t i = 0; i < fs->nr_areas; i++)
		memcpy(fs->areas[i].bytes, copy->areas[i].bytes, fs->areas[i].len);
	fake_space_heal(fs);
}

uint64_t fake_space_differs(const struct fake_space *a, const struct fake_space *b)
{
	for (size_t i = 0; i < a->nr_areas || i < b->nr_areas; i++) {
		if (i == a->nr_areas)
			return b->areas[i].start;
		if (i == b->nr_areas || a->areas[i].start != b->areas[i].start ||
		    a->areas[i].len != b->areas[i].len || a->areas[i].prot != b->areas[i].prot)
			return a->areas[i].start;
		for (uint64_t off = 0; off < a->areas[i].len; off++)
			if (a->areas[i].bytes[off] != b->areas[i].bytes[off])
				return a->areas[i].start + off;
	}
	return 0;
}
