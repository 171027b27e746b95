/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the selection to the container's bytes. */
#ifndef ULP_PACKER_EMIT_H
#define ULP_PACKER_EMIT_H

#include "packer/link.h"
#include "packer/spec.h"

/*
 * Links twice: first to learn where everything lies, then with .ulp and
 * .ulp.rev, so that the build ID covers them; that nothing moved in between is
 * checked.  *bytes (the pool's) and *len are a container that
 * ulp_container_from_bytes() accepts.
 *
 * Errors: those of link_container(); ULP_ERELOC, ULP_EUNSUP, ULP_ESYMBOL,
 * ULP_ETLS for a result that the engine could not load (see result.h).
 */
ULP_MUST_CHECK enum ulp_code emit_container(const struct linker *linker,
					    const struct selection *sel, const struct spec *spec,
					    const unsigned char **bytes, size_t *len,
					    struct ulp_err *err);

#endif
