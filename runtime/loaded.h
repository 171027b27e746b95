/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The build IDs of what this process has loaded, read in place.
 */
#ifndef ULP_RUNTIME_LOADED_H
#define ULP_RUNTIME_LOADED_H

#include "container/patch.h"

#include <stdbool.h>

/* Whether an object with this build ID is loaded. */
bool loaded_has(const struct ulp_build_id *id);

#endif
