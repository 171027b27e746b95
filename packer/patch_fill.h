/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the selection and the spec to the records of the container. */
#ifndef ULP_PACKER_PATCH_FILL_H
#define ULP_PACKER_PATCH_FILL_H

#include "packer/select.h"
#include "packer/spec.h"

/* Where everything lies in the container. */
struct patch_places {
	struct patch_place {
		uint64_t vaddr;
		uint64_t size; /* bytes */
	} * functions;	       /* by number of the selection's functions */
	uint64_t *references;  /* vaddrs, by number of the selection's references */
};

/* Fills *patch, whose parts belong to the pool.  Cannot fail. */
void patch_fill(const struct selection *sel, const struct spec *spec,
		const struct patch_places *places, struct ulp_patch *patch);

/* One section's bytes; the pool's.  Errors: those of ulp_patch_write(). */
ULP_MUST_CHECK enum ulp_code patch_encode(struct pool *pool, const struct ulp_patch *patch,
					  enum ulp_section section, const void **bytes, size_t *len,
					  struct ulp_err *err);

#endif
