/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process image in a fake address space: an executable, libraries loaded as
 * the dynamic linker would, its list of them, and a libpulp.so.0 with an empty
 * registry.
 *
 *	struct fake_process fp;
 *	fake_process_init(&fp);			the usual one, below; or begin,
 *	...					load, load, link
 *	fake_process_deinit(&fp);
 *
 * The usual process, in link map order:
 *	""		the executable; needs libtarget.so.1 and libother.so.1
 *	libpulp.so.0	preloaded; ulp_registry
 *	libtarget.so.1	alpha, beta, gamma with entries; `quiet` without
 *	libother.so.1	helper, picked (IFUNC), cell (TLS), table; needed by both
 *	libplugin.so	by dlopen(RTLD_LOCAL): hidden_away
 */
#ifndef ULP_TESTS_LIB_FAKE_PROCESS_H
#define ULP_TESTS_LIB_FAKE_PROCESS_H

#include "engine/engine.h"
#include "engine/registry_format.h"
#include "tests/lib/elf_builder.h"
#include "tests/lib/fake_space.h"

#include <link.h>

#define FAKE_MAX_OBJECTS 16

#define FAKE_MAIN 0u
#define FAKE_RUNTIME 1u
#define FAKE_TARGET 2u
#define FAKE_OTHER 3u
#define FAKE_PLUGIN 4u

/* Sections of libtarget.so.1 and libother.so.1, as vaddrs. */
#define FAKE_TEXT 0x2000u
#define FAKE_TEXT_LEN 0x400u
#define FAKE_DATA 0x3000u
#define FAKE_DATA_LEN 0x100u

/* Build ID of libtarget.so.1, 20 bytes. */
#define FAKE_TARGET_BUILD_ID "build id of libtarg."

struct fake_object {
	char path[64];
	uint64_t bias;
	uint64_t link_map;   /* address */
	unsigned char *file; /* owned; file offset == vaddr */
	size_t file_len;
};

struct fake_process {
	struct fake_space fs;
	uint64_t at_phdr;
	uint64_t at_phnum;
	struct fake_object objects[FAKE_MAX_OBJECTS];
	size_t nr;
	uint64_t r_debug;  /* address */
	uint64_t registry; /* address; 0 without libpulp.so.0 */
};

void fake_process_init(struct fake_process *fp);
void fake_process_deinit(struct fake_process *fp);

/* For other processes than the usual one. */
void fake_process_begin(struct fake_process *fp);

/* An executable: call eb_needed() and the like, then fake_process_load() it first. */
struct eb *fake_main(void);

/* libpulp.so.0 */
struct eb *fake_runtime(void);

/* A library with a soname, 20 bytes of build ID (NULL: none), .text and .data as above. */
struct eb *fake_library(const char *soname, const char *build_id);

/* Puts the finished object into memory; returns its index.  Takes eb. */
size_t fake_process_load(struct fake_process *fp, const char *path, uint64_t bias, struct eb *eb);

/* Makes r_debug and the link map, fills in DT_DEBUG and the registry. */
void fake_process_link(struct fake_process *fp);

/* The bytes of an object's vaddr in memory. */
void *fake_process_at(const struct fake_process *fp, size_t object, uint64_t vaddr, size_t len);

/* The d_un of the first row of an object's dynamic section with this tag: ends the test if none. */
uint64_t *fake_process_dynamic(const struct fake_process *fp, size_t object, int64_t tag);

/* vaddr of a dynamic symbol; ends the test if there is none. */
uint64_t fake_process_symbol(const struct fake_process *fp, size_t object, const char *name);

struct link_map *fake_process_link_map(const struct fake_process *fp, size_t object);
struct r_debug *fake_process_r_debug(const struct fake_process *fp);
struct ulp_registry *fake_process_registry(const struct fake_process *fp);

/* engine_open() on it, which must succeed. */
void fake_process_open(struct fake_process *fp, struct engine *e);

#endif
