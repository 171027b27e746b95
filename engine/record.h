/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making the registry's record of a container.
 */
#ifndef ULP_ENGINE_RECORD_H
#define ULP_ENGINE_RECORD_H

#include "engine/arch.h"
#include "engine/load.h"
#include "engine/registry_format.h"

/* The entry of a function of a container, in a target that is loaded at bias. */
struct arch_entry record_entry(const struct ulp_function *f, uint64_t bias);

/*
 * Everything that does not depend on where the container will be.  *record:
 * malloc'ed, *len bytes.  Errors: ULP_ENOMEM, ULP_EFORMAT (too large).
 */
ULP_MUST_CHECK enum ulp_code record_make(const struct ulp_container *c,
					 const struct ulp_object *target, uint8_t **record,
					 uint32_t *len, struct ulp_err *err);

/*
 * The rest: addresses and redirects, for the place that load has found; next:
 * the registry's newest record so far.  Errors: those of arch_redirect(), with
 * the function's name in the text.
 */
ULP_MUST_CHECK enum ulp_code record_place(uint8_t *record, const struct ulp_container *c,
					  const struct load *load, uint64_t next,
					  struct ulp_err *err);

#endif
