/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A folder in which tests compile small sources with $ULP_CC and pack them.
 * What goes wrong in the lab itself (no compiler) fails the running test.
 * A target is made of target.c (and other.c) as liba.so.1, a fix of fix.c.
 */
#ifndef ULP_TESTS_PACKER_LAB_H
#define ULP_TESTS_PACKER_LAB_H

#include "container/container.h"
#include "packer/pack.h"

struct packer_lab {
	char dir[64];
	struct pool pool; /* of the last packing */
	struct report report;
	struct pack_result result;
	struct ulp_err err;
	struct pack_options options; /* reset by packer_lab_pack() */
	const char *objects[4];
};

/* cmocka fixtures for each test: *state is the lab. */
int packer_lab_setup(void **state);
int packer_lab_teardown(void **state);

/* Path of a file in the folder; valid until the end of the test. */
const char *packer_lab_path(struct packer_lab *lab, const char *name);

void packer_lab_write(struct packer_lab *lab, const char *name, const char *text);

/* Runs words parted by blanks in the folder ("@cc" is $ULP_CC, with include folders). */
void packer_lab_must(struct packer_lab *lab, const char *command);

/* Writes `source` to name.c and compiles it to name.o with these further flags. */
void packer_lab_compile(struct packer_lab *lab, const char *name, const char *source,
			const char *flags);

/* Makes liba.so.1 of one source; needs liba.map (made here: `global` are its exported names). */
void packer_lab_target(struct packer_lab *lab, const char *source, const char *global);

/*
 * Packs fix.o (or lab->objects) against liba.so.1 (or options.target) with this spec
 * into fix.so.  Members of lab->options that are set before are kept.
 */
enum ulp_code packer_lab_pack(struct packer_lab *lab, const char *spec);

/*
 * packer_lab_pack() that must fail with this code, at a place and with a text that contain these,
 * and leave nothing behind.
 */
void packer_lab_refused(struct packer_lab *lab, const char *spec, enum ulp_code code,
			const char *place, const char *says);

/* packer_lab_pack() that must succeed, and the container opened: the caller closes it. */
void packer_lab_packed(struct packer_lab *lab, const char *spec, struct ulp_container *container);

/* The first one of that name; NULL: there is none. */
const struct ulp_reference *packer_lab_reference(const struct ulp_container *c, const char *name);
const struct ulp_import *packer_lab_import(const struct ulp_container *c, const char *name);

#endif
