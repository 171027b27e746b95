/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/lib/facts_builder.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that grow, and how many things they hold. */
struct part {
	unsigned char *bytes;
	size_t len;
	size_t room;
	uint32_t nr;
};

struct fb {
	struct part section; /* the finished units */
	uint16_t version;
	uint16_t flags;
	const char *source;
	char *directory;
	struct part files;     /* of this unit */
	struct part functions; /* of this unit, without the last one's list */
	struct part inlined;   /* of the last function */
	struct part constants; /* of this unit */
	int in_unit;
};

static void put(struct part *part, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	if (part->room - part->len < len) {
		part->room = 2 * part->room + len + 64;
		part->bytes = realloc(part->bytes, part->room);
		if (part->bytes == NULL)
			abort();
	}
	memcpy(part->bytes + part->len, bytes, len);
	part->len += len;
}

static void put_fixed(struct part *part, uint64_t value, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)(value >> (8 * i));

		put(part, &byte, 1);
	}
}

static void put_uleb(struct part *part, uint64_t value)
{
	do {
		unsigned char byte = value & 0x7f;

		value >>= 7;
		if (value != 0)
			byte |= 0x80;
		put(part, &byte, 1);
	} while (value != 0);
}

static void put_string(struct part *part, const char *text)
{
	put(part, text, strlen(text) + 1);
}

/* Empties it for the next use. */
static void reset(struct part *part)
{
	part->len = 0;
	part->nr = 0;
}

static void put_counted(struct part *to, struct part *from)
{
	put_uleb(to, from->nr);
	put(to, from->bytes, from->len);
	reset(from);
}

struct fb *fb_create(void)
{
	struct fb *fb = calloc(1, sizeof(*fb));

	if (fb == NULL)
		abort();
	return fb;
}

void fb_destroy(struct fb *fb)
{
	if (fb == NULL)
		return;
	free(fb->section.bytes);
	free(fb->files.bytes);
	free(fb->functions.bytes);
	free(fb->inlined.bytes);
	free(fb->constants.bytes);
	free(fb->directory);
	free(fb);
}

static void end_function(struct fb *fb)
{
	if (fb->functions.nr != 0)
		put_counted(&fb->functions, &fb->inlined);
}

static void end_unit(struct fb *fb)
{
	struct part unit = {0};

	if (!fb->in_unit)
		return;
	end_function(fb);
	put_fixed(&unit, fb->version, 2);
	put_fixed(&unit, fb->flags, 2);
	put_string(&unit, "cc");
	put_string(&unit, fb->directory);
	put_string(&unit, fb->source);
	put(&unit, "cc -c ", strlen("cc -c "));
	put_string(&unit, fb->source);
	put_counted(&unit, &fb->files);
	put_counted(&unit, &fb->functions);
	if (fb->version >= ULP_FACTS_VERSION_CONSTANTS)
		put_counted(&unit, &fb->constants);
	put_fixed(&fb->section, unit.len, 4);
	put(&fb->section, unit.bytes, unit.len);
	free(unit.bytes);
	fb->in_unit = 0;
}

void fb_unit(struct fb *fb, uint16_t flags, const char *source)
{
	end_unit(fb);
	fb->in_unit = 1;
	fb->version = ULP_FACTS_VERSION;
	fb->flags = flags;
	fb->source = source;
	fb_directory(fb, "/src");
}

void fb_directory(struct fb *fb, const char *directory)
{
	free(fb->directory);
	fb->directory = strdup(directory);
	if (fb->directory == NULL)
		abort();
}

void fb_version(struct fb *fb, uint16_t version)
{
	fb->version = version;
}

uint32_t fb_file(struct fb *fb, const char *path)
{
	put_string(&fb->files, path);
	return ++fb->files.nr;
}

uint32_t fb_function(struct fb *fb, struct fb_function f)
{
	struct part *to = &fb->functions;

	end_function(fb);
	if (f.vaddr != 0)
		f.flags |= ULP_FACTS_FUNCTION_CODE;
	put_fixed(to, f.kind, 1);
	put_fixed(to, f.linkage, 1);
	put_fixed(to, f.entry, 1);
	put_fixed(to, f.flags, 1);
	if ((f.flags & ULP_FACTS_FUNCTION_CODE) != 0)
		put_fixed(to, f.vaddr, 8);
	put_string(to, f.name);
	put_uleb(to, f.file);
	put_uleb(to, f.line);
	put_uleb(to, f.origin);
	put_uleb(to, f.relies);
	return to->nr++;
}

uint32_t fb_inlined(struct fb *fb, uint32_t function, uint32_t via)
{
	put_uleb(&fb->inlined, function);
	put_uleb(&fb->inlined, via);
	return ++fb->inlined.nr;
}

void fb_constant(struct fb *fb, const char *name)
{
	put_string(&fb->constants, name);
	fb->constants.nr++;
}

unsigned char *fb_finish(struct fb *fb, size_t *len)
{
	unsigned char *bytes;

	end_unit(fb);
	*len = fb->section.len;
	/* Exactly that length, so that a sanitizer sees the end. */
	bytes = malloc(*len != 0 ? *len : 1);
	if (bytes == NULL)
		abort();
	if (*len != 0)
		memcpy(bytes, fb->section.bytes, *len);
	fb_destroy(fb);
	return bytes;
}
