/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Builds the plugin's facts (container/facts_format.h) in memory, unit by unit and
 * function by function:
 *
 *	struct fb *fb = fb_create();
 *
 *	fb_unit(fb, 0, "a.c");
 *	fb_function(fb, (struct fb_function){.name = "inner", .entry = ULP_FACTS_NO_CODE});
 *	fb_function(fb, (struct fb_function){.name = "outer", .vaddr = 0x1000});
 *	fb_inlined(fb, 0, 0);
 *	bytes = fb_finish(fb, &len);
 *
 * Numbers of functions and files are not checked, so that wrong ones can be written.
 */
#ifndef ULP_TESTS_LIB_FACTS_BUILDER_H
#define ULP_TESTS_LIB_FACTS_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "container/facts_format.h"

struct fb;

struct fb_function {
	const char *name;
	uint64_t vaddr; /* not 0: the function has code, ULP_FACTS_FUNCTION_CODE is added */
	uint8_t kind;
	uint8_t linkage;
	uint8_t entry;
	uint8_t flags;
	uint32_t file; /* 0: the unit's source, else what fb_file() gave */
	uint32_t line;
	uint32_t origin; /* 0: none, else 1 + number of the function */
	uint32_t relies;
};

struct fb *fb_create(void);

/* Not needed after fb_finish(). */
void fb_destroy(struct fb *fb);

/* Begins a unit.  Producer "cc", directory "/src", command "cc -c SOURCE". */
void fb_unit(struct fb *fb, uint16_t flags, const char *source);

/* Another directory for the unit that was just begun. */
void fb_directory(struct fb *fb, const char *directory);

/* Another version for it than the newest. */
void fb_version(struct fb *fb, uint16_t version);

/* Adds a file to the unit and returns its number, from 1. */
uint32_t fb_file(struct fb *fb, const char *path);

/* Adds a function to the unit and returns its number in the unit, from 0. */
uint32_t fb_function(struct fb *fb, struct fb_function f);

/*
 * Adds to the list of the function that was added last: the function of that number,
 * inlined into the function itself (via 0) or into the via-th of the list.  Returns its
 * place in the list, from 1.
 */
uint32_t fb_inlined(struct fb *fb, uint32_t function, uint32_t via);

/* Adds a static variable that the unit never writes; a version 1 has none. */
void fb_constant(struct fb *fb, const char *name);

/* Ends the building: the section (malloc'ed, of exactly that length; the caller frees). */
unsigned char *fb_finish(struct fb *fb, size_t *len);

#endif
