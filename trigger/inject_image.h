/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The runtime's file as something that can be written into a process: laid out and relocated
 * like a container (engine/load.h), with room for a signal frame behind it, and with what the
 * runtime's constructor would have put into the registry.
 */
#ifndef ULP_TRIGGER_INJECT_IMAGE_H
#define ULP_TRIGGER_INJECT_IMAGE_H

#include "engine/load.h"

struct image {
	struct ulp_container file; /* the ELF file; its patch has nothing but the imports */
	struct load load;
	uint64_t registry;     /* vaddr of ulp_registry */
	uint64_t syscall_code; /* vaddr of the instructions for a borrowed thread */
	uint64_t find_object;  /* vaddr of _dl_find_object(), 0 if it has none */
	uint64_t iterate_phdr; /* vaddr of dl_iterate_phdr(), 0 if it has none */
};

/*
 * Reads the file and finds in it what is needed.  It must belong to root or to our own user,
 * and nobody else may be able to write to it: what is in it will run with the rights of other
 * processes.
 *
 * Errors, with the file's name: ULP_EPERM (owner, mode, cannot be opened), ULP_EARCH, ULP_EELF
 * (not a library), ULP_EFORMAT (not our runtime, damaged), ULP_EVERSION (of another version
 * than this program), ULP_ENOMEM, ULP_ESYS.
 */
ULP_MUST_CHECK enum ulp_code image_open(const char *path, struct image *image, struct ulp_err *err);
void image_close(struct image *image);

/*
 * Lays it out for a place near `near`, which must not move, and binds what it imports.  What
 * an earlier call did is dropped.  Errors: those of load_init() and binding_find().
 */
ULP_MUST_CHECK enum ulp_code image_bind(struct image *image, struct reader *r,
					struct ulp_objects *objects, const struct ulp_object *near,
					long page_size, struct ulp_err *err);

/*
 * Maps it and writes all but the registry's magic number, which would tell others that it is
 * ready.  A thread must be borrowed.  After a failure nothing of it is mapped.  Errors: those
 * of load_map() and load_write().
 */
ULP_MUST_CHECK enum ulp_code image_write(struct image *image, struct ulp_space *space,
					 struct ulp_err *err);

/* Writes the magic number.  Errors: those of writing. */
ULP_MUST_CHECK enum ulp_code image_finish(struct image *image, struct ulp_space *space,
					  struct ulp_err *err);

/* Address in the process, 0 for vaddr 0.  Once it is written. */
static inline uint64_t image_addr(const struct image *image, uint64_t vaddr)
{
	return vaddr ? load_addr(&image->load, vaddr) : 0;
}

#endif
