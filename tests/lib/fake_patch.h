/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Containers for a fake process.
 *
 *	struct fake_patch p;
 *	fake_patch_begin(&p, &fp, FAKE_TARGET, "fix", 'a');
 *	fake_patch_function(&p, "alpha");
 *	fake_patch_end(&p, &container);
 *
 * Layout: .text at FAKE_TEXT, 0x40 bytes for each replacement; .data at FAKE_DATA.
 */
#ifndef ULP_TESTS_LIB_FAKE_PATCH_H
#define ULP_TESTS_LIB_FAKE_PATCH_H

#include "container/container.h"
#include "engine/plan.h"
#include "tests/lib/fake_process.h"

#define FAKE_MAX_FUNCTIONS 8
#define FAKE_MAX_IMPORTS 8
#define FAKE_MAX_RELAS 8

struct fake_patch {
	const struct fake_process *fp;
	size_t target; /* index of the object */
	struct eb *eb;
	struct ulp_patch patch; /* may be changed by the test before the end, as what follows */
	struct ulp_function functions[FAKE_MAX_FUNCTIONS];
	struct ulp_import imports[FAKE_MAX_IMPORTS];
	struct ulp_reference references[FAKE_MAX_RELAS];
	const char *labels[2];
	Elf64_Rela relas[FAKE_MAX_RELAS];
	size_t nr_relas;
	const char *file; /* name of the container */
};

/* id: tells patches apart, by build ID and file name ("fix-a.so"). */
void fake_patch_begin(struct fake_patch *p, const struct fake_process *fp, size_t target,
		      const char *name, char id);

/*
 * Replaces a function of the target, as its bytes are in the file.  Its entry
 * is the NOP at its first byte, or those behind its endbr64 ("delta").
 */
struct ulp_function *fake_patch_function(struct fake_patch *p, const char *name);

/* An import and its undefined symbol; returns the symbol's index for fake_patch_rela(). */
uint32_t fake_patch_import(struct fake_patch *p, const char *name, const char *version,
			   uint32_t flags);

/* A dynamic relocation of the container. */
void fake_patch_rela(struct fake_patch *p, uint64_t vaddr, uint32_t type, uint32_t symbol,
		     int64_t addend);

/* A reference to a private symbol of the target. */
void fake_patch_reference(struct fake_patch *p, uint64_t place, uint32_t type, uint64_t value,
			  int64_t addend);

/* Makes the container.  It must be closed by the caller. */
void fake_patch_end(struct fake_patch *p, struct ulp_container *c);

/* All in one: a container that replaces these functions (NULL ends the list). */
void fake_patch_make(const struct fake_process *fp, struct ulp_container *c, char id,
		     const char *const *functions);

/*
 * What the tool does first with an engine that it has opened: finishes what an earlier one did not
 * live to finish, and takes out what that has left mapped.
 */
enum ulp_code fake_finish(struct fake_process *fp, struct engine *e, struct ulp_err *err);

/*
 * Applies or reverts a container the way the tool does, with a view of the
 * process of its own: recovery, plan, map, write, commit, and undo after a failure.
 */
enum ulp_code fake_change(struct fake_process *fp, const struct ulp_container *c, bool revert,
			  struct ulp_err *err);

/* fake_change() that must succeed. */
void fake_apply(struct fake_process *fp, const struct ulp_container *c);
void fake_revert(struct fake_process *fp, const struct ulp_container *c);

/* Only the steps of a plan, on an engine that is open. */
enum ulp_code fake_carry_out(struct plan *plan, struct ulp_err *err);

#endif
