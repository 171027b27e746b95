/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ULP_ENGINE_LOAD_RELOCATE_H
#define ULP_ENGINE_LOAD_RELOCATE_H

#include "engine/load.h"

/*
 * Applies the container's dynamic relocations and its references to private
 * symbols of the target to load->image, for load->load_bias.
 *
 * Errors, with the place "PATH: .rela.dyn[3]" or "PATH: reference to NAME":
 * ULP_ERELOC, ULP_EFORMAT (tables out of bounds, an undefined symbol without
 * an import record).
 */
ULP_MUST_CHECK enum ulp_code load_relocate(struct load *load, struct ulp_err *err);

#endif
