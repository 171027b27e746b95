/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects that the dynamic linker does not know: the runtime that `ulp trigger
 * --inject` has written into a process.  They are found by their place: executable
 * anonymous memory with an ELF header at its beginning, or in read-only anonymous
 * memory right before it.  A fork's child has them too.
 */
#ifndef ULP_ENGINE_INJECTED_H
#define ULP_ENGINE_INJECTED_H

#include "engine/reader.h"

/* What may be such an object.  Containers look the same. */
struct injected_image {
	uint64_t bias;	     /* address = bias + vaddr; the ELF header is there */
	uint64_t dynamic_at; /* address of its dynamic section */
};

/*
 * All images, in the order of their addresses, at most 4096; the caller frees the
 * array.  None where the mappings cannot be read.
 *
 * Error: ULP_ENOMEM.
 */
ULP_MUST_CHECK enum ulp_code injected_images(struct reader *r, struct injected_image **ret,
					     size_t *nr, struct ulp_err *err);

#endif
